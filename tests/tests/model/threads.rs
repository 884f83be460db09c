//! Runs with a thread of their own. They end when they are told to, and not before; whoever tells
//! them waits until they are gone, so that a history with threads has one order, too.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rust_supervisor::task::context::BlockingContext;
use rust_supervisor::task::factory::{TaskFactory, blocking_fn};
use rust_supervisor::task::result::TaskResult;
use supervisor_model::Exit;

use crate::play::end;

/// How long a thread may take to be gone, before something is wrong with the harness.
const PATIENCE: Duration = Duration::from_secs(10);

/// The threads of a tree. Those that are left go when the last of those who play with them does.
#[derive(Clone)]
pub(crate) struct Threads {
    board: Arc<Board>,
    _release: Arc<Release>,
}

#[derive(Default)]
struct Board {
    places: Mutex<Places>,
    bell: Condvar,
}

#[derive(Default)]
struct Places {
    of_children: BTreeMap<String, Place>,
    is_released: bool,
}

/// What is known about the threads of one child: there is one at a time.
#[derive(Default)]
struct Place {
    /// What its thread is to do.
    order: Option<Exit>,
    /// How many are gone.
    gone: usize,
}

struct Release(Arc<Board>);

impl Drop for Release {
    fn drop(&mut self) {
        self.0.places().is_released = true;
        self.0.bell.notify_all();
    }
}

impl Default for Threads {
    fn default() -> Self {
        let board = Arc::<Board>::default();
        Self { _release: Arc::new(Release(Arc::clone(&board))), board }
    }
}

thread_local! {
    /// Dropped after the last instruction of the thread that says anything.
    static GOODBYE: RefCell<Option<Goodbye>> = const { RefCell::new(None) };
}

struct Goodbye {
    path: String,
    board: Arc<Board>,
}

impl Drop for Goodbye {
    fn drop(&mut self) {
        self.board.places().of_children.entry(self.path.clone()).or_default().gone += 1;
        self.board.bell.notify_all();
    }
}

pub(crate) fn task(path: String, threads: &Threads) -> TaskFactory {
    let board = Arc::clone(&threads.board);
    blocking_fn(move |_: BlockingContext| {
        GOODBYE.set(Some(Goodbye { path: path.clone(), board: Arc::clone(&board) }));
        match board.order(&path) {
            Some(how) => end(how),
            None => TaskResult::Succeeded,
        }
    })
}

impl Threads {
    /// Tells the thread of this child to end, and waits until it is gone.
    pub(crate) fn end(&self, path: &str, how: Exit) {
        let mut places = self.board.places();
        let place = places.of_children.entry(path.to_owned()).or_default();
        place.order = Some(how);
        let gone = place.gone;
        self.board.bell.notify_all();
        let stays = |places: &mut Places| {
            places.of_children.get(path).is_some_and(|place| place.gone == gone)
        };
        let waited = self.board.bell.wait_timeout_while(places, PATIENCE, stays);
        let (_places, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "the thread of {path} stays");
    }
}

impl Board {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread of this child is told, or nothing when nobody is left to tell it.
    fn order(&self, path: &str) -> Option<Exit> {
        let mut places = self.places();
        loop {
            let place = places.of_children.get_mut(path);
            if let Some(how) = place.and_then(|place| place.order.take()) {
                return Some(how);
            }
            if places.is_released {
                return None;
            }
            places = self.bell.wait(places).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

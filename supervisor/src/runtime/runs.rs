//! The runs that are alive: spawning, cancelling, aborting them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvError};
use std::thread;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::mailbox::{RunReports, Shared};
use crate::core::input::RunEnd;
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::id::ChildPath;
use crate::observe::span::RunSpan;
use crate::policy::failure::TaskFailureKind;
use crate::task::cell::{Reporter, RunCell};
use crate::task::context::{BlockingContext, TaskContext};
use crate::task::exit::{TaskFailure, contain};
use crate::task::factory::{AsyncFn, BlockingFn, FactoryKind, TaskFactory};
use crate::task::run::{MainPlace, RunFuture, run_blocking};

/// How many cells are kept for those that follow: as many as may end at one moment.
const LEFT: usize = 16;

pub(super) struct Runs {
    /// By the index of the node, of which at most one run is alive.
    alive: Vec<Option<Run>>,
    /// The span of the child at each place, where somebody listens. It ends when another child
    /// takes the place, or with the tree.
    children: Vec<Option<(ChildPath, RunSpan)>>,
    /// Those of which it has still to be said that they were spawned, the oldest first.
    spawned: VecDeque<RunKey>,
    reports: Reporter,
    /// Those of the runs that ended last, for those that follow them.
    left: Vec<Arc<RunCell>>,
}

struct Run {
    cell: Arc<RunCell>,
    /// `None` for a thread.
    abort: Option<AbortHandle>,
}

impl Runs {
    /// Makes room for so many.
    pub(super) fn new(shared: Arc<Shared>, epoch: Instant, runs: usize) -> Self {
        Self {
            alive: Vec::with_capacity(runs),
            children: Vec::new(),
            spawned: VecDeque::new(),
            reports: Arc::new(Box::new(RunReports { shared, epoch })),
            left: Vec::new(),
        }
    }

    /// Calls the factory and spawns what it gives.
    ///
    /// What came of it is reported like everything that runs report, in its turn: a factory that
    /// fails again and again shuts nobody out.
    pub(super) fn start(&mut self, run: RunKey, path: &ChildPath, task: &TaskFactory) {
        let cell = self.cell(run, path);
        let spawned = match &task.kind {
            FactoryKind::Async(make) => {
                let context = TaskContext::new(Arc::clone(&cell));
                #[cfg(feature = "config")]
                let context = context.with_settings(task.settings.clone());
                Self::spawn(&cell, context, make)
            }
            FactoryKind::Blocking(work) => {
                let context = BlockingContext::new(Arc::clone(&cell));
                #[cfg(feature = "config")]
                let context = context.with_settings(task.settings.clone());
                Self::spawn_thread(&cell, path, context, work)
            }
        };
        match spawned {
            Ok(abort) => {
                let index = run.node.index as usize;
                if self.alive.len() <= index {
                    self.alive.resize_with(index + 1, || None);
                }
                self.alive[index] = Some(Run { cell, abort });
                self.spawned.push_back(run);
            }
            // It may have spawned helpers before it failed: the run is over when they are.
            Err(end) => MainPlace::new(cell).give_up(end),
        }
    }

    /// What a run shares with the driver: what the one before has left, or another.
    fn cell(&mut self, run: RunKey, path: &ChildPath) -> Arc<RunCell> {
        let span = self.span(run, path);
        if span.is_none()
            && let Some(mut left) = self.left.pop()
            && RunCell::renew(&mut left, run, path)
        {
            return left;
        }
        RunCell::new(run, path.clone(), Arc::clone(&self.reports), span)
    }

    /// The span of a run, linked to that of its child, which goes over all runs of it.
    fn span(&mut self, run: RunKey, path: &ChildPath) -> RunSpan {
        let index = run.node.index as usize;
        let known = self.children.get(index).and_then(Option::as_ref);
        if known.is_none_or(|(known, _)| known != path) {
            let child = RunSpan::of_child(path);
            if child.is_none() {
                return RunSpan::of_run(path, run.generation, &child);
            }
            if self.children.len() <= index {
                self.children.resize_with(index + 1, || None);
            }
            self.children[index] = Some((path.clone(), child));
        }
        let child = self.children.get(index).and_then(Option::as_ref);
        RunSpan::of_run(path, run.generation, child.map_or(&RunSpan::NONE, |(_, child)| child))
    }

    fn spawn(
        cell: &Arc<RunCell>,
        context: TaskContext,
        make: &Arc<AsyncFn>,
    ) -> Result<Option<AbortHandle>, RunEnd> {
        let future = contain(|| cell.span.within(|| make(context)))
            .map_err(RunEnd::Panicked)?
            .map_err(RunEnd::NotSpawned)?;
        let future = RunFuture::new(Arc::clone(cell), future);
        Ok(Some(tokio::spawn(future).abort_handle()))
    }

    fn spawn_thread(
        cell: &Arc<RunCell>,
        path: &ChildPath,
        context: BlockingContext,
        work: &Arc<BlockingFn>,
    ) -> Result<Option<AbortHandle>, RunEnd> {
        let (work, runtime) = (Arc::clone(work), Handle::current());
        let its_cell = Arc::clone(cell);
        // Shut until it is known that there is a thread, which says nothing before.
        let (gate, opened) = mpsc::channel::<Infallible>();
        let thread = move || {
            // Nothing is ever sent: it is dropped.
            let Err(RecvError) = opened.recv();
            let _runtime = runtime.enter();
            run_blocking(its_cell, || work(context));
        };
        if let Err(error) = thread::Builder::new().name(path.name().to_owned()).spawn(thread) {
            let kind = TaskFailureKind::ExternalDependency;
            return Err(RunEnd::NotSpawned(TaskFailure::new(kind, error)));
        }
        drop(gate);
        Ok(None)
    }

    /// How many may have to be announced.
    pub(super) fn to_announce(&self) -> usize {
        self.spawned.len()
    }

    /// The next run to say of that it was spawned, of those that are still alive.
    pub(super) fn next_spawned(&mut self) -> Option<RunKey> {
        let run = self.spawned.pop_front()?;
        self.announce(run).then_some(run)
    }

    /// Whether it has still to be said that a run was spawned, which is done by whoever asks.
    /// That comes before whatever the run says itself.
    pub(super) fn announce(&self, run: RunKey) -> bool {
        self.get(run).is_some_and(|alive| alive.cell.announce())
    }

    pub(super) fn cancel(&self, run: RunKey) {
        if let Some(alive) = self.get(run) {
            alive.cell.request_stop();
        }
    }

    /// Ends a run by force. A thread goes on: it cannot be ended.
    pub(super) fn abort(&self, run: RunKey) {
        // seen by: cargo test -p supervisor-tests --test simulation
        if cfg!(plant_bug = "missed_abort") {
            return;
        }
        if let Some(abort) = self.get(run).and_then(|alive| alive.abort.as_ref()) {
            abort.abort();
        }
    }

    /// When a run has sent its latest heartbeat.
    pub(super) fn last_heartbeat(&self, run: RunKey) -> Option<Uptime> {
        self.get(run).and_then(|alive| alive.cell.last_heartbeat())
    }

    pub(super) fn ended(&mut self, run: RunKey) {
        let Some(run) = self
            .alive
            .get_mut(run.node.index as usize)
            .and_then(|alive| alive.take_if(|alive| alive.cell.run == run))
        else {
            return;
        };
        // A span ends with its run.
        if run.cell.span.is_none() && self.left.len() < LEFT {
            self.left.push(run.cell);
        }
    }

    fn get(&self, run: RunKey) -> Option<&Run> {
        let alive = self.alive.get(run.node.index as usize)?.as_ref();
        alive.filter(|alive| alive.cell.run == run)
    }
}

/// The tree goes and takes its runs with it. Threads are told, and left to themselves.
impl Drop for Runs {
    fn drop(&mut self) {
        for run in self.alive.drain(..).flatten() {
            run.cell.request_stop();
            if let Some(abort) = run.abort {
                abort.abort();
            }
        }
    }
}

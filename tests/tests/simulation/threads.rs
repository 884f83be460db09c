//! Blocking children. Their threads do nothing but what they are told, and whoever tells them
//! waits until it is done: so a history with threads has one order too.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rust_supervisor::control::stream::EventStream;
use rust_supervisor::event::EventKind;
use rust_supervisor::task::context::BlockingContext;
use rust_supervisor::task::factory::{TaskFactory, blocking_fn};
use rust_supervisor::task::result::TaskResult;
use supervisor_tests::dice::Dice;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::child::{failure, jitter};
use crate::faults::Fault;
use crate::world::{Did, Run, Sim, What};

/// How long a thread may take to begin, or to be gone, before something is wrong with the harness.
const PATIENCE: Duration = Duration::from_mins(1);

enum Order {
    Ready(Sender<()>),
    End(TaskResult),
    Panic,
}

/// The way to one thread.
struct Line {
    context: BlockingContext,
    orders: Sender<Order>,
    /// Closed when the thread is gone.
    gone: Receiver<()>,
}

/// The threads that nobody has met yet, and whether all may go.
pub(crate) struct Threads {
    arrived: Mutex<BTreeMap<Run, Line>>,
    bell: Condvar,
    /// Whether those that do not listen may go. No `watch`: that one wakes in an order of its own.
    is_released: AtomicBool,
    released: Notify,
    /// How many there are.
    pub(crate) met: watch::Sender<usize>,
}

impl Default for Threads {
    fn default() -> Self {
        let met = watch::Sender::new(0);
        Self {
            arrived: Mutex::default(),
            bell: Condvar::new(),
            is_released: AtomicBool::new(false),
            released: Notify::new(),
            met,
        }
    }
}

thread_local! {
    /// Dropped after the last instruction of the thread that says anything.
    static GOODBYE: RefCell<Option<Sender<()>>> = const { RefCell::new(None) };
}

pub(crate) fn task(sim: &Arc<Sim>) -> TaskFactory {
    let sim = Arc::clone(sim);
    blocking_fn(move |context: BlockingContext| {
        let run = Run { path: context.path().clone(), generation: context.generation().0 };
        let ((orders, inbox), (goodbye, gone)) = (channel(), channel());
        GOODBYE.set(Some(goodbye));
        sim.threads.arrive(run, Line { context: context.clone(), orders, gone });
        loop {
            match inbox.recv() {
                Ok(Order::Ready(done)) => {
                    context.ready();
                    drop(done);
                }
                Ok(Order::End(result)) => return result,
                Ok(Order::Panic) => panic!("sim: in a thread"),
                Err(_) => return TaskResult::Succeeded,
            }
        }
    })
}

impl Threads {
    fn arrive(&self, run: Run, line: Line) {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).insert(run, line);
        self.bell.notify_all();
    }

    fn meet(&self, run: &Run) -> Line {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(arrived, PATIENCE, |all| !all.contains_key(run));
        let (mut arrived, _) = waited.unwrap_or_else(PoisonError::into_inner);
        arrived.remove(run).unwrap_or_else(|| panic!("no thread of {run} arrives"))
    }

    async fn until_released(&self) {
        if !self.is_released.load(Ordering::SeqCst) {
            self.released.notified().await;
        }
    }

    /// Lets every thread go.
    pub(crate) fn release(&self) {
        self.is_released.store(true, Ordering::SeqCst);
        self.released.notify_waiters();
    }
}

/// Meets each thread that is started, and has somebody tell it what to do.
pub(crate) async fn watch(sim: Arc<Sim>, mut events: EventStream) {
    while let Some(event) = events.next().await {
        if !matches!(event.kind, EventKind::Starting) {
            continue;
        }
        let is_blocking = {
            let world = sim.world();
            world.facts.nature(&event.path).is_blocking
        };
        if is_blocking {
            let run = Run { path: event.path.clone(), generation: event.generation.0 };
            let line = sim.threads.meet(&run);
            sim.threads.met.send_modify(|met| *met += 1);
            sim.note(What::Begun(run.clone()));
            tokio::spawn(tell(Arc::clone(&sim), run, line));
        }
    }
}

async fn tell(sim: Arc<Sim>, run: Run, line: Line) {
    let mut dice = Dice::of(sim.seed, ("thread", run.path.as_str(), run.generation));
    jitter(&mut dice).await;
    let token = line.context.stop_token();
    let is_asked = async |wait: Duration| {
        tokio::select! {
            biased;
            () = token.cancelled() => true,
            () = sleep(wait) => false,
        }
    };
    let mut how = None;
    if dice.one_in(3) && is_asked(dice.millis(0, 300)).await {
        how = Some(stop(&sim, &run, &mut dice).await);
    }
    if how.is_none() && dice.one_in(10) {
        let (_, error) = failure(&mut dice);
        sim.fault(Fault::StartFailure);
        how = Some(Order::End(error));
    }
    if how.is_none() {
        sim.note(What::Ready(run.clone()));
        let (done, is_done) = channel();
        drop(line.orders.send(Order::Ready(done)));
        let is_said = is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Disconnected);
        assert!(is_said, "the thread of {run} does nothing");
        let lasts = if dice.one_in(2) { dice.millis(0, 1_500) } else { Duration::MAX };
        how = Some(if is_asked(lasts).await {
            stop(&sim, &run, &mut dice).await
        } else if dice.one_in(3) {
            sim.fault(Fault::Panic);
            Order::Panic
        } else if dice.one_in(2) {
            sim.fault(Fault::EarlySuccess);
            Order::End(TaskResult::Succeeded)
        } else {
            let (fault, error) = failure(&mut dice);
            sim.fault(fault);
            Order::End(error)
        });
    }
    let how = how.unwrap_or(Order::Panic);
    let did = match &how {
        Order::End(TaskResult::Succeeded) => Did::Succeeded,
        Order::End(_) => Did::Failed,
        _ => Did::Panicked,
    };
    sim.note(What::Did(run.clone(), did));
    drop((line.orders.send(how), line.context, token));
    let gone = line.gone.recv_timeout(PATIENCE);
    assert_eq!(gone, Err(RecvTimeoutError::Disconnected), "the thread of {run} stays");
    sim.note(What::Over(run));
    sim.threads.met.send_modify(|met| *met -= 1);
}

/// It is asked to stop, and does so sooner or later.
async fn stop(sim: &Sim, run: &Run, dice: &mut Dice) -> Order {
    sim.note(What::Heard(run.clone()));
    jitter(dice).await;
    match dice.below(8) {
        0 => {
            sim.fault(Fault::DeafThread);
            sim.threads.until_released().await;
        }
        1 => {
            sim.fault(Fault::DeafThread);
            tokio::select! {
                biased;
                () = sim.threads.until_released() => {}
                () = sleep(dice.millis(300, 4_000)) => {}
            }
        }
        2 => {
            sim.fault(Fault::SlowStop);
            sleep(dice.millis(1, 500)).await;
        }
        3 => {
            sim.fault(Fault::FailsOnStop);
            return Order::Panic;
        }
        _ => {}
    }
    Order::End(TaskResult::Succeeded)
}

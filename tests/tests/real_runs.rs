//! Whole lives of trees on many threads and the real clock: started, disturbed and ended in every
//! way there is, a thousand times over. In the end nothing is left of any of them: no task, no
//! thread, no file.
//!
//! `REAL_RUNS=10000` is how many; nothing in here asks how long it took.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::File;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};
use rust_supervisor::task::member::member_fn;
use supervisor_tests::proc::{open_files, threads};
use supervisor_tests::{BY, Gate, Lives, WHY, alive_tasks, ms, poll_then_drop, until};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

/// How many lives, if nobody says it.
const LIVES: u64 = 300;

/// How many trees live at the same time.
const ABREAST: u8 = 8;

/// However busy the machine is: what takes longer is stuck.
const STUCK: Duration = Duration::from_mins(5);

/// How often two runs of one child were alive at the same time.
static OVERLAPS: AtomicU64 = AtomicU64::new(0);

/// What only one run of a child may have at a time. A second one blows up, and is counted.
#[derive(Clone, Default)]
struct Bomb(Arc<AtomicBool>);

struct Armed(Bomb);

impl Bomb {
    fn arm(&self) -> Armed {
        if self.0.swap(true, Ordering::SeqCst) {
            OVERLAPS.fetch_add(1, Ordering::SeqCst);
            resume_unwind(Box::new("two runs of one child"));
        }
        Armed(self.clone())
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::SeqCst);
    }
}

/// Panics when it is dropped, unless something panics already.
struct BadEnd;

impl Drop for BadEnd {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            resume_unwind(Box::new("a destructor"));
        }
    }
}

/// What each run holds: a place in our count, a fuse and an open file. Dropped with the run.
struct Holds {
    _life: supervisor_tests::Life,
    _armed: Armed,
    _file: File,
}

/// Makes children that hold that.
#[derive(Clone)]
struct Nursery {
    lives: Lives,
    draw: u64,
}

impl Nursery {
    fn child<M, F>(&self, run: M) -> TaskFactory
    where
        M: Fn(TaskContext) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), &'static str>> + Send + 'static,
    {
        let (lives, bomb) = (self.lives.clone(), Bomb::default());
        service_fn(move |ctx: TaskContext| {
            let holds = hold(&lives, &bomb, ctx.path().as_str());
            let run = run(ctx);
            async move {
                let _holds = holds;
                run.await
            }
        })
    }

    fn thread(&self, run: impl Fn(&BlockingContext) + Send + Sync + 'static) -> TaskFactory {
        let (lives, bomb) = (self.lives.clone(), Bomb::default());
        blocking_fn(move |ctx: BlockingContext| {
            let _holds = hold(&lives, &bomb, ctx.path().as_str());
            run(&ctx);
        })
    }
}

fn hold(lives: &Lives, bomb: &Bomb, path: &str) -> Holds {
    let armed = bomb.arm();
    Holds { _life: lives.live(path), _armed: armed, _file: File::open("/dev/null").unwrap() }
}

/// A tree with a child of every kind; what the draw says differs.
fn tree(nursery: &Nursery, gate: &Gate) -> SupervisorSpec {
    let draw = nursery.draw;
    let strategy = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]
        [usize::try_from(draw % 3).unwrap()];
    let parked = async |ctx: TaskContext| {
        ctx.stopped().await;
        Ok(())
    };
    let with_helpers = async |ctx: TaskContext| {
        for _ in 0..2 {
            let helper = ctx.clone();
            ctx.spawn(async move { helper.stopped().await });
        }
        // It ends only because its run does.
        ctx.spawn(std::future::pending());
        ctx.stopped().await;
        Ok(())
    };
    // The first runs come to a bad end; a later one stays.
    let unsteady = move |ctx: TaskContext| async move {
        match (ctx.generation().0 + draw) % 5 {
            0 => return Err("at once"),
            1 => yield_now().await,
            2 => resume_unwind(Box::new("the run itself")),
            3 => ctx.spawn(async { resume_unwind(Box::new("a helper")) }),
            _ => drop(ctx.until_stopped(std::future::pending::<()>()).await),
        }
        if ctx.generation().0 > 4 {
            ctx.stopped().await;
            return Ok(());
        }
        Err("after a while")
    };
    let hangs = async |_: TaskContext| {
        std::future::pending::<()>().await;
        Ok(())
    };
    let falls = async |ctx: TaskContext| {
        let _bad_end = BadEnd;
        ctx.stopped().await;
        Ok(())
    };
    let takes_its_time = async |ctx: TaskContext| {
        yield_now().await;
        ctx.ready();
        ctx.stopped().await;
        Ok(())
    };
    let thread = |ctx: &BlockingContext| while ctx.sleep(ms(1_000_000)) {};
    let member = {
        let lives = nursery.lives.clone();
        member_fn(move |ctx: TaskContext, (): ()| {
            let life = lives.live(ctx.path().as_str());
            async move {
                let _life = life;
                ctx.stopped().await;
            }
        })
    };
    let at_once = |id: &str, task| ChildSpec::new(id, task).backoff(Backoff::NONE);
    let inner = SupervisorSpec::new("inner")
        .strategy(strategy)
        .intensity(u32::MAX, ms(1))
        .child(at_once("parked", nursery.child(parked)))
        .child(at_once("unsteady", nursery.child(unsteady)))
        .child(at_once("ready", nursery.child(takes_its_time)).readiness(Readiness::Explicit))
        .child(at_once("thread", nursery.thread(thread)));
    let mut root = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(at_once("helpers", nursery.child(with_helpers)))
        .child(at_once("once", nursery.child(async |_| Ok(()))).restart(Restart::Transient))
        .child(at_once("falls", nursery.child(falls)))
        .child(at_once("hangs", nursery.child(hangs)).grace(Grace::After(ms(1))))
        .child(inner)
        .child(SupervisorSpec::pool("pool").members(member).max_children(3));
    if draw.is_multiple_of(16) {
        let gate = gate.clone();
        let deaf = nursery.thread(move |_| gate.pass());
        root = root.child(at_once("deaf", deaf).grace(Grace::After(ms(1))).abort_wait(ms(1)));
    }
    root
}

/// Somebody wants something meanwhile.
async fn disturb(handle: &SupervisorHandle, draw: u64) {
    for member in 0..draw % 3 {
        handle.spawn_member("/root/pool", &format!("m{member}"), (), BY, WHY).await.unwrap();
    }
    match draw % 7 {
        0 => drop(handle.restart_child("/root/inner", BY, WHY).await),
        1 => drop(handle.restart_child("/root/hangs", BY, WHY).await),
        2 => drop(poll_then_drop(handle.stop_child("/root/inner/thread", BY, WHY), 1).await),
        3 => drop(handle.pause_child("/root/falls", BY, WHY).await),
        4 => drop(handle.remove_child("/root/inner/unsteady", BY, WHY).await),
        _ => drop(handle.current_state().await.unwrap()),
    }
}

/// One tree from its start to its end.
async fn live(number: u64) {
    let gate = Gate::default();
    let _opens = gate.open_on_drop();
    let nursery = Nursery { lives: Lives::default(), draw: number.wrapping_mul(0x9E37_79B9) >> 7 };
    let draw = nursery.draw;
    let mut builder = Supervisor::builder(tree(&nursery, &gate));
    let mut events = builder.subscribe_events();
    let handle = if draw.is_multiple_of(11) {
        // A start that nobody waits for any more.
        poll_then_drop(builder.start(), usize::try_from(draw % 5).unwrap())
            .await
            .map(Result::unwrap)
    } else {
        Some(builder.start().await.unwrap())
    };
    if let Some(handle) = handle {
        disturb(&handle, draw).await;
        match draw % 4 {
            0 => drop(handle),
            1 => drop(handle.shutdown_now(BY, WHY).await.unwrap()),
            _ => {
                let report = handle.shutdown_tree(BY, WHY).await.unwrap();
                let is_deaf = draw.is_multiple_of(16);
                assert_eq!(report.unjoinable().count(), usize::from(is_deaf), "{report}");
            }
        }
    }
    // To its end: it comes when the tree is gone.
    while events.next().await.is_some() {}
    gate.open();
    let lives = nursery.lives.clone();
    until("all runs are over", || lives.total().over == lives.total().begun).await;
    assert!(lives.total().most <= 1, "two runs of one child: life {number}");
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

#[test]
fn of_trees_that_have_lived_nothing_is_left() {
    let lives = std::env::var("REAL_RUNS").ok();
    let lives = lives.map_or(LIVES, |text| text.parse().expect("REAL_RUNS is a number"));
    // Tokio opens a pair of sockets for signals with the first runtime, for good.
    drop(runtime());
    let (files, before) = (open_files(), threads());
    let runtime = runtime();
    runtime.block_on(async {
        // What is made once for all of them.
        live(0).await;
        let base = (alive_tasks(), open_files(), threads());
        let mut abreast = JoinSet::new();
        for first in 0..u64::from(ABREAST) {
            abreast.spawn(async move {
                let mut ended = 0;
                for number in (first..lives).step_by(ABREAST.into()) {
                    let is_over = timeout(STUCK, live(number)).await;
                    assert!(is_over.is_ok(), "life {number} does not end");
                    ended += 1;
                }
                ended
            });
        }
        let mut ended = 0;
        while let Some(more) = abreast.join_next().await {
            ended += more.unwrap();
        }
        until("tasks, files and threads are as before", || {
            (alive_tasks(), open_files(), threads()) == base
        })
        .await;
        let overlaps = OVERLAPS.load(Ordering::SeqCst);
        assert_eq!((ended, overlaps), (lives, 0));
        println!("trees that lived and left nothing: {ended} of {lives}, {overlaps} overlaps");
    });
    drop(runtime);
    assert_eq!((open_files(), threads()), (files, before));
}

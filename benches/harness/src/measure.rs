//! The scenarios. A process runs one of them: `bench-x <scenario> <children> <quick|full>`.

use std::alloc::System as SystemAllocator;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use stats_alloc::INSTRUMENTED_SYSTEM;
use tokio::runtime::{Builder, Runtime};

use crate::plan::{Kind, Plan};
use crate::row::Row;
use crate::{Cannot, Shape, System, cannot};

/// The worker threads of the runtime, for every system.
const WORKERS: usize = 2;
/// How long old runs may take to be gone before that is remarked upon.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much is done, which changes how well a figure repeats and not what it means.
#[derive(Clone, Copy)]
struct Size {
    is_full: bool,
}

impl Size {
    fn pick(self, quick: u64, full: u64) -> u64 {
        if self.is_full { full } else { quick }
    }
}

/// The program of one system.
///
/// # Panics
///
/// When it is not called as the runner calls it.
pub fn main<S: System>() {
    let mut args = std::env::args().skip(1);
    let usage = "<scenario> <children> <quick|full>";
    let scenario = args.next().expect(usage);
    let n: usize = args.next().and_then(|n| n.parse().ok()).expect(usage);
    let size = Size { is_full: args.next().as_deref() == Some("full") };
    std::panic::set_hook(Box::new(|info| {
        // Those that are part of the work would drown everything else.
        if info.payload_as_str() != Some("told to panic") {
            eprintln!("{info}");
        }
    }));
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .expect("a runtime");
    let print = |metric: &str, value: f64, unit: &str| {
        let (system, metric, unit) = (S::NAME.to_owned(), metric.to_owned(), unit.to_owned());
        Row::Figure { system, metric, n, value, unit }.print();
    };
    let figures = match scenario.as_str() {
        "idle" => idle::<S>(&runtime, n, size),
        _ => runtime.block_on(async {
            // On a worker, where programs do their work.
            tokio::spawn(measure::<S>(scenario.clone(), n, size)).await.expect("a measurement")
        }),
    };
    match figures {
        Ok(figures) => {
            for (metric, value, unit) in figures {
                print(metric, value, unit);
            }
        }
        Err(Cannot(remark)) => {
            for metric in metrics(&scenario) {
                let (system, metric) = (S::NAME.to_owned(), (*metric).to_owned());
                Row::Dash { system, metric, n, remark: remark.clone() }.print();
            }
        }
    }
    let own_cpu_us = u64::try_from(cpu().as_micros()).expect("a short life");
    Row::Process { own_cpu_us }.print();
    // Some leave threads and tasks behind; the figures are out.
    std::process::exit(0);
}

/// What a scenario measures.
pub fn metrics(scenario: &str) -> &'static [&'static str] {
    match scenario {
        "start" => &["start", "start_cpu"],
        "memory" => &["memory"],
        "restart" => &["restart_rate", "restart_cpu"],
        "latency" => &["restart_latency_p50", "restart_latency_p99"],
        "panic" => &["panic_latency_p50"],
        "one_for_all" => &["one_for_all"],
        "one_for_all_parallel" => &["one_for_all_parallel"],
        "shutdown" => &["shutdown", "shutdown_cpu"],
        "shutdown_parallel" => &["shutdown_parallel"],
        "add_remove" => &["add_remove_rate", "add_remove_cpu"],
        "current_state" => &["current_state"],
        "events_1" => &["events_1"],
        "events_10" => &["events_10"],
        "idle" => &["idle_cpu", "idle_wakeups"],
        other => panic!("there is no scenario `{other}`"),
    }
}

type Figures = Result<Vec<(&'static str, f64, &'static str)>, Cannot>;

async fn measure<S: System>(scenario: String, n: usize, size: Size) -> Figures {
    match scenario.as_str() {
        "start" => start::<S>(n, size).await,
        "memory" => memory::<S>(n).await,
        "restart" => restart::<S>(n, size).await,
        "latency" => latency::<S>(n, Kind::Fail, size).await,
        "panic" => latency::<S>(n, Kind::Panic, size).await,
        "one_for_all" => round::<S>("one_for_all", Shape::OneForAll, n, size).await,
        "one_for_all_parallel" => {
            round::<S>("one_for_all_parallel", Shape::OneForAllParallel, n, size).await
        }
        "shutdown" => shutdown::<S>(n, size).await,
        "shutdown_parallel" => shutdown_parallel::<S>(n, size).await,
        "add_remove" => add_remove::<S>(n, size).await,
        "current_state" => current_state::<S>(n, size).await,
        "events_1" => events::<S>("events_1", 1, n, size).await,
        "events_10" => events::<S>("events_10", 10, n, size).await,
        other => panic!("there is no scenario `{other}`"),
    }
}

/// Starts a tree and waits until all its children run.
async fn started<S: System>(plan: &Arc<Plan>, shape: Shape) -> Result<S, Cannot> {
    let tree = S::start(Arc::clone(plan), shape).await?;
    plan.reached().await;
    Ok(tree)
}

/// Stops a tree that is not measured any more, however long that takes.
async fn ended<S: System>(tree: S, plan: &Plan) {
    tree.shutdown().await;
    gone(plan, 0).await;
}

/// Waits until no more than so many runs are alive, and returns how many are.
async fn gone(plan: &Plan, remaining: i64) -> i64 {
    let since = Instant::now();
    while plan.live() > remaining && since.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    plan.live()
}

async fn start<S: System>(n: usize, size: Size) -> Figures {
    let mut walls = Vec::new();
    let mut cpus = Vec::new();
    for _ in 0..rounds(n, size) + 1 {
        let plan = Plan::new(Kind::Park, n);
        let (wall, own) = (Instant::now(), cpu());
        let tree = S::start(Arc::clone(&plan), Shape::OneForOne).await?;
        let reached = plan.reached().await;
        cpus.push(micros(cpu() - own) / n as f64);
        walls.push(millis(reached - wall));
        ended(tree, &plan).await;
    }
    Ok(vec![("start", warm_median(walls), "ms"), ("start_cpu", warm_median(cpus), "us/child")])
}

/// How often something is done that costs as much as there are children.
fn rounds(n: usize, size: Size) -> usize {
    let children = usize::try_from(size.pick(20_000, 200_000)).expect("small");
    (children / n).clamp(2, 50)
}

async fn memory<S: System>(n: usize) -> Figures {
    // What is there only once, is there before.
    let plan = Plan::new(Kind::Park, 10);
    ended::<S>(started(&plan, Shape::OneForOne).await?, &plan).await;
    let plan = Plan::new(Kind::Park, n);
    let before = heap();
    if before == 0.0 {
        return cannot("only the program with the counting allocator can say");
    }
    let tree = started::<S>(&plan, Shape::OneForOne).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let bytes = (heap() - before) / n as f64;
    drop(tree);
    Ok(vec![("memory", bytes, "B/child")])
}

async fn restart<S: System>(n: usize, size: Size) -> Figures {
    let restarts = size.pick(100_000, 1_000_000);
    let plan = Plan::new(Kind::Storm { restarts }, n);
    let tree = started::<S>(&plan, Shape::OneForOne).await?;
    // The first fifth is warm-up.
    plan.aim(restarts / 5);
    plan.open();
    plan.reached().await;
    let (from, own, runs) = (Instant::now(), cpu(), plan.runs());
    let rest = n as u64 + restarts - runs;
    plan.aim(rest);
    if plan.runs() == n as u64 + restarts {
        return cannot("the storm was over before it could be measured");
    }
    let reached = plan.reached().await;
    let own = micros(cpu() - own);
    let wall = reached - from;
    ended(tree, &plan).await;
    Ok(vec![
        ("restart_rate", rest as f64 / wall.as_secs_f64(), "1/s"),
        ("restart_cpu", own / rest as f64, "us/restart"),
    ])
}

/// One failure in a program that is quiet: between two of them everybody goes to sleep.
async fn latency<S: System>(n: usize, kind: Kind, size: Size) -> Figures {
    let plan = Plan::new(kind, n);
    let tree = started::<S>(&plan, Shape::OneForOne).await?;
    let mut samples = Vec::new();
    for sample in 0..size.pick(320, 3_020) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        plan.tell();
        let latency = micros(plan.sample().await);
        if sample >= 20 {
            samples.push(latency);
        }
    }
    ended(tree, &plan).await;
    samples.sort_unstable_by(f64::total_cmp);
    let p50 = samples[samples.len() / 2];
    let p99 = samples[samples.len() * 99 / 100];
    Ok(match kind {
        Kind::Panic => vec![("panic_latency_p50", p50, "us")],
        _ => vec![("restart_latency_p50", p50, "us"), ("restart_latency_p99", p99, "us")],
    })
}

async fn round<S: System>(metric: &'static str, shape: Shape, n: usize, size: Size) -> Figures {
    let plan = Plan::new(Kind::Fail, n);
    let tree = started::<S>(&plan, shape).await?;
    let mut walls = Vec::new();
    for _ in 0..rounds(n, size) + 1 {
        plan.aim(n as u64);
        let from = Instant::now();
        plan.tell();
        let reached = plan.reached().await;
        // The victim's own next run has come before the last one, or is it.
        plan.sample().await;
        walls.push(millis(reached - from));
        let live = gone(&plan, n as i64).await;
        if live > n as i64 {
            return cannot(format!("{} old runs are still alive", live - n as i64));
        }
    }
    ended(tree, &plan).await;
    Ok(vec![(metric, warm_median(walls), "ms")])
}

async fn shutdown<S: System>(n: usize, size: Size) -> Figures {
    let (walls, cpus) = shutdowns::<S>(Shape::OneForOne, n, size).await?;
    Ok(vec![("shutdown", walls, "ms"), ("shutdown_cpu", cpus, "us/child")])
}

async fn shutdown_parallel<S: System>(n: usize, size: Size) -> Figures {
    let (walls, _) = shutdowns::<S>(Shape::Pool, n, size).await?;
    Ok(vec![("shutdown_parallel", walls, "ms")])
}

async fn shutdowns<S: System>(shape: Shape, n: usize, size: Size) -> Result<(f64, f64), Cannot> {
    let mut walls = Vec::new();
    let mut cpus = Vec::new();
    for _ in 0..rounds(n, size) + 1 {
        let plan = Plan::new(Kind::Park, n);
        let tree = started::<S>(&plan, shape).await?;
        let (wall, own) = (Instant::now(), cpu());
        tree.shutdown().await;
        let live = plan.live();
        walls.push(millis(wall.elapsed()));
        cpus.push(micros(cpu() - own) / n as f64);
        if live > 0 {
            return cannot(format!("returns with {live} of {n} runs still alive"));
        }
    }
    Ok((warm_median(walls), warm_median(cpus)))
}

async fn add_remove<S: System>(n: usize, size: Size) -> Figures {
    let plan = Plan::new(Kind::Park, n);
    let tree = started::<S>(&plan, Shape::Pool).await?;
    let pairs = size.pick(20_000, 200_000);
    let mut measured = None;
    for pair in 0..pairs + pairs / 5 {
        if pair == pairs / 5 {
            measured = Some((Instant::now(), cpu()));
        }
        let index = n + pair as usize;
        tree.add(Arc::clone(&plan), index).await?;
        tree.remove(index).await?;
    }
    let (wall, own) = measured.expect("there was more than warm-up");
    let (wall, own) = (wall.elapsed(), micros(cpu() - own));
    let live = gone(&plan, n as i64).await;
    if live != n as i64 {
        return cannot(format!("{live} runs are alive where {n} should be"));
    }
    ended(tree, &plan).await;
    Ok(vec![
        ("add_remove_rate", pairs as f64 / wall.as_secs_f64(), "1/s"),
        ("add_remove_cpu", own / pairs as f64, "us/pair"),
    ])
}

/// One child is restarted before each read, so that there is something new to say.
async fn current_state<S: System>(n: usize, size: Size) -> Figures {
    let plan = Plan::new(Kind::Fail, n);
    let tree = started::<S>(&plan, Shape::OneForOne).await?;
    let mut samples = Vec::new();
    for _ in 0..size.pick(51, 501) {
        plan.tell();
        plan.sample().await;
        let from = Instant::now();
        let children = tree.current_state().await?;
        samples.push(millis(from.elapsed()));
        if children < n {
            return cannot(format!("speaks of {children} of {n} children"));
        }
    }
    ended(tree, &plan).await;
    Ok(vec![("current_state", warm_median(samples), "ms")])
}

async fn events<S: System>(
    metric: &'static str,
    subscribers: usize,
    n: usize,
    size: Size,
) -> Figures {
    let restarts = size.pick(50_000, 500_000);
    let plan = Plan::new(Kind::Storm { restarts }, n);
    let tree = started::<S>(&plan, Shape::OneForOne).await?;
    let mut readers = Vec::new();
    for _ in 0..subscribers {
        readers.push(tokio::spawn(tree.subscribe()?));
    }
    plan.aim(restarts);
    let from = Instant::now();
    plan.open();
    let wall = plan.reached().await - from;
    ended(tree, &plan).await;
    let mut published = 0;
    for reader in readers {
        let seen = reader.await.expect("readers do not panic");
        published = published.max(seen.received + seen.missed);
    }
    // Those of the end, one or two for each child, are not of the storm.
    let published = published.saturating_sub(2 * n as u64);
    Ok(vec![(metric, published as f64 / wall.as_secs_f64(), "1/s")])
}

/// From outside of the runtime, so that nobody wakes up to measure.
fn idle<S: System>(runtime: &Runtime, n: usize, size: Size) -> Figures {
    let plan = Plan::new(Kind::Park, n);
    let at_work = Arc::clone(&plan);
    let tree = runtime.block_on(async {
        tokio::spawn(async move { started::<S>(&at_work, Shape::OneForOne).await })
            .await
            .expect("a tree")
    })?;
    let time = Duration::from_secs(size.pick(1, 10));
    std::thread::sleep(Duration::from_millis(200));
    let (own, wakeups) = (cpu(), switches());
    std::thread::sleep(time);
    let wakeups = switches().saturating_sub(wakeups);
    // What reading /proc costs is the same for everybody, and taken off.
    let read = cpu();
    switches();
    let reading = cpu().saturating_sub(read);
    let own = cpu().saturating_sub(own).saturating_sub(reading * 2);
    drop(tree);
    let seconds = time.as_secs_f64();
    Ok(vec![
        ("idle_cpu", micros(own) / seconds, "us/s"),
        // The thread that sleeps here wakes up once.
        ("idle_wakeups", wakeups.saturating_sub(1) as f64 / seconds * 10.0, "in 10 s"),
    ])
}

/// How often the threads of this process have gone to sleep.
fn switches() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let status = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok());
    status
        .filter_map(|status| {
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        })
        .sum()
}

/// The CPU time of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("not before it began");
    Duration::new(seconds, u32::try_from(time.tv_nsec).expect("less than a second"))
}

/// The bytes on the heap, by the counting allocator.
fn heap() -> f64 {
    let counter: &stats_alloc::StatsAlloc<SystemAllocator> = &INSTRUMENTED_SYSTEM;
    let stats = counter.stats();
    // Reallocations are in both already.
    stats.bytes_allocated as f64 - stats.bytes_deallocated as f64
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The median of all but the first, which was warm-up.
fn warm_median(mut values: Vec<f64>) -> f64 {
    values.remove(0);
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

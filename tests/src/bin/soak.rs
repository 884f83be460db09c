//! A tree under load for a long time: `soak SECONDS [--only-drift]`.
//!
//! Children fail as fast as they are restarted, groups go down and come up, threads, files and
//! members of a pool come and go, subscribers look in, and somebody gives a command every few
//! milliseconds. Each figure is a line; the program ends with 1 when a goal is missed. With
//! `--only-drift` the figures that depend on the machine are shown, and those decide that do not:
//! that nothing is stuck and nothing piles up.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures for people"
)]

use std::alloc::System;
use std::error::Error;
use std::fs::File;
use std::panic::resume_unwind;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};
use rust_supervisor::task::member::member_fn;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use supervisor_tests::proc::{open_files, resident_bytes, threads};
use supervisor_tests::{BY, WHY, every, ms, parked};
use tokio::time::{interval, sleep, timeout};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Children that fail as soon as they are polled.
const FAILING: u64 = 64;
/// Children on threads, which fail after a while.
const THREADS: usize = 2;
/// Groups with a member that fails after a while, and the file that it holds.
const GROUPS: usize = 4;

/// What has to hold on a calm machine with two cores.
const RESTARTS_PER_SECOND: f64 = 20_000.0;
const CONTROL_P99: Duration = ms(10);
const MIB_PER_MINUTE: f64 = 0.1;
/// In half a minute what the allocator keeps back is larger than that. One word for each restart
/// would be ten times this.
const MIB_PER_MINUTE_IF_SHORT: f64 = 2.0;

/// Nothing takes that long, however busy the machine is, but what is stuck.
const STUCK: Duration = Duration::from_mins(1);

/// How many runs have begun. Apart, so that those who count do not wait for each other.
#[derive(Clone, Default)]
struct Runs(Arc<[AtomicU64; 16]>);

impl Runs {
    fn count(&self, of: u64) {
        self.0[of as usize % self.0.len()].fetch_add(1, Ordering::Relaxed);
    }

    fn all(&self) -> u64 {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

fn failing(number: u64, runs: &Runs) -> TaskFactory {
    let runs = runs.clone();
    service_fn(move |ctx: TaskContext| {
        runs.count(number);
        async move {
            match (ctx.generation().0 + number) % 64 {
                0 => resume_unwind(Box::new("out of luck")),
                1 => {
                    ctx.spawn(async {});
                    tokio::task::yield_now().await;
                    Err("out of luck, a little later")
                }
                2 => Ok(()),
                _ => Err("out of luck"),
            }
        }
    })
}

fn failing_thread(runs: &Runs) -> TaskFactory {
    let runs = runs.clone();
    blocking_fn(move |ctx: BlockingContext| {
        runs.count(0);
        if ctx.sleep(ms(20)) { Err("out of luck") } else { Ok(()) }
    })
}

fn failing_member(runs: &Runs) -> TaskFactory {
    let runs = runs.clone();
    service_fn(move |ctx: TaskContext| {
        runs.count(1);
        async move {
            let _file = File::open("/dev/null").map_err(|_| "no file")?;
            if ctx.sleep(ms(5)).await { Err("out of luck") } else { Ok(()) }
        }
    })
}

/// Does not listen, and is aborted.
fn deaf() -> TaskFactory {
    service_fn(async |_: TaskContext| std::future::pending::<()>().await)
}

fn tree(runs: &Runs) -> SupervisorSpec {
    let busy = |id: &str| SupervisorSpec::new(id).intensity(u32::MAX, ms(1));
    let at_once = |id: String, task| ChildSpec::new(id, task).backoff(Backoff::NONE);
    let mut failers = busy("failing");
    for number in 0..FAILING {
        failers = failers.child(at_once(format!("f{number}"), failing(number, runs)));
    }
    let mut blocking = busy("threads");
    for number in 0..THREADS {
        blocking = blocking.child(at_once(format!("t{number}"), failing_thread(runs)));
    }
    let mut groups = busy("groups");
    for number in 0..GROUPS {
        let strategy = [Strategy::OneForAll, Strategy::RestForOne][number % 2];
        let deaf = ChildSpec::new("deaf", deaf()).grace(Grace::After(ms(1)));
        let group = busy(&format!("g{number}"))
            .strategy(strategy)
            .child(ChildSpec::new("parked", parked()))
            .child(at_once("failing".into(), failing_member(runs)))
            .child(deaf);
        groups = groups.child(group);
    }
    let member = member_fn(async |ctx: TaskContext, (): ()| ctx.stopped().await);
    busy("root")
        .child(failers)
        .child(blocking)
        .child(groups)
        .child(ChildSpec::new("steady", parked()).backoff(every(ms(0))))
        .child(ChildSpec::new("other", parked()).restart(Restart::Transient))
        .child(SupervisorSpec::pool("pool").members(member))
}

/// How long commands took: powers of two of a microsecond, in sixteen steps each.
struct Times {
    counts: Vec<u64>,
    longest: Duration,
}

impl Times {
    const STEPS: u32 = 16;

    fn new() -> Self {
        Self { counts: vec![0; 40 * Self::STEPS as usize], longest: Duration::ZERO }
    }

    fn add(&mut self, time: Duration) {
        let micros = (time.as_secs_f64() * 1e6).max(1.0);
        let step = (micros.log2() * f64::from(Self::STEPS)) as usize;
        let last = self.counts.len() - 1;
        self.counts[step.min(last)] += 1;
        self.longest = self.longest.max(time);
    }

    fn all(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What so many of a hundred were below of.
    fn percentile(&self, percent: u64) -> Duration {
        let wanted = (self.all() * percent).div_ceil(100);
        let mut seen = 0;
        let step = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        let step = u32::try_from(step.unwrap_or(0)).unwrap_or(u32::MAX);
        let micros = (f64::from(step + 1) / f64::from(Self::STEPS)).exp2();
        Duration::from_secs_f64(micros / 1e6)
    }
}

/// One command after the other, until the time is over. Ends early when one is not answered.
async fn control(
    handle: SupervisorHandle,
    until: Instant,
) -> Result<Times, Box<dyn Error + Send + Sync>> {
    let mut times = Times::new();
    let mut ticks = interval(ms(4));
    for number in 0_u64.. {
        ticks.tick().await;
        if Instant::now() >= until {
            break;
        }
        let begin = Instant::now();
        let answer = timeout(STUCK, command(&handle, number)).await;
        answer.map_err(|_| format!("command {number} is not answered"))??;
        times.add(begin.elapsed());
    }
    Ok(times)
}

async fn command(handle: &SupervisorHandle, number: u64) -> Result<(), SupervisorError> {
    match number % 8 {
        0 => drop(handle.restart_child("/root/steady", BY, WHY).await?),
        1 => drop(handle.state_of("/root/failing/f7").await?),
        2 => drop(handle.spawn_member("/root/pool", "guest", (), BY, WHY).await?),
        3 => drop(handle.remove_child("/root/pool/guest", BY, WHY).await?),
        4 => drop(handle.pause_child("/root/other", BY, WHY).await?),
        5 => drop(handle.resume_child("/root/other", BY, WHY).await?),
        6 => drop(handle.why("/root/groups/g1/failing").await?),
        _ => {
            // Somebody looks in for a moment.
            let mut events = handle.subscribe_events();
            for _ in 0..8 {
                events.next().await;
            }
        }
    }
    Ok(())
}

/// What was seen at one moment.
struct Sample {
    minutes: f64,
    /// Resident, with what the allocator keeps back.
    mib: f64,
    /// Allocated and not freed.
    live_mib: f64,
    files: usize,
    threads: usize,
}

fn live_bytes() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// By how much it grows a minute: the line with the least squares.
fn slope(samples: &[Sample], grows: fn(&Sample) -> f64) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|sample| sample.minutes), mean(grows));
    let over = samples.iter().map(|s| (s.minutes - x) * (grows(s) - y)).sum::<f64>();
    let under = samples.iter().map(|s| (s.minutes - x).powi(2)).sum::<f64>();
    if under > 0.0 { over / under } else { 0.0 }
}

/// Says a figure, and whether it is as it should be.
fn say(is_met: bool, text: &str) -> bool {
    println!("soak: {}{text}", if is_met { "" } else { "MISSED: " });
    is_met
}

async fn soak(time: Duration, only_drift: bool) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let runs = Runs::default();
    // Here the runtime is there already, and what Tokio opens for good.
    let (files_before, threads_before) = (open_files(), threads());
    let handle = Supervisor::start(tree(&runs)).await?;
    // Until everything has been as large as it gets.
    let warm_up = time / 6;
    let commands = tokio::spawn(control(handle.clone(), Instant::now() + time));
    sleep(warm_up).await;
    let (begin, runs_before) = (Instant::now(), runs.all());
    let (mut samples, mut stuck, mut known) = (Vec::new(), 0, runs_before);
    while begin.elapsed() < time.saturating_sub(warm_up) {
        sleep(Duration::from_secs(1)).await;
        let now = runs.all();
        stuck += u64::from(now == known);
        known = now;
        samples.push(Sample {
            minutes: begin.elapsed().as_secs_f64() / 60.0,
            mib: resident_bytes() as f64 / 1_048_576.0,
            live_mib: live_bytes() as f64 / 1_048_576.0,
            files: open_files(),
            threads: threads(),
        });
    }
    let per_second = (runs.all() - runs_before) as f64 / begin.elapsed().as_secs_f64();
    let times = commands.await??;
    let report = timeout(STUCK, handle.shutdown_tree(BY, "it is over")).await;
    let report = report.map_err(|_| "the tree does not end")??;
    drop(handle);
    // Threads say that their run is over a moment before they are gone.
    for _ in 0..STUCK.as_millis() {
        if threads() <= threads_before {
            break;
        }
        sleep(ms(1)).await;
    }

    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("soak: {} s on {cores} cores, {} samples", time.as_secs(), samples.len());
    let mut is_good = say(
        only_drift || per_second >= RESTARTS_PER_SECOND,
        &format!("{per_second:.0} restarts/s (goal: {RESTARTS_PER_SECOND:.0} at least)"),
    );
    let p99 = times.percentile(99);
    is_good &= say(
        only_drift || p99 < CONTROL_P99,
        &format!(
            "{} commands, p50 {:.2?}, p99 {p99:.2?}, longest {:.2?} (goal: p99 below {CONTROL_P99:?})",
            times.all(),
            times.percentile(50),
            times.longest,
        ),
    );
    let most = if only_drift { MIB_PER_MINUTE_IF_SHORT } else { MIB_PER_MINUTE };
    let resident: fn(&Sample) -> f64 = |sample| sample.mib;
    let allocated: fn(&Sample) -> f64 = |sample| sample.live_mib;
    for (name, of) in [("resident", resident), ("allocated", allocated)] {
        let slope = slope(&samples, of);
        let at = |part: usize| samples.get(samples.len() * part / 4).map_or(0.0, of);
        let last = samples.last().map_or(0.0, of);
        is_good &= say(
            slope <= most,
            &format!(
                "{name} memory grows by {slope:.3} MiB/min: {:.2}, {:.2}, {:.2}, {:.2}, {last:.2} MiB \
                 (goal: {most} at most)",
                at(0),
                at(1),
                at(2),
                at(3),
            ),
        );
    }
    let peak = |of: fn(&Sample) -> usize| samples.iter().map(of).max().unwrap_or(0);
    // `/proc/self/fd` is open while it is counted, every time.
    let (files, most) = (peak(|sample| sample.files), files_before + GROUPS);
    is_good &= say(
        files <= most && open_files() <= files_before,
        &format!(
            "open files: {files_before} before, {files} at most (goal: {most}), {} after",
            open_files()
        ),
    );
    // One that has said that it is over may still be there when the next one begins.
    let (peak, most) = (peak(|sample| sample.threads), threads_before + 2 * THREADS);
    is_good &= say(
        peak <= most && threads() <= threads_before,
        &format!(
            "threads: {threads_before} before, {peak} at most (goal: {most}), {} after",
            threads()
        ),
    );
    is_good &= say(stuck == 0, &format!("{stuck} seconds without a restart (goal: 0)"));
    // Those who do not listen were aborted, and joined.
    let left = report.unjoinable().count();
    is_good &= say(left == 0, &format!("{left} of {} runs left (goal: 0)", report.rows.len()));
    Ok(is_good)
}

fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    const USAGE: &str = "usage: soak SECONDS [--only-drift], of at least 6 seconds";
    let args: Vec<_> = std::env::args().skip(1).collect();
    let (seconds, only_drift) = match &*args {
        [seconds] => (seconds, false),
        [seconds, option] if option == "--only-drift" => (seconds, true),
        _ => return Err(USAGE.into()),
    };
    let seconds = seconds.parse().map_err(|_| USAGE)?;
    if seconds < 6 {
        return Err(USAGE.into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let is_good = runtime.block_on(soak(Duration::from_secs(seconds), only_drift))?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

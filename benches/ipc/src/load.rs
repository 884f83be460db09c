//! What clients do, and how much of it in a second.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use bench_harness::{Figure, Samples, Watch};
use rustix::time::{ClockId, clock_gettime};

use crate::client::{Client, number, plain, restart};
use crate::options::Options;
use crate::server::{Server, child};

/// How many connections ask, and how many read events.
const CONNECTIONS: usize = 8;
/// How many requests are sent before their answers are read, where that is measured.
const PIPELINED: usize = 16;
/// How far the slowest reader may be behind before more is done that it has to read. The journal
/// keeps 1,024 events by default: nothing is lost, and what is measured is what was read.
const AHEAD: u64 = 512;
/// How long whoever measures the time of a command waits before the next.
const PAUSE: Duration = Duration::from_millis(1);
/// What is left out at the beginning.
const WARM_UP: Duration = Duration::from_millis(200);

type Rows = Vec<(&'static str, f64, &'static str)>;

/// Measures everything, several times.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figure>> {
    let mut order = Vec::new();
    let mut samples: BTreeMap<&str, Samples> = BTreeMap::new();
    for round in 0..options.repeat.get() {
        eprintln!("round {} of {}", round + 1, options.repeat.get());
        let server = Server::start()?;
        let scenarios: [fn(&Server, Duration) -> Result<Rows>; 5] =
            [hello, pipelined, state, commands, events];
        for scenario in scenarios {
            let (watch, before) = (Watch::start(), own_cpu() + server.cpu());
            let rows = scenario(&server, options.time)?;
            let is_disturbed = watch.is_disturbed(own_cpu() + server.cpu() - before);
            for (metric, value, unit) in rows {
                if !order.contains(&metric) {
                    order.push(metric);
                }
                samples.entry(metric).or_default().take(value, unit.to_owned(), is_disturbed);
            }
        }
    }
    let figure = |metric: &&str| {
        let key = ("rust-tokio-supervisor".to_owned(), CONNECTIONS, (*metric).to_owned());
        samples[metric].figure(key, None)
    };
    Ok(order.iter().map(figure).collect())
}

fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn hello(server: &Server, time: Duration) -> Result<Rows> {
    let (rate, cpu) = asked(server, time, 1, |_| plain("hello"))?;
    Ok(vec![("ipc_hello", rate, "requests/s"), ("ipc_hello_cpu", cpu, "us/request")])
}

fn pipelined(server: &Server, time: Duration) -> Result<Rows> {
    let (rate, cpu) = asked(server, time, PIPELINED, |_| plain("hello"))?;
    Ok(vec![
        ("ipc_hello_pipelined", rate, "requests/s"),
        ("ipc_hello_pipelined_cpu", cpu, "us/request"),
    ])
}

fn state(server: &Server, time: Duration) -> Result<Rows> {
    let (rate, cpu) = asked(server, time, 1, |_| plain("state"))?;
    Ok(vec![("ipc_state", rate, "requests/s"), ("ipc_state_cpu", cpu, "us/request")])
}

fn commands(server: &Server, time: Duration) -> Result<Rows> {
    let (rate, cpu) = asked(server, time, 1, |n| restart(&child(n)))?;
    Ok(vec![("ipc_command", rate, "requests/s"), ("ipc_command_cpu", cpu, "us/request")])
}

/// All connections ask, each `at_once` before it reads the answers. How many requests were answered
/// in a second, and what the other process used for each.
fn asked(
    server: &Server,
    time: Duration,
    at_once: usize,
    request: fn(usize) -> String,
) -> Result<(f64, f64)> {
    let (begin, over) = (Barrier::new(CONNECTIONS + 1), AtomicBool::new(false));
    let answered = AtomicU64::new(0);
    thread::scope(|scope| {
        let asking: Vec<_> = (0..CONNECTIONS)
            .map(|n| {
                let (begin, over, answered) = (&begin, &over, &answered);
                scope.spawn(move || {
                    let client = Client::connect(&server.socket);
                    begin.wait();
                    let mut client = client?;
                    while !over.load(Ordering::Relaxed) {
                        let requests: String = (0..at_once).map(|_| request(n)).collect();
                        client.write(&requests)?;
                        for _ in 0..at_once {
                            client.result()?;
                        }
                        answered.fetch_add(at_once as u64, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        begin.wait();
        thread::sleep(WARM_UP);
        let (from, cpu, before) = (Instant::now(), server.cpu(), answered.load(Ordering::Relaxed));
        thread::sleep(time);
        let (took, cpu) = (from.elapsed(), server.cpu() - cpu);
        let count = (answered.load(Ordering::Relaxed) - before) as f64;
        over.store(true, Ordering::Relaxed);
        for thread in asking {
            joined(thread.join())?;
        }
        ensure!(count > 0.0, "nothing was answered");
        Ok((count / took.as_secs_f64(), micros(cpu) / count))
    })
}

fn joined<T>(result: thread::Result<Result<T>>) -> Result<T> {
    result.map_err(|_| anyhow!("a client panicked"))?
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// All connections read the events of children that one more connection restarts as fast as the
/// slowest can read; and another one measures how long a command takes meanwhile.
fn events(server: &Server, time: Duration) -> Result<Rows> {
    let over = AtomicBool::new(false);
    let is_counted = AtomicBool::new(false);
    let (read, dropped) = (AtomicU64::new(0), AtomicU64::new(0));
    // The sequence of the latest event that each has read.
    let latest: [AtomicU64; CONNECTIONS] = Default::default();
    let times = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for latest in &latest {
            let mut client = Client::connect(&server.socket)?;
            client.write(&plain("events.subscribe"))?;
            let from = number(client.result()?, "from_sequence").context("no sequence")?;
            latest.store(from, Ordering::Relaxed);
            let (over, read, dropped) = (&over, &read, &dropped);
            threads.push(scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let line = client.line()?;
                    if line.starts_with(b"{\"type\":\"event\"") {
                        read.fetch_add(1, Ordering::Relaxed);
                        let sequence = number(line, "sequence").context("no sequence")?;
                        latest.store(sequence, Ordering::Relaxed);
                    } else if line.starts_with(b"{\"type\":\"dropped\"") {
                        let lost = number(line, "events").context("no number")?;
                        dropped.fetch_add(lost, Ordering::Relaxed);
                    }
                }
                Ok(())
            }));
        }
        let mut client = Client::connect(&server.socket)?;
        let (stop, latest) = (&over, &latest);
        threads.push(scope.spawn(move || {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                let requests: String = (0..PIPELINED).map(|at| restart(&child(n + at))).collect();
                n = (n + PIPELINED) % (crate::server::CHILDREN - 2 * PIPELINED);
                client.write(&requests)?;
                let mut done = 0;
                for _ in 0..PIPELINED {
                    let generation = number(client.result()?, "state_generation");
                    done = done.max(generation.context("no generation")?);
                }
                let slowest = || latest.iter().map(|it| it.load(Ordering::Relaxed)).min();
                while slowest().is_some_and(|slowest| slowest + AHEAD < done)
                    && !stop.load(Ordering::Relaxed)
                {
                    thread::sleep(Duration::from_micros(50));
                }
            }
            // Whoever waits for an event gets one.
            client.write(&restart(&child(0)))?;
            client.result()?;
            Ok(())
        }));
        let mut client = Client::connect(&server.socket)?;
        let (over, is_counted, times) = (&over, &is_counted, &times);
        threads.push(scope.spawn(move || {
            let path = child(crate::server::CHILDREN - 1);
            while !over.load(Ordering::Relaxed) {
                let request = restart(&path);
                let asked = Instant::now();
                client.write(&request)?;
                client.result()?;
                if is_counted.load(Ordering::Relaxed) {
                    let took = micros(asked.elapsed());
                    times.lock().map_err(|_| anyhow!("another has panicked"))?.push(took);
                }
                thread::sleep(PAUSE);
            }
            Ok(())
        }));
        thread::sleep(WARM_UP);
        is_counted.store(true, Ordering::Relaxed);
        let (from, cpu, before) = (Instant::now(), server.cpu(), read.load(Ordering::Relaxed));
        thread::sleep(time);
        let (took, cpu) = (from.elapsed(), server.cpu() - cpu);
        let count = (read.load(Ordering::Relaxed) - before) as f64;
        over.store(true, Ordering::Relaxed);
        for thread in threads {
            joined(thread.join())?;
        }
        let lost = dropped.load(Ordering::Relaxed);
        ensure!(lost == 0, "{lost} events were dropped, though nobody was far behind");
        let mut times =
            std::mem::take(&mut *times.lock().map_err(|_| anyhow!("a client panicked"))?);
        times.sort_unstable_by(f64::total_cmp);
        let at = |part: f64| times.get((times.len() as f64 * part) as usize).copied();
        Ok(vec![
            ("ipc_events", count / took.as_secs_f64(), "events/s"),
            ("ipc_events_cpu", micros(cpu) / count, "us/event"),
            ("ipc_command_meanwhile_p50", at(0.5).context("no command")?, "us"),
            ("ipc_command_meanwhile_p99", at(0.99).context("no command")?, "us"),
        ])
    })
}

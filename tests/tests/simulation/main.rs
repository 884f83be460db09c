//! Whole trees on the real driver, on a stopped clock, with faults of many kinds at any moment and
//! with the turns of all that run shuffled by the seed.
//!
//! `SIM_SEED=N` plays one seed and shows what happened, `SIM_SEEDS=N` so many from 0 on, and both
//! together so many from that one on.

mod child;
mod draw;
mod faults;
mod fold;
mod invariants;
mod nature;
mod play;
mod reload;
mod threads;
mod world;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, Once};
use std::time::Instant;

use faults::Fault;
use play::Outcome;

/// How many are played when nothing is said.
const SEEDS: u64 = if cfg!(debug_assertions) { 500 } else { 24_000 };

/// How often each thing has to be seen in a draw of that size, and in a shorter one.
const OFTEN: u64 = if cfg!(debug_assertions) { 1 } else { 100 };

/// What has to be seen beside the faults: events, ends, rules of decisions, states.
const SOMETIMES: &[&str] = &[
    "a state to compare",
    "aborted",
    "added",
    "auto_shutdown",
    "budget_reset",
    "class_limit",
    "commanded",
    "decided",
    "dependency_lost",
    "ended",
    "exited",
    "failed",
    "fatal_failure",
    "intensity",
    "meltdown",
    "panicked",
    "paused",
    "permanent",
    "probe_failed",
    "probing",
    "quarantined",
    "ready",
    "reconfigured",
    "removed",
    "restart_limit",
    "resumed",
    "round_started",
    "shutdown",
    "shutdown_forced",
    "shutdown_requested",
    "stale",
    "start_failed",
    "start_ignored",
    "state disabled",
    "state down",
    "state paused",
    "state quarantined",
    "state restarting",
    "state starting",
    "state stopping",
    "state unjoinable",
    "state up",
    "state waiting",
    "stop_requested",
    "succeeded",
    "temporary",
    "timed_out",
    "transient_abnormal",
    "transient_normal",
    "unjoinable",
    "waiting",
    "a tree that does not start",
];

/// How many are played at the same time.
const THREADS: usize = 2;

/// How much of the log of a broken seed is shown.
const SHOWN: usize = 80;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// The panics of the children, and those of broken laws, are not printed.
fn be_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_ours = info.payload_as_str().is_some_and(|text| text.starts_with("sim:"));
            if !is_ours && !IS_QUIET.get() {
                before(info);
            }
        }));
    });
    IS_QUIET.set(true);
}

/// Plays one, without a word about its panics.
fn play(seed: u64) -> Outcome {
    be_quiet();
    let outcome = play::play(seed);
    IS_QUIET.set(false);
    outcome
}

fn lines(outcome: &Outcome) -> Vec<String> {
    outcome.log.iter().map(ToString::to_string).collect()
}

fn show(seed: u64, outcome: &Outcome, shown: usize) -> String {
    let lines = lines(outcome);
    let from = lines.len().saturating_sub(shown);
    let broken = outcome.broken.as_deref().unwrap_or("every law holds");
    let release = if cfg!(debug_assertions) { "" } else { " --release" };
    format!(
        "{}\nseed {seed}: {broken}\n\nplay it again:\n    SIM_SEED={seed} cargo test{release} -p \
         supervisor-tests --test simulation -- --nocapture any_tree\n",
        lines[from..].join("\n")
    )
}

#[derive(Default)]
struct Sum {
    seen: BTreeMap<&'static str, u64>,
    faults: u64,
    entries: u64,
    seeds: u64,
}

#[test]
fn any_tree_keeps_the_laws_whatever_is_done_to_it() {
    let (first, seeds) = (number("SIM_SEED"), number("SIM_SEEDS"));
    if let (Some(seed), None) = (first, seeds) {
        let outcome = play(seed);
        println!("{}", show(seed, &outcome, usize::MAX));
        assert!(outcome.broken.is_none(), "seed {seed} breaks a law");
        return;
    }
    let (first, seeds) = (first.unwrap_or(0), seeds.unwrap_or(SEEDS));
    let (next, is_over) = (AtomicU64::new(first), AtomicBool::new(false));
    let (sum, broken) = (Mutex::new(Sum::default()), Mutex::new(None));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    let outcome = play(seed);
                    if outcome.broken.is_some() {
                        is_over.store(true, Ordering::Relaxed);
                        let text = show(seed, &outcome, SHOWN);
                        *broken.lock().expect("nobody panics with it") = Some(text);
                        return;
                    }
                    let mut sum = sum.lock().expect("nobody panics with it");
                    sum.faults += outcome.faults;
                    sum.entries += outcome.log.len() as u64;
                    sum.seeds += 1;
                    for (what, count) in outcome.seen {
                        *sum.seen.entry(what).or_default() += count;
                    }
                }
            });
        }
    });
    if let Some(text) = broken.into_inner().expect("nobody panics with it") {
        panic!("{text}");
    }
    let sum = sum.into_inner().expect("nobody panics with it");
    for (what, count) in &sum.seen {
        println!("{count:>10} {what}");
    }
    let kinds = Fault::ALL.iter().filter(|fault| sum.seen.contains_key(fault.name())).count();
    println!(
        "simulated: {} seeds, {} faults of {kinds} kinds, {} entries, in {:.0?}",
        sum.seeds,
        sum.faults,
        sum.entries,
        began.elapsed()
    );
    // A draw that is shorter than that of this build proves less.
    if seeds >= SEEDS {
        let all = Fault::ALL.iter().map(|fault| fault.name()).chain(SOMETIMES.iter().copied());
        let rare = all.filter(|what| sum.seen.get(what).copied().unwrap_or_default() < OFTEN);
        let rare: Vec<_> = rare.collect();
        assert!(rare.is_empty(), "seen less often than {OFTEN} times: {rare:?}");
        println!(
            "each of {} faults and states seen {OFTEN} times or more",
            Fault::ALL.len() + SOMETIMES.len()
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_log() {
    for seed in 0..SEEDS / 25 {
        let (once, again) = (lines(&play(seed)), lines(&play(seed)));
        let differs = once.iter().zip(&again).position(|(a, b)| a != b);
        if let Some(n) = differs {
            let before = &once[n.saturating_sub(20)..n];
            panic!("seed {seed} differs:\n{}\n{}\n{}", before.join("\n"), once[n], again[n]);
        }
        assert_eq!(once.len(), again.len(), "seed {seed}");
    }
}

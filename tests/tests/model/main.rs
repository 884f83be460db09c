//! Random trees and random histories, played to the supervisor and to the reference model at the
//! same time: after each step they have done the same, answered the same and are the same.
//!
//! `MODEL_SEQUENCES=N` plays so many; `MODEL_SEED=N` draws others. Without it the draw is always
//! the same, so what fails once fails again. A failure is shrunk and printed as a script.

mod draw;
mod play;
mod seen;
mod threads;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use draw::{Laws, Op, Twin};
use play::Real;
use seen::Seen;
use supervisor_model::Exit;

/// How many are played when nothing is said, in a build without optimisation.
const SEQUENCES: u32 = if cfg!(debug_assertions) { 500 } else { 20_000 };

static STEPS: AtomicUsize = AtomicUsize::new(0);
/// In how many histories each state was reached.
static REACHED: Mutex<BTreeMap<&'static str, u32>> = Mutex::new(BTreeMap::new());
static TIES: AtomicUsize = AtomicUsize::new(0);

struct Both;

impl StateMachineTest for Both {
    type SystemUnderTest = Real;
    type Reference = Laws;

    fn init_test(twin: &Twin) -> Real {
        let (real, seen) = Real::start(&twin.tree);
        compare(twin, &seen, &[]);
        real
    }

    fn apply(mut real: Real, twin: &Twin, op: Op) -> Real {
        if twin.is_void {
            TIES.fetch_add(usize::from(!twin.was_void), Ordering::Relaxed);
            return real;
        }
        STEPS.fetch_add(1, Ordering::Relaxed);
        let mut reached = REACHED.lock().unwrap_or_else(PoisonError::into_inner);
        for &state in &twin.reached {
            *reached.entry(state).or_default() += 1;
        }
        drop(reached);
        let seen = match &op {
            Op::Wait(millis) => real.wait(*millis),
            Op::Tell(_) => match &twin.told_thread {
                Some((path, how)) => real.tell_thread(path, *how),
                None => real.tell(&twin.told),
            },
            Op::Command(command) => real.command(twin.script.len(), command),
            Op::Dropped(command) => real.dropped_command(command),
            Op::Beat(path) => real.beat(path),
            Op::LateWord(path) => real.late_word(path),
        };
        let together = if matches!(op, Op::Tell(_)) { twin.told.as_slice() } else { &[] };
        compare(twin, &seen, together);
        real
    }
}

fn compare(twin: &Twin, real: &Seen, together: &[(String, Exit)]) {
    let model = &twin.seen;
    let (is_ending, is_forced) = (model.is_ending, model.is_forced);
    let comparable = |seen: &Seen| {
        let cut = model.cut.clone();
        let seen = Seen { is_ending, is_forced, cut, ..seen.clone() }.ends_first(together);
        let seen = seen.by_supervisor(&twin.in_parallel);
        if is_ending { seen.without_budgets() } else { seen }
    };
    assert!(
        model == real || comparable(model) == comparable(real),
        "the two differ\n{}  -- model\n{model}  -- supervisor\n{real}  --",
        twin.script()
    );
}

#[test]
fn the_supervisor_does_what_the_model_does() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let cases = number("MODEL_SEQUENCES").and_then(|n| n.try_into().ok()).unwrap_or(SEQUENCES);
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(number("MODEL_SEED").unwrap_or(1)),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    // A difference is a panic, and shrinking makes thousands of them.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut runner = TestRunner::new(config.clone());
    let result = runner.run(&Laws::sequential_strategy(1..30), |(initial, transitions, seen)| {
        Both::test_sequential(config.clone(), initial, transitions, seen);
        Ok::<(), TestCaseError>(())
    });
    std::panic::set_hook(hook);
    let (steps, ties) = (STEPS.load(Ordering::Relaxed), TIES.load(Ordering::Relaxed));
    if let Err(error) = result {
        let proptest::test_runner::TestError::Fail(why, _) = error else { panic!("{error}") };
        panic!("{why}");
    }
    println!("sequences identical: {cases} of {cases} ({steps} steps; {ties} cut short by a tie)");
    let reached = REACHED.lock().unwrap_or_else(PoisonError::into_inner);
    for &state in supervisor_model::STATES {
        let count = reached.get(state).copied().unwrap_or(0);
        println!("{count:>6} {state}");
    }
    // In a short draw chance decides.
    let enough = if cases < 5_000 { 0 } else { cases / 250 };
    let is_rare = |state: &&str| reached.get(state).copied().unwrap_or(0) < enough;
    let rare: Vec<_> = supervisor_model::STATES.iter().filter(|&state| is_rare(state)).collect();
    assert!(rare.is_empty(), "too few of {cases} histories reach {rare:?}");
}

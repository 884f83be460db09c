//! Random trees, histories and worlds, and what must hold in all of them.
//!
//! A history is a seed for the tree and a list of steps. One that breaks an invariant is made
//! shorter before it is shown. `SUPERVISOR_SIM_HISTORIES` sets how many are played,
//! `SUPERVISOR_SIM_SEED` plays one of them, and both together so many from that one on.

pub(crate) mod bytes;
mod draw;
mod reload;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Once;
use std::time::Duration;

use fastrand::Rng;

use self::draw::{child, dependent, fit, supervisor, tree};
use super::harness::{Manner, World, by, path, short};
use super::{invariants, notation};
use crate::control::command::{Command, Verb};
use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::time::Uptime;
use crate::event::ValueChange;
use crate::id::{ChildId, ChildPath};
use crate::policy::restart::AutoShutdown;
use crate::spec::NodeSpec;
use crate::task::member::Arguments;
use crate::task::panic::install_hook;

/// Miri is a thousand times slower.
const HISTORIES: u64 = if cfg!(miri) { 2 } else { 2_500 };

#[test]
fn holds_for_any_history() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, histories) = (number("SUPERVISOR_SIM_SEED"), number("SUPERVISOR_SIM_HISTORIES"));
    if let (Some(seed), None) = (first, histories) {
        return shrink_and_show(seed);
    }
    for seed in (first.unwrap_or(0)..)
        .take(usize::try_from(histories.unwrap_or(HISTORIES)).expect("a number"))
    {
        let steps = history(seed);
        if is_broken(seed, &steps) {
            shrink_and_show(seed);
        }
    }
}

#[test]
fn one_history_has_one_outcome() {
    let seeds = if cfg!(miri) { 1 } else { 100 };
    for seed in 0..seeds {
        let steps = history(seed);
        let log = |world: World| format!("{:?}", world.log);
        assert_eq!(log(play(seed, &steps)), log(play(seed, &steps)), "seed {seed}");
    }
}

/// A step of a history. The numbers pick from what there is when it is taken.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A run ends: mostly one that is asked to.
    End {
        pick: usize,
        how: usize,
    },
    Ready {
        pick: usize,
    },
    /// A run sends a heartbeat.
    Beat {
        pick: usize,
    },
    /// Something arrives that is no longer, or not yet, true.
    Stale {
        pick: usize,
        what: usize,
    },
    Wait {
        millis: u64,
    },
    /// Until the next thing is due.
    WaitForDeadline,
    Command {
        verb: usize,
        pick: usize,
        seed: u64,
    },
    /// Another configuration.
    Reload {
        pick: usize,
        seed: u64,
    },
    WaitReady {
        pick: usize,
    },
    Shutdown,
    ShutdownNow,
}

fn history(seed: u64) -> Vec<Step> {
    let mut rng = Rng::with_seed(seed ^ 0x5EED);
    let length = rng.usize(5..70);
    (0..length).map(|_| step(&mut rng)).collect()
}

fn step(rng: &mut Rng) -> Step {
    let pick = rng.usize(..1_000_000);
    match rng.u32(..1_000) {
        0..330 => Step::End { pick, how: rng.usize(..1_000) },
        330..440 => Step::Ready { pick },
        440..480 => Step::Beat { pick },
        480..530 => Step::Stale { pick, what: rng.usize(..5) },
        530..620 => Step::Wait { millis: rng.u64(..4_000) },
        620..720 => Step::WaitForDeadline,
        720..755 => Step::Reload { pick, seed: rng.u64(..) },
        755..975 => Step::Command { verb: rng.usize(..1_000), pick, seed: rng.u64(..) },
        975..985 => Step::WaitReady { pick },
        985..996 => Step::Shutdown,
        _ => Step::ShutdownNow,
    }
}

fn is_broken(seed: u64, steps: &[Step]) -> bool {
    quietly(|| catch_unwind(AssertUnwindSafe(|| drop(play(seed, steps)))).is_err())
}

/// Panics of this thread are not printed meanwhile. The hook stays: to take it away again would
/// take away what another test has put before it.
fn quietly<T>(code: impl FnOnce() -> T) -> T {
    thread_local! {
        static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static ONCE: Once = Once::new();
    // Two that put theirs there at once could lose one.
    install_hook();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                before(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let result = code();
    IS_QUIET.set(false);
    result
}

/// Leaves out whatever is not needed to break it, and shows what is left.
fn shrink_and_show(seed: u64) {
    let mut steps = history(seed);
    let mut n = steps.len();
    while is_broken(seed, &steps) && n > 0 {
        n -= 1;
        let mut fewer = steps.clone();
        fewer.remove(n);
        if is_broken(seed, &fewer) {
            steps = fewer;
        }
    }
    let mut world = new_world(seed);
    for child in world.engine.state().children {
        let (policy, plan) = (world.policy(&child.path), world.plan(&child.path));
        let (path, policy) = (&child.path, policy.expect("known"));
        eprint!("{path} {} {} {:?}", policy.restart, policy.readiness, policy.grace);
        let (backoff, on_limit) = (policy.backoff.initial, policy.on_limit);
        eprint!(" backoff {backoff:?} limit {:?} {on_limit}", policy.restart_limit);
        let reaction = policy.on_dependency_restart;
        eprint!(" on {:?} {reaction}", world.dependencies(path));
        if let Some(on_failure) = &policy.on_failure {
            eprint!(" {on_failure:?}");
        }
        match plan {
            Some(plan) => eprintln!(
                " {} {} {:?} auto {} pool {}",
                plan.start,
                plan.strategy,
                plan.intensity,
                plan.auto_shutdown,
                plan.is_pool()
            ),
            None => eprintln!(" significant {}", policy.significant),
        }
    }
    let result = catch_unwind(AssertUnwindSafe(|| {
        for step in &steps {
            let before = world.log.len();
            let at = world.now;
            let result = catch_unwind(AssertUnwindSafe(|| take(&mut world, *step)));
            eprintln!("{:?} {step:?} {:?}", at.elapsed(), world.commands.last());
            show(&world.log[before..]);
            if let Err(panic) = result {
                resume_unwind(panic);
            }
        }
        let before = world.log.len();
        let result = catch_unwind(AssertUnwindSafe(|| finish(&mut world)));
        eprintln!("finish");
        show(&world.log[before..]);
        if let Err(panic) = result {
            resume_unwind(panic);
        }
    }));
    if let Err(panic) = result {
        eprintln!("seed {seed}, {} steps", steps.len());
        eprintln!("{}", world.engine.state());
        resume_unwind(panic);
    }
}

fn show(log: &[(Uptime, Action)]) {
    for (at, action) in log {
        match action {
            Action::Note(fact) => {
                let (path, kind) = (&fact.path, &fact.kind);
                eprintln!("    {:?} {path} {} {kind}", at.elapsed(), fact.generation);
            }
            action => eprintln!("    {:?} {action:?}", at.elapsed()),
        }
    }
}

fn new_world(seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let NodeSpec::Supervisor(declared) = tree(&mut rng) else { unreachable!("a tree") };
    let spec = declared.validate().unwrap_or_else(|errors| panic!("seed {seed}: {errors}"));
    let mut world = World::new(&spec);
    world.declared = Some(*declared);
    world.rng = Some(rng);
    world.invariants = invariants::all();
    world.send(Input::Start);
    world
}

fn play(seed: u64, steps: &[Step]) -> World {
    let mut world = new_world(seed);
    for &step in steps {
        if world.has_ended {
            break;
        }
        take(&mut world, step);
    }
    finish(&mut world);
    world
}

/// When everything obeys and time passes, the tree comes to rest, and a shutdown ends it.
fn finish(world: &mut World) {
    world.rng = None;
    world.all_beat = true;
    for run in world.runs.values_mut() {
        run.manner = Manner::Obedient;
    }
    for _ in 0..200 {
        if world.has_ended || world.engine.is_settled() {
            break;
        }
        let asked = world.runs.iter().find(|(_, run)| run.cancelled_at.is_some());
        if let Some((&run, _)) = asked {
            world.send(Input::Ended(run, notation::end("ok")));
        } else if let Some(run) = world.runs.keys().copied().find(|&run| is_starting(world, run)) {
            world.send(Input::Ready(run));
        } else {
            world.wait(Duration::from_secs(2));
        }
    }
    assert!(world.has_ended || world.engine.is_settled(), "it never comes to rest");
    world.command("shutdown", Command::Shutdown(by()));
    while let Some((&run, _)) = world.runs.iter().find(|(_, run)| run.cancelled_at.is_some()) {
        if world.has_ended {
            break;
        }
        world.send(Input::Ended(run, notation::end("ok")));
    }
    assert!(world.has_ended, "a shutdown does not end it");
}

fn is_starting(world: &World, run: crate::core::key::RunKey) -> bool {
    let state = world.engine.state_at(&path(&world.runs[&run].path));
    state.is_ok_and(|state| state.lifecycle == crate::state::Lifecycle::Starting)
}

fn take(world: &mut World, step: Step) {
    match step {
        Step::End { pick, how } => {
            // Those that are asked to end do so more often.
            let asked: Vec<_> =
                world.runs.iter().filter(|(_, run)| run.cancelled_at.is_some()).collect();
            let all: Vec<_> = world.runs.iter().filter(|(_, run)| run.is_spawned).collect();
            let from = if asked.is_empty() || pick.is_multiple_of(3) { all } else { asked };
            if from.is_empty() {
                return;
            }
            let (&run, state) = from[pick % from.len()];
            let how = match how % 100 {
                _ if state.aborted_at.is_some() && !how.is_multiple_of(4) => "dropped",
                0..25 => "error",
                25..33 => "external",
                33..40 => "slow",
                40..45 => "cancelled",
                45..65 => "ok",
                65..73 => "shutdown",
                73..80 => "ignored",
                80..86 => "panic",
                86..92 => "dropped",
                _ => "fatal",
            };
            world.send(Input::Ended(run, notation::end(how)));
        }
        Step::Ready { pick } => {
            let runs: Vec<_> = world.runs.keys().copied().collect();
            let starting: Vec<_> = runs.iter().filter(|&&run| is_starting(world, run)).collect();
            let from = if starting.is_empty() { runs.iter().collect() } else { starting };
            if let Some(&&run) = from.get(pick % from.len().max(1)) {
                world.send(Input::Ready(run));
            }
        }
        Step::Beat { pick } => {
            let runs: Vec<_> = world.runs.keys().copied().collect();
            if let Some(&run) = runs.get(pick % runs.len().max(1)) {
                world.beat(run);
                // Nobody has asked for it.
                world.send(Input::Pulse { run, last: None });
            }
        }
        Step::Stale { pick, what } => stale(world, pick, what),
        Step::Wait { millis } => world.wait(Duration::from_millis(millis)),
        Step::WaitForDeadline => {
            if let Some(due) = world.engine.next_deadline() {
                world.wait(due.since(world.now));
            }
        }
        Step::Command { verb, pick, seed } => {
            let verb = command(world, verb, pick, seed);
            let text = format!("{} {}", verb.name(), verb.path());
            world.command(&text, Command::Do(verb, by()));
        }
        Step::Reload { pick, seed } => {
            let path = any_path(world, pick);
            let before = world.declared.clone().expect("a tree");
            let spec = reload::draw(&before, &mut Rng::with_seed(seed));
            let change = ValueChange { path, key: "x".into(), before: None, after: None };
            world.reload("reload", spec, vec![change]);
        }
        Step::WaitReady { pick } => {
            let path = any_path(world, pick);
            world.command("wait_ready", Command::WaitReady(path));
        }
        Step::Shutdown => world.command("shutdown", Command::Shutdown(by())),
        Step::ShutdownNow => world.command("shutdown_now", Command::ShutdownNow(by())),
    }
}

/// L31: late reports about earlier runs change nothing. Nor does a tick before its time.
fn stale(world: &mut World, pick: usize, what: usize) {
    let Some(run) = world.any_run(pick).filter(|run| !world.runs.contains_key(run)) else { return };
    world.send(Input::Tick);
    let before = (format!("{:?}", world.engine.state()), world.log.len());
    let due = world.engine.next_deadline();
    world.send(match what {
        0 => Input::Ended(run, notation::end("error")),
        1 => Input::Ready(run),
        2 => Input::Spawned(run),
        3 => Input::Pulse { run, last: None },
        _ => Input::Tick,
    });
    let after = (format!("{:?}", world.engine.state()), world.log.len());
    assert_eq!(before, after, "a stale input changed something");
    assert_eq!(due, world.engine.next_deadline(), "a stale input changed a timer");
}

fn any_path(world: &World, pick: usize) -> ChildPath {
    let known = world.engine.state().children;
    let some = known[pick % known.len()].path.clone();
    match pick % 31 {
        0 => path("nobody"),
        1 => path(&format!("{}/nobody", short(&some)).replace("root/", "")),
        _ => some,
    }
}

fn command(world: &World, verb: usize, pick: usize, seed: u64) -> Verb {
    let path = any_path(world, pick);
    match verb % 100 {
        0..14 => Verb::Stop(path),
        14..28 => Verb::Restart(path),
        28..37 => Verb::Start(path),
        37..44 => Verb::Delete(path),
        44..50 => Verb::Remove(path),
        50..60 => Verb::Pause(path),
        60..72 => Verb::Resume(held_path(world, pick).unwrap_or(path)),
        72..77 => Verb::Quarantine(path),
        77..80 => Verb::ResetBudget(path),
        _ => {
            let state = world.engine.state();
            let supervisors: Vec<_> =
                state.children.iter().filter(|child| child.is_supervisor).collect();
            let parent = supervisors[pick % supervisors.len()].path.clone();
            let mut rng = Rng::with_seed(seed);
            let (is_pool, auto) = world
                .plan(&parent)
                .map_or((false, AutoShutdown::Never), |plan| (plan.is_pool(), plan.auto_shutdown));
            let auto = if is_pool { AutoShutdown::Never } else { auto };
            let id = ["x", "y", "z", "a", "b"][pick % 5];
            if is_pool && rng.bool() {
                let id = rng.bool().then(|| ChildId::new(id).expect("an id"));
                let (arguments, overrides) = (Arguments::new(()), None);
                return Verb::Spawn { pool: parent, id, arguments, overrides };
            }
            let spec = if rng.u8(..4) == 0 {
                NodeSpec::from(supervisor(id, &mut rng, 3, auto))
            } else {
                child(id, &mut rng, auto).into()
            };
            let on = any_path(world, rng.usize(..1_000_000));
            let spec = if rng.u8(..3) == 0 { dependent(spec, &on, &mut rng) } else { spec };
            let room = world.plan(&parent).map_or(Duration::MAX, |plan| plan.room.budget);
            Verb::Add { parent, spec: Box::new(fit(spec, room, None)) }
        }
    }
}

/// One that somebody keeps out, mostly.
fn held_path(world: &World, pick: usize) -> Option<ChildPath> {
    let held: Vec<_> = world.engine.holds.keys().collect();
    held.get(pick % (held.len() + 1)).map(|&held| held.clone())
}

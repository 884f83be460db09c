//! Trees, dependencies, pools and commands drawn at random, through the public API: what is asked
//! is answered, what is said agrees, and a recording of it decides the same again.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::control::stream::EventFilter;
use rust_supervisor::event::Event;
use rust_supervisor::policy::dependency::{OnDependencyRestart, StartMode};
use rust_supervisor::policy::failure::OnLimit;
use rust_supervisor::policy::restart::{Readiness, Restart, Strategy};
use rust_supervisor::record::Recording;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use rust_supervisor::task::member::member_fn;
use supervisor_tests::dice::Dice;
use supervisor_tests::{BY, WHY, drain, every, lines, ms};
use tokio::time::{sleep, timeout};

const HISTORIES: u64 = 60;

/// Lives as long as its seed and its generation say, and ends as they say.
fn moody(seed: u64) -> TaskFactory {
    service_fn(move |ctx: TaskContext| async move {
        let mut dice = Dice::new(seed.wrapping_mul(1_000).wrapping_add(ctx.generation().0));
        if dice.one_in(3) && !ctx.sleep(ms(dice.below(800))).await {
            return Ok(());
        }
        if dice.one_in(12) {
            return Err("no start");
        }
        ctx.ready();
        if dice.one_in(3) {
            let _ = ctx.sleep(ms(dice.below(4_000))).await;
            return if dice.one_in(2) { Ok(()) } else { Err("out of luck") };
        }
        ctx.stopped().await;
        if dice.one_in(4) {
            sleep(ms(dice.below(1_500))).await;
        }
        Ok(())
    })
}

fn child(dice: &mut Dice, id: &str, before: &[String]) -> ChildSpec {
    let mut child = ChildSpec::new(id, moody(dice.below(1 << 40)));
    if dice.one_in(2) {
        child = child.readiness(Readiness::Explicit).start_timeout(ms(500));
    }
    if dice.one_in(3) {
        child = child.restart(Restart::Transient);
    }
    if dice.one_in(2) {
        child = child.backoff(every(ms(dice.below(900))));
    } else {
        child = child.backoff(every(ms(0)));
    }
    if dice.one_in(4) {
        child = child.restart_limit(2, ms(10_000)).on_limit(OnLimit::Quarantine);
        if dice.one_in(2) {
            child = child.probe_after(ms(1_000));
        }
    }
    if before.is_empty() || dice.one_in(2) {
        return child;
    }
    for _ in 0..=dice.below(2) {
        child = child.depends_on(dice.pick(before).clone());
    }
    if dice.one_in(2) {
        child = child.on_dependency_restart(OnDependencyRestart::Restart);
    }
    child
}

fn group(dice: &mut Dice, id: &str, before: &[String]) -> SupervisorSpec {
    let group = if id == "root" { SupervisorSpec::root() } else { SupervisorSpec::new(id) };
    let mut group = group
        .intensity(if dice.one_in(3) { 2 } else { 60 }, ms(10_000))
        .strategy(*dice.pick(&[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]));
    if dice.one_in(2) {
        group = group.start(StartMode::Parallel);
    }
    if id != "root" && !before.is_empty() && dice.one_in(3) {
        group = group.depends_on(dice.pick(before).clone());
        if dice.one_in(2) {
            group = group.on_dependency_restart(OnDependencyRestart::Restart);
        }
    }
    group
}

/// A tree, and the paths in it. Each depends on earlier ones only, so that there is no circle.
fn tree(dice: &mut Dice) -> (SupervisorSpec, Vec<String>) {
    let mut paths: Vec<String> = Vec::new();
    let mut root = group(dice, "root", &[]).intensity(1_000, ms(10_000));
    for n in 0..3 + dice.below(3) {
        let id = format!("n{n}");
        let path = format!("/root/{id}");
        match dice.below(4) {
            0 => {
                let mut inner = group(dice, &id, &paths);
                let before = paths.clone();
                let mut inside = Vec::new();
                for m in 0..=dice.below(3) {
                    let known: Vec<_> = before.iter().chain(&inside).cloned().collect();
                    inner = inner.child(child(dice, &format!("m{m}"), &known));
                    inside.push(format!("{path}/m{m}"));
                }
                paths.extend(inside);
                root = root.child(inner);
            }
            1 => {
                let mut pool = SupervisorSpec::pool(&*id)
                    .members(member_fn(async |ctx: TaskContext, seed: u64| {
                        let mut dice = Dice::new(seed.wrapping_add(ctx.generation().0));
                        if dice.one_in(2) {
                            let _ = ctx.sleep(ms(dice.below(2_000))).await;
                            return if dice.one_in(2) { Ok(()) } else { Err("hung up") };
                        }
                        ctx.stopped().await;
                        Ok(())
                    }))
                    .max_children(3);
                if !paths.is_empty() && dice.one_in(2) {
                    pool = pool.depends_on(dice.pick(&paths).clone());
                }
                root = root.child(pool);
            }
            _ => root = root.child(child(dice, &id, &paths)),
        }
        paths.push(path);
    }
    (root, paths)
}

async fn command(dice: &mut Dice, handle: &SupervisorHandle, paths: &[String]) {
    let path = dice.pick(paths).as_str();
    // What it comes to differs; that it is answered does not.
    match dice.below(13) {
        0 => drop(handle.start_child(path, BY, WHY).await),
        1 => drop(handle.stop_child(path, BY, WHY).await),
        2 => drop(handle.restart_child(path, BY, WHY).await),
        3 => drop(handle.delete_child(path, BY, WHY).await),
        4 if dice.one_in(3) => drop(handle.remove_child(path, BY, WHY).await),
        5 => drop(handle.pause_child(path, BY, WHY).await),
        6 | 7 => drop(handle.resume_child(path, BY, WHY).await),
        8 => drop(handle.quarantine_child(path, BY, WHY).await),
        9 => drop(handle.reset_budget(path, BY, WHY).await),
        10 => drop(handle.spawn_next_member(path, dice.below(1 << 30), BY, WHY).await),
        11 => drop(handle.spawn_member(path, "x", dice.below(1 << 30), BY, WHY).await),
        _ => {
            let (above, id) = path.rsplit_once('/').unwrap_or(("/root", "n0"));
            let above = if above.is_empty() { "/root" } else { above };
            let known: Vec<_> = paths.iter().filter(|known| *known != path).cloned().collect();
            let spec = child(dice, id, &known);
            drop(handle.add_child(above, spec, BY, WHY).await);
        }
    }
}

/// What is asked one by one is what is asked at once.
async fn agrees(handle: &SupervisorHandle, seed: u64) {
    let Ok(state) = handle.current_state().await else { return };
    for path in state.children.iter().map(|child| &child.path) {
        // Asked together: nothing comes between them.
        let (all, one) = tokio::join!(handle.current_state(), handle.state_of(path));
        let all = all.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let all = all.get(path.as_str()).map(|child| format!("{child:?}"));
        assert_eq!(all, one.ok().map(|child| format!("{child:?}")), "seed {seed}");
        if let Ok(why) = handle.why(path).await {
            assert!(!why.to_string().is_empty());
        }
    }
    drop(handle.readiness().await.to_string());
    drop(handle.liveness().await.to_string());
}

/// No two runs of one path at the same time, and no run of what waits.
fn runs_do_not_overlap(events: &[Arc<Event>], seed: u64) {
    let mut alive = BTreeMap::new();
    for event in events {
        match event.kind.name() {
            "starting" => {
                let before = alive.insert(event.path.to_string(), event.generation);
                assert!(before.is_none(), "seed {seed}: {} starts twice", event.path);
            }
            "exited" | "start_failed" | "start_ignored" => {
                alive.remove(event.path.as_str());
            }
            _ => {}
        }
    }
    assert!(alive.is_empty(), "seed {seed}: {alive:?} never ended");
}

async fn play(seed: u64) {
    let file = std::env::temp_dir().join(format!("chaos-{seed}-{}.jsonl", std::process::id()));
    let mut dice = Dice::new(seed);
    let (spec, paths) = tree(&mut dice);
    let mut builder =
        Supervisor::builder(spec).seed(seed).event_capacity(1 << 16).journal_capacity(1 << 16);
    builder = builder.record(&file);
    let mut all = builder.subscribe_events();
    let hour = Duration::from_hours(1);
    if let Ok(handle) = builder.start().await {
        let (mut late, mut asked_at) = (None, 0);
        for step in 0..40 {
            if dice.one_in(3) {
                sleep(ms(dice.below(1_500))).await;
            }
            if dice.one_in(3) {
                // Two at once: the one may be in the middle of the other.
                let (mut a, mut b) =
                    (Dice::new(dice.below(1 << 40)), Dice::new(dice.below(1 << 40)));
                let both = async {
                    tokio::join!(command(&mut a, &handle, &paths), command(&mut b, &handle, &paths))
                };
                let answered = timeout(hour, both).await;
                assert!(answered.is_ok(), "seed {seed}, step {step}: no answer");
            } else {
                let answered = timeout(hour, command(&mut dice, &handle, &paths)).await;
                assert!(answered.is_ok(), "seed {seed}, step {step}: no answer");
            }
            agrees(&handle, seed).await;
            if dice.one_in(10) {
                asked_at = 1 + dice.below(40);
                late = Some(handle.subscribe(EventFilter::ALL.from_sequence(asked_at)));
            }
        }
        // Not by a clock that does not wait for the thread that writes the recording.
        let report = handle.shutdown_tree(BY, WHY).await;
        let report = report.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert!(report.is_clean() || report.is_failure(), "seed {seed}: {report}");
        if let Some(mut late) = late {
            let sequences: Vec<_> = drain(&mut late).iter().map(|event| event.sequence).collect();
            let last = sequences.last().copied().unwrap_or(0);
            assert_eq!(sequences, (asked_at..=last).collect::<Vec<_>>(), "seed {seed}");
        }
    }
    let events = drain(&mut all);
    assert_eq!(all.missed(), 0);
    runs_do_not_overlap(&events, seed);
    let recording = Recording::read(&file).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let replayed = recording.replay();
    let replayed = replayed.unwrap_or_else(|error| {
        panic!("seed {seed}: {error}\n{}", lines(&events).join("\n"));
    });
    assert_eq!(replayed, recording.decisions(), "seed {seed}");
    drop(fs::remove_file(file));
}

#[tokio::test(start_paused = true)]
async fn any_tree_answers_agrees_with_itself_and_is_decided_again() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("CHAOS_FIRST").unwrap_or(0);
    for seed in first..first + number("CHAOS_HISTORIES").unwrap_or(HISTORIES) {
        play(seed).await;
    }
}

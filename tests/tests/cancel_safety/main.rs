//! Every future of the public API may be dropped at any of its polls: the tree stays consistent,
//! goes on answering, and what was asked for is done whole or not at all.
//!
//! `surface` finds in the sources which functions those are. One that is new and not in here is an
//! error there.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod alone;
mod calls;
mod stage;
mod surface;

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;

use rust_supervisor::audit::AuditLog;
use rust_supervisor::audit::entry::AuditKind;
use rust_supervisor::audit::verify::read;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use supervisor_tests::{
    BY, WHY, alive_tasks, end_clean, ms, parked, poll_once, poll_then_drop, until,
};
use tokio::task::yield_now;
use tokio::time::sleep;

use self::calls::{Call, Effect, calls};
use self::stage::{Play, STAGES, Stage};

/// After how many steps a call that does not come to an end is dropped at last. The last of them
/// are milliseconds apart: everything has happened by then that happens within some.
const POLLS: usize = 26;

/// Drops `future` after so many steps. The first is a poll, the second a turn for everybody else,
/// and so on: it is dropped before anybody knows of it, and before it has seen what was answered.
/// From the tenth on a step is a millisecond and a poll. Says whether it got to its end.
async fn drop_after<F: Future>(future: F, steps: usize) -> bool {
    let mut future = pin!(future);
    for step in 0..steps {
        match step {
            0..10 if !step.is_multiple_of(2) => {
                yield_now().await;
                continue;
            }
            0..10 => {}
            _ => sleep(ms(1)).await,
        }
        if let Poll::Ready(output) = poll_once(future.as_mut()) {
            drop(output);
            return true;
        }
    }
    false
}

/// What a configuration says of the tree: one child less.
const CHANGE: &str = "{ supervisor: { children: { up: { enabled: false } } } }";

/// A configuration, gone with the caller.
struct Config(PathBuf);

impl Config {
    /// `name` tells it from those of other tests.
    fn new(name: &str, text: &str) -> Self {
        let name = format!("cancel-safety-{}-{name}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// Plays it once: whether the call got to its end, and what became of the tree.
async fn play(stage: Stage, call: Option<&Call>, polls: usize, config: &Config) -> (bool, String) {
    let base = alive_tasks();
    // A file takes its time, and only one call reads it.
    let reloads = call.is_some_and(|call| call.function == "SupervisorHandle::reload");
    if reloads {
        std::fs::write(&config.0, "{}").unwrap();
    }
    let mut play = Play::begin(stage, reloads.then_some(&*config.0)).await;
    if reloads {
        std::fs::write(&config.0, CHANGE).unwrap();
    }
    let lives = play.world.lives.clone();
    let subject = play.subject.clone();
    let about = match call {
        None => format!("nothing, {stage:?}"),
        Some(Call { function, how, .. }) => {
            format!("{function} {how} dropped after {polls} polls, {stage:?}")
        }
    };
    let is_done = match call {
        None => true,
        Some(call) => drop_after((call.make)(subject, lives.clone()), polls).await,
    };
    let outcome = play.outcome().await;
    play.end(&about).await;
    until(&format!("all tasks are gone: {about}"), || alive_tasks() == base).await;
    let total = lives.total();
    assert_eq!((total.most, total.over), (1, total.begun), "{about}");
    (is_done, outcome)
}

async fn a_call_may_be_dropped_at_any_of_its_polls(stage: Stage) {
    let config = Config::new(&format!("{stage:?}"), CHANGE);
    let (_, without) = play(stage, None, 0, &config).await;
    let mut drops = 0;
    for call in calls() {
        if call.is_of_the_app && stage == Stage::Starting {
            continue;
        }
        let (_, with) = play(stage, Some(&call), POLLS, &config).await;
        if call.effect == Effect::None {
            assert_eq!(with, without, "{} changes something, {stage:?}", call.function);
        }
        for polls in 0..POLLS {
            let (is_done, outcome) = play(stage, Some(&call), polls, &config).await;
            let is_whole = outcome == with;
            let is_nothing = outcome == without;
            let is_right = match call.effect {
                Effect::AtOnce if polls > 0 => is_whole,
                Effect::OnceRead if polls > 0 => is_whole || is_nothing,
                Effect::None | Effect::AtOnce | Effect::OnceRead => is_nothing,
            };
            let Call { function, how, .. } = call;
            assert!(
                is_right,
                "{function} {how} dropped after {polls} polls, {stage:?}, leaves\n{outcome}\n\n\
                 with it:\n{with}\n\nwithout it:\n{without}"
            );
            drops += 1;
            if is_done {
                break;
            }
        }
    }
    println!("{stage:?}: {drops} calls dropped, 0 stuck, 0 leaked");
}

/// A test for each stage.
macro_rules! tests {
    ($($name:ident $stage:ident)*) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            a_call_may_be_dropped_at_any_of_its_polls(Stage::$stage).await;
        })*

        #[test]
        fn every_stage_has_its_test() {
            assert_eq!(STAGES, [$(Stage::$stage),*]);
        }
    };
}

tests! {
    a_call_may_be_dropped_while_the_tree_starts Starting
    a_call_may_be_dropped_while_a_child_backs_off BackingOff
    a_call_may_be_dropped_while_all_is_calm Steady
    a_call_may_be_dropped_while_children_are_held_out HeldOut
    a_call_may_be_dropped_while_a_child_is_stopped Stopping
    a_call_may_be_dropped_in_the_middle_of_a_round Round
    a_call_may_be_dropped_while_a_supervisor_is_restarted Restarting
    a_call_may_be_dropped_while_the_tree_shuts_down ShuttingDown
    a_call_may_be_dropped_after_the_end Ended
}

#[tokio::test(start_paused = true)]
async fn an_accepted_command_runs_to_its_end_though_nobody_waits() {
    let play = Play::begin(Stage::Steady, None).await;
    let handle = play.subject.handle.clone();
    for generation in [2, 3] {
        let session = handle.spawn_member("/root/sessions", "new", 1_u64, BY, WHY);
        assert!(poll_then_drop(session, 1).await.is_none());
        assert!(poll_then_drop(handle.pause_child("/root/slow", BY, WHY), 1).await.is_none());
        assert!(poll_then_drop(handle.restart_child("/root/inner", BY, WHY), 1).await.is_none());
        sleep(ms(100)).await;
        let state = handle.current_state().await.unwrap();
        assert_eq!(state.get("/root/sessions/new").unwrap().lifecycle, Lifecycle::Up);
        assert_eq!(state.get("/root/slow").unwrap().lifecycle, Lifecycle::Paused);
        assert_eq!(state.get("/root/inner").unwrap().generation.0, generation);
        handle.remove_child("/root/sessions/new", BY, WHY).await.unwrap();
    }
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn the_handle_may_be_dropped_while_its_own_call_is_pending() {
    let base = alive_tasks();
    let Play { world, subject, .. } = Play::begin(Stage::Steady, None).await;
    let (lives, handle) = (world.lives.clone(), subject.handle.clone());
    drop((world, subject));
    let task = tokio::spawn(async move { handle.stop_child("/root/slow", BY, WHY).await });
    yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    until("all tasks are gone", || alive_tasks() == base).await;
    assert_eq!(lives.total().over, lives.total().begun);
}

/// Its entry is written by a thread, so this is on the real clock; how long it takes is not asked.
#[tokio::test]
async fn a_command_that_waits_for_its_audit_may_be_dropped() {
    let file = std::env::temp_dir().join(format!("cancel-safety-{}.jsonl", std::process::id()));
    drop(std::fs::remove_file(&file));
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = Supervisor::builder(tree).audit(AuditLog::new(&file)).start().await.unwrap();
    for polls in 0..POLLS {
        drop_after(handle.restart_child("/root/a", BY, WHY), polls).await;
        // Not before what is on its way to the disk.
        handle.wait_until_settled().await.unwrap();
        let generation = handle.state_of("/root/a").await.unwrap().generation.0;
        // The first was not polled; each of the others is one run more.
        assert_eq!(generation, u64::try_from(1 + polls).unwrap(), "after {polls} polls");
    }
    handle.shutdown_tree(BY, WHY).await.unwrap();
    let entries = read(&file).unwrap();
    let count = |is: fn(&AuditKind) -> bool| entries.iter().filter(|e| is(&e.kind)).count();
    let requested = count(|kind| matches!(kind, AuditKind::Requested { .. }));
    let completed = count(|kind| matches!(kind, AuditKind::Completed { .. }));
    // One in each round but for the first, and the end.
    assert_eq!((requested, completed), (POLLS, POLLS), "each is answered once");
    drop(std::fs::remove_file(file));
}

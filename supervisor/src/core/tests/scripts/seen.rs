//! The tree, as those see it who ask for it.

use std::time::Duration;

use crate::core::input::Input;
use crate::core::tests::harness::{Manner, World, path};
use crate::core::tests::notation::{end, time, tree};
use crate::core::time::Uptime;
use crate::state::{ChildHealth, ChildState, HealthStatus, Lifecycle};

fn started(text: &str) -> World {
    let mut world = World::new(&tree(text).validate().expect("a valid tree"));
    world.send(Input::Start);
    world
}

fn exit(world: &mut World, name: &str, how: &str) {
    world.send(Input::Ended(world.run(name), end(how)));
}

fn child(world: &World, name: &str) -> ChildState {
    world.engine.state_at(&path(name)).expect("a known path")
}

fn due(world: &World, name: &str) -> Option<Duration> {
    child(world, name).due
}

#[test]
fn who_waits_by_himself_is_seen_with_the_end_of_his_wait() {
    let mut world = started("one_for_one { a limit=0/60s probe=7s, b backoff=3s, c }");
    exit(&mut world, "a", "error");
    exit(&mut world, "b", "error");
    assert_eq!(due(&world, "a"), Some(time("7s")));
    assert_eq!(due(&world, "b"), Some(time("3s")));
    assert_eq!(due(&world, "c"), None);
}

#[test]
fn the_members_of_a_round_are_seen_with_the_end_of_its_wait_and_nobody_else() {
    let mut world = started("one_for_all { a backoff=5s, b, c, d }");
    world.manners.insert("d".to_owned(), Manner::Stubborn);
    world.runs.values_mut().filter(|run| run.path == "d").for_each(|run| {
        run.manner = Manner::Immortal;
    });
    exit(&mut world, "a", "error");
    assert_eq!(child(&world, "a").lifecycle, Lifecycle::Restarting);
    assert_eq!(due(&world, "a"), None, "they are still being stopped");
    exit(&mut world, "d", "ok");
    assert_eq!(due(&world, "a"), Some(time("5s")));
    assert_eq!(due(&world, "c"), Some(time("5s")));
    assert_eq!(due(&world, "root"), None);
    let stop = crate::control::command::Verb::Stop(path("b"));
    let by = crate::core::tests::harness::by();
    world.command("stop b", crate::control::command::Command::Do(stop, by));
    assert_eq!(due(&world, "b"), None);
}

#[test]
fn who_waits_for_others_is_seen_with_them() {
    let world = started("one_for_one parallel { x explicit, y, a needs=x+y }");
    assert_eq!(child(&world, "a").waits_for, [path("x")]);
    assert_eq!(child(&world, "a").depends_on, [path("x"), path("y")]);
    assert_eq!(child(&world, "y").waits_for, []);
}

#[test]
fn what_had_to_be_aborted_and_what_fell_silent_are_seen_until_they_have_ended() {
    let mut world = started("one_for_one { a health=2s grace=1s abort_wait=1s, b }");
    for run in world.runs.values_mut() {
        run.manner = Manner::Immortal;
    }
    let seen = |world: &World| {
        let state = child(world, "a");
        let is_stale = state.health.map(|health| health.status) == Some(HealthStatus::Stale);
        (state.lifecycle, state.is_aborted, is_stale)
    };
    assert_eq!(seen(&world), (Lifecycle::Up, false, false));
    world.wait(time("2s"));
    assert_eq!(seen(&world), (Lifecycle::Stopping, false, true));
    world.wait(time("1s"));
    assert_eq!(seen(&world), (Lifecycle::Stopping, true, true));
    world.wait(time("1s"));
    assert_eq!(seen(&world), (Lifecycle::Unjoinable, true, true));
    exit(&mut world, "a", "ok");
    assert_eq!(seen(&world), (Lifecycle::Up, false, false));
}

#[test]
fn only_runs_that_are_to_beat_are_listened_for_and_what_is_heard_is_seen() {
    let world = &mut started("one_for_one { a health=2s, b, s { c health=3s }, d health=4s }");
    let (a, c) = (world.run("a"), world.run("s/c"));
    exit(world, "d", "ok");
    let stop = crate::control::command::Verb::Stop(path("d"));
    let by = crate::core::tests::harness::by();
    world.command("stop d", crate::control::command::Command::Do(stop, by));
    let mut snapshot = world.engine.snapshot();
    assert_eq!(snapshot.watched(), [a, c]);
    snapshot.hear(c, Uptime::after(time("1s")));
    let heard: Vec<_> = snapshot
        .tree()
        .children
        .into_iter()
        .filter_map(|child| {
            child.health.map(|ChildHealth { last_heartbeat, .. }| (child.path, last_heartbeat))
        })
        .collect();
    let expected = [("a", None), ("s/c", Some(time("1s"))), ("d", None)];
    assert_eq!(heard, expected.map(|(name, heard)| (path(name), heard)));
}

#[test]
fn an_outline_has_all_that_is_there_or_all_that_is_below() {
    let mut world = started("one_for_one { s { a, b }, c }");
    exit(&mut world, "s/a", "error");
    exit(&mut world, "c", "error");
    let whole = format!("{:?}", world.engine.snapshot().outline());
    assert_eq!(whole, format!("{:?}", world.engine.outline_below(&path("root"))));
    let below = format!("{:?}", world.engine.outline_below(&path("s")));
    for (outline, restarts, children) in [(whole, 2, 5), (below, 1, 3)] {
        assert!(outline.contains(&format!("restarts: {restarts}, failed")), "{outline}");
        assert_eq!(outline.matches("ChildState {").count(), children, "{outline}");
    }
}

#[test]
fn a_tree_of_many_is_seen_as_a_whole_and_what_changes_changes_there() {
    let names: Vec<_> = (0..150).map(|n| format!("c{n}")).collect();
    let mut world = started(&format!("one_for_one {{ {} }}", names.join(", ")));
    assert_eq!(world.engine.snapshot().tree().children.len(), 151);
    exit(&mut world, "c100", "error");
    let seen = world.engine.snapshot().tree().children;
    let generations = seen.iter().map(|child| (child.path.name(), child.generation.0));
    let others: Vec<_> = generations.filter(|(_, generation)| *generation != 1).collect();
    assert_eq!(others, [("c100", 2)]);
}

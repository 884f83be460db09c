//! What a reload leaves alone, and what it says.

use std::sync::Arc;

use crate::control::command::Command;
use crate::core::action::{Action, Fact};
use crate::core::input::Input;
use crate::core::tests::harness::{World, by, path, short};
use crate::core::tests::notation::{spawn, tree};
use crate::core::tests::player::check;
use crate::event::{EventKind, ValueChange};
use crate::spec::supervisor::SupervisorSpec;
use crate::task::member::{blocking_member_fn, member_fn};

#[test]
fn what_somebody_stops_stays_down_whatever_is_reloaded_meanwhile() {
    check(
        "one_for_one { a, b }",
        "stubborn a; start; stop a; reload one_for_one { a, b }; wait 5s; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        0ms: [reload: ok]
        5000ms: abort a#1, [stop a: ok]
        a down#1, b up#1
        ",
    );
}

#[test]
fn a_reload_gives_nobody_more_time_to_be_silent() {
    check(
        "one_for_one { a health=2s, b }",
        "show stale; start; wait 1s; reload one_for_one { a health=2s, b transient }; deadline; \
         wait 1s",
        "
        0ms: start a#1, start b#1, up
        1000ms: [reload: ok]
        deadline: Some(2s)
        2000ms: (a#1 is stuck: no heartbeat for 2.0s), cancel a#1, start a#2
        ",
    );
}

#[test]
fn what_is_disabled_below_a_supervisor_that_ends_is_stopped_in_its_turn() {
    check(
        "one_for_one { s { a, b }, c }",
        "stubborn s/b; start; stop s; reload one_for_one { s { a disabled, b }, c }; state; \
         wait 5s; state",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/b#1
        0ms: [reload: ok]
        s stopping#1, s/a up#1, s/b stopping#1, c up#1
        5000ms: abort s/b#1, cancel s/a#1, [stop s: ok]
        s down#1, s/a disabled#1, s/b down#1, c up#1
        ",
    );
}

#[test]
fn what_ran_once_and_is_disabled_is_known_with_its_last_exit() {
    check(
        "one_for_one { a temporary, b }",
        "start; reload one_for_one { a temporary disabled, b }; why a",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [reload: ok]
        a: shutdown; nothing
        ",
    );
}

#[test]
fn the_changes_are_said_of_each_child_at_once() {
    let text = "one_for_one { a, b }";
    let mut world = World::new(&tree(text).validate().expect("a valid tree"));
    world.send(Input::Start);
    let change = |name, key: &str| {
        let (path, key) = (path(name), Arc::from(key));
        ValueChange { path, key, before: None, after: None }
    };
    let changes = vec![change("a", "restart"), change("a", "grace"), change("b", "restart")];
    world.reload("reload", tree(text), changes);
    let said: Vec<_> = world
        .log
        .iter()
        .filter_map(|(_, action)| match action {
            Action::Note(Fact { path, kind: EventKind::Reconfigured { changes }, .. }) => {
                Some((short(path), changes.iter().map(|change| &*change.key).collect::<Vec<_>>()))
            }
            _ => None,
        })
        .collect();
    let expected = [("a".to_owned(), vec!["restart", "grace"]), ("b".to_owned(), vec!["restart"])];
    assert_eq!(said, expected);
}

#[test]
fn the_members_that_come_after_a_reload_are_what_those_before_it_were() {
    let with = |members| {
        let pool = SupervisorSpec::pool("p").members(members).max_children(9);
        SupervisorSpec::root().child(pool)
    };
    let before = with(member_fn(async |_, (): ()| ()));
    let mut world = World::new(&before.validate().expect("a valid tree"));
    world.send(Input::Start);
    world.reload("reload", with(blocking_member_fn(|_, (): ()| ())), Vec::new());
    world.command("spawn", Command::Do(spawn("p"), by()));
    let answers = world.log.iter().filter_map(|(_, action)| match action {
        Action::Reply(_, reply) => Some(reply.is_ok()),
        _ => None,
    });
    assert_eq!(answers.collect::<Vec<_>>(), [true, true]);
    assert!(!world.runs[&world.run("p/1")].is_blocking);
}

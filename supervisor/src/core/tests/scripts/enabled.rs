//! Children that a reload disables and enables, and manies that it lets grow and shrink.

use crate::control::command::Command;
use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::tests::harness::{World, path};
use crate::core::tests::notation;
use crate::core::tests::player::check;
use crate::error::types::SupervisorError;

#[test]
fn what_is_disabled_is_stopped_and_what_is_enabled_is_started() {
    check(
        "one_for_one { a, b disabled, c }",
        "start; reload one_for_one { a disabled, b, c }; state; \
         reload one_for_one { a, b, c disabled }; state; settled",
        "
        0ms: start a#1, start c#1, up
        0ms: cancel a#1, start b#1, [reload: ok]
        a disabled#1, b up#1, c up#1
        0ms: start a#2, cancel c#1, [reload: ok]
        a up#2, b up#1, c disabled#1
        settled: true
        ",
    );
}

#[test]
fn a_supervisor_is_disabled_and_enabled_with_everything_below_it() {
    check(
        "one_for_one { s { a, t { b disabled, c } }, d }",
        "start; reload one_for_one { s disabled { a, t { b disabled, c } }, d }; state; \
         start s/a; reload one_for_one { s { a, t { b, c } }, d }; state",
        "
        0ms: start s/a#1, start s/t/c#1, start d#1, up
        0ms: [reload: ok], cancel s/t/c#1, cancel s/a#1
        s disabled#1, s/a disabled#1, s/t disabled#1, s/t/b disabled#0, s/t/c disabled#1, d up#1
        0ms: [start s/a: disabled]
        0ms: [reload: ok], start s/a#2, start s/t/b#1, start s/t/c#2
        s up#2, s/a up#2, s/t up#2, s/t/b up#1, s/t/c up#2, d up#1
        ",
    );
}

#[test]
fn nothing_brings_back_what_is_disabled_while_it_is_being_stopped() {
    check(
        "one_for_one { a grace=5s }",
        "immortal a; start; reload one_for_one { a disabled grace=5s }; restart a; wait_ready a; \
         exit a error; state; restart a",
        "
        0ms: start a#1, up
        0ms: cancel a#1, [reload: ok]
        0ms: [restart a: disabled]
        0ms: [wait_ready a: disabled]
        a disabled#1
        0ms: [restart a: disabled]
        ",
    );
}

#[test]
fn who_waits_for_one_that_is_disabled_is_told() {
    check(
        "one_for_one { a explicit grace=5s }",
        "immortal a; start; ready a; exit a ok; wait_ready a; restart a; \
         reload one_for_one { a explicit disabled grace=5s }; exit a ok; state",
        "
        0ms: start a#1
        0ms: up
        0ms: start a#2
        0ms: cancel a#2
        0ms: [restart a: stopped], [reload: ok]
        0ms: [wait_ready a: disabled]
        a disabled#2
        ",
    );
}

#[test]
fn one_that_is_enabled_again_before_it_has_ended_starts_again() {
    check(
        "one_for_one { a grace=5s }",
        "immortal a; start; reload one_for_one { a disabled grace=5s }; \
         reload one_for_one { a grace=5s }; exit a ok; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1, [reload: ok]
        0ms: [reload: ok]
        0ms: start a#2
        a up#2
        ",
    );
}

#[test]
fn a_wait_for_a_restart_ends_with_it() {
    check(
        "one_for_one { a backoff=1s }",
        "start; exit a error; reload one_for_one { a disabled backoff=1s }; deadline; state",
        "
        0ms: start a#1, up
        0ms: [reload: ok]
        deadline: None
        a disabled#1
        ",
    );
}

#[test]
fn a_round_goes_on_without_it() {
    check(
        "one_for_all { a, b grace=5s, c }",
        "immortal b; start; exit a error; reload one_for_all { a, b grace=5s, c disabled }; \
         exit b ok; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        0ms: [reload: ok]
        0ms: start a#2, start b#2
        a up#2, b up#2, c disabled#1
        ",
    );
}

#[test]
fn a_round_does_not_bring_back_what_is_disabled_and_cannot_be_ended() {
    check(
        "one_for_all { a, b grace=1s abort_wait=1s, c }",
        "immortal b; start; reload one_for_all { a, b disabled grace=1s abort_wait=1s, c }; wait 2s; \
         exit a error; exit b dropped; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel b#1, [reload: ok]
        1000ms: abort b#1
        2000ms: cancel c#1, start a#2, start c#2
        a up#2, b disabled#1, c up#2
        ",
    );
}

#[test]
fn one_that_is_enabled_in_the_middle_of_a_round_starts_after_it() {
    check(
        "one_for_all { a, b disabled, c grace=5s }",
        "immortal c; start; exit a error; reload one_for_all { a, b, c grace=5s }; exit c ok; state",
        "
        0ms: start a#1, start c#1, up
        0ms: cancel c#1
        0ms: [reload: ok]
        0ms: start a#2, start c#2, start b#1
        a up#2, b up#1, c up#2
        ",
    );
}

#[test]
fn a_pause_outlasts_being_disabled() {
    check(
        "one_for_one { a, b }",
        "start; pause a; reload one_for_one { a disabled, b }; state a; reload one_for_one { a, b }; \
         state a; resume a",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [pause a: ok]
        0ms: [reload: ok]
        a disabled#1
        0ms: [reload: ok]
        a paused#1
        0ms: start a#2, [resume a: ok]
        ",
    );
}

#[test]
fn one_that_fails_when_it_is_enabled_is_restarted_as_any_other() {
    check(
        "one_for_one { a disabled backoff=1s, b }",
        "start; unborn a; reload one_for_one { a backoff=1s, b }; state a; obedient a; wait 1s",
        "
        0ms: start b#1, up
        0ms: start a#1, [reload: ok]
        a restarting#1
        1000ms: start a#2
        ",
    );
}

#[test]
fn one_that_is_enabled_below_a_supervisor_that_is_down_starts_with_it() {
    check(
        "one_for_one { s { a disabled, b } }",
        "start; stop s; reload one_for_one { s { a, b } }; state; start s",
        "
        0ms: start s/b#1, up
        0ms: cancel s/b#1, [stop s: ok]
        0ms: [reload: ok]
        s down#1, s/a down#0, s/b down#1
        0ms: start s/a#1, start s/b#2, [start s: ok]
        ",
    );
}

#[test]
fn a_many_grows_and_shrinks() {
    check(
        "one_for_one { m many=2, b }",
        "start; reload one_for_one { m many=4, b }; state; reload one_for_one { m many=1, b }; \
         state; restart m; reload one_for_one { m many=2, b }; state",
        "
        0ms: start m/0#1, start m/1#1, start b#1, up
        0ms: start m/2#1, start m/3#1, [reload: ok]
        m up#1, m/0 up#1, m/1 up#1, m/2 up#1, m/3 up#1, b up#1
        0ms: cancel m/3#1, cancel m/2#1, cancel m/1#1, [reload: ok]
        m up#1, m/0 up#1, b up#1
        0ms: cancel m/0#1, start m/0#2, [restart m: ok]
        0ms: start m/1#2, [reload: ok]
        m up#2, m/0 up#2, m/1 up#2, b up#1
        ",
    );
}

#[test]
fn what_a_many_has_again_before_it_has_ended_comes_back() {
    check(
        "one_for_one { m many=2 members=grace=5s }",
        "immortal m/1; start; reload one_for_one { m many=1 members=grace=5s }; \
         reload one_for_one { m many=2 members=grace=5s }; exit m/1 ok; state",
        "
        0ms: start m/0#1, start m/1#1, up
        0ms: cancel m/1#1, [reload: ok]
        0ms: [reload: ok]
        0ms: start m/1#2
        m up#1, m/0 up#1, m/1 up#2
        ",
    );
}

#[test]
fn what_was_removed_for_good_stays_away_when_a_many_grows() {
    check(
        "one_for_one { m many=2 }",
        "start; remove m/1; reload one_for_one { m many=3 }; state; restart m; state",
        "
        0ms: start m/0#1, start m/1#1, up
        0ms: cancel m/1#1, [remove m/1: ok]
        0ms: start m/2#1, [reload: ok]
        m up#1, m/0 up#1, m/2 up#1
        0ms: cancel m/2#1, cancel m/0#1, start m/0#2, start m/2#2, [restart m: ok]
        m up#2, m/0 up#2, m/2 up#2
        ",
    );
}

#[test]
fn another_tree_is_refused_as_a_whole() {
    check(
        "one_for_one { a, s { b }, m many=2 }",
        "start; reload one_for_one { a disabled, s { b } }; reload one_for_one { a disabled, s { c }, \
         m many=2 }; reload one_for_one { a disabled, s { b }, m pool }; reload one_for_one { a, \
         s disabled { b }, m many=2 needs=a }; state",
        "
        0ms: start a#1, start s/b#1, start m/0#1, start m/1#1, up
        0ms: [reload: another_tree]
        0ms: [reload: another_tree]
        0ms: [reload: another_tree]
        0ms: [reload: another_tree]
        a up#1, s up#1, s/b up#1, m up#1, m/0 up#1, m/1 up#1
        ",
    );
}

#[test]
fn a_tree_that_ends_is_not_configured_anew() {
    check(
        "one_for_one { a grace=5s }",
        "immortal a; start; shutdown; reload one_for_one { a disabled grace=5s }; exit a ok",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        0ms: [reload: shutting_down]
        0ms: end
        ",
    );
}

#[test]
fn one_that_is_enabled_again_while_a_round_stops_others_starts_in_its_turn() {
    check(
        "one_for_all { a, b, c }",
        "stubborn c; start; exit a error; reload one_for_all { a, b, c disabled }; \
         reload one_for_all { a, b, c }; wait 5s",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1
        0ms: [reload: ok]
        0ms: [reload: ok]
        5000ms: abort c#1, cancel b#1, start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn a_reload_is_said_to_have_been_asked_for() {
    check(
        "one_for_one { a }",
        "show commanded; start; reload one_for_one { a backoff=1s }",
        "
        0ms: start a#1, up
        0ms: (root#1 reload, asked for by ada: a test), [reload: ok]
        ",
    );
}

#[test]
fn who_disabled_a_child_is_the_outermost_that_is() {
    let spec = notation::tree("one_for_one { s disabled { t disabled { a disabled } }, b }");
    let mut world = World::new(&spec.validate().expect("a valid tree"));
    world.send(Input::Start);
    for waits_for in ["s", "s/t", "s/t/a"] {
        world.command(waits_for, Command::WaitReady(path(waits_for)));
        let reply = world.log.iter().rev().find_map(|(_, action)| match action {
            Action::Reply(_, reply) => Some(reply.clone()),
            _ => None,
        });
        let Some(Err(SupervisorError::Disabled { path: by })) = reply else { panic!("{reply:?}") };
        assert_eq!(by, path("s"));
    }
}

#[test]
fn a_temporary_child_that_is_disabled_is_still_to_be_had() {
    check(
        "one_for_one { a temporary, b }",
        "start; reload one_for_one { a temporary disabled, b }; state; \
         reload one_for_one { a temporary, b }; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [reload: ok]
        a disabled#1, b up#1
        0ms: start a#2, [reload: ok]
        a up#2, b up#1
        ",
    );
}

#[test]
fn what_is_down_below_a_supervisor_that_is_disabled_is_disabled_too() {
    check(
        "one_for_one { s { a, b transient, c }, d }",
        "start; exit s/b ok; pause s/c; reload one_for_one { s disabled { a, b transient, c }, d }; \
         state",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, start d#1, up
        0ms: cancel s/c#1, [pause s/c: ok]
        0ms: [reload: ok], cancel s/a#1
        s disabled#1, s/a disabled#1, s/b disabled#1, s/c disabled#1, d up#1
        ",
    );
}

#[test]
fn what_is_removed_goes_though_it_is_disabled_and_enabled_meanwhile() {
    for reloads in ["", "reload one_for_one { a grace=5s, b };"] {
        let script = format!(
            "immortal a; start; remove a; reload one_for_one {{ a disabled grace=5s, b }}; \
             {reloads} exit a ok; state"
        );
        let another = if reloads.is_empty() { "" } else { "0ms: [reload: ok]" };
        let expected = format!(
            "
            0ms: start a#1, start b#1, up
            0ms: cancel a#1
            0ms: [reload: ok]
            {another}
            0ms: [remove a: ok]
            b up#1
            "
        );
        check("one_for_one { a grace=5s, b }", &script, &expected);
    }
}

#[test]
fn what_cannot_be_ended_and_is_enabled_again_starts_when_it_has_ended() {
    check(
        "one_for_one { a grace=1s abort_wait=1s, b }",
        "immortal a; start; reload one_for_one { a disabled grace=1s abort_wait=1s, b }; wait 3s; \
         state; reload one_for_one { a grace=1s abort_wait=1s, b }; state; exit a ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [reload: ok]
        1000ms: abort a#1
        a unjoinable#1, b up#1
        3000ms: [reload: ok]
        a unjoinable#1, b up#1
        3000ms: start a#2
        a up#2, b up#1
        ",
    );
}

#[test]
fn what_is_paused_stays_so_though_it_is_disabled_and_enabled_while_it_stops() {
    check(
        "one_for_one { a grace=5s, b }",
        "immortal a; start; pause a; reload one_for_one { a disabled grace=5s, b }; \
         reload one_for_one { a grace=5s, b }; exit a ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        0ms: [reload: ok]
        0ms: [reload: ok]
        0ms: [pause a: ok]
        a paused#1, b up#1
        ",
    );
}

#[test]
fn what_is_disabled_again_before_its_supervisor_was_free_does_not_start() {
    check(
        "one_for_all { a, b grace=5s, c disabled }",
        "immortal b; start; exit a error; reload one_for_all { a, b grace=5s, c }; \
         reload one_for_all { a, b grace=5s, c disabled }; exit b ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        0ms: [reload: ok]
        0ms: [reload: ok]
        0ms: start a#2, start b#2
        a up#2, b up#2, c disabled#0
        ",
    );
}

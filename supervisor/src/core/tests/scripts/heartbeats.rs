//! L39: children that have to send heartbeats.

use std::time::Duration;

use crate::core::action::Action;
use crate::core::engine::{Engine, Options};
use crate::core::input::Input;
use crate::core::tests::notation::tree;
use crate::core::tests::player::check;
use crate::core::time::Uptime;
use crate::policy::PolicyPatch;
use crate::policy::health::HealthPatch;
use crate::spec::supervisor::SupervisorSpec;

#[test]
fn a_child_that_sends_no_heartbeat_after_it_became_ready_is_stuck() {
    check(
        "one_for_one { a health=5s }",
        "show stale exited decided; start; wait 4999ms; wait 1ms; state",
        "
        0ms: start a#1, up
        5000ms: (a#1 is stuck: no heartbeat for 5.0s), cancel a#1, (a#1 ended: timed out: it sent no heartbeat within its stale_after), (a#1 decision: restart at once (it is permanent)), start a#2
        a up#2
        ",
    );
}

#[test]
fn a_heartbeat_that_stops_is_noticed() {
    check(
        "one_for_one { a health=5s }",
        "show stale; start; wait 3s; beat a; wait 4s; beat a; wait 4999ms; wait 1ms",
        "
        0ms: start a#1, up
        12000ms: (a#1 is stuck: no heartbeat for 5.0s), cancel a#1, start a#2
        ",
    );
}

#[test]
fn one_that_does_not_is_never() {
    check(
        "one_for_one { a health=2s }",
        "start; wait 1999ms; beat a; wait 1999ms; beat a; wait 1999ms; beat a; wait 1999ms; \
         state; deadline",
        "
        0ms: start a#1, up
        a up#1
        deadline: Some(7.997s)
        ",
    );
}

#[test]
fn a_child_that_beats_is_looked_at_once_in_each_stale_after() {
    check(
        "one_for_one { a health=2s }",
        "start; wait 1s; beat a; deadline; wait 1s; beat a; deadline; wait 1s; beat a; deadline",
        "
        0ms: start a#1, up
        deadline: Some(2s)
        deadline: Some(3s)
        deadline: Some(4s)
        ",
    );
}

#[test]
fn silence_before_it_is_ready_does_not_count() {
    check(
        "one_for_one { a explicit health=1s }",
        "start; wait 10s; ready a; wait 999ms; state; wait 1ms",
        "
        0ms: start a#1
        10000ms: up
        a up#1
        11000ms: cancel a#1, start a#2
        ",
    );
}

#[test]
fn a_stuck_run_is_cancelled_then_aborted_when_its_grace_is_over() {
    check(
        "one_for_one { a health=1s grace=3s }",
        "show exited; stubborn a; start; wait 3999ms; wait 1ms",
        "
        0ms: start a#1, up
        1000ms: cancel a#1
        4000ms: abort a#1, (a#1 ended: timed out: it sent no heartbeat within its stale_after), start a#2
        ",
    );
}

#[test]
fn it_has_timed_out_also_if_it_ends_well_meanwhile() {
    check(
        "one_for_one { a transient health=1s }",
        "show exited decided; immortal a; start; wait 1s; beat a; exit a ok; state",
        "
        0ms: start a#1, up
        1000ms: cancel a#1
        1000ms: (a#1 ended: timed out: it sent no heartbeat within its stale_after), (a#1 decision: restart at once (it is transient and ended abnormally)), start a#2
        a up#2
        ",
    );
}

#[test]
fn a_temporary_one_is_not_started_again() {
    check(
        "one_for_one { a temporary health=1s, b }",
        "start; wait 1s; state",
        "
        0ms: start a#1, start b#1, up
        1000ms: cancel a#1
        b up#1
        ",
    );
}

#[test]
fn it_is_charged_like_any_other_death() {
    check(
        "one_for_one intensity=1/10s { a health=1s limit=1/10s, b }",
        "show decided; start; wait 5s; state",
        "
        0ms: start a#1, start b#1, up
        1000ms: cancel a#1, (a#1 decision: restart at once (it is permanent)), start a#2
        2000ms: cancel a#2, (a#2 decision: quarantine (its restart limit is spent))
        a quarantined#2, b up#1
        ",
    );
}

#[test]
fn a_run_that_was_ready_long_enough_lets_the_wait_begin_anew() {
    check(
        "one_for_one intensity=9/1s { a health=2s backoff=100ms..800ms reset_after=2s }",
        "start; wait 4200ms",
        "
        0ms: start a#1, up
        2000ms: cancel a#1
        2100ms: start a#2
        4100ms: cancel a#2
        4200ms: start a#3
        ",
    );
}

#[test]
fn its_siblings_go_with_it_under_a_group_strategy() {
    check(
        "one_for_all { a, b health=1s, c }",
        "start; wait 1s",
        "
        0ms: start a#1, start b#1, start c#1, up
        1000ms: cancel b#1, cancel c#1, cancel a#1, start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn a_round_takes_in_one_that_is_stuck_and_pays_nothing_for_it() {
    check(
        "one_for_all intensity=1/10s { a, b health=1s grace=2s }",
        "stubborn b; start; wait 1s; exit a error; show exited; wait 2s; state",
        "
        0ms: start a#1, start b#1, up
        1000ms: cancel b#1
        3000ms: abort b#1, (b#1 ended: timed out: it sent no heartbeat within its stale_after), start a#2, start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_stop_by_command_wins_and_the_exit_is_the_real_one() {
    check(
        "one_for_one { a health=1s }",
        "show exited decided; immortal a; start; wait 1s; stop a; exit a ok; state",
        "
        0ms: start a#1, up
        1000ms: cancel a#1
        1000ms: (a#1 ended: timed out: it sent no heartbeat within its stale_after), [stop a: ok]
        a down#1
        ",
    );
}

#[test]
fn a_restart_by_command_costs_nothing() {
    check(
        "one_for_one intensity=0/1s { a health=1s }",
        "immortal a; start; wait 1s; restart a; exit a ok; state",
        "
        0ms: start a#1, up
        1000ms: cancel a#1
        1000ms: start a#2, [restart a: ok]
        a up#2
        ",
    );
}

#[test]
fn one_that_cannot_be_ended_is_decided_about_when_it_is_gone() {
    check(
        "one_for_one { a health=1s grace=1s abort_wait=1s }",
        "show decided; immortal a; start; wait 3s; state; exit a ok; state",
        "
        0ms: start a#1, up
        1000ms: cancel a#1
        2000ms: abort a#1
        a unjoinable#1
        3000ms: (a#1 decision: restart at once (it is permanent)), start a#2
        a up#2
        ",
    );
}

#[test]
fn a_thread_is_told_and_then_given_up() {
    check(
        "one_for_one { a blocking health=1s grace=1s abort_wait=1s }",
        "show stale; immortal a; start; wait 3s; state; exit a ok; state",
        "
        0ms: start a#1, up
        1000ms: (a#1 is stuck: no heartbeat for 1.0s), cancel a#1
        a unjoinable#1
        3000ms: start a#2
        a up#2
        ",
    );
}

#[test]
fn nobody_is_looked_at_any_more_when_the_end_has_begun() {
    check(
        "one_for_one { a health=1s, b grace=3s }",
        "show stale; stubborn b; start; shutdown; wait 3s; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        3000ms: abort b#1, cancel a#1, end
        not clean in 3s: b#1 aborted after 3s, aborted; a#1 shutdown after 0ns
        ",
    );
}

#[test]
fn a_heartbeat_of_an_earlier_run_says_nothing_about_this_one() {
    check(
        "one_for_one { a health=1s }",
        "start; restart a; pulse a#1; pulse a#2; wait 999ms; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1, start a#2, [restart a: ok]
        a up#2
        ",
    );
}

#[test]
fn what_is_said_in_defaults_is_expected_of_nobody() {
    let second = Duration::from_secs(1);
    let values = HealthPatch::NONE.heartbeat(second).stale_after(second * 2);
    let tree = tree("one_for_one { a, s { b } }").defaults(PolicyPatch::NONE.health(values));
    assert_eq!(deadline_when_all_are_up(&tree), None);
}

#[test]
fn one_whose_silence_is_reported_after_the_end_has_begun_is_stopped_in_its_turn() {
    check(
        "one_for_one { a health=2s, c grace=9s }",
        "stubborn c; start; shutdown; wait 2s; pulse a; wait 7s",
        "
        0ms: start a#1, start c#1, up
        0ms: cancel c#1
        9000ms: abort c#1, cancel a#1, end
        ",
    );
}

#[test]
fn there_is_no_timer_for_children_without_health() {
    let number = if cfg!(miri) { 100 } else { 10_000 };
    let children: Vec<_> = (0..number).map(|n| format!("c{n}")).collect();
    let tree = tree(&format!("one_for_one {{ {} }}", children.join(", ")));
    assert_eq!(deadline_when_all_are_up(&tree), None);
}

/// Without the harness, which looks at everything after each step.
fn deadline_when_all_are_up(tree: &SupervisorSpec) -> Option<Uptime> {
    let options = Options { seed: 7, last_exits: 8, remembered_paths: 0 };
    let mut engine = Engine::new(&tree.validate().expect("a valid tree"), options);
    let mut out = Vec::new();
    engine.handle(Uptime::ZERO, Input::Start, &mut out);
    while let Some(action) = out.pop() {
        if let Action::Start(run) = action {
            engine.handle(Uptime::ZERO, Input::Spawned(run), &mut out);
        }
    }
    assert!(engine.is_settled());
    engine.next_deadline()
}

#[test]
fn an_answer_about_heartbeats_that_comes_while_the_child_stops_is_of_no_interest() {
    check(
        "one_for_one { a health=5s grace=25s }",
        "immortal a; show stale; start; wait 1s; stop a; wait 20s; pulse a; state",
        "
        0ms: start a#1, up
        1000ms: cancel a#1
        a stopping#1
        ",
    );
}

//! L16, L17: starts that fail inside a round, and what is answered meanwhile.

use crate::core::tests::player::check;

#[test]
fn a_start_that_never_succeeds_is_tried_until_the_intensity_is_spent() {
    check(
        "one_for_one intensity=3/10s { a explicit }",
        "start; ready a; exit a error; exit a error; exit a error; show meltdown; exit a error",
        "
        0ms: start a#1
        0ms: up
        0ms: start a#2
        0ms: start a#3
        0ms: start a#4
        0ms: (root#1 meltdown over /root/a: the supervisor's intensity is spent (3 within 10s); its last exit: failed: broken), end
        ",
    );
}

#[test]
fn a_factory_that_fails_is_tried_until_the_intensity_is_spent() {
    check(
        "one_for_one intensity=3/10s { a, b }",
        "show decided; start; unborn a; exit a error; cause",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 decision: restart at once (it is permanent)), start a#2, (a#2 decision: restart at once (a failed start is tried again)), start a#3, (a#3 decision: restart at once (a failed start is tried again)), start a#4, (a#4 decision: escalate (the supervisor's intensity is spent)), cancel b#1, end
        meltdown over /root/a: the supervisor's intensity is spent (3 within 10s); its last exit: failed: no factory (exit code 1)
        ",
    );
}

#[test]
fn one_for_all_retries_with_a_new_full_round() {
    check(
        "one_for_all intensity=3/10s { a, b explicit, c }",
        "start; ready b; exit c error; exit b error; ready b",
        "
        0ms: start a#1, start b#1
        0ms: start c#1, up
        0ms: cancel b#1, cancel a#1, start a#2, start b#2
        0ms: cancel a#2, start a#3, start b#3
        0ms: start c#2
        ",
    );
}

#[test]
fn rest_for_one_retries_with_a_round_of_the_child_that_failed_to_start() {
    check(
        "rest_for_one intensity=3/10s { a, b, c explicit, d }",
        "start; ready c; exit a error; exit c error; ready c",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: start d#1, up
        0ms: cancel d#1, cancel c#1, cancel b#1, start a#2, start b#2, start c#2
        0ms: start c#3
        0ms: start d#2
        ",
    );
}

#[test]
fn a_meltdown_over_a_retry_stops_the_members_that_had_come_up() {
    check(
        "one_for_all intensity=1/10s { a, b explicit }",
        "start; ready b; exit a error; exit b error; cause",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: cancel b#1, start a#2, start b#2
        0ms: cancel a#2, end
        meltdown over /root/b: the supervisor's intensity is spent (1 within 10s); its last exit: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn a_supervisor_that_fails_to_start_in_a_round_is_stopped_and_its_parent_pays() {
    check(
        "one_for_all intensity=2/10s { a, s { b, c explicit } }",
        "show decided start_failed; start; ready s/c; exit a error; exit s/c error; ready s/c",
        "
        0ms: start a#1, start s/b#1, start s/c#1
        0ms: up
        0ms: (a#1 decision: restart at once (it is permanent)), cancel s/c#1, cancel s/b#1, start a#2, start s/b#2, start s/c#2
        0ms: (s/c#2 failed to start: failed: broken), cancel s/b#2, (s#2 failed to start: failed: its child `/root/s/c` failed to start: failed: broken), (s#2 decision: restart at once (a failed start is tried again)), cancel a#2, start a#3, start s/b#3, start s/c#3
        ",
    );
}

#[test]
fn an_ignore_in_a_round_costs_nothing_and_the_round_goes_on() {
    check(
        "one_for_all intensity=1/10s { a, b explicit, c }",
        "start; ready b; exit a error; exit b ignored; state",
        "
        0ms: start a#1, start b#1
        0ms: start c#1, up
        0ms: cancel c#1, cancel b#1, start a#2, start b#2
        0ms: start c#2
        a up#2, b down#2, c up#2
        ",
    );
}

#[test]
fn while_a_retry_waits_requests_are_answered() {
    check(
        "one_for_one { a backoff=1s, b }",
        "start; exit a error; add a; start a; delete a; state; stop a; state; wait 2s; start a",
        "
        0ms: start a#1, start b#1, up
        0ms: [add a: already_present]
        0ms: [start a: restarting]
        0ms: [delete a: restarting]
        a restarting#1, b up#1
        0ms: [stop a: ok]
        a down#1, b up#1
        2000ms: start a#2, [start a: ok]
        ",
    );
}

#[test]
fn a_stop_during_the_wait_cancels_the_retry_of_one_member() {
    check(
        "one_for_all { a, b backoff=1s, c }",
        "start; exit b error; stop b; state; wait 1s; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel a#1
        0ms: [stop b: ok]
        a restarting#1, b down#1, c restarting#1
        1000ms: start a#2, start c#2
        a up#2, b down#1, c up#2
        ",
    );
}

#[test]
fn the_round_is_dropped_with_its_last_member() {
    check(
        "one_for_all { a backoff=1s, b }",
        "start; exit a error; stop b; stop a; deadline; settled; wait 2s; start a; start b",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        0ms: [stop b: ok]
        0ms: [stop a: ok]
        deadline: None
        settled: true
        2000ms: start a#2, [start a: ok]
        2000ms: start b#2, [start b: ok]
        ",
    );
}

#[test]
fn a_restart_by_command_ends_the_wait() {
    check(
        "one_for_one { a backoff=1s }",
        "start; exit a error; restart a; deadline",
        "
        0ms: start a#1, up
        0ms: start a#2, [restart a: ok]
        deadline: None
        ",
    );
}

#[test]
fn a_restart_by_command_of_a_waiting_member_ends_the_wait_of_the_round() {
    check(
        "one_for_all { a backoff=1s, b }",
        "start; exit a error; restart b; deadline; wait 2s",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        0ms: start a#2, start b#2, [restart b: ok]
        deadline: None
        ",
    );
}

#[test]
fn removing_a_waiting_child_leaves_nothing_behind() {
    check(
        "one_for_all { a backoff=1s, b }",
        "start; exit a error; remove a; state; remove b; deadline; settled",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        0ms: [remove a: ok]
        b restarting#1
        0ms: [remove b: ok]
        deadline: None
        settled: true
        ",
    );
}

#[test]
fn what_is_queued_behind_a_round_is_answered_after_it() {
    check(
        "one_for_all { a, b explicit }",
        "start; ready b; exit a error; add c; restart a; start a; ready b; ready b",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: cancel b#1, start a#2, start b#2
        0ms: start c#1, cancel a#2, [start a: running], [add c: ok], start a#3, [restart a: ok]
        ",
    );
}

//! L33, L34: waits before restarts, and groups.

use crate::core::tests::player::check;

#[test]
fn the_wait_grows_up_to_its_ceiling() {
    check(
        "one_for_one intensity=9/1s { a backoff=100ms..300ms }",
        "start; exit a error; wait 1s; exit a error; wait 1s; exit a error; wait 1s",
        "
        0ms: start a#1, up
        100ms: start a#2
        1200ms: start a#3
        2300ms: start a#4
        ",
    );
}

#[test]
fn a_run_that_was_ready_long_enough_lets_the_wait_begin_anew() {
    check(
        "one_for_one intensity=9/1s { a backoff=100ms..800ms reset_after=10s }",
        "start; exit a error; wait 100ms; exit a error; wait 200ms; wait 9999ms; \
         exit a error; wait 400ms; wait 10s; exit a error; wait 1s",
        "
        0ms: start a#1, up
        100ms: start a#2
        300ms: start a#3
        10699ms: start a#4
        20799ms: start a#5
        ",
    );
}

#[test]
fn the_attempt_is_charged_when_it_is_decided() {
    check(
        "one_for_one intensity=1/10s { a backoff=5s, b }",
        "start; exit a error; show meltdown; exit b error",
        "
        0ms: start a#1, start b#1, up
        0ms: (root#1 meltdown over /root/b: the supervisor's intensity is spent (1 within 10s); its last exit: failed: broken), end
        ",
    );
}

#[test]
fn the_members_are_stopped_at_once_and_only_the_start_waits() {
    check(
        "one_for_all { a backoff=1s, b, c }",
        "start; exit a error; state; wait 999ms; wait 1ms",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        a restarting#1, b restarting#1, c restarting#1
        1000ms: start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn a_failure_during_the_stop_lengthens_the_wait_from_the_first_decision() {
    check(
        "one_for_all intensity=1/10s { a backoff=1s, b backoff=3s }",
        "immortal b; start; exit a error; wait 500ms; exit b error; wait 2499ms; wait 1ms",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        3000ms: start a#2, start b#2
        ",
    );
}

#[test]
fn a_stop_that_takes_longer_than_the_wait_ends_it() {
    check(
        "one_for_all { a backoff=1s, b }",
        "stubborn b; start; exit a error; wait 10s",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1, start a#2, start b#2
        ",
    );
}

#[test]
fn a_death_outside_the_set_is_a_round_of_its_own_and_takes_over_the_waiting_one() {
    check(
        "rest_for_one intensity=2/10s { a backoff=1s, b backoff=3s, c }",
        "show decided; start; exit b error; wait 500ms; exit a error; wait 5s",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: (b#1 decision: restart after 3s (it is permanent)), cancel c#1
        500ms: (a#1 decision: restart after 1s (it is permanent))
        3000ms: start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn with_the_later_start_of_both() {
    check(
        "rest_for_one { a backoff=3s, b backoff=1s, c }",
        "start; exit b error; wait 500ms; exit a error; wait 5s",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1
        3500ms: start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn a_child_added_during_the_wait_that_dies_leaves_nobody_behind() {
    check(
        "rest_for_one { a backoff=1s, b }",
        "start; exit a error; add c; exit c error; state; wait 1s; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        0ms: start c#1, [add c: ok]
        a restarting#1, b restarting#1, c restarting#1
        1000ms: start a#2, start b#2, start c#2
        a up#2, b up#2, c up#2
        ",
    );
}

#[test]
fn and_one_added_before_it_is_left_alone() {
    check(
        "rest_for_one { a backoff=1s, b }",
        "start; exit a error; add c; add d; exit d error; state; wait 1s; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        0ms: start c#1, [add c: ok]
        0ms: start d#1, [add d: ok]
        a restarting#1, b restarting#1, c up#1, d restarting#1
        1000ms: start a#2, start b#2, start d#2
        a up#2, b up#2, c up#1, d up#2
        ",
    );
}

#[test]
fn stop_of_a_member_takes_only_it_out() {
    check(
        "one_for_all { a backoff=1s, b, c }",
        "start; exit a error; stop b; wait 1s; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        0ms: [stop b: ok]
        1000ms: start a#2, start c#2
        a up#2, b down#1, c up#2
        ",
    );
}

#[test]
fn stop_of_a_member_during_the_stop_takes_only_it_out() {
    check(
        "one_for_all { a, b, c }",
        "immortal b; start; exit a error; stop b; exit b ok; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        0ms: [stop b: ok], start a#2, start c#2
        a up#2, b down#1, c up#2
        ",
    );
}

#[test]
fn a_member_whose_start_is_in_progress_takes_part() {
    check(
        "one_for_all { a, b explicit, c }",
        "start; ready b; restart b; exit a error; ready b",
        "
        0ms: start a#1, start b#1
        0ms: start c#1, up
        0ms: cancel b#1, start b#2
        0ms: cancel c#1, cancel b#2, start a#2, start b#3
        0ms: [restart b: ok], start c#2
        ",
    );
}

#[test]
fn a_commanded_start_that_fails_while_the_round_stops_others_takes_part() {
    check(
        "one_for_all intensity=1/10s { a, b explicit, c }",
        "start; ready b; stop b; stubborn c; start b; exit a error; exit b error; wait 5s; \
         ready b; state",
        "
        0ms: start a#1, start b#1
        0ms: start c#1, up
        0ms: cancel b#1, [stop b: ok]
        0ms: start b#2
        0ms: cancel c#1
        0ms: [start b: start_failed]
        5000ms: abort c#1, start a#2, start b#3
        5000ms: start c#2
        a up#2, b up#3, c up#2
        ",
    );
}

#[test]
fn and_so_does_one_that_ignores_it() {
    check(
        "one_for_all intensity=1/10s { a, b explicit, c }",
        "start; ready b; stop b; stubborn c; start b; exit a error; exit b ignored; wait 5s; \
         ready b; state",
        "
        0ms: start a#1, start b#1
        0ms: start c#1, up
        0ms: cancel b#1, [stop b: ok]
        0ms: start b#2
        0ms: cancel c#1
        0ms: [start b: ok, ignored]
        5000ms: abort c#1, start a#2, start b#3
        5000ms: start c#2
        a up#2, b up#3, c up#2
        ",
    );
}

#[test]
fn a_late_restart_that_fails_while_an_older_death_stops_others_is_absorbed() {
    check(
        "rest_for_one intensity=2/10s { a, b, c explicit, d }",
        "start; ready c; immortal c; stop c; wait 6s; exit b error; exit c dropped; \
         stubborn d; exit a error; exit c error; wait 5s; ready c; state",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: start d#1, up
        0ms: cancel c#1
        5000ms: abort c#1
        6000ms: [stop c: unjoinable]
        6000ms: cancel d#1, start b#2, start d#2
        6000ms: start c#2
        6000ms: cancel d#2
        11000ms: abort d#2, cancel b#2, start a#2, start b#3, start c#3
        11000ms: start d#3
        a up#2, b up#3, c up#3, d up#3
        ",
    );
}

#[test]
fn so_does_one_whose_failure_the_round_of_a_sibling_takes_in() {
    check(
        "one_for_all { a backoff=2s..8s reset_after=1s, b, c grace=1s }",
        "start; exit a error; wait 2s; wait 5s; stubborn c; exit b error; exit a error; wait 9s",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        2000ms: start a#2, start b#2, start c#2
        7000ms: cancel c#2
        8000ms: abort c#2
        9000ms: start a#3, start b#3, start c#3
        ",
    );
}

#[test]
fn so_does_one_that_fails_when_the_round_of_a_sibling_stops_it() {
    check(
        "one_for_all { a backoff=2s..8s reset_after=1s, b }",
        "start; exit a error; wait 2s; wait 5s; stubborn a; exit b error; exit a error; wait 9s",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        2000ms: start a#2, start b#2
        7000ms: cancel a#2
        9000ms: start a#3, start b#3
        ",
    );
}

#[test]
fn so_does_one_whose_death_had_to_wait_and_was_taken_in_by_the_next_round() {
    check(
        "one_for_all { a backoff=2s..8s reset_after=1s, b, c explicit start_timeout=9s }",
        "start; ready c; exit a error; wait 2s; wait 2s; exit a error; exit c error; ready c; \
         exit a error; wait 4s",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: up
        0ms: cancel c#1, cancel b#1
        2000ms: start a#2, start b#2, start c#2
        4000ms: cancel b#2, start a#3, start b#3, start c#3
        4000ms: cancel c#3, cancel b#3
        6000ms: start a#4, start b#4, start c#4
        ",
    );
}

#[test]
fn so_does_one_that_was_stopped() {
    check(
        "one_for_one { a backoff=2s..8s reset_after=1s }",
        "start; exit a error; wait 2s; wait 5s; restart a; exit a error; wait 9s",
        "
        0ms: start a#1, up
        2000ms: start a#2
        7000ms: cancel a#2, start a#3, [restart a: ok]
        9000ms: start a#4
        ",
    );
}

#[test]
fn so_does_a_supervisor_that_was_melting_down_when_the_round_of_a_sibling_came() {
    check(
        "one_for_all { d backoff=2s..8s reset_after=1s intensity=0/1s { x grace=1s, y }, b }",
        "start; exit d/y error; wait 2s; wait 5s; stubborn d/x; exit d/y error; exit b error; \
         wait 9s",
        "
        0ms: start d/x#1, start d/y#1, start b#1, up
        0ms: cancel d/x#1, cancel b#1
        2000ms: start d/x#2, start d/y#2, start b#2
        7000ms: cancel d/x#2
        8000ms: abort d/x#2
        9000ms: start d/x#3, start d/y#3, start b#3
        ",
    );
}

#[test]
fn one_that_ends_well_while_its_group_is_stopped_makes_nobody_wait() {
    check(
        "one_for_all { a transient backoff=2s, b, c grace=1s }",
        "start; stubborn c; exit b error; exit a ok; wait 9s",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1
        1000ms: abort c#1, start a#2, start b#2, start c#2
        ",
    );
}

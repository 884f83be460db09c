//! L9–L14: restart rounds.

use crate::core::tests::player::check;

#[test]
fn with_an_intensity_of_zero_the_first_request_is_too_many() {
    check(
        "one_for_one intensity=0/1s { a, b }",
        "show meltdown; start; exit a ok; cause",
        "
        0ms: start a#1, start b#1, up
        0ms: (root#1 meltdown over /root/a: the supervisor's intensity is spent (0 within 1s); its last exit: succeeded), cancel b#1, end
        meltdown over /root/a: the supervisor's intensity is spent (0 within 1s); its last exit: succeeded (exit code 1)
        ",
    );
}

#[test]
fn one_restart_more_than_the_intensity_melts_down_and_none_is_tried() {
    check(
        "one_for_one intensity=2/10s { a, b }",
        "start; exit a error; exit b error; exit a error; cause; report",
        "
        0ms: start a#1, start b#1, up
        0ms: start a#2
        0ms: start b#2
        0ms: cancel b#2, end
        meltdown over /root/a: the supervisor's intensity is spent (2 within 10s); its last exit: failed: broken (exit code 1)
        clean in 0ns: b#2 shutdown after 0ns; a#2 not running
        ",
    );
}

#[test]
fn a_round_costs_one_however_many_siblings_move() {
    check(
        "one_for_all intensity=2/10s { a, b, c }",
        "start; exit b error; exit b error; show meltdown; exit b error",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel a#1, start a#2, start b#2, start c#2
        0ms: cancel c#2, cancel a#2, start a#3, start b#3, start c#3
        0ms: (root#1 meltdown over /root/b: the supervisor's intensity is spent (2 within 10s); its last exit: failed: broken), cancel c#3, cancel a#3, end
        ",
    );
}

#[test]
fn one_for_one_starts_only_the_child_again() {
    check(
        "one_for_one { a, b, c }",
        "start; exit b error",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: start b#2
        ",
    );
}

#[test]
fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    check(
        "one_for_all { a, b, c, d }",
        "start; exit b error",
        "
        0ms: start a#1, start b#1, start c#1, start d#1, up
        0ms: cancel d#1, cancel c#1, cancel a#1, start a#2, start b#2, start c#2, start d#2
        ",
    );
}

#[test]
fn one_for_all_waits_for_each_stop_and_each_start() {
    check(
        "one_for_all { a, b explicit, c }",
        "start; ready b; stubborn c; exit a error; wait 4999ms; wait 1ms; ready b",
        "
        0ms: start a#1, start b#1
        0ms: start c#1, up
        0ms: cancel c#1
        5000ms: abort c#1, cancel b#1, start a#2, start b#2
        5000ms: start c#2
        ",
    );
}

#[test]
fn rest_for_one_leaves_the_older_ones_alone() {
    check(
        "rest_for_one { a, b, c, d }",
        "start; exit c error; exit a error",
        "
        0ms: start a#1, start b#1, start c#1, start d#1, up
        0ms: cancel d#1, start c#2, start d#2
        0ms: cancel d#2, cancel c#2, cancel b#1, start a#2, start b#2, start c#3, start d#3
        ",
    );
}

#[test]
fn a_round_does_not_wait_for_an_older_sibling_that_is_being_stopped() {
    check(
        "rest_for_one { a, b, c }",
        "stubborn a; start; stop a; exit b error; wait 5s",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel a#1
        0ms: cancel c#1, start b#2, start c#2
        5000ms: abort a#1, [stop a: ok]
        ",
    );
}

#[test]
fn temporary_members_are_stopped_and_forgotten() {
    check(
        "one_for_all { a, b temporary, c }",
        "start; exit a error; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1, start a#2, start c#2
        a up#2, c up#2
        ",
    );
}

#[test]
fn a_round_starts_those_that_had_ended_were_ignored_or_were_stopped() {
    check(
        "one_for_all { a, b transient, c explicit, d }",
        "start; exit c ignored; exit b ok; stop d; state; exit a error; ready c; state",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: start d#1, up
        0ms: cancel d#1, [stop d: ok]
        a up#1, b down#1, c down#1, d down#1
        0ms: start a#2, start b#2, start c#2
        0ms: start d#2
        a up#2, b up#2, c up#2, d up#2
        ",
    );
}

#[test]
fn a_round_does_not_start_the_quarantined_nor_the_removed() {
    check(
        "one_for_all { a, b, c }",
        "start; exit b fatal; remove c; exit a error; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, [remove c: ok]
        0ms: start a#2
        a up#2, b quarantined#1
        ",
    );
}

#[test]
fn nested_groups_move_as_one() {
    check(
        "rest_for_one { a, s one_for_all { b, c }, d }",
        "start; exit s/b error; exit a error",
        "
        0ms: start a#1, start s/b#1, start s/c#1, start d#1, up
        0ms: cancel s/c#1, start s/b#2, start s/c#2
        0ms: cancel d#1, cancel s/c#2, cancel s/b#2, start a#2, start s/b#3, start s/c#3, start d#2
        ",
    );
}

#[test]
fn a_supervisor_is_restarted_as_a_member_four_levels_down() {
    check(
        "one_for_all { a, s { u { v { b, c } } } }",
        "start; exit s/u/v/b error; exit a error; state",
        "
        0ms: start a#1, start s/u/v/b#1, start s/u/v/c#1, up
        0ms: start s/u/v/b#2
        0ms: cancel s/u/v/c#1, cancel s/u/v/b#2, start a#2, start s/u/v/b#3, start s/u/v/c#2
        a up#2, s up#2, s/u up#2, s/u/v up#2, s/u/v/b up#3, s/u/v/c up#2
        ",
    );
}

//! Children that are declared and not to be started.

use crate::core::tests::player::check;

#[test]
fn what_is_disabled_is_passed_over_when_its_supervisor_starts() {
    check(
        "one_for_one { a disabled, b }",
        "start; state; settled",
        "
        0ms: start b#1, up
        a disabled#0, b up#1
        settled: true
        ",
    );
}

#[test]
fn a_round_does_not_touch_what_is_disabled() {
    check(
        "one_for_all { a, b disabled, c }",
        "start; exit a error; state",
        "
        0ms: start a#1, start c#1, up
        0ms: cancel c#1, start a#2, start c#2
        a up#2, b disabled#0, c up#2
        ",
    );
}

#[test]
fn a_round_after_an_older_one_does_not_touch_what_is_disabled() {
    check(
        "rest_for_one { a, b disabled, c }",
        "start; exit a error; state",
        "
        0ms: start a#1, start c#1, up
        0ms: cancel c#1, start a#2, start c#2
        a up#2, b disabled#0, c up#2
        ",
    );
}

#[test]
fn everything_below_a_disabled_supervisor_is_disabled() {
    check(
        "one_for_one { s disabled { a, t { b } }, c }",
        "start; state; start s/a; restart s/t/b; pause s; add s/x; start s",
        "
        0ms: start c#1, up
        s disabled#0, s/a disabled#0, s/t disabled#0, s/t/b disabled#0, c up#1
        0ms: [start s/a: disabled]
        0ms: [restart s/t/b: disabled]
        0ms: [pause s: disabled]
        0ms: [add s/x: disabled]
        0ms: [start s: disabled]
        ",
    );
}

#[test]
fn a_restart_of_its_supervisor_does_not_start_it() {
    check(
        "one_for_one { s { a disabled, b } }",
        "start; restart s; state",
        "
        0ms: start s/b#1, up
        0ms: cancel s/b#1, start s/b#2, [restart s: ok]
        s up#2, s/a disabled#0, s/b up#2
        ",
    );
}

#[test]
fn a_command_about_it_is_answered_with_that() {
    check(
        "one_for_one { a disabled }",
        "start; start a; restart a; pause a; quarantine a; resume a; reset a; wait_ready a; stop a; \
         state",
        "
        0ms: up
        0ms: [start a: disabled]
        0ms: [restart a: disabled]
        0ms: [pause a: disabled]
        0ms: [quarantine a: disabled]
        0ms: [resume a: disabled]
        0ms: [reset a: disabled]
        0ms: [wait_ready a: disabled]
        0ms: [stop a: ok]
        a disabled#0
        ",
    );
}

#[test]
fn it_can_be_deleted_and_comes_back_with_its_supervisor_still_disabled() {
    check(
        "one_for_one { s { a disabled, b } }",
        "start; delete s/a; state; restart s; state; remove s/a; restart s; state",
        "
        0ms: start s/b#1, up
        0ms: [delete s/a: ok]
        s up#1, s/b up#1
        0ms: cancel s/b#1, start s/b#2, [restart s: ok]
        s up#2, s/a disabled#0, s/b up#2
        0ms: [remove s/a: ok]
        0ms: cancel s/b#2, start s/b#3, [restart s: ok]
        s up#3, s/b up#3
        ",
    );
}

#[test]
fn what_is_to_be_added_must_be_enabled() {
    check(
        "one_for_one { a }",
        "start; add b disabled; state",
        "
        0ms: start a#1, up
        0ms: [add b disabled: disabled]
        a up#1
        ",
    );
}

#[test]
fn it_does_not_count_among_the_significant() {
    check(
        "one_for_one { s transient auto=all { a transient significant, \
         b transient significant disabled }, c }",
        "start; exit s/a ok; state",
        "
        0ms: start s/a#1, start c#1, up
        s down#1, s/a down#1, s/b disabled#0, c up#1
        ",
    );
}

#[test]
fn at_the_end_of_the_tree_it_has_not_been_running() {
    check(
        "one_for_one { a disabled, b }",
        "start; shutdown; report",
        "
        0ms: start b#1, up
        0ms: cancel b#1, end
        clean in 0ns: b#1 shutdown after 0ns; a#0 not running
        ",
    );
}

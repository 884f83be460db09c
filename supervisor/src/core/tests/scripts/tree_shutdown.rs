//! L44: shutdown without orphaned tasks.

use crate::core::tests::player::check;

#[test]
fn everything_ends_in_reverse_and_the_report_has_a_row_for_every_child() {
    check(
        "one_for_one { a, s { b, c transient }, d }",
        "start; stop a; exit s/c ok; shutdown; report; state",
        "
        0ms: start a#1, start s/b#1, start s/c#1, start d#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: cancel d#1, cancel s/b#1, end
        clean in 0ns: d#1 shutdown after 0ns; s/b#1 shutdown after 0ns; s#1 shutdown after 0ns; a#1 not running; s/c#1 not running
        a down#1, s down#1, s/b down#1, s/c down#1, d down#1
        ",
    );
}

#[test]
fn asking_twice_changes_nothing() {
    check(
        "one_for_one { a, b }",
        "stubborn b; start; shutdown; shutdown; wait 5s; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1, cancel a#1, end
        not clean in 5s: b#1 aborted after 5s, aborted; a#1 shutdown after 0ns
        ",
    );
}

#[test]
fn queries_are_answered_meanwhile() {
    check(
        "one_for_one { a, b, c }",
        "immortal b; start; shutdown; state; settled; exit b ok",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        a up#1, b stopping#1, c down#1
        settled: false
        0ms: cancel a#1, end
        ",
    );
}

#[test]
fn when_the_budget_is_spent_all_stragglers_are_aborted_at_once() {
    check(
        "one_for_one budget=2s { a, s { b, c }, d grace=1s }",
        "stubborn a; stubborn s/b; stubborn s/c; stubborn d; show shutdown_forced; start; \
         shutdown; wait 9s; report; cause",
        "
        0ms: start a#1, start s/b#1, start s/c#1, start d#1, up
        0ms: cancel d#1
        1000ms: abort d#1, cancel s/c#1
        2000ms: (root#1 all that is left is aborted, its budget is spent), abort s/c#1, cancel s/b#1, abort s/b#1, cancel a#1, abort a#1, end
        not clean, forced in 2s: d#1 aborted after 1s, aborted; s/c#1 aborted after 1s, aborted; s/b#1 aborted after 0ns, aborted; s#1 shutdown after 1s; a#1 aborted after 0ns, aborted
        shutdown, asked for by ada: a test (exit code 2)
        ",
    );
}

#[test]
fn so_they_are_when_somebody_asks_for_it() {
    check(
        "one_for_one { a, b, c }",
        "stubborn a; stubborn b; stubborn c; show shutdown_forced; start; shutdown; wait 1s; \
         shutdown_now; report",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1
        1000ms: (root#1 all that is left is aborted, asked for by ada: a test), abort c#1, cancel b#1, abort b#1, cancel a#1, abort a#1, end
        not clean, forced in 1s: c#1 aborted after 1s, aborted; b#1 aborted after 0ns, aborted; a#1 aborted after 0ns, aborted
        ",
    );
}

#[test]
fn at_once_means_cancelled_and_aborted() {
    check(
        "one_for_one { a, b }",
        "start; shutdown_now; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1, abort b#1, cancel a#1, abort a#1, end
        not clean, forced in 0ns: b#1 shutdown after 0ns, aborted; a#1 shutdown after 0ns, aborted
        ",
    );
}

#[test]
fn what_is_forced_and_does_not_end_is_named() {
    check(
        "one_for_one { a, b abort_wait=3s }",
        "immortal a; immortal b; start; shutdown_now; wait 3s; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1, abort b#1, cancel a#1, abort a#1
        3000ms: end
        not clean, forced in 3s: a#1 unjoinable after 1s, aborted; b#1 unjoinable after 3s, aborted
        ",
    );
}

#[test]
fn it_interrupts_a_start() {
    check(
        "one_for_one { a, s { b explicit, c }, d }",
        "start; shutdown; report; cause",
        "
        0ms: start a#1, start s/b#1
        0ms: cancel s/b#1, cancel a#1, end
        clean in 0ns: s/b#1 shutdown after 0ns; s#1 shutdown after 0ns; a#1 shutdown after 0ns; s/c#0 not running; d#0 not running
        shutdown, asked for by ada: a test (exit code 0)
        ",
    );
}

#[test]
fn it_interrupts_a_wait() {
    check(
        "one_for_one { a, s one_for_all { b backoff=1s, c }, d backoff=1s, e grace=9s }",
        "stubborn e; start; exit d error; exit s/b error; shutdown; deadline; wait 9s; report",
        "
        0ms: start a#1, start s/b#1, start s/c#1, start d#1, start e#1, up
        0ms: cancel s/c#1
        0ms: cancel e#1
        deadline: Some(9s)
        9000ms: abort e#1, cancel a#1, end
        not clean in 9s: e#1 aborted after 9s, aborted; s#1 shutdown after 0ns; a#1 shutdown after 0ns; s/b#1 not running; s/c#1 not running; d#1 not running
        ",
    );
}

#[test]
fn nothing_starts_after_it_began_however_deep() {
    check(
        "one_for_one { s { a explicit backoff=1s, b explicit }, c grace=9s }",
        "stubborn c; start; ready s/a; ready s/b; exit s/b error; exit s/a error; shutdown; \
         ready s/b; exit s/b error; wait 2s; state; wait 7s; report",
        "
        0ms: start s/a#1
        0ms: start s/b#1
        0ms: start c#1, up
        0ms: start s/b#2
        0ms: cancel c#1
        s up#1, s/a down#1, s/b down#2, c stopping#1
        9000ms: abort c#1, end
        not clean in 9s: s/b#2 failed; c#1 aborted after 9s, aborted; s#1 shutdown after 0ns; s/a#1 not running
        ",
    );
}

#[test]
fn a_child_that_ends_before_it_is_asked_has_its_row() {
    check(
        "one_for_one { a, b }",
        "stubborn b; start; shutdown; exit a error; wait 5s; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1, end
        not clean in 5s: a#1 failed; b#1 aborted after 5s, aborted
        ",
    );
}

#[test]
fn what_had_been_added_has_its_row() {
    check(
        "one_for_one { a, s { b } }",
        "start; add s/x; add y; stop y; shutdown; report",
        "
        0ms: start a#1, start s/b#1, up
        0ms: start s/x#1, [add s/x: ok]
        0ms: start y#1, [add y: ok]
        0ms: cancel y#1, [stop y: ok]
        0ms: cancel s/x#1, cancel s/b#1, cancel a#1, end
        clean in 0ns: s/x#1 shutdown after 0ns; s/b#1 shutdown after 0ns; s#1 shutdown after 0ns; a#1 shutdown after 0ns; y#1 not running
        ",
    );
}

#[test]
fn a_meltdown_of_the_root_is_reported_as_such_though_somebody_asks_meanwhile() {
    check(
        "one_for_one intensity=0/1s { a, b }",
        "stubborn b; start; exit a error; shutdown; wait 5s; cause; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1, end
        meltdown over /root/a: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken (exit code 2)
        not clean in 5s: b#1 aborted after 5s, aborted; a#1 not running
        ",
    );
}

#[test]
fn nothing_is_decided_once_it_has_begun() {
    check(
        "one_for_one { a critical, b }",
        "show decided meltdown; stubborn b; start; shutdown; exit a fatal; wait 5s; cause",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1, end
        shutdown, asked for by ada: a test (exit code 2)
        ",
    );
}

#[test]
fn whoever_waits_for_what_is_being_shut_down_is_told_at_once() {
    check(
        "one_for_one { a, b explicit }",
        "stubborn a; start; wait_ready b; shutdown; wait_ready a; wait_ready b",
        "
        0ms: start a#1, start b#1
        0ms: [wait_ready b: shutting_down], cancel b#1, cancel a#1
        0ms: [wait_ready a: shutting_down]
        0ms: [wait_ready b: shutting_down]
        ",
    );
}

#[test]
fn asking_twice_says_nothing_twice() {
    check(
        "one_for_one { a, b }",
        "show shutdown_requested shutdown_forced; immortal b; start; shutdown; shutdown; \
         shutdown_now; shutdown_now; exit b ok",
        "
        0ms: start a#1, start b#1, up
        0ms: (root#1 shutdown, asked for by ada: a test), cancel b#1
        0ms: (root#1 all that is left is aborted, asked for by ada: a test), abort b#1, cancel a#1, abort a#1
        0ms: end
        ",
    );
}

#[test]
fn a_budget_that_is_spent_when_the_tree_ends_forces_nothing() {
    check(
        "one_for_one budget=2s { a grace=1s abort_wait=1s }",
        "show shutdown_forced ended; immortal a; start; shutdown; wait 3s; report",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        1000ms: abort a#1
        2000ms: (root#1 the tree has ended, not clean), end
        not clean in 2s: a#1 unjoinable after 2s, aborted
        ",
    );
}

#[test]
fn the_end_says_whether_it_was_clean() {
    check(
        "one_for_one { a }",
        "show ended; start; shutdown",
        "
        0ms: start a#1, up
        0ms: cancel a#1, (root#1 the tree has ended, clean), end
        ",
    );
    check(
        "one_for_one { a grace=1s }",
        "stubborn a; show ended; start; shutdown; wait 1s",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        1000ms: abort a#1, (root#1 the tree has ended, not clean), end
        ",
    );
}

#[test]
fn a_supervisor_that_has_to_be_aborted_is_in_the_report_as_aborted() {
    check(
        "one_for_one { s grace=1s { a grace=infinite, b }, c }",
        "stubborn s/a; start; shutdown; wait 3s; report",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel c#1, cancel s/b#1, cancel s/a#1
        1000ms: abort s/a#1, end
        not clean in 1s: c#1 shutdown after 0ns; s/b#1 shutdown after 0ns; s/a#1 aborted after 1s, aborted; s#1 shutdown after 1s, aborted
        ",
    );
}

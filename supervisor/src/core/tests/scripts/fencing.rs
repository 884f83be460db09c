//! L30, L31: one run at a time, and late reports.

use crate::core::tests::player::check;

#[test]
fn late_reports_about_an_earlier_run_change_nothing() {
    check(
        "one_for_one { a explicit }",
        "show exited ready; start; ready a; exit a error; exit a#1 error; ready a#1; \
         spawned a#1; ready a; ready a; exit a#1 ok; state",
        "
        0ms: start a#1
        0ms: (a#1 ready), (root#1 ready), up
        0ms: (a#1 ended: failed: broken), start a#2
        0ms: (a#2 ready)
        a up#2
        ",
    );
}

#[test]
fn a_second_end_of_the_same_run_changes_nothing() {
    check(
        "one_for_one { a backoff=1s, b }",
        "show exited; start; exit a error; exit a error; stop b; exit b error; state",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 ended: failed: broken)
        0ms: cancel b#1, (b#1 ended: shutdown), [stop b: ok]
        a restarting#1, b down#1
        ",
    );
}

#[test]
fn a_stop_during_the_wait_makes_the_timer_void_and_uses_up_no_number() {
    check(
        "one_for_one { a backoff=1s }",
        "start; exit a error; stop a; deadline; wait 5s; start a",
        "
        0ms: start a#1, up
        0ms: [stop a: ok]
        deadline: None
        5000ms: start a#2, [start a: ok]
        ",
    );
}

#[test]
fn a_run_is_not_started_again_before_it_has_ended() {
    check(
        "one_for_one { a abort_wait=9s }",
        "immortal a; start; restart a; wait 6s; exit a dropped",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        5000ms: abort a#1
        6000ms: start a#2, [restart a: ok]
        ",
    );
}

#[test]
fn ready_after_the_stop_began_changes_nothing() {
    check(
        "one_for_one { a explicit }",
        "immortal a; start; stop a; ready a; state; exit a ok",
        "
        0ms: start a#1
        0ms: cancel a#1
        a stopping#1
        0ms: [stop a: ok], up
        ",
    );
}

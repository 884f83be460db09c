//! L40: runs that do not end.

use crate::core::tests::player::check;

#[test]
fn stop_answers_unjoinable_and_never_ok() {
    check(
        "one_for_one { a grace=1s abort_wait=2s }",
        "immortal a; start; stop a; wait 3s; state; stop a; exit a dropped; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        1000ms: abort a#1
        3000ms: [stop a: unjoinable]
        a unjoinable#1
        3000ms: [stop a: unjoinable]
        a down#1
        ",
    );
}

#[test]
fn the_stops_of_siblings_go_on() {
    check(
        "one_for_one { a, b, c }",
        "immortal b; start; shutdown; wait 6s; report; cause",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        5000ms: abort b#1
        6000ms: cancel a#1, end
        not clean in 6s: c#1 shutdown after 0ns; b#1 unjoinable after 6s, aborted; a#1 shutdown after 0ns
        shutdown, asked for by ada: a test (exit code 2)
        ",
    );
}

#[test]
fn a_round_starts_the_other_members_and_nothing_in_its_place() {
    check(
        "one_for_all { a, b, c }",
        "immortal b; start; exit a error; wait 6s; state; exit b dropped; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        5000ms: abort b#1
        6000ms: start a#2, start c#2
        a up#2, b unjoinable#1, c up#2
        6000ms: start b#2
        a up#2, b up#2, c up#2
        ",
    );
}

#[test]
fn one_that_is_stopped_during_the_round_is_not_started_when_it_is_gone() {
    check(
        "one_for_all { a, b }",
        "immortal b; start; exit a error; stop b; wait 6s; exit b dropped; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1
        6000ms: [stop b: unjoinable], start a#2
        a up#2, b down#1
        ",
    );
}

#[test]
fn one_that_was_given_up_before_the_round_takes_part_when_it_is_gone() {
    check(
        "one_for_all { a, b }",
        "immortal b; start; stop b; wait 6s; exit a error; state; exit b dropped; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1
        6000ms: [stop b: unjoinable]
        6000ms: start a#2
        a up#2, b unjoinable#1
        6000ms: start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_supervisor_above_it_is_not_restarted_before() {
    check(
        "one_for_one { s { a, b }, c }",
        "immortal s/b; start; restart s; wait 6s; state; start s; restart s; \
         exit s/b dropped; state",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/b#1
        5000ms: abort s/b#1
        6000ms: cancel s/a#1, [restart s: unjoinable]
        s unjoinable#1, s/a down#1, s/b unjoinable#1, c up#1
        6000ms: [start s: unjoinable]
        6000ms: [restart s: unjoinable]
        6000ms: start s/a#2, start s/b#2
        s up#2, s/a up#2, s/b up#2, c up#1
        ",
    );
}

#[test]
fn a_supervisor_that_melts_down_over_it_is_restarted_when_it_is_gone() {
    check(
        "one_for_one { s intensity=0/1s { a, b } }",
        "show decided; immortal s/b; start; exit s/a error; wait 6s; state; \
         exit s/b dropped; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: (s/a#1 decision: escalate (the supervisor's intensity is spent)), cancel s/b#1
        5000ms: abort s/b#1
        s unjoinable#1, s/a down#1, s/b unjoinable#1
        6000ms: (s#1 decision: restart at once (it is permanent)), start s/a#2, start s/b#2
        s up#2, s/a up#2, s/b up#2
        ",
    );
}

#[test]
fn unless_somebody_asked_it_to_stop_meanwhile() {
    check(
        "one_for_one { s intensity=0/1s { a, b } }",
        "show decided; immortal s/b; start; exit s/a error; wait 6s; stop s; \
         exit s/b dropped; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: (s/a#1 decision: escalate (the supervisor's intensity is spent)), cancel s/b#1
        5000ms: abort s/b#1
        6000ms: [stop s: unjoinable]
        s down#1, s/a down#1, s/b down#1
        ",
    );
}

#[test]
fn a_member_supervisor_above_it_is_started_when_it_is_gone() {
    check(
        "one_for_all { a, s { b } }",
        "immortal s/b; start; exit a error; wait 6s; state; exit s/b dropped; state",
        "
        0ms: start a#1, start s/b#1, up
        0ms: cancel s/b#1
        5000ms: abort s/b#1
        6000ms: start a#2
        a up#2, s unjoinable#1, s/b unjoinable#1
        6000ms: start s/b#2
        a up#2, s up#2, s/b up#2
        ",
    );
}

#[test]
fn a_restart_whose_start_hangs_is_decided_about_when_it_is_gone() {
    check(
        "one_for_one { a explicit start_timeout=1s, b }",
        "show decided; start; ready a; immortal a; exit a error; wait 7s; state; \
         exit a dropped; state",
        "
        0ms: start a#1
        0ms: start b#1, up
        0ms: (a#1 decision: restart at once (it is permanent)), start a#2
        1000ms: cancel a#2
        6000ms: abort a#2
        a unjoinable#2, b up#1
        7000ms: (a#2 decision: restart at once (it is permanent)), start a#3
        a starting#3, b up#1
        ",
    );
}

#[test]
fn a_tree_whose_start_hangs_fails_all_the_same() {
    check(
        "one_for_one { a, s { b explicit start_timeout=1s } }",
        "immortal s/b; start; wait 7s; cause; report",
        "
        0ms: start a#1, start s/b#1
        1000ms: cancel s/b#1
        6000ms: abort s/b#1
        7000ms: cancel a#1, end
        /root/s/b failed to start: timed out: it was not ready within its start_timeout (exit code 2)
        not clean in 0ns: a#1 shutdown after 0ns; s#1 unjoinable; s/b#1 unjoinable
        ",
    );
}

#[test]
fn an_added_child_whose_start_hangs_is_not_kept_when_it_is_gone() {
    check(
        "one_for_one { a }",
        "immortal b; start; add b explicit start_timeout=1s; wait 7s; state; exit b dropped; state",
        "
        0ms: start a#1, up
        0ms: start b#1
        1000ms: cancel b#1
        6000ms: abort b#1
        7000ms: [add b explicit start_timeout=1s: unjoinable]
        a up#1, b unjoinable#1
        a up#1
        ",
    );
}

#[test]
fn removal_outlives_a_later_stop() {
    check(
        "one_for_one { s { a } }",
        "immortal s/a; start; remove s/a; wait 6s; stop s/a; exit s/a dropped; restart s; state",
        "
        0ms: start s/a#1, up
        0ms: cancel s/a#1
        5000ms: abort s/a#1
        6000ms: [remove s/a: unjoinable]
        6000ms: [stop s/a: unjoinable]
        6000ms: [restart s: ok]
        s up#2
        ",
    );
}

#[test]
fn a_thread_is_not_aborted_but_given_up() {
    check(
        "one_for_one { a blocking grace=1s abort_wait=2s, b }",
        "show aborted; immortal a; start; stop a; wait 3s; state; exit a ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        3000ms: [stop a: unjoinable]
        a unjoinable#1, b up#1
        a down#1, b up#1
        ",
    );
}

#[test]
fn it_is_never_clean() {
    check(
        "one_for_one { a, p pool }",
        "immortal a; immortal p/x; start; stop a; add p/x; wait 6s; stop p/x; wait 6s; \
         shutdown; report; cause",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        0ms: start p/x#1, [add p/x: ok]
        5000ms: abort a#1
        6000ms: [stop a: unjoinable]
        6000ms: cancel p/x#1
        11000ms: abort p/x#1
        12000ms: [stop p/x: unjoinable]
        12000ms: end
        not clean in 0ns: p#1 unjoinable after 0ns; a#1 unjoinable; p/x#1 unjoinable
        shutdown, asked for by ada: a test (exit code 2)
        ",
    );
}

#[test]
fn one_that_ends_after_all_was_aborted_all_the_same() {
    check(
        "one_for_one { a, b }",
        "immortal b; stubborn a; start; shutdown; wait 6s; exit b dropped; wait 5s; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1
        6000ms: cancel a#1
        11000ms: abort a#1, end
        not clean in 11s: b#1 aborted after 6s, aborted; a#1 aborted after 5s, aborted
        ",
    );
}

#[test]
fn one_that_ends_badly_while_its_group_waits_does_not_make_the_wait_longer() {
    check(
        "one_for_all { a backoff=10s, b backoff=20s blocking grace=1s abort_wait=1s }",
        "immortal b; start; exit a error; wait 3s; exit b error; deadline; wait 7s",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        deadline: Some(10s)
        10000ms: start a#2, start b#2
        ",
    );
}

#[test]
fn one_that_ends_after_the_tree_has_ended_is_not_spoken_of_any_more() {
    check(
        "one_for_one { a, b }",
        "immortal b; start; shutdown; wait 6s; exit b dropped; cause",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1
        6000ms: cancel a#1, end
        shutdown, asked for by ada: a test (exit code 2)
        ",
    );
}

#[test]
fn what_is_to_be_removed_and_cannot_be_ended_is_not_paused_any_more() {
    check(
        "one_for_one { a grace=1s abort_wait=1s, b }",
        "immortal a; start; remove a; wait 3s; pause a; exit a ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        1000ms: abort a#1
        2000ms: [remove a: unjoinable]
        3000ms: [pause a: unjoinable]
        b up#1
        ",
    );
}

#[test]
fn what_a_supervisor_says_holds_for_all_that_is_aborted_with_it() {
    let tree = |said: &str| {
        format!(
            "one_for_one {{ s grace=2s {said} {{ a abort_wait=9s, b grace=1s abort_wait=4s }}, \
             t grace=1s abort_wait=1s }}"
        )
    };
    let script = "immortal s/a; immortal s/b; start; stop s; wait 20s; state";
    // `b` was aborted before the others, by its own grace.
    check(
        &tree("abort_wait=3s"),
        script,
        "
        0ms: start s/a#1, start s/b#1, start t#1, up
        0ms: cancel s/b#1
        1000ms: abort s/b#1
        2000ms: cancel s/a#1, abort s/a#1
        5000ms: [stop s: unjoinable]
        s unjoinable#1, s/a unjoinable#1, s/b unjoinable#1, t up#1
        ",
    );
    check(
        &tree(""),
        script,
        "
        0ms: start s/a#1, start s/b#1, start t#1, up
        0ms: cancel s/b#1
        1000ms: abort s/b#1
        2000ms: cancel s/a#1, abort s/a#1
        11000ms: [stop s: unjoinable]
        s unjoinable#1, s/a unjoinable#1, s/b unjoinable#1, t up#1
        ",
    );
    let short = "one_for_one { s grace=2s abort_wait=500ms { a abort_wait=9s } }";
    check(
        short,
        "immortal s/a; start; stop s; wait 20s; state",
        "
        0ms: start s/a#1, up
        0ms: cancel s/a#1
        2000ms: abort s/a#1
        2500ms: [stop s: unjoinable]
        s unjoinable#1, s/a unjoinable#1
        ",
    );
}

#[test]
fn what_the_root_says_holds_when_the_budget_is_over() {
    check(
        "one_for_one abort_wait=500ms budget=2s { a }",
        "immortal a; start; shutdown; wait 20s; report",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        2000ms: abort a#1
        2500ms: end
        not clean, forced in 2.5s: a#1 unjoinable after 2.5s, aborted
        ",
    );
}

#[test]
fn a_supervisor_whose_start_by_command_left_a_run_behind_is_down_when_that_is_gone() {
    check(
        "one_for_one { s { a grace=1s abort_wait=1s, b }, c }",
        "start; stop s; immortal s/a; unborn s/b; start s; wait 3s; state; exit s/a dropped; state; \
         obedient s/b; start s",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/b#1, cancel s/a#1, [stop s: ok]
        0ms: start s/a#2, start s/b#2, cancel s/a#2
        1000ms: abort s/a#2
        2000ms: [start s: unjoinable]
        s unjoinable#2, s/a unjoinable#2, s/b down#2, c up#1
        s down#2, s/a down#2, s/b down#2, c up#1
        3000ms: start s/a#3, start s/b#3, [start s: ok]
        ",
    );
}

#[test]
fn a_supervisor_whose_restart_left_a_run_behind_is_tried_again_when_that_is_gone() {
    check(
        "one_for_one { s intensity=0/1s backoff=1s { a grace=1s abort_wait=1s, b }, c }",
        "start; exit s/a error; immortal s/a; unborn s/b; wait 4s; state; obedient s/b; \
         exit s/a dropped; state",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/b#1
        1000ms: start s/a#2, start s/b#2, cancel s/a#2
        2000ms: abort s/a#2
        s unjoinable#2, s/a unjoinable#2, s/b down#2, c up#1
        s restarting#2, s/a down#2, s/b down#2, c up#1
        ",
    );
}

#[test]
fn one_that_fell_silent_and_cannot_be_ended_belongs_to_the_round_that_begins_meanwhile() {
    check(
        "one_for_all { a health=2s grace=1s abort_wait=1s, b }",
        "immortal a; start; wait 2s; exit b error; wait 3s; state; exit a ok; state",
        "
        0ms: start a#1, start b#1, up
        2000ms: cancel a#1
        3000ms: abort a#1
        4000ms: start b#2
        a unjoinable#1, b up#2
        5000ms: start a#2
        a up#2, b up#2
        ",
    );
}

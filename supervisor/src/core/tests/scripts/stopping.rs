//! L20–L23, D1, D12: stopping.

use crate::core::tests::player::check;

#[test]
fn each_child_has_its_own_grace_strictly_one_after_the_other() {
    check(
        "one_for_one { a grace=1s, b grace=2s, s { c grace=3s, d grace=4s } }",
        "stubborn a; stubborn b; stubborn s/c; stubborn s/d; start; shutdown; wait 20s; report",
        "
        0ms: start a#1, start b#1, start s/c#1, start s/d#1, up
        0ms: cancel s/d#1
        4000ms: abort s/d#1, cancel s/c#1
        7000ms: abort s/c#1, cancel b#1
        9000ms: abort b#1, cancel a#1
        10000ms: abort a#1, end
        not clean in 10s: s/d#1 aborted after 4s, aborted; s/c#1 aborted after 3s, aborted; s#1 shutdown after 7s; b#1 aborted after 2s, aborted; a#1 aborted after 1s, aborted
        ",
    );
}

#[test]
fn a_child_supervisor_is_stopped_completely_before_the_next_sibling() {
    check(
        "one_for_one { a, s { b, c }, d }",
        "start; shutdown",
        "
        0ms: start a#1, start s/b#1, start s/c#1, start d#1, up
        0ms: cancel d#1, cancel s/c#1, cancel s/b#1, cancel a#1, end
        ",
    );
}

#[test]
fn a_pool_stops_all_its_members_at_the_same_time() {
    check(
        "one_for_one { a, p pool }",
        "start; add p/x grace=1s; add p/y grace=2s; add p/z; stubborn p/x; stubborn p/y; \
         stop p; wait 3s; state",
        "
        0ms: start a#1, up
        0ms: start p/x#1, [add p/x grace=1s: ok]
        0ms: start p/y#1, [add p/y grace=2s: ok]
        0ms: start p/z#1, [add p/z: ok]
        0ms: cancel p/z#1, cancel p/y#1, cancel p/x#1
        1000ms: abort p/x#1
        2000ms: abort p/y#1, [stop p: ok]
        a up#1, p down#1
        ",
    );
}

#[test]
fn the_members_of_a_pool_are_restarted_one_by_one() {
    check(
        "one_for_one { p pool }",
        "start; add p/x; add p/y; exit p/x error; exit p/y error; state",
        "
        0ms: up
        0ms: start p/x#1, [add p/x: ok]
        0ms: start p/y#1, [add p/y: ok]
        0ms: start p/x#2
        0ms: start p/y#2
        p up#1, p/x up#2, p/y up#2
        ",
    );
}

#[test]
fn during_a_stop_nothing_is_restarted() {
    check(
        "one_for_one { s { a backoff=1s, b, u { d }, c grace=9s } }",
        "stubborn s/c; start; exit s/a error; stop s; exit s/b error; exit s/u/d error; \
         wait 2s; state; wait 7s",
        "
        0ms: start s/a#1, start s/b#1, start s/u/d#1, start s/c#1, up
        0ms: cancel s/c#1
        s stopping#1, s/a down#1, s/b down#1, s/u up#1, s/u/d down#1, s/c stopping#1
        9000ms: abort s/c#1, [stop s: ok]
        ",
    );
}

#[test]
fn a_restart_that_was_asked_for_is_dropped_by_a_stop_of_the_supervisor() {
    check(
        "one_for_one { s { a grace=9s, b grace=5s } }",
        "stubborn s/a; stubborn s/b; start; restart s/a; stop s; wait 10s; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1
        9000ms: abort s/a#1, [restart s/a: stopped], cancel s/b#1
        s stopping#1, s/a down#1, s/b stopping#1
        ",
    );
}

#[test]
fn a_start_that_takes_too_long_is_not_retried_while_its_supervisor_ends() {
    check(
        "one_for_one { s { a explicit start_timeout=1s grace=3s, b grace=9s } }",
        "start; ready s/a; stubborn s/a; exit s/a error; wait 1s; stop s; wait 10s; state",
        "
        0ms: start s/a#1
        0ms: start s/b#1, up
        0ms: start s/a#2
        1000ms: cancel s/a#2
        4000ms: abort s/a#2, cancel s/b#1, [stop s: ok]
        s down#1, s/a down#2, s/b down#1
        ",
    );
}

#[test]
fn a_second_stop_does_not_postpone_the_abort() {
    check(
        "one_for_one { a }",
        "stubborn a; start; stop a; wait 3s; stop a; wait 2s",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        5000ms: abort a#1, [stop a: ok], [stop a: ok]
        ",
    );
}

#[test]
fn stop_of_a_temporary_child_forgets_it_and_of_another_keeps_it_down() {
    check(
        "one_for_one { a temporary, b }",
        "start; stop a; stop b; stop b; stop a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: cancel b#1, [stop b: ok]
        0ms: [stop b: ok]
        0ms: [stop a: not_found]
        b down#1
        ",
    );
}

#[test]
fn stop_of_a_starting_child_cancels_its_start() {
    check(
        "one_for_one { a explicit, b }",
        "start; stop a; state",
        "
        0ms: start a#1
        0ms: cancel a#1, [stop a: ok], start b#1, up
        a down#1, b up#1
        ",
    );
}

#[test]
fn start_of_a_down_child_that_fails_leaves_it_down_and_costs_nothing() {
    check(
        "one_for_all intensity=0/1s { a explicit, b }",
        "start; ready a; stop a; start a; exit a error; start a; exit a ignored; state",
        "
        0ms: start a#1
        0ms: start b#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: start a#2
        0ms: [start a: start_failed]
        0ms: start a#3
        0ms: [start a: ok, ignored]
        a down#3, b up#1
        ",
    );
}

#[test]
fn delete_is_only_for_what_is_down_and_does_not_last() {
    check(
        "one_for_one { s { a, b } }",
        "start; delete s/a; stop s/a; delete s/a; delete s/a; restart s; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: [delete s/a: running]
        0ms: cancel s/a#1, [stop s/a: ok]
        0ms: [delete s/a: ok]
        0ms: [delete s/a: not_found]
        0ms: cancel s/b#1, start s/a#2, start s/b#2, [restart s: ok]
        s up#2, s/a up#2, s/b up#2
        ",
    );
}

#[test]
fn remove_stops_and_deletes_for_good() {
    check(
        "one_for_one { s { a, b } }",
        "start; remove s/a; restart s; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1, [remove s/a: ok]
        0ms: cancel s/b#1, start s/b#2, [restart s: ok]
        s up#2, s/b up#2
        ",
    );
}

#[test]
fn restart_by_command_spends_no_budget_and_touches_no_sibling() {
    check(
        "one_for_all intensity=0/1s { a, b }",
        "start; restart a; restart a; state root",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, start a#2, [restart a: ok]
        0ms: cancel a#2, start a#3, [restart a: ok]
        root up#1
        ",
    );
}

#[test]
fn a_stopped_child_is_started_by_the_next_round() {
    check(
        "one_for_all { a, b }",
        "start; stop b; exit a error; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1, [stop b: ok]
        0ms: start a#2, start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_child_that_fails_while_it_is_stopped_is_stopped_all_the_same() {
    check(
        "one_for_all { a, b }",
        "show exited decided; immortal a; start; stop a; exit a error; why a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        0ms: (a#1 ended: failed: broken), [stop a: ok]
        a: failed: broken; nothing
        a down#1, b up#1
        ",
    );
}

#[test]
fn a_child_that_ends_with_shutdown_by_itself_has_shut_down() {
    check(
        "one_for_one { a transient, b }",
        "show exited; immortal b; start; exit a shutdown; stop b; exit b ok",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 ended: shutdown)
        0ms: cancel b#1
        0ms: (b#1 ended: shutdown), [stop b: ok]
        ",
    );
}

#[test]
fn the_grace_of_a_supervisor_covers_all_its_children() {
    check(
        "one_for_one { s grace=3s { a grace=2s, b grace=2s, c grace=2s } }",
        "show aborted; stubborn s/a; stubborn s/b; stubborn s/c; start; stop s; wait 10s",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, up
        0ms: cancel s/c#1
        2000ms: (s/c#1 is aborted, its grace is over), abort s/c#1, cancel s/b#1
        3000ms: (s#1 is aborted, its grace is over), (s/b#1 is aborted, its grace is over), abort s/b#1, cancel s/a#1, (s/a#1 is aborted, its grace is over), abort s/a#1, [stop s: ok]
        ",
    );
}

/// It ends by itself as long as nobody asks it to: then its children have what they need.
#[test]
fn a_supervisor_that_ends_by_itself_has_its_grace_from_when_it_is_to_be_stopped() {
    let give_up = "show aborted; stubborn s/b; stubborn s/c; start; exit s/a error; wait 1s";
    let tree = |strategy: &str| {
        format!(
            "{strategy} {{ s intensity=0/1s grace=2500ms {{ a, b grace=2s, c grace=2s }}, t, \
             u grace=1s }}"
        )
    };
    let begins = "
        0ms: start s/a#1, start s/b#1, start s/c#1, start t#1, start u#1, up
        0ms: cancel s/c#1
        2000ms: (s/c#1 is aborted, its grace is over), abort s/c#1, cancel s/b#1";
    check(
        &tree("one_for_one"),
        &format!("{give_up}; wait 9s"),
        &format!(
            "{begins}
        4000ms: (s/b#1 is aborted, its grace is over), abort s/b#1, start s/a#2, start s/b#2, start s/c#2
        "
        ),
    );
    for (command, follows) in [
        ("stop s", "[stop s: ok]"),
        ("pause s", "[pause s: ok]"),
        ("shutdown", "cancel u#1, cancel t#1, end"),
    ] {
        check(
            &tree("one_for_one"),
            &format!("{give_up}; {command}; wait 9s"),
            &format!(
                "{begins}
        3500ms: (s#1 is aborted, its grace is over), (s/b#1 is aborted, its grace is over), abort s/b#1, {follows}
        "
            ),
        );
    }
}

#[test]
fn so_it_has_when_a_round_has_to_wait_for_it() {
    check(
        "one_for_all { s intensity=0/1s grace=2500ms { a, b grace=2s, c grace=2s }, t }",
        "stubborn s/b; stubborn s/c; start; exit s/a error; wait 1s; exit t error; wait 2499ms; \
         wait 1ms",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, start t#1, up
        0ms: cancel s/c#1
        2000ms: abort s/c#1, cancel s/b#1
        3500ms: abort s/b#1, start s/a#2, start s/b#2, start s/c#2, start t#2
        ",
    );
}

#[test]
fn also_if_it_is_on_trial_and_no_member_of_the_round() {
    check(
        "one_for_all { s intensity=0/1s limit=0/60s probe=1s grace=2500ms { a, b grace=2s, c grace=2s }, t }",
        "start; exit s/a error; wait 1s; stubborn s/b; stubborn s/c; exit s/a error; wait 1s; \
         exit t error; wait 2500ms; state",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, start t#1, up
        0ms: cancel s/c#1, cancel s/b#1
        1000ms: start s/a#2, start s/b#2, start s/c#2
        1000ms: cancel s/c#2
        3000ms: abort s/c#2, cancel s/b#2
        4500ms: abort s/b#2, start t#2
        s quarantined#2, s/a down#2, s/b down#2, s/c down#2, t up#2
        ",
    );
}

#[test]
fn infinite_grace_is_infinite() {
    check(
        "one_for_one { a grace=infinite }",
        "stubborn a; start; stop a; wait 9999s; deadline; exit a ok",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        deadline: None
        9999000ms: [stop a: ok]
        ",
    );
}

#[test]
fn what_waited_for_a_supervisor_that_ends_is_answered_and_nothing_is_left_to_settle() {
    check(
        "one_for_one { s one_for_all { a, b grace=5s }, c }",
        "immortal s/b; start; exit s/a error; restart s/a; settled; stop s; exit s/b ok; settled",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/b#1
        settled: false
        0ms: [restart s/a: supervisor_down], [stop s: ok]
        settled: true
        ",
    );
}

#[test]
fn a_supervisor_whose_start_fails_and_that_is_stopped_meanwhile_has_been_stopped() {
    check(
        "one_for_one { s { b grace=5s, c explicit }, d }",
        "start; ready s/c; stop s; start s; immortal s/b; exit s/c error; stop s; exit s/b ok; \
         state",
        "
        0ms: start s/b#1, start s/c#1
        0ms: start d#1, up
        0ms: cancel s/c#1, cancel s/b#1, [stop s: ok]
        0ms: start s/b#2, start s/c#2
        0ms: cancel s/b#2
        0ms: [start s: stopped], [stop s: ok]
        s down#2, s/b down#2, s/c down#2, d up#1
        ",
    );
}

#[test]
fn a_run_that_is_lost_while_it_stops_was_not_aborted() {
    check(
        "one_for_one { a grace=5s, b }",
        "immortal a; show exited; start; stop a; exit a dropped; start a; immortal a; stop a; \
         wait 5s; exit a dropped",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        0ms: (a#1 ended: lost), [stop a: ok]
        0ms: start a#2, [start a: ok]
        0ms: cancel a#2
        5000ms: abort a#2
        5000ms: (a#2 ended: aborted), [stop a: ok]
        ",
    );
}

#[test]
fn what_is_forgotten_when_it_is_down_is_remembered_as_long_as_it_is_started_again() {
    check(
        "one_for_one { a temporary, b }",
        "start; restart a; why a",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, start a#2, [restart a: ok]
        a: shutdown; nothing
        ",
    );
}

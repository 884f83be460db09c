//! L37: parallel supervisors, which start and stop side by side.

use crate::core::tests::player::check;

#[test]
fn a_start_whose_time_is_over_is_not_waited_for_when_it_is_stopped_by_command() {
    check(
        "one_for_all parallel { a explicit start_timeout=1s, b }",
        "start; ready a; exit b error; immortal a; wait 1s; exit b error; state; stop a; state",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: cancel a#1, start a#2, start b#2
        1000ms: cancel a#2
        a stopping#2, b down#2
        a stopping#2, b restarting#2
        ",
    );
}

#[test]
fn a_parallel_supervisor_starts_each_child_as_soon_as_it_can() {
    check(
        "one_for_one parallel { a explicit, b explicit needs=a, c explicit, d explicit needs=b+c }",
        "start; ready c; ready a; ready b; ready d",
        "
        0ms: start a#1, start c#1
        0ms: start b#1
        0ms: start d#1
        0ms: up
        ",
    );
}

#[test]
fn a_parallel_supervisor_is_ready_when_all_its_children_are() {
    check(
        "one_for_one { s parallel { a explicit, b explicit }, t }",
        "start; ready s/b; ready s/a",
        "
        0ms: start s/a#1, start s/b#1
        0ms: start t#1, up
        ",
    );
}

#[test]
fn a_parallel_supervisor_goes_on_without_a_child_that_waits_for_what_is_elsewhere() {
    check(
        "one_for_one { x transient, s parallel { a explicit, b needs=../x } }",
        "start; ready s/a; stop x; restart s; ready s/a; state",
        "
        0ms: start x#1, start s/a#1, start s/b#1
        0ms: up
        0ms: cancel x#1, [stop x: ok]
        0ms: cancel s/b#1, cancel s/a#1, start s/a#2
        0ms: [restart s: ok]
        x down#1, s up#2, s/a up#2, s/b waiting#1
        ",
    );
}

#[test]
fn when_a_parallel_start_fails_those_in_progress_are_cancelled_first() {
    check(
        "one_for_one { s parallel { a, b needs=a, c explicit grace=1s, d explicit needs=b, e needs=d } }",
        "stubborn s/c; start; exit s/d error; wait 1s; cause",
        "
        0ms: start s/a#1, start s/c#1, start s/b#1, start s/d#1
        0ms: cancel s/c#1
        1000ms: abort s/c#1, cancel s/b#1, cancel s/a#1, end
        /root/s/d failed to start: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn after_a_parallel_start_has_failed_the_others_stop_in_reverse_layers() {
    check(
        "one_for_one parallel { a, b, c needs=a grace=1s, d needs=c explicit, e needs=a }",
        "stubborn c; start; exit d error; wait 1s; cause",
        "
        0ms: start a#1, start b#1, start c#1, start e#1, start d#1
        0ms: cancel e#1, cancel c#1
        1000ms: abort c#1, cancel b#1, cancel a#1, end
        /root/d failed to start: failed: broken (exit code 2)
        ",
    );
}

#[test]
fn a_parallel_supervisor_stops_layer_by_layer_all_of_a_layer_at_once() {
    check(
        "one_for_one parallel { a, b, c needs=a+b, d needs=a, e needs=c }",
        "stubborn c; start; shutdown; wait 5s",
        "
        0ms: start a#1, start b#1, start d#1, start c#1, start e#1, up
        0ms: cancel e#1, cancel d#1, cancel c#1
        5000ms: abort c#1, cancel b#1, cancel a#1, end
        ",
    );
}

#[test]
fn what_is_below_a_sibling_counts_for_its_layer() {
    check(
        "one_for_one parallel { q { y needs=../z }, z, u needs=q/y }",
        "start; shutdown",
        "
        0ms: start z#1, start q/y#1, up, start u#1
        0ms: cancel u#1, cancel q/y#1, cancel z#1, end
        ",
    );
}

#[test]
fn an_unjoinable_child_does_not_keep_the_lower_layers() {
    check(
        "one_for_one parallel { a, b needs=a blocking grace=1s abort_wait=1s }",
        "immortal b; start; shutdown; wait 1s; wait 1s",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        2000ms: cancel a#1, end
        ",
    );
}

#[test]
fn a_group_round_in_a_parallel_supervisor_stops_and_starts_by_layers() {
    check(
        "one_for_one parallel one_for_all { a, b, c needs=a explicit, d needs=c }",
        "start; ready c; exit b error; ready c",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: start d#1, up
        0ms: cancel d#1, cancel c#1, cancel a#1, start a#2, start b#2, start c#2
        0ms: start d#2
        ",
    );
}

#[test]
fn rest_for_one_in_a_parallel_supervisor_means_the_declared_order() {
    check(
        "one_for_one parallel rest_for_one { a, b, c needs=a, d }",
        "start; exit b error; state",
        "
        0ms: start a#1, start b#1, start d#1, start c#1, up
        0ms: cancel c#1, cancel d#1, start b#2, start c#2, start d#2
        a up#1, b up#2, c up#2, d up#2
        ",
    );
}

#[test]
fn a_failed_start_in_a_parallel_round_begins_the_round_anew() {
    check(
        "one_for_one parallel one_for_all intensity=5/10s { a explicit, b explicit, c needs=a }",
        "start; ready a; ready b; exit c error; exit b error; ready a; ready b; state",
        "
        0ms: start a#1, start b#1
        0ms: start c#1
        0ms: up
        0ms: cancel b#1, cancel a#1, start a#2, start b#2
        0ms: cancel a#2, start a#3, start b#3
        0ms: start c#2
        a up#3, b up#3, c up#2
        ",
    );
}

#[test]
fn a_death_in_a_layer_that_has_still_to_be_stopped_is_absorbed() {
    check(
        "one_for_one parallel one_for_all intensity=1/10s { a, b needs=a, c needs=b }",
        "immortal b; start; exit c error; exit a error; exit b error; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel b#1
        0ms: start a#2, start b#2, start c#2
        a up#2, b up#2, c up#2
        ",
    );
}

#[test]
fn two_supervisors_whose_children_depend_crosswise_stop_in_one_layer() {
    check(
        "one_for_one parallel { a parallel { x, y needs=../b/x }, b parallel { x, y needs=../a/x } }",
        "start; shutdown",
        "
        0ms: start a/x#1, start b/x#1, start b/y#1, start a/y#1, up
        0ms: cancel b/y#1, cancel b/x#1, cancel a/y#1, cancel a/x#1, end
        ",
    );
}

#[test]
fn a_late_start_in_a_parallel_supervisor_belongs_to_its_start() {
    check(
        "one_for_one { s parallel { a explicit, b needs=a explicit, c needs=b }, t }",
        "start; ready s/a; exit s/b error; cause",
        "
        0ms: start s/a#1
        0ms: start s/b#1
        0ms: cancel s/a#1, end
        /root/s/b failed to start: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn an_older_member_that_fails_to_start_does_not_cut_short_the_wait_of_a_younger_ones_round() {
    check(
        "rest_for_one parallel { a explicit backoff=100ms, b explicit backoff=5s, c grace=1s }",
        "
        stubborn c; start; ready a; ready b; exit a error; wait 1s; exit b error; exit a error;
        wait 1s; wait 4s
        ",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: up
        0ms: cancel c#1, cancel b#1
        1000ms: abort c#1, start a#2, start b#2, start c#2
        1000ms: cancel c#2
        2000ms: abort c#2
        6000ms: start a#3, start b#3, start c#3
        ",
    );
}

#[test]
fn children_that_all_depend_on_something_still_stop_layer_by_layer() {
    check(
        "one_for_one { x, s parallel { a needs=../x, b needs=a grace=25s } }",
        "immortal s/b; start; stop s; state; exit s/b ok",
        "
        0ms: start x#1, start s/a#1, start s/b#1, up
        0ms: cancel s/b#1
        x up#1, s stopping#1, s/a up#1, s/b stopping#1
        0ms: cancel s/a#1, [stop s: ok]
        ",
    );
}

#[test]
fn what_still_starts_is_stopped_in_its_layer() {
    check(
        "one_for_one { x, s parallel { a, b needs=a, c explicit } }",
        "immortal s/b; start; shutdown; state; exit s/b ok",
        "
        0ms: start x#1, start s/a#1, start s/c#1, start s/b#1
        0ms: cancel s/b#1
        x up#1, s stopping#1, s/a up#1, s/b stopping#1, s/c starting#1
        0ms: cancel s/c#1, cancel s/a#1, cancel x#1, end
        ",
    );
}

#[test]
fn a_parallel_round_waits_for_nobody_whom_somebody_starts_meanwhile() {
    check(
        "one_for_all parallel { a explicit, b backoff=1s, c }",
        "start; ready a; exit b error; stop a; start a; state; wait 1s; state",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: up
        0ms: cancel c#1, cancel a#1
        0ms: [stop a: ok]
        0ms: start a#2
        a starting#2, b restarting#1, c restarting#1
        1000ms: start b#2, start c#2
        a starting#2, b up#2, c up#2
        ",
    );
}

#[test]
fn who_has_failed_to_start_and_is_paused_before_the_decision_starts_when_it_is_resumed() {
    check(
        "rest_for_one parallel { a explicit backoff=100ms, b explicit backoff=5s, c grace=1s }",
        "
        stubborn c; start; ready a; ready b; exit a error; wait 1s; exit b error; exit a error;
        pause a; wait 9s; resume a; ready b; state
        ",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: up
        0ms: cancel c#1, cancel b#1
        1000ms: abort c#1, start a#2, start b#2, start c#2
        1000ms: cancel c#2
        1000ms: [pause a: ok]
        2000ms: abort c#2
        6000ms: start b#3, start c#3
        10000ms: start a#3
        a starting#3, b up#3, c up#3
        ",
    );
}

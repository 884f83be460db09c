//! What commands do to a child that waits for a dependency, and what ends the waiting.

use crate::core::tests::player::check;

#[test]
fn stop_of_a_waiting_child_is_answered_at_once_and_it_is_down() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; stop b; state; start a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: [stop b: ok]
        a down#1, b down#1
        0ms: start a#2, [start a: ok]
        a up#2, b down#1
        ",
    );
}

#[test]
fn pause_of_a_waiting_child_keeps_it_out() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; pause b; start a; state; resume b; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: [pause b: ok]
        0ms: start a#2, [start a: ok]
        a up#2, b paused#1
        0ms: start b#2, [resume b: ok]
        a up#2, b up#2
        ",
    );
}

#[test]
fn resume_of_a_dependant_waits_and_is_answered() {
    check(
        "one_for_one { a, b needs=a }",
        "start; pause b; stop a; resume b; state; start a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1, [pause b: ok]
        0ms: cancel a#1, [stop a: ok]
        0ms: [resume b: ok]
        a down#1, b waiting#1
        0ms: start a#2, [start a: ok], start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn quarantine_of_a_waiting_child_keeps_it_out() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; quarantine b; start a; state; restart b; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: [quarantine b: ok]
        0ms: start a#2, [start a: ok]
        a up#2, b quarantined#1
        0ms: start b#2, [restart b: ok]
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_paused_child_is_left_alone_by_its_dependencies() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; pause b; restart a; state; stop a; start a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1, [pause b: ok]
        0ms: cancel a#1, start a#2, [restart a: ok]
        a up#2, b paused#1
        0ms: cancel a#2, [stop a: ok]
        0ms: start a#3, [start a: ok]
        a up#3, b paused#1
        ",
    );
}

#[test]
fn start_of_a_waiting_child_says_what_it_is() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; start b; delete b; restart b; add b; reset b; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: [start b: waiting]
        0ms: [delete b: waiting]
        0ms: [restart b: ok]
        0ms: [add b: already_present]
        0ms: [reset b: ok]
        a down#1, b waiting#1
        ",
    );
}

#[test]
fn start_of_a_dependant_that_is_down_waits_and_is_answered() {
    check(
        "one_for_one { a, b needs=a }",
        "start; stop b; stop a; start b; state; start a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1, [stop b: ok]
        0ms: cancel a#1, [stop a: ok]
        0ms: [start b: ok]
        a down#1, b waiting#1
        0ms: start a#2, [start a: ok], start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_start_that_was_answered_when_it_waited_is_retried() {
    check(
        "one_for_one { a, b needs=a explicit backoff=1s }",
        "start; ready b; stop b; stop a; start b; start a; exit b error; state b; wait 1s",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: cancel b#1, [stop b: ok]
        0ms: cancel a#1, [stop a: ok]
        0ms: [start b: ok]
        0ms: start a#2, [start a: ok], start b#2
        b restarting#2
        1000ms: start b#3
        ",
    );
}

#[test]
fn restart_of_a_dependant_whose_dependency_is_down_stops_it_and_waits() {
    check(
        "one_for_one { a, b needs=a }",
        "start; stop a; restart b; state; start a",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: cancel b#1, [restart b: ok]
        a down#1, b waiting#1
        0ms: start a#2, [start a: ok], start b#2
        ",
    );
}

#[test]
fn removal_of_a_waiting_child_is_final() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; remove b; start a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: [remove b: ok]
        0ms: start a#2, [start a: ok]
        a up#2
        ",
    );
}

#[test]
fn wait_ready_of_a_waiting_child_is_answered_when_it_is_up() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; wait_ready b; start a",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: start a#2, [start a: ok], start b#2, [wait_ready b: ok]
        ",
    );
}

#[test]
fn add_answers_when_the_child_waits() {
    check(
        "one_for_one { a }",
        "start; stop a; add b needs=a; state; start a; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: [add b needs=a: ok]
        a down#1, b waiting#0
        0ms: start a#2, [start a: ok], start b#1
        a up#2, b up#1
        ",
    );
}

#[test]
fn add_below_a_dependency_that_is_ready_starts_at_once() {
    check(
        "one_for_one { a }",
        "start; add b needs=a explicit; ready b",
        "
        0ms: start a#1, up
        0ms: start b#1
        0ms: [add b needs=a explicit: ok]
        ",
    );
}

#[test]
fn a_child_that_was_added_and_waited_is_kept_when_its_start_fails() {
    check(
        "one_for_one { a }",
        "start; stop a; add b needs=a explicit backoff=1s; start a; exit b error; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: [add b needs=a explicit backoff=1s: ok]
        0ms: start a#2, [start a: ok], start b#1
        a up#2, b restarting#1
        ",
    );
}

#[test]
fn an_added_child_depends_on_what_is_there_or_is_refused() {
    check(
        "one_for_one { a, t temporary, s { x }, p pool }",
        "start; add p/m; add b needs=nobody; add b needs=t; add b needs=p/m; add b needs=p; add c needs=c; add s/d needs=/root/s; add e needs=s/x; state",
        "
        0ms: start a#1, start t#1, start s/x#1, up
        0ms: start p/m#1, [add p/m: ok]
        0ms: [add b needs=nobody: spec]
        0ms: [add b needs=t: spec]
        0ms: [add b needs=p/m: spec]
        0ms: start b#1, [add b needs=p: ok]
        0ms: [add c needs=c: spec]
        0ms: [add s/d needs=/root/s: spec]
        0ms: start e#1, [add e needs=s/x: ok]
        a up#1, t up#1, s up#1, s/x up#1, p up#1, p/m up#1, b up#1, e up#1
        ",
    );
}

#[test]
fn a_circle_through_what_waits_for_a_path_is_refused() {
    check(
        "one_for_one { a transient }",
        "start; add b needs=a; delete a; stop a; delete a; add a needs=b; add a needs=c; add a; state",
        "
        0ms: start a#1, up
        0ms: start b#1, [add b needs=a: ok]
        0ms: [delete a: running]
        0ms: cancel a#1, [stop a: ok]
        0ms: [delete a: ok]
        0ms: [add a needs=b: spec]
        0ms: [add a needs=c: spec]
        0ms: start a#2, [add a: ok]
        b up#1, a up#2
        ",
    );
}

#[test]
fn removal_of_a_dependency_lets_its_dependants_wait_until_the_path_is_back() {
    check(
        "one_for_one { a }",
        "start; add x; add b needs=x follow; remove x; state; add x; state",
        "
        0ms: start a#1, up
        0ms: start x#1, [add x: ok]
        0ms: start b#1, [add b needs=x follow: ok]
        0ms: cancel x#1, cancel b#1, [remove x: ok]
        a up#1, b waiting#1
        0ms: start x#2, [add x: ok], start b#2
        a up#1, b up#2, x up#2
        ",
    );
}

#[test]
fn shutdown_ends_the_waiting() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; shutdown; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: end
        clean in 0ns: a#1 not running; b#1 not running
        ",
    );
}

#[test]
fn a_meltdown_ends_the_waiting() {
    check(
        "one_for_one { o, s intensity=0/1s temporary { a, b, c needs=a follow } }",
        "start; stop s/a; exit s/b error; state",
        "
        0ms: start o#1, start s/a#1, start s/b#1, start s/c#1, up
        0ms: cancel s/a#1, cancel s/c#1, [stop s/a: ok]
        o up#1
        ",
    );
}

#[test]
fn a_supervisor_that_waits_has_nothing_that_runs() {
    check(
        "one_for_one { a, s needs=a follow { x } }",
        "start; stop a; stop s/x; add s/y; state; stop s; start a; state",
        "
        0ms: start a#1, start s/x#1, up
        0ms: cancel a#1, cancel s/x#1, [stop a: ok]
        0ms: [stop s/x: supervisor_down]
        0ms: [add s/y: supervisor_down]
        a down#1, s waiting#1, s/x down#1
        0ms: [stop s: ok]
        0ms: start a#2, [start a: ok]
        a up#2, s down#1, s/x down#1
        ",
    );
}

#[test]
fn a_probe_waits_like_any_start() {
    check(
        "one_for_one { a, b needs=a limit=0/1s probe=1s }",
        "show probing waiting; start; exit b error; stop a; wait 1s; state b; start a; state b",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [stop a: ok]
        1000ms: (b#1 is started as a trial), (b#1 waits for /root/a)
        b waiting#1
        1000ms: start a#2, [start a: ok], start b#2
        b up#2
        ",
    );
}

#[test]
fn a_significant_child_that_waits_has_not_ended() {
    check(
        "one_for_one { a, s auto=all transient { b needs=../a transient significant follow, c transient significant } }",
        "start; stop a; exit s/c ok; state; start a; exit s/b ok; state",
        "
        0ms: start a#1, start s/b#1, start s/c#1, up
        0ms: cancel a#1, cancel s/b#1, [stop a: ok]
        a down#1, s up#1, s/b waiting#1, s/c down#1
        0ms: start a#2, [start a: ok], start s/b#2
        a up#2, s down#1, s/b down#2, s/c down#1
        ",
    );
}

#[test]
fn a_tree_that_waits_is_at_rest() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; settled; deadline",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        settled: true
        deadline: None
        ",
    );
}

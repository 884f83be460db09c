//! L35, L36: two budgets, and what follows when the first is spent.

use crate::core::tests::player::check;

#[test]
fn the_childs_own_limit_is_looked_at_first_and_then_its_supervisor_is_not_charged() {
    check(
        "one_for_one intensity=2/10s { a limit=1/10s, b }",
        "show decided; start; exit a error; exit a error; exit b error; state",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 decision: restart at once (it is permanent)), start a#2
        0ms: (a#2 decision: quarantine (its restart limit is spent))
        0ms: (b#1 decision: restart at once (it is permanent)), start b#2
        a quarantined#2, b up#2
        ",
    );
}

#[test]
fn only_the_child_that_failed_is_charged_on_its_own_limit() {
    check(
        "one_for_all intensity=9/10s { a limit=1/10s, b }",
        "start; exit b error; exit b error; exit a error; show decided; exit a error; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, start a#2, start b#2
        0ms: cancel a#2, start a#3, start b#3
        0ms: cancel b#3, start a#4, start b#4
        0ms: (a#4 decision: quarantine (its restart limit is spent))
        a quarantined#4, b up#4
        ",
    );
}

#[test]
fn a_quarantined_child_stays_out_of_rounds_and_its_siblings_are_untouched() {
    check(
        "one_for_all intensity=9/10s { a limit=0/10s, b }",
        "start; exit a error; state; exit b error; state; why a",
        "
        0ms: start a#1, start b#1, up
        a quarantined#1, b up#1
        0ms: start b#2
        a quarantined#1, b up#2
        a: failed: broken; quarantine (its restart limit is spent)
        ",
    );
}

#[test]
fn a_critical_child_escalates_at_once() {
    check(
        "one_for_one { s intensity=9/10s { a critical limit=0/10s, b } }",
        "show decided meltdown; start; exit s/a error",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: (s/a#1 decision: escalate (its restart limit is spent)), (s#1 meltdown over /root/s/a: its restart limit is spent (0 within 10s); its last exit: failed: broken), cancel s/b#1, (s#1 decision: restart at once (it is permanent)), start s/a#2, start s/b#2
        ",
    );
}

#[test]
fn a_best_effort_child_is_stopped_and_comes_back_with_the_next_round() {
    check(
        "one_for_all { a best_effort limit=0/10s, b }",
        "show decided; start; exit a error; state; exit b error; state",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 decision: do not restart (its restart limit is spent))
        a down#1, b up#1
        0ms: (b#1 decision: restart at once (it is permanent)), start a#2, start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_limit_can_end_the_tree() {
    check(
        "one_for_one { s { a limit=0/10s on_limit=shutdown_tree }, b }",
        "start; exit s/a error; cause",
        "
        0ms: start s/a#1, start b#1, up
        0ms: cancel b#1, end
        meltdown over /root/s/a: its restart limit is spent (0 within 10s); its last exit: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn a_failed_start_is_charged_like_a_death() {
    check(
        "one_for_one { a explicit limit=2/10s }",
        "show decided; start; ready a; exit a error; exit a error; exit a error; state",
        "
        0ms: start a#1
        0ms: up
        0ms: (a#1 decision: restart at once (it is permanent)), start a#2
        0ms: (a#2 decision: restart at once (a failed start is tried again)), start a#3
        0ms: (a#3 decision: quarantine (its restart limit is spent))
        a quarantined#3
        ",
    );
}

#[test]
fn a_restart_of_the_supervisor_empties_the_limits_of_its_children() {
    check(
        "one_for_one { s { a limit=1/10s } }",
        "start; exit s/a error; restart s; exit s/a error; show decided; exit s/a error",
        "
        0ms: start s/a#1, up
        0ms: start s/a#2
        0ms: cancel s/a#2, start s/a#3, [restart s: ok]
        0ms: start s/a#4
        0ms: (s/a#4 decision: quarantine (its restart limit is spent))
        ",
    );
}

#[test]
fn a_restart_by_command_leaves_the_budget_as_it_is() {
    check(
        "one_for_one { a limit=1/10s }",
        "start; exit a error; exit a error; restart a; show decided; exit a error; state",
        "
        0ms: start a#1, up
        0ms: start a#2
        0ms: start a#3, [restart a: ok]
        0ms: (a#3 decision: quarantine (its restart limit is spent))
        a quarantined#3
        ",
    );
}

#[test]
fn a_start_that_takes_too_long_has_failed() {
    check(
        "one_for_one { a explicit start_timeout=2s }",
        "show start_failed decided; start; ready a; exit a error; wait 2s; why a",
        "
        0ms: start a#1
        0ms: up
        0ms: (a#1 decision: restart at once (it is permanent)), start a#2
        2000ms: cancel a#2, (a#2 failed to start: timed out: it was not ready within its start_timeout), (a#2 decision: restart at once (a failed start is tried again)), start a#3
        a: timed out: it was not ready within its start_timeout; restart at once (a failed start is tried again)
        ",
    );
}

#[test]
fn a_start_that_takes_too_long_while_the_tree_starts_fails_it() {
    check(
        "one_for_one { a, b explicit start_timeout=2s }",
        "start; wait 2s; cause",
        "
        0ms: start a#1, start b#1
        2000ms: cancel b#1, cancel a#1, end
        /root/b failed to start: timed out: it was not ready within its start_timeout (exit code 1)
        ",
    );
}

#[test]
fn a_commanded_start_that_takes_too_long_is_answered_when_the_run_is_gone() {
    check(
        "one_for_one { a explicit start_timeout=2s, b }",
        "immortal a; start; ready a; restart a; exit a ok; wait 2s; exit a ok; state",
        "
        0ms: start a#1
        0ms: start b#1, up
        0ms: cancel a#1
        0ms: start a#2
        2000ms: cancel a#2
        2000ms: [restart a: start_failed]
        a down#2, b up#1
        ",
    );
}

#[test]
fn a_run_without_explicit_readiness_has_no_start_timeout() {
    check(
        "one_for_one { a }",
        "start; deadline",
        "
        0ms: start a#1, up
        deadline: None
        ",
    );
}

#[test]
fn a_supervisor_that_fails_to_start_over_a_fatal_failure_goes_to_its_own_on_limit() {
    check(
        "one_for_one { s on_limit=stop { a explicit, b }, c }",
        "show decided start_failed; start; ready s/a; restart s; exit s/a fatal; exit c error; state",
        "
        0ms: start s/a#1
        0ms: start s/b#1, start c#1, up
        0ms: cancel s/b#1, cancel s/a#1, start s/a#2
        0ms: (s/a#2 failed to start: failed: no schema), (s#2 failed to start: failed: its child `/root/s/a` failed to start: failed: no schema), [restart s: start_failed]
        0ms: (c#1 decision: restart at once (it is permanent)), start c#2
        s down#2, s/a down#2, s/b down#1, c up#2
        ",
    );
}

#[test]
fn the_class_of_a_failed_start_inside_a_round_reaches_the_supervisor_above() {
    check(
        "one_for_all { s on_limit=stop { a explicit, b }, c }",
        "show decided; start; ready s/a; exit c error; exit s/a fatal; state",
        "
        0ms: start s/a#1
        0ms: start s/b#1, start c#1, up
        0ms: (c#1 decision: restart at once (it is permanent)), cancel s/b#1, cancel s/a#1, start s/a#2
        0ms: (s#2 decision: do not restart (the failure is fatal)), start c#2
        s down#2, s/a down#2, s/b down#1, c up#2
        ",
    );
}

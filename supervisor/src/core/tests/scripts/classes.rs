//! L36: a class of failure may have its own backoff and limit, which replace the child's.

use crate::core::tests::player::check;

#[test]
fn a_class_with_a_limit_of_its_own_is_charged_to_that_and_not_to_the_childs() {
    check(
        "one_for_one intensity=9/10s { a limit=1/10s limit:external_dependency=2/10s, b }",
        "start; exit a external; exit a external; limits a; show decided; exit a external; state",
        "
        0ms: start a#1, start b#1, up
        0ms: start a#2
        0ms: start a#3
        a: its own 0 of 1 within 10s, external_dependency 2 of 2 within 10s
        0ms: (a#3 decision: quarantine (its restart limit for `external_dependency` is spent))
        a quarantined#3, b up#1
        ",
    );
}

#[test]
fn other_failures_are_charged_to_the_childs_limit() {
    check(
        "one_for_one intensity=9/10s { a limit=1/10s limit:external_dependency=2/10s }",
        "start; exit a external; exit a error; limits a; show decided; exit a error",
        "
        0ms: start a#1, up
        0ms: start a#2
        0ms: start a#3
        a: its own 1 of 1 within 10s, external_dependency 1 of 2 within 10s
        0ms: (a#3 decision: quarantine (its restart limit is spent))
        ",
    );
}

#[test]
fn two_classes_count_each_for_itself() {
    check(
        "one_for_one intensity=9/10s { a limit:external_dependency=1/10s limit:timeout=1/10s }",
        "start; exit a external; exit a slow; limits a; exit a error; show decided; exit a slow",
        "
        0ms: start a#1, up
        0ms: start a#2
        0ms: start a#3
        a: external_dependency 1 of 1 within 10s, timeout 1 of 1 within 10s
        0ms: start a#4
        0ms: (a#4 decision: quarantine (its restart limit for `timeout` is spent))
        ",
    );
}

#[test]
fn when_the_limit_of_a_class_is_spent_the_supervisor_is_not_charged() {
    check(
        "one_for_one intensity=1/10s { a limit:external_dependency=0/10s, b }",
        "start; exit a external; show decided; exit b error",
        "
        0ms: start a#1, start b#1, up
        0ms: (b#1 decision: restart at once (it is permanent)), start b#2
        ",
    );
}

#[test]
fn a_class_that_says_nothing_about_its_limit_is_charged_to_the_childs() {
    check(
        "one_for_one { a limit=1/10s backoff:external_dependency=100ms }",
        "start; exit a external; wait 1s; show decided; exit a external",
        "
        0ms: start a#1, up
        100ms: start a#2
        1000ms: (a#2 decision: quarantine (its restart limit is spent))
        ",
    );
}

#[test]
fn a_class_with_a_wait_of_its_own_waits_in_a_row_of_its_own() {
    check(
        "one_for_one intensity=99/10s { a backoff=100ms..10s backoff:external_dependency=1s..8s }",
        "show decided; start; exit a external; wait 9s; exit a error; wait 9s; \
         exit a external; wait 9s; exit a error; wait 9s",
        "
        0ms: start a#1, up
        0ms: (a#1 decision: restart after 1s (it is permanent; by the policy for `external_dependency`))
        1000ms: start a#2
        9000ms: (a#2 decision: restart after 100ms (it is permanent))
        9100ms: start a#3
        18000ms: (a#3 decision: restart after 2s (it is permanent; by the policy for `external_dependency`))
        20000ms: start a#4
        27000ms: (a#4 decision: restart after 200ms (it is permanent))
        27200ms: start a#5
        ",
    );
}

#[test]
fn the_wait_of_a_class_starts_anew_after_a_run_that_was_ready_for_its_own_reset_after() {
    check(
        "one_for_one intensity=99/10s { a backoff=100ms..10s reset_after=60s \
         backoff:external_dependency=1s..8s reset_after:external_dependency=5s }",
        "show decided; start; exit a error; wait 1s; exit a external; wait 2s; exit a external; \
         wait 8s; exit a error; wait 1s; exit a external; wait 2s",
        "
        0ms: start a#1, up
        0ms: (a#1 decision: restart after 100ms (it is permanent))
        100ms: start a#2
        1000ms: (a#2 decision: restart after 1s (it is permanent; by the policy for `external_dependency`))
        2000ms: start a#3
        3000ms: (a#3 decision: restart after 2s (it is permanent; by the policy for `external_dependency`))
        5000ms: start a#4
        11000ms: (a#4 decision: restart after 200ms (it is permanent))
        11200ms: start a#5
        12000ms: (a#5 decision: restart after 1s (it is permanent; by the policy for `external_dependency`))
        13000ms: start a#6
        ",
    );
}

#[test]
fn a_failed_start_has_a_class_too() {
    check(
        "one_for_one { a explicit start_timeout=1s limit:timeout=1/10s backoff:timeout=500ms }",
        "show decided; start; ready a; exit a slow; wait 3s",
        "
        0ms: start a#1
        0ms: up
        0ms: (a#1 decision: restart after 500ms (it is permanent; by the policy for `timeout`))
        500ms: start a#2
        1500ms: cancel a#2, (a#2 decision: quarantine (its restart limit for `timeout` is spent))
        ",
    );
}

#[test]
fn a_silent_child_has_timed_out() {
    check(
        "one_for_one { a health=2s limit=0/10s limit:timeout=1/60s }",
        "show decided; start; wait 5s",
        "
        0ms: start a#1, up
        2000ms: cancel a#1, (a#1 decision: restart at once (it is permanent; by the policy for `timeout`)), start a#2
        4000ms: cancel a#2, (a#2 decision: quarantine (its restart limit for `timeout` is spent))
        ",
    );
}

#[test]
fn what_nobody_asked_to_cancel_and_what_is_lost_count_as_recoverable() {
    check(
        "one_for_one { a limit=0/10s limit:recoverable=9/10s }",
        "start; exit a cancelled; exit a dropped; exit a error; limits a; show decided; \
         exit a panic",
        "
        0ms: start a#1, up
        0ms: start a#2
        0ms: start a#3
        0ms: start a#4
        a: its own 0 of 0 within 10s, recoverable 3 of 9 within 10s
        0ms: (a#4 decision: quarantine (its restart limit is spent))
        ",
    );
}

#[test]
fn a_panic_has_a_class_of_its_own() {
    check(
        "one_for_one { a limit=0/10s limit:panic=1/10s }",
        "show decided; start; exit a panic; exit a panic",
        "
        0ms: start a#1, up
        0ms: (a#1 decision: restart at once (it is permanent; by the policy for `panic`)), start a#2
        0ms: (a#2 decision: quarantine (its restart limit for `panic` is spent))
        ",
    );
}

#[test]
fn an_end_that_is_no_failure_is_charged_to_the_childs_limit() {
    check(
        "one_for_one { a limit=0/10s limit:recoverable=9/10s }",
        "show decided; start; exit a ok",
        "
        0ms: start a#1, up
        0ms: (a#1 decision: quarantine (its restart limit is spent))
        ",
    );
}

#[test]
fn what_is_fatal_is_not_retried_whatever_is_said_about_classes() {
    check(
        "one_for_one { a limit:recoverable=9/10s limit:external_dependency=9/10s }",
        "show decided; start; exit a fatal",
        "
        0ms: start a#1, up
        0ms: (a#1 decision: quarantine (the failure is fatal))
        ",
    );
}

#[test]
fn a_reset_makes_the_limits_of_classes_whole() {
    check(
        "one_for_one { a limit:timeout=1/60s }",
        "start; exit a slow; limits a; reset a; limits a; exit a slow; show decided; exit a slow",
        "
        0ms: start a#1, up
        0ms: start a#2
        a: timeout 1 of 1 within 1m
        0ms: [reset a: ok]
        a: timeout 0 of 1 within 1m
        0ms: start a#3
        0ms: (a#3 decision: quarantine (its restart limit for `timeout` is spent))
        ",
    );
}

#[test]
fn a_trial_that_is_stood_makes_the_limits_of_classes_whole() {
    check(
        "one_for_one { a limit:timeout=0/60s probe=1s reset_after=2s }",
        "start; exit a slow; wait 1s; wait 2s; limits a; show decided budget_reset; exit a error",
        "
        0ms: start a#1, up
        1000ms: start a#2
        a: timeout 1 of 0 within 1m
        3000ms: (a#2 its own limit counts from nothing), (a#2 decision: restart at once (it is permanent)), start a#3
        ",
    );
}

#[test]
fn a_restart_of_the_supervisor_empties_the_limits_of_classes() {
    check(
        "one_for_one { s { a limit:timeout=1/60s backoff:timeout=100ms..8s } }",
        "start; exit s/a slow; wait 1s; restart s; limits s/a; show decided; exit s/a slow",
        "
        0ms: start s/a#1, up
        100ms: start s/a#2
        1000ms: cancel s/a#2, start s/a#3, [restart s: ok]
        s/a: timeout 0 of 1 within 1m
        1000ms: (s/a#3 decision: restart after 100ms (it is permanent; by the policy for `timeout`))
        ",
    );
}

#[test]
fn a_member_that_fails_while_its_round_stops_waits_as_its_class_says() {
    check(
        "one_for_all { a backoff=1s, b backoff:external_dependency=3s }",
        "immortal b; start; exit a error; exit b external; wait 5s",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        3000ms: start a#2, start b#2
        ",
    );
}

#[test]
fn a_member_that_dies_before_the_round_comes_to_it_waits_as_its_class_says() {
    check(
        "one_for_all { a backoff:external_dependency=3s, b, c backoff=1s }",
        "immortal b; start; exit c error; exit a external; exit b ok; wait 5s",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel b#1
        3000ms: start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn a_meltdown_names_the_limit_of_the_class() {
    check(
        "one_for_one { a critical limit=9/10s limit:external_dependency=0/5s }",
        "show meltdown; start; exit a external; cause",
        "
        0ms: start a#1, up
        0ms: (root#1 meltdown over /root/a: its restart limit for `external_dependency` is spent (0 within 5s); its last exit: failed: no bank), end
        meltdown over /root/a: its restart limit for `external_dependency` is spent (0 within 5s); its last exit: failed: no bank (exit code 1)
        ",
    );
}

#[test]
fn a_supervisor_that_melts_down_has_failed_in_a_way_that_is_recoverable() {
    check(
        "one_for_one { s limit=9/10s limit:recoverable=0/10s intensity=0/1s { a } }",
        "show decided; start; exit s/a external; state",
        "
        0ms: start s/a#1, up
        0ms: (s/a#1 decision: escalate (the supervisor's intensity is spent)), (s#1 decision: quarantine (its restart limit for `recoverable` is spent))
        s quarantined#1, s/a down#1
        ",
    );
}

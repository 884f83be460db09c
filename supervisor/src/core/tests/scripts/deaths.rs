//! L24–L26: deaths at the same time, and the window.

use crate::core::tests::player::check;

#[test]
fn deaths_that_a_round_has_still_to_stop_are_absorbed() {
    check(
        "one_for_all intensity=1/10s { a, b, c }",
        "immortal c; start; exit a error; exit b error; exit c error",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1
        0ms: start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn a_member_that_ends_by_itself_while_the_round_stops_it_costs_nothing() {
    check(
        "one_for_all intensity=1/10s { a, b }",
        "immortal b; start; exit a error; exit b panic; state root",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        0ms: start a#2, start b#2
        root up#1
        ",
    );
}

#[test]
fn a_death_of_what_the_round_has_started_is_a_request_of_its_own() {
    check(
        "one_for_all intensity=2/10s { a, b explicit }",
        "show decided; start; ready b; exit b error; exit a error; ready b; ready b; \
         show meltdown; exit a error",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: (b#1 decision: restart at once (it is permanent)), cancel a#1, start a#2, start b#2
        0ms: (a#2 decision: restart at once (it is permanent)), cancel b#2, start a#3, start b#3
        0ms: (a#3 decision: escalate (the supervisor's intensity is spent)), (root#1 meltdown over /root/a: the supervisor's intensity is spent (2 within 10s); its last exit: failed: broken), cancel b#3, end
        ",
    );
}

#[test]
fn so_is_the_death_of_an_older_member() {
    check(
        "rest_for_one intensity=2/10s { a, b, c explicit }",
        "show decided; start; ready c; exit b error; exit a error; ready c; ready c",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: up
        0ms: (b#1 decision: restart at once (it is permanent)), cancel c#1, start b#2, start c#2
        0ms: (a#1 decision: restart at once (it is permanent)), cancel c#2, cancel b#2, start a#2, start b#3, start c#3
        ",
    );
}

#[test]
fn a_dead_member_is_absorbed_by_the_retry_of_its_round() {
    check(
        "one_for_all intensity=2/10s { a, b explicit }",
        "show decided; start; ready b; exit b error; exit a error; exit b error; ready b",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: (b#1 decision: restart at once (it is permanent)), cancel a#1, start a#2, start b#2
        0ms: (b#2 decision: restart at once (a failed start is tried again)), start a#3, start b#3
        ",
    );
}

#[test]
fn one_for_one_counts_each_death() {
    check(
        "one_for_one intensity=1/10s { a, b }",
        "start; exit a error; exit b error; cause",
        "
        0ms: start a#1, start b#1, up
        0ms: start a#2
        0ms: cancel a#2, end
        meltdown over /root/b: the supervisor's intensity is spent (1 within 10s); its last exit: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn a_restart_exactly_one_period_ago_still_counts() {
    check(
        "one_for_one intensity=1/10s { a }",
        "start; exit a error; wait 10s; exit a error; cause",
        "
        0ms: start a#1, up
        0ms: start a#2
        10000ms: end
        meltdown over /root/a: the supervisor's intensity is spent (1 within 10s); its last exit: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn a_restart_longer_ago_does_not() {
    check(
        "one_for_one intensity=1/10s { a }",
        "start; exit a error; wait 10001ms; exit a error; state",
        "
        0ms: start a#1, up
        0ms: start a#2
        10001ms: start a#3
        a up#3
        ",
    );
}

#[test]
fn the_window_is_shared_by_all_children() {
    check(
        "one_for_one intensity=2/10s { a, b, c }",
        "start; exit a error; exit b error; show meltdown; exit c error",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: start a#2
        0ms: start b#2
        0ms: (root#1 meltdown over /root/c: the supervisor's intensity is spent (2 within 10s); its last exit: failed: broken), cancel b#2, cancel a#2, end
        ",
    );
}

#[test]
fn a_death_while_the_supervisor_starts_is_decided_afterwards() {
    check(
        "one_for_one { a, b explicit }",
        "show decided; start; exit a error; state; ready b",
        "
        0ms: start a#1, start b#1
        a down#1, b starting#1
        0ms: up, (a#1 decision: restart at once (it is permanent)), start a#2
        ",
    );
}

#[test]
fn one_that_a_round_has_taken_in_has_no_place_before_those_of_the_next() {
    check(
        "one_for_all { a, b, c explicit }",
        "show decided; start; ready c; exit c error; exit a error; exit b error; ready c; \
         exit a error; exit b error; ready c",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: up
        0ms: (c#1 decision: restart at once (it is permanent)), cancel b#1, cancel a#1, start a#2, start b#2, start c#2
        0ms: (a#2 decision: restart at once (it is permanent)), cancel c#2, start a#3, start b#3, start c#3
        0ms: (a#3 decision: restart at once (it is permanent)), cancel c#3, start a#4, start b#4, start c#4
        ",
    );
}

#[test]
fn one_whose_supervisor_gives_up_at_the_same_moment_is_no_second_reason() {
    check(
        "one_for_one { s one_for_all intensity=0/1s { x, t intensity=0/1s { y, z explicit } } }",
        "show meltdown; start; exit s/x error; exit s/t/y error; exit s/t/z ignored",
        "
        0ms: start s/x#1, start s/t/y#1, start s/t/z#1
        0ms: (s/t#1 meltdown over /root/s/t/y: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), (s#1 meltdown over /root/s/x: the supervisor's intensity is spent (0 within 1s); its last exit: failed: broken), up, start s/x#2, start s/t/y#2, start s/t/z#2
        ",
    );
}

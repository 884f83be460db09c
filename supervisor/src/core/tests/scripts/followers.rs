//! L38: what a dependant does while something it depends on is not ready.

use crate::core::tests::player::check;

#[test]
fn keep_does_nothing_to_a_running_dependant() {
    check(
        "one_for_one { a backoff=1s, b needs=a }",
        "start; exit a error; state; wait 1s; state",
        "
        0ms: start a#1, start b#1, up
        a restarting#1, b up#1
        1000ms: start a#2
        a up#2, b up#1
        ",
    );
}

#[test]
fn a_dependant_that_restarts_itself_meanwhile_waits() {
    check(
        "one_for_one { a backoff=1s, b needs=a }",
        "show waiting decided; start; exit a error; exit b error; state b; wait 1s",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 decision: restart after 1s (it is permanent))
        0ms: (b#1 decision: restart at once (it is permanent)), (b#1 waits for /root/a)
        b waiting#1
        1000ms: start a#2, start b#2
        ",
    );
}

#[test]
fn a_dependant_whose_backoff_ends_meanwhile_waits() {
    check(
        "one_for_one { a backoff=2s, b needs=a backoff=1s }",
        "start; exit a error; exit b error; wait 1s; state b; wait 1s",
        "
        0ms: start a#1, start b#1, up
        b waiting#1
        2000ms: start a#2, start b#2
        ",
    );
}

#[test]
fn with_restart_a_dependant_is_stopped_waits_and_starts_when_the_dependency_is_ready() {
    check(
        "one_for_one { a backoff=1s explicit, b needs=a follow }",
        "show dependency_lost waiting; start; ready a; exit a error; state b; wait 1s; ready a; state b",
        "
        0ms: start a#1
        0ms: start b#1, up
        0ms: (b#1 is stopped until /root/a is ready again), cancel b#1, (b#1 waits for /root/a)
        b waiting#1
        1000ms: start a#2
        1000ms: start b#2
        b up#2
        ",
    );
}

#[test]
fn with_restart_the_stop_of_a_dependency_counts_as_well() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; stop a; state; start a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        a down#1, b waiting#1
        0ms: start a#2, [start a: ok], start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn with_restart_the_pause_and_the_quarantine_of_a_dependency_count_as_well() {
    check(
        "one_for_one { a, b needs=a follow }",
        "start; pause a; state; resume a; quarantine a; state; resume a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [pause a: ok]
        a paused#1, b waiting#1
        0ms: start a#2, [resume a: ok], start b#2
        0ms: cancel a#2, cancel b#2, [quarantine a: ok]
        a quarantined#2, b waiting#2
        0ms: start a#3, [resume a: ok], start b#3
        a up#3, b up#3
        ",
    );
}

#[test]
fn with_restart_the_spent_limit_of_a_dependency_counts_as_well() {
    check(
        "one_for_one { a limit=0/60s probe=5s, b needs=a follow }",
        "start; exit a error; state; wait 5s; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        a quarantined#1, b waiting#1
        5000ms: start a#2, start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn with_restart_the_silence_of_a_dependency_counts_as_well() {
    check(
        "one_for_one { a health=5s, b needs=a follow }",
        "start; wait 5s; state",
        "
        0ms: start a#1, start b#1, up
        5000ms: cancel a#1, cancel b#1, start a#2, start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn with_restart_a_dependency_that_is_done_counts_as_well() {
    check(
        "one_for_one { a transient, b needs=a follow }",
        "start; exit a ok; state; start a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        a down#1, b waiting#1
        0ms: start a#2, [start a: ok], start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn with_restart_a_dependency_restarted_at_once_still_restarts_the_dependant() {
    check(
        "one_for_one { a, b needs=a follow }",
        "immortal b; start; exit a error; exit b ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: start a#2, cancel b#1
        0ms: start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_chain_of_dependants_follows_link_by_link() {
    check(
        "one_for_one { a backoff=1s, b needs=a follow, c needs=b follow, d needs=c }",
        "start; exit a error; state; wait 1s; state",
        "
        0ms: start a#1, start b#1, start c#1, start d#1, up
        0ms: cancel b#1, cancel c#1
        a restarting#1, b waiting#1, c waiting#1, d up#1
        1000ms: start a#2, start b#2, start c#2
        a up#2, b up#2, c up#2, d up#1
        ",
    );
}

#[test]
fn a_restart_of_a_dependant_costs_nothing() {
    check(
        "one_for_one intensity=1/10s { a, b needs=a follow limit=0/10s }",
        "start; restart a; restart a; restart a; exit a error; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, start a#2, [restart a: ok], start b#2
        0ms: cancel a#2, cancel b#2, start a#3, [restart a: ok], start b#3
        0ms: cancel a#3, cancel b#3, start a#4, [restart a: ok], start b#4
        0ms: start a#5, cancel b#4, start b#5
        a up#5, b up#5
        ",
    );
}

#[test]
fn a_dependant_that_is_starting_is_cancelled_and_waits() {
    check(
        "one_for_one { a, b needs=a follow explicit }",
        "start; stop a; state; start a; ready b; state",
        "
        0ms: start a#1, start b#1
        0ms: cancel a#1, cancel b#1, [stop a: ok], up
        a down#1, b waiting#1
        0ms: start a#2, [start a: ok], start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_supervisor_follows_what_it_depends_on() {
    check(
        "one_for_one { a, s needs=a follow { x, y } }",
        "start; stop a; state; start a; state",
        "
        0ms: start a#1, start s/x#1, start s/y#1, up
        0ms: cancel a#1, cancel s/y#1, [stop a: ok], cancel s/x#1
        a down#1, s waiting#1, s/x down#1, s/y down#1
        0ms: start a#2, [start a: ok], start s/x#2, start s/y#2
        a up#2, s up#2, s/x up#2, s/y up#2
        ",
    );
}

#[test]
fn a_supervisor_as_dependency_is_lost_when_it_stops() {
    check(
        "one_for_one { s { x }, b needs=s follow }",
        "start; exit s/x error; stop s; state; start s; state",
        "
        0ms: start s/x#1, start b#1, up
        0ms: start s/x#2
        0ms: cancel b#1, cancel s/x#2, [stop s: ok]
        s down#1, s/x down#2, b waiting#1
        0ms: start s/x#3, [start s: ok], start b#2
        s up#2, s/x up#3, b up#2
        ",
    );
}

#[test]
fn a_temporary_dependant_goes_on() {
    check(
        "one_for_one defaults=follow { a, b needs=a temporary, c needs=a }",
        "start; stop a; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel a#1, cancel c#1, [stop a: ok]
        a down#1, b up#1, c waiting#1
        ",
    );
}

#[test]
fn members_of_a_round_are_stopped_by_the_round() {
    check(
        "one_for_all { a, b, c needs=a follow }",
        "show dependency_lost; start; exit a error",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1, start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn a_member_that_waits_takes_part_in_the_round() {
    check(
        "one_for_one { x, s one_for_all { a, b needs=../x follow, c temporary needs=../x } }",
        "start; stop x; restart s; state; exit s/a error; state; start x; state",
        "
        0ms: start x#1, start s/a#1, start s/b#1, start s/c#1, up
        0ms: cancel x#1, cancel s/b#1, [stop x: ok]
        0ms: cancel s/c#1, cancel s/a#1, start s/a#2, [restart s: ok]
        x down#1, s up#2, s/a up#2, s/b waiting#1, s/c waiting#1
        0ms: start s/a#3
        x down#1, s up#2, s/a up#3, s/b waiting#1
        0ms: start x#2, [start x: ok], start s/b#2
        x up#2, s up#2, s/a up#3, s/b up#2
        ",
    );
}

#[test]
fn a_dependant_in_another_supervisor_follows_a_round() {
    check(
        "one_for_one { s one_for_all { x, y backoff=1s }, b needs=s/x follow }",
        "start; exit s/y error; state; wait 1s; state",
        "
        0ms: start s/x#1, start s/y#1, start b#1, up
        0ms: cancel s/x#1, cancel b#1
        s up#1, s/x restarting#1, s/y restarting#1, b waiting#1
        1000ms: start s/x#2, start b#2, start s/y#2
        s up#1, s/x up#2, s/y up#2, b up#2
        ",
    );
}

#[test]
fn a_stuck_dependant_waits_for_its_next_run() {
    check(
        "one_for_one { a, b needs=a health=1s }",
        "start; stop a; wait 1s; state b; start a",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [stop a: ok]
        1000ms: cancel b#1
        b waiting#1
        1000ms: start a#2, [start a: ok], start b#2
        ",
    );
}

#[test]
fn an_unjoinable_dependant_waits_after_it_has_ended() {
    check(
        "one_for_one { a, b needs=a follow blocking grace=1s abort_wait=1s }",
        "immortal b; start; stop a; wait 2s; state b; start a; state b; exit b ok; state b",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        b unjoinable#1
        2000ms: start a#2, [start a: ok]
        b unjoinable#1
        2000ms: start b#2
        b up#2
        ",
    );
}

#[test]
fn stop_while_it_is_stopped_for_a_dependency_wins() {
    check(
        "one_for_one { a, b needs=a follow }",
        "immortal b; start; stop a; stop b; exit b ok; state; start a; state",
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
fn restart_while_it_is_stopped_for_a_dependency_waits_too() {
    check(
        "one_for_one { a, b needs=a follow }",
        "immortal b; start; stop a; restart b; exit b ok; state; start a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: [restart b: ok]
        a down#1, b waiting#1
        0ms: start a#2, [start a: ok], start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn an_add_that_its_dependency_interrupts_is_answered_and_what_follows_is_a_restart() {
    check(
        "one_for_one { d }",
        "
        stubborn x; start; add x explicit needs=d follow grace=1s; restart d; wait 1s;
        exit x error; state
        ",
        "
        0ms: start d#1, up
        0ms: start x#1
        0ms: cancel d#1, cancel x#1, start d#2, [restart d: ok]
        1000ms: abort x#1, [add x explicit needs=d follow grace=1s: ok], start x#2
        1000ms: start x#3
        d up#2, x starting#3
        ",
    );
}

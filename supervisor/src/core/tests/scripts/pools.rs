//! Pools and manies. OTP's `simple_one_for_one` is the source of what a pool forgets.

use crate::core::tests::player::check;

#[test]
fn members_are_numbered_from_one_and_numbers_that_are_taken_are_left_out() {
    check(
        "one_for_one { p pool max=9 }",
        "start; spawn p; spawn p 2; spawn p; spawn p x; spawn p",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        0ms: start p/2#1, [spawn p 2: ok]
        0ms: start p/3#1, [spawn p: ok]
        0ms: start p/x#1, [spawn p x: ok]
        0ms: start p/4#1, [spawn p: ok]
        ",
    );
}

#[test]
fn a_number_is_not_given_twice_also_when_its_member_is_gone_and_the_pool_was_restarted() {
    check(
        "one_for_one { p pool max=9 members=temporary }",
        "start; spawn p; exit p/1 ok; spawn p; restart p; spawn p",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        0ms: start p/2#1, [spawn p: ok]
        0ms: cancel p/2#1, [restart p: ok]
        0ms: start p/3#1, [spawn p: ok]
        ",
    );
}

#[test]
fn a_pool_takes_no_more_than_its_most() {
    check(
        "one_for_one { p pool max=2 }",
        "start; spawn p; add p/x; spawn p; spawn p y; add p/z; remove p/x; spawn p; state",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        0ms: start p/x#1, [add p/x: ok]
        0ms: [spawn p: full]
        0ms: [spawn p y: full]
        0ms: [add p/z: full]
        0ms: cancel p/x#1, [remove p/x: ok]
        0ms: start p/2#1, [spawn p: ok]
        p up#1, p/1 up#1, p/2 up#1
        ",
    );
}

#[test]
fn that_an_id_is_taken_is_said_before_the_pool_is_full() {
    check(
        "one_for_one { p pool max=1 }",
        "start; add p/x; add p/x",
        "
        0ms: up
        0ms: start p/x#1, [add p/x: ok]
        0ms: [add p/x: already_started]
        ",
    );
}

#[test]
fn those_who_wait_for_a_restart_or_are_kept_out_have_their_places() {
    check(
        "one_for_one { p pool max=3 members=backoff=1s }",
        "start; spawn p; spawn p; spawn p; exit p/1 error; pause p/2; quarantine p/3; spawn p; state",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        0ms: start p/2#1, [spawn p: ok]
        0ms: start p/3#1, [spawn p: ok]
        0ms: cancel p/2#1, [pause p/2: ok]
        0ms: cancel p/3#1, [quarantine p/3: ok]
        0ms: [spawn p: full]
        p up#1, p/1 restarting#1, p/2 paused#1, p/3 quarantined#1
        ",
    );
}

#[test]
fn a_member_whose_life_is_over_is_forgotten_and_makes_room() {
    check(
        "one_for_one { p pool max=1 members=transient }",
        "start; spawn p; exit p/1 ok; state; spawn p; stop p/2; state; spawn p; state",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        p up#1
        0ms: start p/2#1, [spawn p: ok]
        0ms: cancel p/2#1, [stop p/2: ok]
        p up#1
        0ms: start p/3#1, [spawn p: ok]
        p up#1, p/3 up#1
        ",
    );
}

#[test]
fn a_member_that_does_not_start_leaves_its_place() {
    check(
        "one_for_one { p pool max=1 members=explicit }",
        "start; spawn p; exit p/1 error; spawn p; exit p/2 ignored; spawn p; ready p/3; state",
        "
        0ms: up
        0ms: start p/1#1
        0ms: [spawn p: start_failed]
        0ms: start p/2#1
        0ms: [spawn p: ok, ignored]
        0ms: start p/3#1
        0ms: [spawn p: ok]
        p up#1, p/3 up#1
        ",
    );
}

#[test]
fn a_member_that_fails_is_restarted_as_the_pool_says() {
    check(
        "one_for_one { p pool max=9 members=transient+backoff=1s }",
        "start; spawn p; exit p/1 error; wait 1s; add p/x backoff=2s; exit p/x error; wait 2s",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        1000ms: start p/1#2
        1000ms: start p/x#1, [add p/x backoff=2s: ok]
        3000ms: start p/x#2
        ",
    );
}

#[test]
fn the_restarts_of_all_members_are_counted_together() {
    check(
        "one_for_one { p pool max=9 intensity=1/10s meltdown=shutdown temporary }",
        "start; spawn p; spawn p; exit p/1 error; exit p/2 error; state",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        0ms: start p/2#1, [spawn p: ok]
        0ms: start p/1#2
        0ms: cancel p/1#2
        ",
    );
}

#[test]
fn members_are_spawned_only_where_the_pool_knows_what_they_are() {
    check(
        "one_for_one { p pool, a, s { b } }",
        "start; spawn p; spawn a; spawn s; spawn q",
        "
        0ms: start a#1, start s/b#1, up
        0ms: [spawn p: not_a_pool]
        0ms: [spawn a: not_a_supervisor]
        0ms: [spawn s: not_a_pool]
        0ms: [spawn q: not_found]
        ",
    );
}

#[test]
fn nobody_is_spawned_when_the_end_has_begun() {
    check(
        "one_for_one { s { p pool max=9 members=grace=1s }, b }",
        "start; stubborn s/p/1; stubborn s/p/2; spawn s/p; stop s; spawn s/p; wait 1s; restart s; \
         spawn s/p; shutdown; spawn s/p; wait 1s",
        "
        0ms: start b#1, up
        0ms: start s/p/1#1, [spawn s/p: ok]
        0ms: cancel s/p/1#1
        0ms: [spawn s/p: supervisor_down]
        1000ms: abort s/p/1#1, [stop s: ok]
        1000ms: [restart s: ok]
        1000ms: start s/p/2#1, [spawn s/p: ok]
        1000ms: cancel b#1, cancel s/p/2#1
        1000ms: [spawn s/p: shutting_down]
        2000ms: abort s/p/2#1, end
        ",
    );
}

#[test]
fn a_spawn_waits_for_the_step_that_its_pool_is_in() {
    check(
        "one_for_one { p pool max=9, a explicit }",
        "start; spawn p; ready a",
        "
        0ms: start a#1
        0ms: start p/1#1, [spawn p: ok]
        0ms: up
        ",
    );
}

#[test]
fn every_member_has_its_row_in_the_report() {
    check(
        "one_for_one { p pool max=9 members=grace=1s }",
        "start; stubborn p/2; spawn p; spawn p; spawn p; shutdown; wait 1s; report",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        0ms: start p/2#1, [spawn p: ok]
        0ms: start p/3#1, [spawn p: ok]
        0ms: cancel p/3#1, cancel p/2#1, cancel p/1#1
        1000ms: abort p/2#1, end
        not clean in 1s: p/3#1 shutdown after 0ns; p/1#1 shutdown after 0ns; \
        p/2#1 aborted after 1s, aborted; p#1 shutdown after 1s
        ",
    );
}

#[test]
fn many_of_one_come_back_with_their_supervisor_and_the_members_of_a_pool_do_not() {
    check(
        "one_for_one { s { m many=2, p pool max=2 } }",
        "start; spawn s/p; stop s/m/0; delete s/m/0; state; restart s; state",
        "
        0ms: start s/m/0#1, start s/m/1#1, up
        0ms: start s/p/1#1, [spawn s/p: ok]
        0ms: cancel s/m/0#1, [stop s/m/0: ok]
        0ms: [delete s/m/0: ok]
        s up#1, s/m up#1, s/m/1 up#1, s/p up#1, s/p/1 up#1
        0ms: cancel s/p/1#1, cancel s/m/1#1, start s/m/0#2, start s/m/1#2, [restart s: ok]
        s up#2, s/m up#2, s/m/0 up#2, s/m/1 up#2, s/p up#2
        ",
    );
}

#[test]
fn those_of_a_many_are_stopped_one_by_one_and_stay_when_they_are_down() {
    check(
        "one_for_one { m many=2 members=transient+grace=1s }",
        "start; stubborn m/1; exit m/0 ok; state; start m/0; shutdown; wait 1s",
        "
        0ms: start m/0#1, start m/1#1, up
        m up#1, m/0 down#1, m/1 up#1
        0ms: start m/0#2, [start m/0: ok]
        0ms: cancel m/1#1
        1000ms: abort m/1#1, cancel m/0#2, end
        ",
    );
}

#[test]
fn a_member_over_which_a_pool_melts_down_is_forgotten_though_the_pool_cannot_end() {
    check(
        "one_for_one { p pool max=3 intensity=0/1s members=grace=1s+abort_wait=1s }",
        "immortal p/1; start; spawn p; spawn p; exit p/2 error; state; wait 2s; state",
        "
        0ms: up
        0ms: start p/1#1, [spawn p: ok]
        0ms: start p/2#1, [spawn p: ok]
        0ms: cancel p/1#1
        p stopping#1, p/1 stopping#1
        1000ms: abort p/1#1
        p unjoinable#1, p/1 unjoinable#1
        ",
    );
}

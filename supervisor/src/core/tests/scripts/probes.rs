//! L35, the end of a quarantine: one trial, charged to nothing.

use crate::core::tests::player::check;

#[test]
fn a_quarantined_child_is_probed_and_nobody_is_charged() {
    check(
        "one_for_one intensity=1/60s { a limit=0/60s probe=5s, b }",
        "show decided probing; start; exit a error; deadline; settled; wait 5s; state; exit b error; state",
        "
        0ms: start a#1, start b#1, up
        0ms: (a#1 decision: quarantine (its restart limit is spent))
        deadline: Some(5s)
        settled: true
        5000ms: (a#1 is started as a trial), start a#2
        a up#2, b up#1
        5000ms: (b#1 decision: restart at once (it is permanent)), start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_probe_that_fails_is_quarantined_and_waits_as_long_again() {
    check(
        "one_for_one intensity=0/60s { a explicit limit=1/60s probe=5s reset_after=2s, b }",
        "start; ready a; exit a fatal; show decided; wait 5s; ready a; wait 1s; exit a error; wait 5s; exit a error; deadline; state",
        "
        0ms: start a#1
        0ms: start b#1, up
        5000ms: start a#2
        6000ms: (a#2 decision: quarantine (it failed on trial))
        11000ms: start a#3
        11000ms: (a#3 decision: quarantine (it failed on trial))
        deadline: Some(16s)
        a quarantined#3, b up#1
        ",
    );
}

#[test]
fn a_probe_that_is_ready_for_long_enough_makes_the_budget_whole() {
    check(
        "one_for_one { a limit=1/60s probe=5s reset_after=2s }",
        "start; exit a error; exit a error; wait 5s; wait 2s; show decided budget_reset; exit a error; exit a error",
        "
        0ms: start a#1, up
        0ms: start a#2
        5000ms: start a#3
        7000ms: (a#3 its own limit counts from nothing), (a#3 decision: restart at once (it is permanent)), start a#4
        7000ms: (a#4 decision: quarantine (its restart limit is spent))
        ",
    );
}

#[test]
fn a_probe_that_stands_its_trial_may_be_stopped_and_its_budget_is_whole() {
    check(
        "one_for_one { a limit=0/60s probe=5s reset_after=2s }",
        "show budget_reset; start; exit a error; wait 5s; wait 1s; restart a; exit a error; wait 5s; wait 2s; restart a",
        "
        0ms: start a#1, up
        5000ms: start a#2
        6000ms: cancel a#2, start a#3, [restart a: ok]
        11000ms: start a#4
        13000ms: (a#4 its own limit counts from nothing), cancel a#4, start a#5, [restart a: ok]
        ",
    );
}

#[test]
fn a_probe_whose_end_asks_for_no_restart_is_down() {
    check(
        "one_for_one { a transient limit=0/60s probe=5s, b explicit limit=0/60s probe=5s }",
        "start; ready b; exit a error; exit b error; wait 5s; exit a ok; exit b ignored; deadline; state; start a",
        "
        0ms: start a#1, start b#1
        0ms: up
        5000ms: start a#2, start b#2
        deadline: None
        a down#2, b down#2
        5000ms: start a#3, [start a: ok]
        ",
    );
}

#[test]
fn a_resume_or_a_restart_comes_instead_of_the_probe_and_leaves_the_budget_as_it_is() {
    check(
        "one_for_one { a limit=0/60s probe=5s }",
        "start; exit a error; wait 1s; resume a; deadline; show decided; exit a error; restart a; deadline; exit a error; deadline",
        "
        0ms: start a#1, up
        1000ms: start a#2, [resume a: ok]
        deadline: None
        1000ms: (a#2 decision: quarantine (its restart limit is spent))
        1000ms: start a#3, [restart a: ok]
        deadline: None
        1000ms: (a#3 decision: quarantine (its restart limit is spent))
        deadline: Some(6s)
        ",
    );
}

#[test]
fn an_operator_who_pauses_or_quarantines_it_takes_the_probe_away() {
    check(
        "one_for_one { a limit=0/60s probe=5s, b limit=0/60s probe=5s }",
        "start; exit a error; exit b error; quarantine a; pause b; deadline; wait 9s; state; resume a; resume b",
        "
        0ms: start a#1, start b#1, up
        0ms: [quarantine a: ok]
        0ms: [pause b: ok]
        deadline: None
        a quarantined#1, b paused#1
        9000ms: start a#2, [resume a: ok]
        9000ms: start b#2, [resume b: ok]
        ",
    );
}

#[test]
fn a_reset_budget_makes_the_limit_whole_and_ends_no_quarantine() {
    check(
        "one_for_one { a limit=1/60s }",
        "show decided budget_reset; start; exit a error; reset a; exit a error; exit a error; reset a; state; resume a; exit a error",
        "
        0ms: start a#1, up
        0ms: (a#1 decision: restart at once (it is permanent)), start a#2
        0ms: (a#2 its own limit counts from nothing), [reset a: ok]
        0ms: (a#2 decision: restart at once (it is permanent)), start a#3
        0ms: (a#3 decision: quarantine (its restart limit is spent))
        0ms: (a#3 its own limit counts from nothing), [reset a: ok]
        a quarantined#3
        0ms: start a#4, [resume a: ok]
        0ms: (a#4 decision: restart at once (it is permanent)), start a#5
        ",
    );
}

#[test]
fn a_restart_of_the_supervisor_empties_the_budget_and_lets_the_wait_for_the_probe_begin_anew() {
    check(
        "one_for_one { s { a limit=0/60s probe=5s } }",
        "start; exit s/a error; wait 2s; stop s; deadline; start s; deadline; state; wait 5s",
        "
        0ms: start s/a#1, up
        2000ms: [stop s: ok]
        deadline: None
        2000ms: [start s: ok]
        deadline: Some(7s)
        s up#2, s/a quarantined#1
        7000ms: start s/a#2
        ",
    );
}

#[test]
fn a_probe_waits_until_a_round_is_over() {
    check(
        "one_for_all { a limit=0/60s probe=5s, b explicit }",
        "start; ready b; exit a error; exit b error; wait 6s; state; ready b; state",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: start b#2
        a quarantined#1, b starting#2
        6000ms: start a#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_round_takes_a_child_on_trial_with_it_and_the_trial_goes_on() {
    check(
        "one_for_all { a limit=0/60s probe=5s, b }",
        "start; exit a error; wait 5s; exit b error; show decided; exit a error; state",
        "
        0ms: start a#1, start b#1, up
        5000ms: start a#2
        5000ms: cancel a#2, start a#3, start b#2
        5000ms: (a#3 decision: quarantine (it failed on trial))
        a quarantined#3, b up#2
        ",
    );
}

#[test]
fn a_start_that_takes_too_long_fails_the_trial() {
    check(
        "one_for_one { a explicit start_timeout=1s limit=0/60s probe=5s }",
        "start; ready a; exit a error; show decided; wait 6s; deadline",
        "
        0ms: start a#1
        0ms: up
        5000ms: start a#2
        6000ms: cancel a#2, (a#2 decision: quarantine (it failed on trial))
        deadline: Some(11s)
        ",
    );
}

#[test]
fn a_whole_supervisor_is_probed_too() {
    check(
        "one_for_one { s intensity=0/60s limit=0/60s probe=5s { a, b } }",
        "start; exit s/a error; state; wait 5s; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/b#1
        s quarantined#1, s/a down#1, s/b down#1
        5000ms: start s/a#2, start s/b#2
        s up#2, s/a up#2, s/b up#2
        ",
    );
}

#[test]
fn a_supervisor_that_stood_its_trial_has_its_budget_whole_though_it_is_stopped_while_it_gives_up() {
    check(
        "one_for_one { s intensity=0/60s limit=1/60s probe=5s reset_after=2s { a, b } }",
        "start; exit s/a error; exit s/a error; wait 5s; wait 2s; immortal s/b; show budget_reset; \
         exit s/a error; stop s; exit s/b ok; start s; exit s/a error; exit s/b ok; state s",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/b#1, start s/a#2, start s/b#2
        0ms: cancel s/b#2
        5000ms: start s/a#3, start s/b#3
        7000ms: (s#3 its own limit counts from nothing), cancel s/b#3
        7000ms: [stop s: ok]
        7000ms: start s/a#4, start s/b#4, [start s: ok]
        7000ms: cancel s/b#4
        7000ms: start s/a#5, start s/b#5
        s up#5
        ",
    );
}

#[test]
fn a_shutdown_interrupts_the_wait_for_a_probe() {
    check(
        "one_for_one { a limit=0/60s probe=5s, b }",
        "immortal b; start; exit a error; shutdown; wait 10s; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        5000ms: abort b#1
        6000ms: end
        a quarantined#1, b unjoinable#1
        ",
    );
}

#[test]
fn a_restart_by_command_spends_no_intensity() {
    check(
        "one_for_one intensity=1/60s { a limit=1/60s }",
        "start; restart a; restart a; pause a; resume a; restart a; show decided; exit a error; state root",
        "
        0ms: start a#1, up
        0ms: cancel a#1, start a#2, [restart a: ok]
        0ms: cancel a#2, start a#3, [restart a: ok]
        0ms: cancel a#3, [pause a: ok]
        0ms: start a#4, [resume a: ok]
        0ms: cancel a#4, start a#5, [restart a: ok]
        0ms: (a#5 decision: restart at once (it is permanent)), start a#6
        root up#1
        ",
    );
}

#[test]
fn a_probe_that_fails_while_a_round_still_stops_others_is_quarantined_again() {
    check(
        "one_for_all { a limit=0/60s probe=5s, b, c }",
        "immortal c; start; exit a error; wait 5s; show decided; exit b error; exit a error; state; exit c error; deadline; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        5000ms: start a#2
        5000ms: (b#1 decision: restart at once (it is permanent)), cancel c#1
        5000ms: (a#2 decision: quarantine (it failed on trial))
        a quarantined#2, b restarting#1, c stopping#1
        5000ms: start b#2, start c#2
        deadline: Some(10s)
        a quarantined#2, b up#2, c up#2
        ",
    );
}

#[test]
fn a_supervisor_that_melts_down_on_trial_is_quarantined_again_whatever_round_begins_meanwhile() {
    check(
        "one_for_all { a, s limit=0/60s probe=5s intensity=0/60s { b, c } }",
        "start; exit s/b error; immortal s/c; wait 5s; show decided; exit s/b error; exit a error; \
         state; exit s/c error; state",
        "
        0ms: start a#1, start s/b#1, start s/c#1, up
        0ms: cancel s/c#1
        5000ms: start s/b#2, start s/c#2
        5000ms: (s/b#2 decision: escalate (the supervisor's intensity is spent)), cancel s/c#2
        5000ms: (a#1 decision: restart at once (it is permanent))
        a restarting#1, s stopping#2, s/b down#2, s/c stopping#2
        5000ms: (s#2 decision: quarantine (it failed on trial)), start a#2
        a up#2, s quarantined#2, s/b down#2, s/c down#2
        ",
    );
}

#[test]
fn one_that_was_stuck_on_trial_is_quarantined_again_whatever_round_begins_meanwhile() {
    check(
        "one_for_all { a limit=0/60s probe=5s health=1s, b }",
        "start; wait 1s; immortal a; wait 5s; wait 1s; show decided; exit b error; state; exit a error; state",
        "
        0ms: start a#1, start b#1, up
        1000ms: cancel a#1
        6000ms: start a#2
        7000ms: cancel a#2
        7000ms: (b#1 decision: restart at once (it is permanent))
        a stopping#2, b restarting#1
        7000ms: (a#2 decision: quarantine (it failed on trial)), start b#2
        a quarantined#2, b up#2
        ",
    );
}

#[test]
fn an_operators_quarantine_has_no_end_also_over_a_restart_of_the_supervisor() {
    check(
        "one_for_one { s { a limit=0/60s probe=5s, b } }",
        "start; quarantine s/a; restart s; deadline; state s/a",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1, [quarantine s/a: ok]
        0ms: cancel s/b#1, start s/b#2, [restart s: ok]
        deadline: None
        s/a quarantined#1
        ",
    );
}

#[test]
fn a_trial_that_waits_for_a_round_is_given_up_when_an_operator_quarantines_the_child() {
    check(
        "one_for_all { a limit=0/60s probe=1s, b grace=5s, c }",
        "start; exit a error; immortal b; exit c error; wait 2s; quarantine a; exit b ok; state; \
         deadline",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel b#1
        2000ms: [quarantine a: ok]
        2000ms: start b#2, start c#2
        a quarantined#1, b up#2, c up#2
        deadline: None
        ",
    );
}

#[test]
fn a_trial_that_waits_for_a_round_is_given_up_when_the_tree_ends() {
    check(
        "one_for_one { s one_for_all { a limit=0/60s probe=1s, b grace=5s, c } }",
        "start; exit s/a error; immortal s/b; exit s/c error; wait 2s; shutdown; state; \
         exit s/b ok",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, up
        0ms: cancel s/b#1
        s stopping#1, s/a quarantined#1, s/b stopping#1, s/c down#1
        2000ms: end
        ",
    );
}

#[test]
fn a_probe_is_counted_as_a_restart_and_so_is_one_that_had_to_wait() {
    use crate::core::input::Input;
    use crate::core::tests::harness::{World, path};
    use crate::core::tests::notation::{end, time, tree};

    let text = "one_for_one { x backoff=1s, a limit=0/60s probe=5s, b needs=x backoff=100ms }";
    let mut world = World::new(&tree(text).validate().expect("a valid tree"));
    world.send(Input::Start);
    for name in ["a", "x", "b"] {
        world.send(Input::Ended(world.run(name), end("error")));
    }
    world.wait(time("9s"));
    for name in ["a", "x", "b"] {
        let child = world.engine.state_at(&path(name)).expect("a known path");
        assert_eq!((child.generation.0, child.restarts), (2, 1), "{name}");
    }
}

#[test]
fn what_fails_on_trial_amid_a_round_has_failed_though_the_next_round_takes_the_deaths_in() {
    check(
        "one_for_all { a, b probe=1s limit=0/9s reset_after=9s, d explicit }",
        "start; ready d; exit b error; wait 1s; exit a error; exit a error; exit b error; state; \
         ready d; state",
        "
        0ms: start a#1, start b#1, start d#1
        0ms: up
        1000ms: start b#2
        1000ms: cancel d#1, cancel b#2, start a#2, start b#3, start d#2
        a down#2, b quarantined#3, d starting#2
        1000ms: cancel d#2, start a#3, start d#3
        a up#3, b quarantined#3, d starting#3
        ",
    );
}

#[test]
fn one_that_waits_on_trial_and_is_restarted_by_command_is_no_trial_in_a_round_either() {
    check(
        "one_for_all { a, b, c needs=a limit=0/500ms probe=1s }",
        "start; exit c error; pause a; wait 1s; restart c; exit b error; resume a; exit c error; \
         state; limits c",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel a#1, [pause a: ok]
        1000ms: [restart c: ok]
        1000ms: start b#2
        1000ms: start a#2, [resume a: ok], start c#2
        a up#2, b up#2, c quarantined#2
        c: its own 1 of 0 within 500ms
        ",
    );
}

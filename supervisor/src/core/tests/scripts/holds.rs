//! L41: what an operator keeps out stays out, whatever happens around it.

use crate::control::command::{Command, Verb};
use crate::core::input::Input;
use crate::core::tests::harness::{World, by, path};
use crate::core::tests::notation;
use crate::core::tests::player::check;
use crate::id::Generation;

#[test]
fn a_pause_stops_the_run_and_a_resume_starts_it() {
    check(
        "one_for_one { a, b }",
        "show paused resumed; start; pause a; state; resume a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, (a#1 paused), [pause a: ok]
        a paused#1, b up#1
        0ms: (a#1 kept out no longer), start a#2, [resume a: ok]
        a up#2, b up#1
        ",
    );
}

#[test]
fn a_round_does_not_undo_a_pause() {
    check(
        "one_for_all { a, b, c }",
        "start; pause a; pause c; exit b error; state; resume a; exit b error; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel a#1, [pause a: ok]
        0ms: cancel c#1, [pause c: ok]
        0ms: start b#2
        a paused#1, b up#2, c paused#1
        0ms: start a#2, [resume a: ok]
        0ms: cancel a#2, start a#3, start b#3
        a up#3, b up#3, c paused#1
        ",
    );
}

#[test]
fn a_restart_of_the_supervisor_does_not_undo_a_pause() {
    check(
        "one_for_one { s { a, b } }",
        "start; pause s/a; restart s; state; restart s; resume s/a; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1, [pause s/a: ok]
        0ms: cancel s/b#1, start s/b#2, [restart s: ok]
        s up#2, s/a paused#1, s/b up#2
        0ms: cancel s/b#2, start s/b#3, [restart s: ok]
        0ms: start s/a#2, [resume s/a: ok]
        s up#3, s/a up#2, s/b up#3
        ",
    );
}

#[test]
fn a_restart_further_up_does_not_undo_a_pause_though_the_child_is_built_again() {
    check(
        "one_for_one { t { s temporary { a, b }, c } }",
        "start; pause t/s/a; stop t/s; state; restart t; state; resume t/s/a",
        "
        0ms: start t/s/a#1, start t/s/b#1, start t/c#1, up
        0ms: cancel t/s/a#1, [pause t/s/a: ok]
        0ms: cancel t/s/b#1, [stop t/s: ok]
        t up#1, t/c up#1
        0ms: cancel t/c#1, start t/s/b#2, start t/c#2, [restart t: ok]
        t up#2, t/s up#2, t/s/a paused#1, t/s/b up#2, t/c up#2
        0ms: start t/s/a#2, [resume t/s/a: ok]
        ",
    );
}

#[test]
fn a_deleted_child_that_is_declared_comes_back_paused() {
    check(
        "one_for_one { s { a, b } }",
        "start; pause s/a; delete s/a; state; restart s; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1, [pause s/a: ok]
        0ms: [delete s/a: ok]
        s up#1, s/b up#1
        0ms: cancel s/b#1, start s/b#2, [restart s: ok]
        s up#2, s/a paused#1, s/b up#2
        ",
    );
}

#[test]
fn a_meltdown_does_not_undo_a_pause() {
    check(
        "one_for_one { s intensity=0/1s { a, b } }",
        "start; pause s/a; exit s/b error; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1, [pause s/a: ok]
        0ms: start s/b#2
        s up#2, s/a paused#1, s/b up#2
        ",
    );
}

#[test]
fn what_a_paused_child_answers() {
    check(
        "one_for_one { a, b }",
        "start; pause a; pause a; start a; restart a; stop a; state a; delete a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [pause a: ok]
        0ms: [pause a: ok]
        0ms: [start a: paused]
        0ms: [restart a: paused]
        0ms: [stop a: ok]
        a paused#1
        0ms: [delete a: ok]
        b up#1
        ",
    );
}

#[test]
fn a_resume_leaves_a_child_down_that_was_down_before_the_pause() {
    check(
        "one_for_one { a, b transient }",
        "start; stop a; pause a; state; resume a; state; exit b ok; pause b; resume b; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: [pause a: ok]
        a paused#1, b up#1
        0ms: [resume a: ok]
        a down#1, b up#1
        0ms: [pause b: ok]
        0ms: [resume b: ok]
        a down#1, b down#1
        ",
    );
}

#[test]
fn a_resume_of_what_is_not_kept_out_is_no_error_and_does_nothing() {
    check(
        "one_for_one { a, b backoff=1s }",
        "start; resume a; exit b error; resume b; stop a; resume a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: [resume a: ok]
        0ms: [resume b: ok]
        0ms: cancel a#1, [stop a: ok]
        0ms: [resume a: ok]
        a down#1, b restarting#1
        ",
    );
}

#[test]
fn a_quarantine_lasts_until_a_resume_or_a_restart() {
    check(
        "one_for_all { a, b }",
        "show quarantined resumed; start; quarantine a; start a; exit b error; restart a; quarantine a; resume a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, (a#1 quarantined), [quarantine a: ok]
        0ms: [start a: quarantined]
        0ms: start b#2
        0ms: (a#1 kept out no longer), start a#2, [restart a: ok]
        0ms: cancel a#2, (a#2 quarantined), [quarantine a: ok]
        0ms: (a#2 kept out no longer), start a#3, [resume a: ok]
        a up#3, b up#2
        ",
    );
}

#[test]
fn a_quarantine_by_limit_ends_with_a_resume_too() {
    check(
        "one_for_one { a limit=0/1s }",
        "show decided resumed; start; exit a error; resume a; state; exit a error; state",
        "
        0ms: start a#1, up
        0ms: (a#1 decision: quarantine (its restart limit is spent))
        0ms: (a#1 kept out no longer), start a#2, [resume a: ok]
        a up#2
        0ms: (a#2 decision: quarantine (its restart limit is spent))
        a quarantined#2
        ",
    );
}

#[test]
fn the_later_of_pause_and_quarantine_holds() {
    check(
        "one_for_one { a, b }",
        "start; quarantine a; pause a; state a; restart a; quarantine a; state a; restart a",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [quarantine a: ok]
        0ms: [pause a: ok]
        a paused#1
        0ms: [restart a: paused]
        0ms: [quarantine a: ok]
        a quarantined#1
        0ms: start a#2, [restart a: ok]
        ",
    );
}

#[test]
fn a_paused_supervisor_is_stopped_whole_and_resumed_whole() {
    check(
        "one_for_all { s { a, t { b }, c }, d }",
        "start; stop s/c; pause s; state; exit d error; state; resume s; state",
        "
        0ms: start s/a#1, start s/t/b#1, start s/c#1, start d#1, up
        0ms: cancel s/c#1, [stop s/c: ok]
        0ms: cancel s/t/b#1, cancel s/a#1, [pause s: ok]
        s paused#1, s/a down#1, s/t down#1, s/t/b down#1, s/c down#1, d up#1
        0ms: start d#2
        s paused#1, s/a down#1, s/t down#1, s/t/b down#1, s/c down#1, d up#2
        0ms: start s/a#2, start s/t/b#2, start s/c#2, [resume s: ok]
        s up#2, s/a up#2, s/t up#2, s/t/b up#2, s/c up#2, d up#2
        ",
    );
}

#[test]
fn the_wishes_about_its_children_are_kept_while_a_supervisor_is_paused() {
    check(
        "one_for_one { s { a, b } }",
        "start; pause s/a; pause s; pause s/b; resume s; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1, [pause s/a: ok]
        0ms: cancel s/b#1, [pause s: ok]
        0ms: [pause s/b: supervisor_down]
        0ms: start s/b#2, [resume s: ok]
        s up#2, s/a paused#1, s/b up#2
        ",
    );
}

#[test]
fn a_child_that_is_kept_out_is_passed_over_when_its_supervisor_starts() {
    check(
        "one_for_one { s { a explicit, b } }",
        "start; ready s/a; stop s; start s; pause s/b; ready s/a; state",
        "
        0ms: start s/a#1
        0ms: start s/b#1, up
        0ms: cancel s/b#1, cancel s/a#1, [stop s: ok]
        0ms: start s/a#2
        0ms: [pause s/b: ok]
        0ms: [start s: ok]
        s up#2, s/a up#2, s/b paused#1
        ",
    );
}

#[test]
fn a_pause_in_a_wait_ends_the_wait_and_a_resume_starts_at_once() {
    check(
        "one_for_one { a backoff=1s, b }",
        "start; exit a error; pause a; wait 5s; state; resume a",
        "
        0ms: start a#1, start b#1, up
        0ms: [pause a: ok]
        a paused#1, b up#1
        5000ms: start a#2, [resume a: ok]
        ",
    );
}

#[test]
fn a_pause_takes_only_its_child_out_of_a_round_that_waits() {
    check(
        "one_for_all { a backoff=1s, b, c }",
        "start; exit a error; pause b; wait 1s; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        0ms: [pause b: ok]
        1000ms: start a#2, start c#2
        a up#2, b paused#1, c up#2
        ",
    );
}

#[test]
fn a_round_that_waits_is_dropped_with_the_last_member_that_is_paused() {
    check(
        "rest_for_one { a, b backoff=1s }",
        "start; exit b error; pause b; deadline; settled; state",
        "
        0ms: start a#1, start b#1, up
        0ms: [pause b: ok]
        deadline: None
        settled: true
        a up#1, b paused#1
        ",
    );
}

#[test]
fn a_pause_while_a_round_stops_its_member_takes_it_out() {
    check(
        "one_for_all { a, b, c }",
        "immortal b; start; exit a error; pause b; exit b ok; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1
        0ms: [pause b: ok], start a#2, start c#2
        a up#2, b paused#1, c up#2
        ",
    );
}

#[test]
fn a_round_does_not_take_back_what_is_stopping_to_be_paused() {
    check(
        "one_for_all { a, b }",
        "immortal b; start; pause b; exit a error; exit b ok; state; resume b",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1
        0ms: [pause b: ok], start a#2
        a up#2, b paused#1
        0ms: start b#2, [resume b: ok]
        ",
    );
}

#[test]
fn a_pause_while_starting_cancels_the_start() {
    check(
        "one_for_one { a explicit, b }",
        "start; ready a; restart a; pause a; state",
        "
        0ms: start a#1
        0ms: start b#1, up
        0ms: cancel a#1, start a#2
        0ms: cancel a#2, [restart a: stopped], [pause a: ok]
        a paused#2, b up#1
        ",
    );
}

#[test]
fn a_pause_beats_a_restart_that_is_under_way_and_a_stop_does_not_undo_it() {
    check(
        "one_for_one { a, b }",
        "immortal a; start; restart a; pause a; stop a; restart a; start a; exit a ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        0ms: [restart a: paused]
        0ms: [start a: running]
        0ms: [restart a: stopped], [pause a: ok], [stop a: ok]
        a paused#1, b up#1
        ",
    );
}

#[test]
fn a_removal_beats_a_pause_and_a_later_pause_does_not_undo_it() {
    check(
        "one_for_one { s { a, b } }",
        "immortal s/a; start; pause s/a; remove s/a; pause s/a; resume s/a; exit s/a ok; restart s; state",
        "
        0ms: start s/a#1, start s/b#1, up
        0ms: cancel s/a#1
        0ms: [pause s/a: removed]
        0ms: [resume s/a: removed]
        0ms: [pause s/a: ok], [remove s/a: ok]
        0ms: cancel s/b#1, start s/b#2, [restart s: ok]
        s up#2, s/b up#2
        ",
    );
}

#[test]
fn a_resume_while_the_run_is_still_stopping_starts_it_when_it_is_gone() {
    check(
        "one_for_one { a, b }",
        "immortal a; start; pause a; resume a; exit a ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        0ms: [pause a: ok], start a#2, [resume a: ok]
        a up#2, b up#1
        ",
    );
}

#[test]
fn a_run_that_cannot_be_ended_is_paused_when_it_ends_after_all() {
    check(
        "one_for_all { a blocking grace=1s abort_wait=1s, b }",
        "immortal a; start; pause a; wait 2s; exit b error; pause a; resume a; restart a; exit a ok; state; resume a",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        2000ms: [pause a: unjoinable]
        2000ms: start b#2
        2000ms: [pause a: unjoinable]
        2000ms: [resume a: unjoinable]
        2000ms: [restart a: unjoinable]
        a paused#1, b up#2
        2000ms: start a#2, [resume a: ok]
        ",
    );
}

#[test]
fn a_significant_child_that_is_paused_or_quarantined_by_command_ends_nobody() {
    check(
        "one_for_one { s auto=any { a transient significant, b transient significant, c } }",
        "start; pause s/a; quarantine s/b; state",
        "
        0ms: start s/a#1, start s/b#1, start s/c#1, up
        0ms: cancel s/a#1, [pause s/a: ok]
        0ms: cancel s/b#1, [quarantine s/b: ok]
        s up#1, s/a paused#1, s/b quarantined#1, s/c up#1
        ",
    );
}

#[test]
fn a_temporary_child_is_not_forgotten_while_it_is_paused() {
    check(
        "one_for_all { a temporary, b }",
        "start; pause a; exit b error; state; resume a; stop a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [pause a: ok]
        0ms: start b#2
        a paused#1, b up#2
        0ms: start a#2, [resume a: ok]
        0ms: cancel a#2, [stop a: ok]
        b up#2
        ",
    );
}

#[test]
fn a_child_that_was_added_is_gone_with_its_supervisor_and_the_pause_with_it() {
    check(
        "one_for_one { s { a } }",
        "start; add s/x; pause s/x; state; restart s; state; resume s/x; add s/x; state",
        "
        0ms: start s/a#1, up
        0ms: start s/x#1, [add s/x: ok]
        0ms: cancel s/x#1, [pause s/x: ok]
        s up#1, s/a up#1, s/x paused#1
        0ms: cancel s/a#1, start s/a#2, [restart s: ok]
        s up#2, s/a up#2
        0ms: [resume s/x: not_found]
        0ms: start s/x#2, [add s/x: ok]
        s up#2, s/a up#2, s/x up#2
        ",
    );
}

#[test]
fn who_adds_a_child_under_a_path_that_was_paused_wants_it_to_run() {
    check(
        "one_for_one { s { a } }",
        "start; pause s/a; delete s/a; add s/a; state; restart s; state",
        "
        0ms: start s/a#1, up
        0ms: cancel s/a#1, [pause s/a: ok]
        0ms: [delete s/a: ok]
        0ms: start s/a#2, [add s/a: ok]
        s up#1, s/a up#2
        0ms: cancel s/a#2, start s/a#3, [restart s: ok]
        s up#2, s/a up#3
        ",
    );
}

#[test]
fn a_paused_child_that_is_added_stays_while_its_supervisor_stays() {
    check(
        "one_for_one { p pool }",
        "start; add p/x; add p/y; pause p/x; exit p/y error; state",
        "
        0ms: up
        0ms: start p/x#1, [add p/x: ok]
        0ms: start p/y#1, [add p/y: ok]
        0ms: cancel p/x#1, [pause p/x: ok]
        0ms: start p/y#2
        p up#1, p/x paused#1, p/y up#2
        ",
    );
}

#[test]
fn a_resume_waits_for_a_supervisor_that_is_busy() {
    check(
        "one_for_all { a, b explicit, c }",
        "start; ready b; pause a; exit c error; resume a; ready b; state",
        "
        0ms: start a#1, start b#1
        0ms: start c#1, up
        0ms: cancel a#1, [pause a: ok]
        0ms: cancel b#1, start b#2
        0ms: start c#2, start a#2, [resume a: ok]
        a up#2, b up#2, c up#2
        ",
    );
}

#[test]
fn a_resume_that_fails_to_start_leaves_the_child_down_and_spends_no_budget() {
    check(
        "one_for_one intensity=0/1s { a, b }",
        "start; pause a; unborn a; resume a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [pause a: ok]
        0ms: start a#2, [resume a: start_failed]
        a down#2, b up#1
        ",
    );
}

#[test]
fn a_shutdown_says_of_a_paused_child_that_it_was_not_running() {
    check(
        "one_for_one { a, b }",
        "start; pause a; shutdown; report",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [pause a: ok]
        0ms: cancel b#1, end
        clean in 0ns: b#1 shutdown after 0ns; a#1 not running
        ",
    );
}

#[test]
fn a_child_that_fell_silent_is_started_by_a_resume_unless_it_is_temporary() {
    check(
        "one_for_one { a health=5s grace=25s, b }",
        "immortal a; start; wait 5s; pause a; exit a ok; resume a; state",
        "
        0ms: start a#1, start b#1, up
        5000ms: cancel a#1
        5000ms: [pause a: ok]
        5000ms: start a#2, [resume a: ok]
        a up#2, b up#1
        ",
    );
    check(
        "one_for_one { a temporary health=5s grace=25s, b }",
        "immortal a; start; wait 5s; pause a; exit a ok; resume a; state",
        "
        0ms: start a#1, start b#1, up
        5000ms: cancel a#1
        5000ms: [pause a: ok]
        5000ms: [resume a: ok]
        b up#1
        ",
    );
}

#[test]
fn a_child_that_was_being_stopped_before_the_pause_stays_down_after_it() {
    check(
        "one_for_one { a grace=5s, b }",
        "immortal a; start; stop a; pause a; exit a ok; resume a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        0ms: [stop a: ok], [pause a: ok]
        0ms: [resume a: ok]
        a down#1, b up#1
        ",
    );
}

#[test]
fn a_supervisor_that_was_ending_by_itself_is_started_by_a_resume() {
    check(
        "one_for_one { s intensity=0/1s { a, b grace=25s }, c }",
        "immortal s/b; start; exit s/a error; pause s; exit s/b ok; resume s; state",
        "
        0ms: start s/a#1, start s/b#1, start c#1, up
        0ms: cancel s/b#1
        0ms: [pause s: ok]
        0ms: start s/a#2, start s/b#2, [resume s: ok]
        s up#2, s/a up#2, s/b up#2, c up#1
        ",
    );
}

#[test]
fn a_supervisor_that_was_asked_to_end_before_the_pause_stays_down_after_it() {
    for before in ["", "exit s/a error;"] {
        let script = format!(
            "immortal s/b; start; {before} stop s; pause s; exit s/b ok; resume s; state s; \
             state c"
        );
        let last = if before.is_empty() { "cancel s/a#1, " } else { "" };
        let expected = format!(
            "
            0ms: start s/a#1, start s/b#1, start c#1, up
            0ms: cancel s/b#1
            0ms: {last}[stop s: ok], [pause s: ok]
            0ms: [resume s: ok]
            s down#1
            c up#1
            "
        );
        check("one_for_one { s intensity=0/1s { a, b grace=25s }, c }", &script, &expected);
    }
}

#[test]
fn a_state_says_who_holds_a_child_and_of_which_generation_it_was() {
    let spec = notation::tree("one_for_one { a, b }").validate().expect("a valid tree");
    let mut world = World::new(&spec);
    world.send(Input::Start);
    world.command("pause", Command::Do(Verb::Pause(path("a")), by()));
    let held = |name| world.engine.state_at(&path(name)).expect("a known path").held_by;
    assert!(held("b").is_none());
    let held = held("a").expect("it is held");
    let command = held.command.expect("somebody asked for it");
    assert!(held.is_to_run);
    assert_eq!((command.command, command.generation), ("pause_child", Generation(1)));
}

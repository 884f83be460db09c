//! L32: replies. What each command is answered in each state of the child.

use crate::core::tests::player::check;

#[test]
fn a_stop_is_answered_when_the_run_has_ended() {
    check(
        "one_for_one { a }",
        "immortal a; start; stop a; wait 1s; exit a ok",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        1000ms: [stop a: ok]
        ",
    );
}

#[test]
fn each_of_several_waiting_commands_is_answered_once() {
    check(
        "one_for_one { a }",
        "immortal a; start; stop a; stop a; remove a; stop a; exit a ok; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        0ms: [stop a: ok], [stop a: ok], [remove a: ok], [stop a: ok]
        ",
    );
}

#[test]
fn a_later_restart_overtakes_a_stop_and_both_are_answered() {
    check(
        "one_for_one { a }",
        "immortal a; start; stop a; restart a; exit a ok; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        0ms: [stop a: ok], start a#2, [restart a: ok]
        a up#2
        ",
    );
}

#[test]
fn a_later_stop_overtakes_a_restart_and_both_are_answered() {
    check(
        "one_for_one { a }",
        "immortal a; start; restart a; stop a; exit a ok; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        0ms: [restart a: stopped], [stop a: ok]
        a down#1
        ",
    );
}

#[test]
fn a_later_restart_overtakes_an_earlier_one() {
    check(
        "one_for_one { a explicit }",
        "start; ready a; restart a; restart a; ready a",
        "
        0ms: start a#1
        0ms: up
        0ms: cancel a#1, start a#2
        0ms: [restart a: stopped], cancel a#2, start a#3
        0ms: [restart a: ok]
        ",
    );
}

#[test]
fn a_round_overtakes_a_stop_and_both_come_to_pass() {
    check(
        "one_for_all { a, b }",
        "immortal a; start; stop a; exit b error; exit a ok; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        0ms: [stop a: ok], start a#2, start b#2
        a up#2, b up#2
        ",
    );
}

#[test]
fn a_round_overtakes_a_restart_which_is_answered_by_the_rounds_start() {
    check(
        "one_for_all { a, b backoff=1s }",
        "immortal a; start; restart a; exit b error; exit a ok; wait 1s",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1
        1000ms: start a#2, [restart a: ok], start b#2
        ",
    );
}

#[test]
fn a_restart_is_not_possible_once_removal_was_asked_for() {
    check(
        "one_for_one { a }",
        "immortal a; start; remove a; restart a; exit a ok; restart a",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        0ms: [restart a: removed]
        0ms: [remove a: ok]
        0ms: [restart a: not_found]
        ",
    );
}

#[test]
fn unknown_paths_and_the_root() {
    check(
        "one_for_one { a, s { b } }",
        "start; stop nobody; stop s/nobody; stop a/x; stop root; start root; delete s/b/c; \
         wait_ready nobody; stop s; stop s/b; stop s/nobody",
        "
        0ms: start a#1, start s/b#1, up
        0ms: [stop nobody: not_found]
        0ms: [stop s/nobody: not_found]
        0ms: [stop a/x: not_a_supervisor]
        0ms: [stop root: is_root]
        0ms: [start root: is_root]
        0ms: [delete s/b/c: not_a_supervisor]
        0ms: [wait_ready nobody: not_found]
        0ms: cancel s/b#1, [stop s: ok]
        0ms: [stop s/b: supervisor_down]
        0ms: [stop s/nobody: supervisor_down]
        ",
    );
}

#[test]
fn idle() {
    check(
        "one_for_one { a explicit, b, c, d }",
        "start; start b; delete b; restart b; stop c; remove d; add b; ready a; state",
        "
        0ms: start a#1
        0ms: [delete b: restarting]
        0ms: [stop c: ok]
        0ms: [remove d: ok]
        0ms: start b#1, up, [start b: running], cancel b#1, [add b: already_started], start b#2, [restart b: ok]
        a up#1, b up#2, c down#0
        ",
    );
}

#[test]
fn starting() {
    check(
        "one_for_one { a explicit, b explicit }",
        "start; ready a; ready b; restart a; start a; delete a; add a; restart a; ready a; \
         restart b; remove b; state",
        "
        0ms: start a#1
        0ms: start b#1
        0ms: up
        0ms: cancel a#1, start a#2
        0ms: [start a: running]
        0ms: [delete a: running]
        0ms: [add a: already_started]
        0ms: [restart a: stopped], cancel a#2, start a#3
        0ms: [restart a: ok]
        0ms: cancel b#1, start b#2
        0ms: cancel b#2, [restart b: removed], [remove b: ok]
        a up#3
        ",
    );
}

#[test]
fn up() {
    check(
        "one_for_one { a, b }",
        "start; start a; delete a; add a; restart a; wait_ready a; stop a; remove b; state",
        "
        0ms: start a#1, start b#1, up
        0ms: [start a: running]
        0ms: [delete a: running]
        0ms: [add a: already_started]
        0ms: cancel a#1, start a#2, [restart a: ok]
        0ms: [wait_ready a: ok]
        0ms: cancel a#2, [stop a: ok]
        0ms: cancel b#1, [remove b: ok]
        a down#2
        ",
    );
}

#[test]
fn stopping() {
    check(
        "one_for_one { a }",
        "immortal a; start; stop a; start a; delete a; add a; wait_ready a; exit a ok; start a",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        0ms: [start a: running]
        0ms: [delete a: running]
        0ms: [add a: already_started]
        0ms: [stop a: ok]
        0ms: start a#2, [wait_ready a: ok], [start a: ok]
        ",
    );
}

#[test]
fn restarting() {
    check(
        "one_for_one { a backoff=1s, b backoff=1s, c backoff=1s, d backoff=1s }",
        "start; exit a error; exit b error; exit c error; exit d error; start a; delete a; \
         add a; wait_ready a; stop a; restart b; remove c; wait 1s; state",
        "
        0ms: start a#1, start b#1, start c#1, start d#1, up
        0ms: [start a: restarting]
        0ms: [delete a: restarting]
        0ms: [add a: already_present]
        0ms: [stop a: ok]
        0ms: start b#2, [restart b: ok]
        0ms: [remove c: ok]
        1000ms: start d#2
        a down#1, b up#2, d up#2
        ",
    );
}

#[test]
fn down() {
    check(
        "one_for_one { a, b, c, d, e }",
        "start; stop a; stop b; stop c; stop d; stop e; start a; stop b; restart c; \
         delete d; remove e; add b; wait_ready b; state; start b",
        "
        0ms: start a#1, start b#1, start c#1, start d#1, start e#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: cancel b#1, [stop b: ok]
        0ms: cancel c#1, [stop c: ok]
        0ms: cancel d#1, [stop d: ok]
        0ms: cancel e#1, [stop e: ok]
        0ms: start a#2, [start a: ok]
        0ms: [stop b: ok]
        0ms: start c#2, [restart c: ok]
        0ms: [delete d: ok]
        0ms: [remove e: ok]
        0ms: [add b: already_present]
        a up#2, b down#1, c up#2
        0ms: start b#2, [wait_ready b: ok], [start b: ok]
        ",
    );
}

#[test]
fn quarantined() {
    check(
        "one_for_one { a, b, c }",
        "start; exit a fatal; exit b fatal; exit c fatal; start a; stop a; add a; restart a; \
         delete b; remove c; state",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: [start a: quarantined]
        0ms: [stop a: ok]
        0ms: [add a: already_present]
        0ms: start a#2, [restart a: ok]
        0ms: [delete b: ok]
        0ms: [remove c: ok]
        a up#2
        ",
    );
}

#[test]
fn unjoinable() {
    check(
        "one_for_one { a }",
        "immortal a; start; stop a; wait 6s; state; start a; stop a; restart a; delete a; \
         add a; remove a; exit a dropped; state",
        "
        0ms: start a#1, up
        0ms: cancel a#1
        5000ms: abort a#1
        6000ms: [stop a: unjoinable]
        a unjoinable#1
        6000ms: [start a: unjoinable]
        6000ms: [stop a: unjoinable]
        6000ms: [restart a: unjoinable]
        6000ms: [delete a: unjoinable]
        6000ms: [add a: already_started]
        6000ms: [remove a: unjoinable]
        ",
    );
}

#[test]
fn while_the_tree_shuts_down_only_queries_are_answered() {
    check(
        "one_for_one { a, b }",
        "immortal b; start; wait_ready b; shutdown; add c; start a; stop b; restart a; \
         delete a; remove a; stop nobody; state; wait_ready a; exit b ok",
        "
        0ms: start a#1, start b#1, up
        0ms: [wait_ready b: ok]
        0ms: cancel b#1
        0ms: [add c: shutting_down]
        0ms: [start a: shutting_down]
        0ms: [stop b: shutting_down]
        0ms: [restart a: shutting_down]
        0ms: [delete a: shutting_down]
        0ms: [remove a: shutting_down]
        0ms: [stop nobody: shutting_down]
        a up#1, b stopping#1
        0ms: [wait_ready a: ok]
        0ms: cancel a#1, end
        ",
    );
}

#[test]
fn whoever_waits_for_a_child_is_told_when_it_is_up_or_gone() {
    check(
        "one_for_one { a backoff=1s, b explicit, c temporary }",
        "start; wait_ready a; wait_ready b; wait_ready root; wait_ready c; ready b; \
         exit a error; wait_ready a; wait 1s; stop b; wait_ready b; remove b",
        "
        0ms: start a#1, start b#1
        0ms: [wait_ready a: ok]
        0ms: [wait_ready b: ok], start c#1, [wait_ready c: ok], [wait_ready root: ok], up
        1000ms: start a#2, [wait_ready a: ok]
        1000ms: cancel b#1, [stop b: ok]
        1000ms: [wait_ready b: removed], [remove b: ok]
        ",
    );
}

#[test]
fn a_command_below_a_supervisor_that_is_not_up_says_so() {
    check(
        "one_for_one { s { a } }",
        "immortal s/a; start; stop s; stop s/a; add s/x; add s; exit s/a ok; start s/a; delete s/a",
        "
        0ms: start s/a#1, up
        0ms: cancel s/a#1
        0ms: [stop s/a: supervisor_down]
        0ms: [add s/x: supervisor_down]
        0ms: [add s: already_started]
        0ms: [stop s: ok]
        0ms: [start s/a: supervisor_down]
        0ms: [delete s/a: supervisor_down]
        ",
    );
}

#[test]
fn a_wrong_declaration_is_refused() {
    check(
        "one_for_one { a }",
        "start; add b grace=0ms; add s { x, x }; state",
        "
        0ms: start a#1, up
        0ms: [add b grace=0ms: spec]
        0ms: [add s { x, x }: spec]
        a up#1
        ",
    );
}

#[test]
fn commands_that_waited_together_are_carried_out_one_after_the_other() {
    check(
        "one_for_one { s { x, y }, b, c explicit }",
        "start; stop s; stop b; start s; start b; ready c",
        "
        0ms: start s/x#1, start s/y#1, start b#1, start c#1
        0ms: cancel s/y#1, cancel s/x#1, [stop s: ok]
        0ms: cancel b#1, [stop b: ok]
        0ms: up, start s/x#2, start b#2, start s/y#2, [start b: ok], [start s: ok]
        ",
    );
}

#[test]
fn those_who_wait_for_readiness_are_told_of_the_end_and_the_others_wait_on() {
    check(
        "one_for_one { a explicit, b, c }",
        "stubborn b; start; wait_ready a; wait_ready c; ready a; stop b; stop a; \
         wait_ready a; wait_ready a; remove b; shutdown; wait 5s",
        "
        0ms: start a#1
        0ms: [wait_ready a: ok], start b#1, start c#1, [wait_ready c: ok], up
        0ms: cancel b#1
        0ms: cancel a#1, [stop a: ok]
        0ms: [wait_ready a: shutting_down], [wait_ready a: shutting_down]
        5000ms: abort b#1, [stop b: ok], [remove b: ok], cancel c#1, end
        ",
    );
}

#[test]
fn nobody_is_told_who_does_not_listen_any_more_and_what_was_asked_for_is_done() {
    check(
        "one_for_one { a, b }",
        "start; stop a; stop b; wait_ready a; wait_ready b; wait_ready root; abandon wait_ready a; \
         abandon stop b; start a; start b; stubborn a; stop a; abandon stop a; wait 5s",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: cancel b#1, [stop b: ok]
        0ms: [wait_ready root: ok]
        0ms: start a#2, [start a: ok]
        0ms: start b#2, [wait_ready b: ok], [start b: ok]
        0ms: cancel a#2
        5000ms: abort a#2, [stop a: ok]
        ",
    );
}

#[test]
fn an_answer_says_what_has_become_of_the_child_and_nothing_of_one_that_is_gone() {
    use crate::control::command::{Command, Verb};
    use crate::core::action::Action;
    use crate::core::input::Input;
    use crate::core::tests::harness::{Manner, World, by, path};
    use crate::core::tests::notation::{end, tree};
    use crate::state::Lifecycle;

    let valid = tree("one_for_one { a, b temporary }").validate().expect("a valid tree");
    let mut world = World::new(&valid);
    world.send(Input::Start);
    for run in world.runs.values_mut() {
        run.manner = Manner::Immortal;
    }
    let (a, b) = (world.run("a"), world.run("b"));
    let verbs = [Verb::Stop(path("a")), Verb::Restart(path("a")), Verb::Stop(path("b"))];
    for verb in verbs {
        world.command(verb.name(), Command::Do(verb, by()));
    }
    world.send(Input::Ended(a, end("ok")));
    world.send(Input::Ended(b, end("ok")));
    let answers: Vec<_> = world
        .log
        .iter()
        .filter_map(|(_, action)| match action {
            Action::Reply(id, Ok(outcome)) => Some((id.0, outcome.lifecycle)),
            _ => None,
        })
        .collect();
    // Who stopped it is told that it was down, though it is up by now.
    assert_eq!(answers, [(1, Some(Lifecycle::Down)), (2, Some(Lifecycle::Up)), (3, None)]);
}

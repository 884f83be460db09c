//! L1–L4: starting a tree, and adding to it.

use crate::core::tests::player::check;

#[test]
fn children_start_one_after_the_other_each_when_the_one_before_is_ready() {
    check(
        "one_for_one { a explicit, b, s { c explicit, d }, e }",
        "start; ready a; ready s/c",
        "
        0ms: start a#1
        0ms: start b#1, start s/c#1
        0ms: start s/d#1, start e#1, up
        ",
    );
}

#[test]
fn a_run_that_is_ready_at_once_is_not_waited_for_any_longer() {
    check(
        "one_for_one { a, b }",
        "show ready; start",
        "
        0ms: start a#1, (a#1 ready), start b#1, (b#1 ready), (root#1 ready), up
        ",
    );
}

#[test]
fn at_the_root_a_failed_start_stops_the_others_in_reverse_and_names_the_child() {
    check(
        "one_for_one { a, b, c explicit, d }",
        "start; exit c error; cause; report; state root",
        "
        0ms: start a#1, start b#1, start c#1
        0ms: cancel b#1, cancel a#1, end
        /root/c failed to start: failed: broken (exit code 1)
        clean in 0ns: b#1 shutdown after 0ns; a#1 shutdown after 0ns; c#1 not running; d#0 not running
        root down#1
        ",
    );
}

#[test]
fn a_failed_start_while_its_supervisor_starts_is_not_tried_again() {
    check(
        "one_for_one { a backoff=1s, b explicit, c }",
        "unborn a; start; cause",
        "
        0ms: start a#1, end
        /root/a failed to start: failed: no factory (exit code 1)
        ",
    );
}

#[test]
fn a_failed_start_further_down_fails_every_supervisor_above() {
    check(
        "one_for_one { a, s { b, u { c explicit } } }",
        "show start_failed; start; exit s/u/c panic; cause",
        "
        0ms: start a#1, start s/b#1, start s/u/c#1
        0ms: (s/u/c#1 failed to start: panicked: boom), (s/u#1 failed to start: failed: its child `/root/s/u/c` failed to start: panicked: boom), cancel s/b#1, (s#1 failed to start: failed: its child `/root/s/u/c` failed to start: panicked: boom), cancel a#1, (root#1 failed to start: failed: its child `/root/s/u/c` failed to start: panicked: boom), end
        /root/s/u/c failed to start: panicked: boom (exit code 1)
        ",
    );
}

#[test]
fn a_temporary_child_that_ignores_its_start_is_forgotten() {
    check(
        "one_for_one { a temporary explicit, b }",
        "start; exit a ignored; state",
        "
        0ms: start a#1
        0ms: start b#1, up
        b up#1
        ",
    );
}

#[test]
fn another_child_that_ignores_its_start_is_kept_down_and_can_be_started() {
    check(
        "one_for_one { a explicit, b }",
        "start; exit a ignored; state; start a; ready a; state",
        "
        0ms: start a#1
        0ms: start b#1, up
        a down#1, b up#1
        0ms: start a#2
        0ms: [start a: ok]
        a up#2, b up#1
        ",
    );
}

#[test]
fn ignored_after_ready_is_an_end_like_any_other() {
    check(
        "one_for_one { a transient explicit }",
        "show exited; start; ready a; exit a ignored; state",
        "
        0ms: start a#1
        0ms: up
        0ms: (a#1 ended: succeeded)
        a down#1
        ",
    );
}

#[test]
fn an_end_before_ready_is_a_failed_start_whatever_it_says() {
    check(
        "one_for_one { a transient explicit }",
        "start; exit a ok; cause",
        "
        0ms: start a#1
        0ms: end
        /root/a failed to start: succeeded (exit code 1)
        ",
    );
}

#[test]
fn add_appends_the_youngest_child_and_answers_when_it_is_ready() {
    check(
        "one_for_all { a }",
        "start; add b explicit; ready b; state; exit a error; ready b",
        "
        0ms: start a#1, up
        0ms: start b#1
        0ms: [add b explicit: ok]
        a up#1, b up#1
        0ms: cancel b#1, start a#2, start b#2
        ",
    );
}

#[test]
fn an_added_child_that_fails_to_start_is_not_kept_and_costs_nothing() {
    check(
        "one_for_one intensity=0/1s { a }",
        "start; add b explicit; exit b error; unborn c; add c; state; show decided; \
         add b explicit; ready b",
        "
        0ms: start a#1, up
        0ms: start b#1
        0ms: [add b explicit: start_failed]
        0ms: start c#1, [add c: start_failed]
        a up#1
        0ms: start b#2
        0ms: [add b explicit: ok]
        ",
    );
}

#[test]
fn an_added_child_that_ignores_its_start_is_kept_down_unless_temporary() {
    check(
        "one_for_one { a }",
        "start; add b explicit; exit b ignored; add c temporary explicit; exit c ignored; state",
        "
        0ms: start a#1, up
        0ms: start b#1
        0ms: [add b explicit: ok, ignored]
        0ms: start c#1
        0ms: [add c temporary explicit: ok, ignored]
        a up#1, b down#1
        ",
    );
}

#[test]
fn adding_a_known_id_is_an_error_that_says_whether_it_lives() {
    check(
        "one_for_one { a, b }",
        "start; stop b; add a; add b; add s/x; add a/x; add s { c }; add s; add s/x",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel b#1, [stop b: ok]
        0ms: [add a: already_started]
        0ms: [add b: already_present]
        0ms: [add s/x: not_found]
        0ms: [add a/x: not_a_supervisor]
        0ms: start s/c#1, [add s { c }: ok]
        0ms: [add s: already_started]
        0ms: start s/x#1, [add s/x: ok]
        ",
    );
}

#[test]
fn a_whole_supervisor_can_be_added() {
    check(
        "one_for_one { a }",
        "start; add s one_for_all { b explicit, c }; ready s/b; exit s/c error; ready s/b; state",
        "
        0ms: start a#1, up
        0ms: start s/b#1
        0ms: start s/c#1, [add s one_for_all { b explicit, c }: ok]
        0ms: cancel s/b#1, start s/b#2
        0ms: start s/c#2
        a up#1, s up#1, s/b up#2, s/c up#2
        ",
    );
}

#[test]
fn what_is_added_while_a_supervisor_starts_waits_for_the_start() {
    check(
        "one_for_one { a explicit, b }",
        "start; add c; ready a; state",
        "
        0ms: start a#1
        0ms: start b#1, up, start c#1, [add c: ok]
        a up#1, b up#1, c up#1
        ",
    );
}

#[test]
fn who_is_disabled_is_so_before_the_start_and_nobody_else() {
    check(
        "one_for_one { a, b disabled, s disabled { c }, t { d } }",
        "state; wait_ready a; wait_ready b; wait_ready s/c; wait_ready t/d; start",
        "
        a waiting#0, b disabled#0, s disabled#0, s/c disabled#0, t waiting#0, t/d waiting#0
        0ms: [wait_ready b: disabled]
        0ms: [wait_ready s/c: disabled]
        0ms: start a#1, [wait_ready a: ok], start t/d#1, [wait_ready t/d: ok], up
        ",
    );
}

#[test]
fn who_need_not_say_that_he_is_ready_has_no_time_to_say_it_in() {
    use crate::core::action::Action;
    use crate::core::engine::{Engine, Options};
    use crate::core::input::Input;
    use crate::core::tests::notation::tree;
    use crate::core::time::Uptime;

    for (text, has_time) in [("one_for_one { a }", false), ("one_for_one { a explicit }", true)] {
        let options = Options { seed: 1, last_exits: 8, remembered_paths: 8 };
        let mut engine = Engine::new(&tree(text).validate().expect("a valid tree"), options);
        let mut out = Vec::new();
        engine.handle(Uptime::ZERO, Input::Start, &mut out);
        assert!(out.iter().any(|action| matches!(action, Action::Start(_))), "{out:?}");
        assert_eq!(engine.next_deadline().is_some(), has_time, "{text}");
    }
}

#[test]
fn a_start_that_fails_below_a_supervisor_that_ends_is_nobodys_concern() {
    check(
        "one_for_one { s { a explicit, b }, c }",
        "show decided; start; ready s/a; exit s/a error; stubborn s/b; stop s; exit s/a error; \
         settled; wait 5s; settled; state",
        "
        0ms: start s/a#1
        0ms: start s/b#1, start c#1, up
        0ms: (s/a#1 decision: restart at once (it is permanent)), start s/a#2
        0ms: cancel s/b#1
        settled: false
        5000ms: abort s/b#1, [stop s: ok]
        settled: true
        s down#1, s/a down#2, s/b down#1, c up#1
        ",
    );
}

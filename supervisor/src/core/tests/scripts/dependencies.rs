//! L37: who depends on something starts when that is ready, and waits until then.

use crate::core::tests::player::check;

#[test]
fn a_child_starts_when_all_it_depends_on_is_ready() {
    check(
        "one_for_one parallel { a explicit, b explicit, c needs=a+b }",
        "show waiting; start; state c; ready a; ready b; state",
        "
        0ms: start a#1, start b#1, (c#0 waits for /root/a, /root/b)
        c waiting#0
        0ms: start c#1, up
        a up#1, b up#1, c up#1
        ",
    );
}

#[test]
fn those_who_wait_for_the_same_start_in_the_order_of_declaration() {
    // `x` has the place in memory that was `t`'s.
    check(
        "one_for_one { a, t temporary, c needs=a }",
        "start; exit t ok; stop a; exit c error; add x needs=a; start a",
        "
        0ms: start a#1, start t#1, start c#1, up
        0ms: cancel a#1, [stop a: ok]
        0ms: [add x needs=a: ok]
        0ms: start a#2, [start a: ok], start c#2, start x#1
        ",
    );
}

#[test]
fn a_waiting_child_counts_as_started_for_its_younger_siblings() {
    check(
        "one_for_one { s { x explicit transient, y }, t { a needs=../s/x, b } }",
        "start; ready s/x; exit s/x ok; restart t; state; start s/x; ready s/x; state",
        "
        0ms: start s/x#1
        0ms: start s/y#1, start t/a#1, start t/b#1, up
        0ms: cancel t/b#1, cancel t/a#1, start t/b#2, [restart t: ok]
        s up#1, s/x down#1, s/y up#1, t up#2, t/a waiting#1, t/b up#2
        0ms: start s/x#2
        0ms: [start s/x: ok], start t/a#2
        s up#1, s/x up#2, s/y up#1, t up#2, t/a up#2, t/b up#2
        ",
    );
}

#[test]
fn a_dependency_on_a_whole_supervisor_is_ready_when_that_is() {
    check(
        "one_for_one parallel { s { x, y explicit }, a needs=s }",
        "start; ready s/y",
        "
        0ms: start s/x#1, start s/y#1
        0ms: start a#1, up
        ",
    );
}

#[test]
fn a_dependency_may_point_into_another_supervisor() {
    check(
        "one_for_one parallel { s parallel { x explicit, y explicit }, t { a needs=../s/y } }",
        "start; ready s/y; ready s/x",
        "
        0ms: start s/x#1, start s/y#1
        0ms: start t/a#1
        0ms: up
        ",
    );
}

#[test]
fn a_start_that_fails_late_while_its_supervisor_starts_fails_that_too() {
    check(
        "one_for_one parallel { s { x explicit }, t { a needs=../s/x explicit, b explicit } }",
        "start; ready s/x; ready t/b; exit t/a error; cause",
        "
        0ms: start s/x#1, start t/b#1
        0ms: start t/a#1
        0ms: cancel t/b#1, cancel s/x#1, end
        /root/t/a failed to start: failed: broken (exit code 1)
        ",
    );
}

#[test]
fn a_start_that_fails_after_its_supervisor_is_up_is_retried_and_charged() {
    check(
        "one_for_one { s { x transient }, t intensity=1/10s temporary { a needs=../s/x explicit } }",
        "show decided; start; ready t/a; stop s/x; restart t; start s/x; exit t/a ok; state; exit t/a error; state",
        "
        0ms: start s/x#1, start t/a#1
        0ms: up
        0ms: cancel s/x#1, [stop s/x: ok]
        0ms: cancel t/a#1, [restart t: ok]
        0ms: start s/x#2, [start s/x: ok], start t/a#2
        0ms: (t/a#2 decision: restart at once (a failed start is tried again)), start t/a#3
        s up#1, s/x up#2, t up#2, t/a starting#3
        0ms: (t/a#3 decision: escalate (the supervisor's intensity is spent)), (t#2 decision: do not restart (it is temporary))
        s up#1, s/x up#2
        ",
    );
}

#[test]
fn a_group_restart_in_a_sequential_supervisor_is_unchanged() {
    check(
        "one_for_all { a, b needs=a, c }",
        "start; exit a error",
        "
        0ms: start a#1, start b#1, start c#1, up
        0ms: cancel c#1, cancel b#1, start a#2, start b#2, start c#2
        ",
    );
}

#[test]
fn order_of_starts_only_a_stop_of_a_dependency_stops_nobody() {
    check(
        "one_for_one { a, b needs=a }",
        "start; stop a; state; remove a; state",
        "
        0ms: start a#1, start b#1, up
        0ms: cancel a#1, [stop a: ok]
        a down#1, b up#1
        0ms: [remove a: ok]
        b up#1
        ",
    );
}

#[test]
fn the_wait_is_not_part_of_the_start_phase() {
    check(
        "one_for_one { a, b needs=a follow explicit start_timeout=1s }",
        "start; ready b; stop a; wait 10s; deadline; state b; start a; wait 1s",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        deadline: None
        b waiting#1
        10000ms: start a#2, [start a: ok], start b#2
        11000ms: cancel b#2, start b#3
        ",
    );
}

#[test]
fn a_timeout_of_a_start_that_waited_is_a_failed_start() {
    check(
        "one_for_one { a, b needs=a follow explicit start_timeout=1s }",
        "show decided; start; ready b; stop a; start a; wait 1s; state",
        "
        0ms: start a#1, start b#1
        0ms: up
        0ms: cancel a#1, cancel b#1, [stop a: ok]
        0ms: start a#2, [start a: ok], start b#2
        1000ms: cancel b#2, (b#2 decision: restart at once (a failed start is tried again)), start b#3
        a up#2, b starting#3
        ",
    );
}

#[test]
fn a_restarted_supervisor_starts_its_dependants_when_they_can() {
    check(
        "one_for_one { s { x }, t { b needs=../s/x } }",
        "start; stop s/x; restart t; state; restart s; state",
        "
        0ms: start s/x#1, start t/b#1, up
        0ms: cancel s/x#1, [stop s/x: ok]
        0ms: cancel t/b#1, [restart t: ok]
        s up#1, s/x down#1, t up#2, t/b waiting#1
        0ms: start s/x#2, start t/b#2, [restart s: ok]
        s up#2, s/x up#2, t up#2, t/b up#2
        ",
    );
}

#[test]
fn a_sequential_supervisor_is_not_up_before_a_late_start_is_over() {
    check(
        "one_for_one parallel { s { x explicit }, t { a needs=../s/x explicit, b explicit }, u needs=t }",
        "start; ready s/x; ready t/b; state t; ready t/a",
        "
        0ms: start s/x#1, start t/b#1
        0ms: start t/a#1
        t starting#1
        0ms: start u#1, up
        ",
    );
}

#[test]
fn a_failed_late_start_while_a_round_is_on_is_decided_afterwards() {
    check(
        "one_for_one { x, s one_for_all intensity=2/10s { a, b, c explicit needs=../x follow, d explicit } }",
        "show decided; start; ready s/c; ready s/d; stop x; exit s/a error; start x; exit s/c error; state; ready s/d; state; ready s/c",
        "
        0ms: start x#1, start s/a#1, start s/b#1, start s/c#1
        0ms: start s/d#1
        0ms: up
        0ms: cancel x#1, cancel s/c#1, [stop x: ok]
        0ms: (s/a#1 decision: restart at once (it is permanent)), cancel s/d#1, cancel s/b#1, start s/a#2, start s/b#2, start s/d#2
        0ms: start x#2, [start x: ok], start s/c#2
        x up#2, s up#1, s/a up#2, s/b up#2, s/c down#2, s/d starting#2
        0ms: (s/c#2 decision: restart at once (a failed start is tried again)), cancel s/d#2, cancel s/b#2, cancel s/a#2, start s/a#3, start s/b#3, start s/c#3
        x up#2, s up#1, s/a up#3, s/b up#3, s/c starting#3, s/d restarting#2
        0ms: start s/d#3
        ",
    );
}

#[test]
fn a_supervisor_that_was_starting_below_one_that_ends_is_never_ready() {
    check(
        "one_for_one { g { s { a explicit, b }, t grace=5s }, x needs=g/s }",
        "
        stubborn g/t; start; ready g/s/a; restart g/s; stop x; start x; stop g; ready g/s/a;
        state g/s; state x; wait 5s; state x
        ",
        "
        0ms: start g/s/a#1
        0ms: start g/s/b#1, start g/t#1, start x#1, up
        0ms: cancel g/s/b#1, cancel g/s/a#1, start g/s/a#2
        0ms: cancel x#1, [stop x: ok]
        0ms: [start x: ok]
        0ms: cancel g/t#1
        g/s starting#2
        x waiting#1
        5000ms: abort g/t#1, cancel g/s/a#2, [restart g/s: stopped], [stop g: ok]
        x waiting#1
        ",
    );
}

#[test]
fn what_is_added_with_a_dependency_that_is_not_known_is_told_the_nearest_that_is() {
    use crate::control::command::Command;
    use crate::core::action::Action;
    use crate::core::input::Input;
    use crate::core::tests::harness::{World, by};
    use crate::core::tests::notation::{add, tree};

    let valid = tree("one_for_one { worker, s { other } }").validate().expect("a valid tree");
    let mut world = World::new(&valid);
    world.send(Input::Start);
    for (words, nearest) in [("x needs=workr", "worker"), ("x needs=s/othre", "s/other")] {
        world.command(words, Command::Do(add(words), by()));
        let Some((_, Action::Reply(_, Err(error)))) = world.log.last() else {
            panic!("{:?}", world.log.last())
        };
        let cause = std::error::Error::source(error);
        let error = cause.map_or_else(|| error.to_string(), ToString::to_string);
        assert!(error.contains(&format!("`/root/{nearest}`")), "{error}");
    }
}

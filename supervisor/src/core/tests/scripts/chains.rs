//! What has one cause is held together by one correlation, also over waits and commands' answers.

use crate::control::command::{Command, Verb};
use crate::core::action::{Action, Fact};
use crate::core::input::Input;
use crate::core::tests::harness::{World, by, path};
use crate::core::tests::notation::{end, time, tree};

/// The facts since `from`, each as `correlation path name`.
fn facts(world: &World, from: usize) -> Vec<(u64, String)> {
    let facts = world.log[from..].iter().filter_map(|(_, action)| match action {
        Action::Note(Fact { correlation, path, kind, .. }) => {
            Some((correlation.0, format!("{} {}", path.name(), kind.name())))
        }
        _ => None,
    });
    facts.collect()
}

fn started(text: &str) -> World {
    let valid = tree(text).validate().expect("a valid tree");
    let mut world = World::new(&valid);
    world.send(Input::Start);
    world
}

fn exit(world: &mut World, name: &str, how: &str) {
    let run = world.run(name);
    world.send(Input::Ended(run, end(how)));
}

#[test]
fn a_failure_and_its_restart_after_a_wait_are_one_chain_and_the_next_failure_another() {
    let mut world = started("one_for_one { a backoff=5s, b }");
    let from = world.log.len();
    exit(&mut world, "a", "error");
    exit(&mut world, "b", "error");
    world.wait(time("9s"));
    exit(&mut world, "a", "error");
    let facts = facts(&world, from);
    let chain = |name: &str, nth: usize| {
        facts.iter().filter(|(_, fact)| fact == name).nth(nth).expect("it happened").0
    };
    let first = chain("a exited", 0);
    for name in ["a decided", "a starting", "a ready"] {
        assert_eq!(chain(name, 0), first, "{name}: {facts:?}");
    }
    assert_ne!(chain("b exited", 0), first);
    assert_eq!(chain("b ready", 0), chain("b exited", 0));
    assert_ne!(chain("a exited", 1), first);
}

#[test]
fn what_follows_a_dependency_belongs_to_the_chain_that_stopped_it_until_both_are_back() {
    let mut world = started("one_for_one { a backoff=5s, b needs=a follow, c needs=a }");
    let from = world.log.len();
    exit(&mut world, "a", "error");
    world.wait(time("9s"));
    let all = facts(&world, from);
    let lost = all.iter().filter(|(_, fact)| fact == "b dependency_lost").count();
    assert_eq!(lost, 1, "{all:?}");
    assert!(all.iter().any(|(_, fact)| fact == "b ready"), "{all:?}");
    assert!(all.iter().all(|(chain, _)| *chain == all[0].0), "{all:?}");
    // One that is waited for on behalf of a command goes on with what the command began.
    exit(&mut world, "a", "error");
    let from = world.log.len();
    world.command("restart c", Command::Do(Verb::Restart(path("c")), by()));
    world.wait(time("9s"));
    let all = facts(&world, from);
    let chain = |name: &str| all.iter().find(|(_, fact)| fact == name).expect("it happened").0;
    assert_eq!(chain("c waiting"), chain("c ready"), "{all:?}");
    assert_ne!(chain("c ready"), chain("a ready"), "{all:?}");
}

#[test]
fn a_round_is_one_chain_with_the_failure_that_began_it() {
    let mut world = started("rest_for_one { a backoff=5s, b, s { c } }");
    let from = world.log.len();
    exit(&mut world, "a", "error");
    world.wait(time("9s"));
    let facts = facts(&world, from);
    assert!(facts.len() > 12, "{facts:?}");
    assert!(facts.iter().all(|(chain, _)| *chain == facts[0].0), "{facts:?}");
    assert_eq!(facts.last().expect("some").1, "s ready");
}

#[test]
fn a_command_and_all_it_led_to_is_one_chain_numbered_by_its_first_fact() {
    let mut world = started("one_for_one { a, s { b, c } }");
    for name in ["a", "s"] {
        let from = world.log.len();
        world.command("restart", Command::Do(Verb::Restart(path(name)), by()));
        let sequence = world.log[from..].iter().find_map(|(_, action)| match action {
            Action::Note(fact) => Some(fact.sequence),
            _ => None,
        });
        let facts = facts(&world, from);
        assert!(facts.len() > 4, "{facts:?}");
        assert!(facts.iter().all(|(chain, _)| Some(*chain) == sequence), "{facts:?}");
    }
}

#[test]
fn a_command_that_had_to_wait_begins_a_chain_of_its_own() {
    let mut world = started("one_for_one { a, b explicit, c explicit }");
    world.command("stop", Command::Do(Verb::Stop(path("a")), by()));
    world.command("start", Command::Do(Verb::Start(path("a")), by()));
    let from = world.log.len();
    let b = world.run("b");
    world.send(Input::Ready(b));
    let c = world.run("c");
    world.send(Input::Ready(c));
    let facts = facts(&world, from);
    let chain = |name: &str| facts.iter().find(|(_, fact)| fact == name).expect("it happened").0;
    assert_eq!(chain("a commanded"), chain("a ready"), "{facts:?}");
    assert_ne!(chain("a commanded"), chain("c ready"), "{facts:?}");
    assert_ne!(chain("a commanded"), chain("root ready"), "{facts:?}");
}

#[test]
fn a_start_that_somebody_asked_for_is_said_with_the_command() {
    let mut world = started("one_for_one { a }");
    world.command("stop", Command::Do(Verb::Stop(path("a")), by()));
    let from = world.log.len();
    world.command("start", Command::Do(Verb::Start(path("a")), by()));
    let said = world.log[from..].iter().filter_map(|(_, action)| match action {
        Action::Note(fact) => Some((fact.kind.name(), fact.command.map(|id| id.0))),
        _ => None,
    });
    let expected = ["commanded", "starting", "ready"].map(|kind| (kind, Some(2)));
    assert_eq!(said.collect::<Vec<_>>(), expected);
}

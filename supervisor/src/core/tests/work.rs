//! Work is proportional to what moves: what is looked at for one input does not depend on how many
//! children there are that it does not concern.

use std::time::Duration;

use super::harness::by;
use super::notation;
use crate::control::command::{Command, Verb};
use crate::core::action::Action;
use crate::core::engine::{Engine, Options};
use crate::core::input::Input;
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::id::{ChildPath, CommandId};
use crate::policy::backoff::Backoff;
use crate::policy::dependency::OnDependencyRestart;
use crate::policy::restart::{Restart, Strategy};
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::factory::service_fn;

/// Miri is a thousand times slower.
const MANY: usize = if cfg!(miri) { 20 } else { 2_000 };

/// A running tree: `width` children of the root, a supervisor with as many, and `last`.
struct Tree {
    engine: Engine,
    /// In the order of their starts.
    runs: Vec<RunKey>,
}

impl Tree {
    fn of(width: usize) -> Self {
        let wait = Backoff::new(Duration::from_secs(1), Duration::from_secs(1));
        let child = ChildSpec::new("c", service_fn(async |_| ())).backoff(wait);
        let wide = |spec: SupervisorSpec| {
            let spec = spec.intensity(100, Duration::from_secs(1));
            (0..width).fold(spec, |spec, n| spec.child(child.with_id(format!("c{n}"))))
        };
        let root = wide(SupervisorSpec::root().strategy(Strategy::RestForOne))
            .child(wide(SupervisorSpec::new("inner")))
            .child(child.with_id("last").restart(Restart::Transient));
        let options = Options { seed: 1, last_exits: 8, remembered_paths: 8 };
        let engine = Engine::new(&root.validate().expect("a valid tree"), options);
        let mut tree = Self { engine, runs: Vec::new() };
        tree.looks_at(Input::Start);
        assert_eq!(tree.runs.len(), 2 * width + 1);
        tree
    }

    /// How many nodes are looked at for an input, and for all that follows from it at once.
    fn looks_at(&mut self, input: Input) -> u64 {
        let before = self.engine.nodes.looks();
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Vec::new();
            self.engine.handle(Uptime::ZERO, input, &mut out);
            for action in out {
                match action {
                    Action::Start(run) => {
                        self.runs.push(run);
                        inputs.push(Input::Spawned(run));
                    }
                    Action::Cancel(run) => inputs.push(Input::Ended(run, notation::end("ok"))),
                    _ => {}
                }
            }
        }
        self.engine.nodes.looks() - before
    }
}

#[test]
fn one_exit_costs_the_same_whatever_the_number_of_those_it_does_not_concern() {
    let costs = |width: usize| {
        let mut tree = Tree::of(width);
        let of_inner = tree.runs[width];
        let last = tree.runs[2 * width];
        let path = ChildPath::parse("/root/inner/c1").expect("a path");
        let stop = Command::Do(Verb::Stop(path), by());
        [
            // The youngest of a rest_for_one concerns nobody else.
            ("an exit in a group", tree.looks_at(Input::Ended(last, notation::end("error")))),
            ("an exit", tree.looks_at(Input::Ended(of_inner, notation::end("ok")))),
            ("a stop", tree.looks_at(Input::Command(CommandId(1), stop))),
            ("a stale report", tree.looks_at(Input::Ready(of_inner))),
        ]
    };
    let narrow = costs(3);
    assert!(narrow.iter().all(|&(_, looks)| looks > 0), "{narrow:?}");
    assert_eq!(narrow, costs(MANY));
}

#[test]
fn what_becomes_of_a_dependency_costs_those_who_depend_on_it_and_nobody_else() {
    let costs = |width: usize| {
        let child = ChildSpec::new("c", service_fn(async |_| ())).backoff(Backoff::NONE);
        let others = (0..width).map(|n| child.with_id(format!("c{n}")).depends_on("other"));
        let root = SupervisorSpec::root()
            .intensity(100, Duration::from_secs(1))
            .child(child.with_id("needed"))
            .child(child.with_id("other"))
            .child(
                child
                    .with_id("follower")
                    .depends_on("needed")
                    .on_dependency_restart(OnDependencyRestart::Restart),
            );
        let root = others.fold(root, SupervisorSpec::child);
        let options = Options { seed: 1, last_exits: 8, remembered_paths: 8 };
        let engine = Engine::new(&root.validate().expect("a valid tree"), options);
        let mut tree = Tree { engine, runs: Vec::new() };
        tree.looks_at(Input::Start);
        let (needed, before) = (tree.runs[0], tree.runs.len());
        let looks = tree.looks_at(Input::Ended(needed, notation::end("error")));
        (looks, tree.runs.len() - before)
    };
    let (looks, starts) = costs(3);
    assert_eq!(starts, 2, "both are started again");
    assert_eq!((looks, starts), costs(MANY));
}

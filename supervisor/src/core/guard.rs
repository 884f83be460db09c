//! The engine alone, driven by hand: for the guards of its cost in `benches/guard`. Not for use: it
//! changes without notice.

use std::time::Duration;

use super::action::Action;
use super::engine::{Engine, Options};
use super::input::{Input, RunEnd};
use super::key::RunKey;
use super::time::Uptime;
use crate::control::command::{By, Command, Verb};
use crate::id::{ChildId, ChildPath, CommandId};
use crate::policy::backoff::Backoff;
use crate::policy::failure::TaskFailureKind;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::exit::TaskFailure;
use crate::task::factory::service_fn;
use crate::task::member::{Arguments, member_fn};
use crate::task::result::TaskResult;

/// An engine, and who plays the world to it.
#[derive(Debug)]
pub struct Core {
    engine: Engine,
    out: Vec<Action>,
    /// Those that are alive, in the order in which they were started.
    runs: Vec<RunKey>,
    commands: u64,
    failure: TaskFailure,
}

impl Core {
    /// A tree of so many children beside an empty pool, all of them up.
    ///
    /// # Panics
    ///
    /// When the tree is not valid, which it is.
    pub fn started(children: usize) -> Self {
        let child = ChildSpec::new("c", service_fn(async |_: TaskContext| ()));
        let child = child.backoff(Backoff::NONE);
        let pool = SupervisorSpec::pool("pool").members(member_fn(async |_, (): ()| ()));
        let tree = SupervisorSpec::root().intensity(u32::MAX, Duration::from_secs(1)).child(pool);
        let tree = (0..children).fold(tree, |tree, n| tree.child(child.with_id(format!("c{n}"))));
        let valid = tree.validate().expect("a valid tree");
        let options = Options { seed: 0, last_exits: 8, remembered_paths: 1_024 };
        let failure = TaskFailure::new(TaskFailureKind::Recoverable, std::fmt::Error);
        let (engine, runs) = (Engine::new(&valid, options), Vec::with_capacity(children + 1));
        let mut core = Self { engine, out: Vec::new(), runs, commands: 0, failure };
        core.handle(Input::Start);
        assert_eq!(core.runs.len(), children, "all of them run");
        core
    }

    /// One of them fails and is restarted.
    pub fn restart(&mut self, child: usize) {
        let run = self.runs.swap_remove(child);
        let failed = RunEnd::Returned(TaskResult::Failed(self.failure.clone()));
        self.handle(Input::Ended(run, failed));
    }

    /// A member is added to the pool and removed again.
    ///
    /// # Panics
    ///
    /// When that is not possible, which it is.
    pub fn add_and_remove(&mut self) {
        let pool = ChildPath::root().join(&ChildId::new("pool").expect("an id"));
        let id = ChildId::new("m").expect("an id");
        let path = pool.join(&id);
        let (id, arguments, overrides) = (Some(id), Arguments::new(()), None);
        self.command(Verb::Spawn { pool, id, arguments, overrides });
        self.command(Verb::Remove(path));
        let run = self.runs.pop().expect("it runs");
        self.handle(Input::Ended(run, RunEnd::Returned(TaskResult::Succeeded)));
    }

    /// What the driver does for whoever asks for the state of the whole tree.
    pub fn snapshot(&mut self) {
        drop(self.engine.snapshot());
    }

    /// The tree is shut down.
    ///
    /// # Panics
    ///
    /// When nobody may ask for that, which anybody may.
    pub fn shut_down(&mut self) {
        self.commands += 1;
        let by = By::new("guard", "measured").expect("not blank");
        self.handle(Input::Command(CommandId(self.commands), Command::Shutdown(by)));
        while let Some(run) = self.runs.pop() {
            self.handle(Input::Ended(run, RunEnd::Returned(TaskResult::Succeeded)));
        }
        assert!(self.engine.report().is_some(), "it has ended");
    }

    fn command(&mut self, verb: Verb) {
        self.commands += 1;
        let by = By::new("guard", "measured").expect("not blank");
        self.handle(Input::Command(CommandId(self.commands), Command::Do(verb, by)));
    }

    /// What is started is spawned at once.
    fn handle(&mut self, input: Input) {
        let mut out = std::mem::take(&mut self.out);
        self.engine.handle(Uptime::ZERO, input, &mut out);
        loop {
            let mut spawned = Vec::new();
            for action in out.drain(..) {
                if let Action::Start(run) = action {
                    self.runs.push(run);
                    spawned.push(run);
                }
            }
            if spawned.is_empty() {
                break;
            }
            for run in spawned {
                self.engine.handle(Uptime::ZERO, Input::Spawned(run), &mut out);
            }
        }
        self.out = out;
    }
}

//! A pool has at most `max_children`, keeps nobody who is down, and is refused only when it is full.

use crate::control::command::{Command, Verb};
use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::tests::harness::{Invariant, World};
use crate::error::types::SupervisorError;
use crate::id::ChildPath;
use crate::state::Lifecycle;

#[derive(Default)]
pub(super) struct Pools {
    /// How many members a pool had before it was asked for another.
    before: Option<(ChildPath, usize)>,
}

impl Invariant for Pools {
    fn input(&mut self, world: &World, input: &Input) {
        let Input::Command(_, Command::Do(verb, _)) = input else { return };
        if let Verb::Add { parent: pool, .. } | Verb::Spawn { pool, .. } = verb {
            let members = world.engine.state().children_of(pool.as_str()).count();
            self.before = Some((pool.clone(), members));
        }
    }

    fn action(&mut self, _: &World, action: &Action) {
        if let Action::Reply(_, Err(SupervisorError::PoolFull { pool, max_children })) = action
            && let Some((asked, members)) = &self.before
            && asked == pool
        {
            assert_eq!(*members, *max_children as usize, "{pool} is said to be full");
        }
    }

    fn after(&mut self, world: &World) {
        let state = world.engine.state();
        for (supervisor, plan) in
            state.children.iter().filter_map(|child| Some((child, world.plan(&child.path)?)))
        {
            let Some(pool) = plan.pool() else { continue };
            let path = &supervisor.path;
            let members: Vec<_> = state.children_of(path.as_str()).collect();
            let max = pool.max_children.unwrap_or(u32::MAX) as usize;
            assert!(members.len() <= max, "{path} has {} of {max} members", members.len());
            // One whose end waits for its turn is looked at when its turn has come.
            if world.engine.is_settled() && !world.has_ended {
                let down = members.iter().find(|member| member.lifecycle == Lifecycle::Down);
                assert!(down.is_none(), "{:?} is kept", down.map(|member| &member.path));
            }
        }
    }
}

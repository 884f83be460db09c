//! Adding children to a supervisor that runs, and members to a pool.

use std::sync::Arc;

use super::engine::Engine;
use super::key::NodeKey;
use super::state::Origin;
use super::waiters::Wants;
use crate::control::command::Reply;
use crate::error::types::SupervisorError;
use crate::event::EventKind;
use crate::id::{ChildId, CommandId};
use crate::spec::NodeSpec;
use crate::spec::group::MemberOverrides;
use crate::spec::plan::PlanKind;
use crate::spec::validate::validate_added;
use crate::task::member::Arguments;

/// What a member of a pool is called.
pub(super) struct Name {
    pub(super) id: Arc<str>,
    /// Where nobody has said it: the number it is.
    number: Option<u64>,
}

impl Engine {
    pub(super) fn add(&mut self, id: CommandId, parent: NodeKey, spec: &NodeSpec) -> Option<Reply> {
        self.try_add(id, parent, spec).err().map(Err)
    }

    /// Adds a member to a pool, made of its arguments.
    pub(super) fn spawn(
        &mut self,
        id: CommandId,
        pool: NodeKey,
        name: Name,
        arguments: Arguments,
        overrides: MemberOverrides,
    ) -> Option<Reply> {
        self.try_spawn(id, pool, name, arguments, overrides).err().map(Err)
    }

    fn try_spawn(
        &mut self,
        id: CommandId,
        pool: NodeKey,
        name: Name,
        arguments: Arguments,
        overrides: MemberOverrides,
    ) -> Result<(), SupervisorError> {
        let path = self.path_of(pool);
        let plan = self.supervisor(pool).and_then(|supervisor| supervisor.plan.pool());
        let Some(members) = plan.and_then(|plan| plan.members.as_ref()) else {
            return Err(SupervisorError::NotAPool { path });
        };
        let task = match members.task(arguments) {
            Ok(task) => task,
            Err(cause) => return Err(SupervisorError::WrongArguments { pool: path, cause }),
        };
        let tags = plan.map(|plan| plan.tags.clone()).unwrap_or_default();
        // A full pool uses up no number.
        self.check_room(pool)?;
        if let (Some(number), Some(supervisor)) = (name.number, self.supervisor_mut(pool)) {
            supervisor.last_number = number;
        }
        let overrides =
            if cfg!(plant_bug = "overrides_lost") { MemberOverrides::default() } else { overrides };
        let member = overrides.declare(name.id, task, tags);
        self.try_add(id, pool, &NodeSpec::from(member))
    }

    fn check_room(&self, parent: NodeKey) -> Result<(), SupervisorError> {
        let Some(supervisor) = self.supervisor(parent) else { return Ok(()) };
        match supervisor.plan.pool().and_then(|pool| pool.max_children) {
            Some(max_children)
                if supervisor.added >= max_children && !cfg!(plant_bug = "pool_without_end") =>
            {
                Err(SupervisorError::PoolFull { pool: self.path_of(parent), max_children })
            }
            _ => Ok(()),
        }
    }

    /// What a new member is called: as is said, else by the next number that is not the id of one.
    /// It is used up when the member is there.
    pub(super) fn name_of_next(&self, pool: NodeKey, said: Option<&ChildId>) -> Name {
        if let Some(said) = said {
            return Name { id: said.shared(), number: None };
        }
        let path = self.path_of(pool);
        let last = self.supervisor(pool).map_or(0, |supervisor| supervisor.last_number);
        let is_taken = |number: &u64| {
            let id = ChildId::new(number.to_string());
            id.is_ok_and(|id| self.nodes.find(&path.join(&id)).is_some())
        };
        let next = (last + 1..=u64::MAX).find(|number| !is_taken(number)).unwrap_or(last);
        Name { id: next.to_string().into(), number: Some(next) }
    }

    /// Adds a child and starts it; the answer comes when that is over.
    fn try_add(
        &mut self,
        id: CommandId,
        parent: NodeKey,
        spec: &NodeSpec,
    ) -> Result<(), SupervisorError> {
        let path = self.path_of(parent);
        let Some(supervisor) = self.supervisor(parent) else {
            return Err(SupervisorError::NotASupervisor { path });
        };
        let depth = path.as_str().matches('/').count();
        let plan = Arc::clone(&supervisor.plan);
        if let Some(known) = ChildId::new(Arc::clone(spec.shared_id()))
            .ok()
            .and_then(|id| self.nodes.find(&path.join(&id)))
        {
            let path = self.path_of(known);
            let is_live = self.state_of(known).is_some_and(|state| state.is_live());
            return Err(if is_live {
                SupervisorError::AlreadyStarted { path }
            } else {
                SupervisorError::AlreadyPresent { path }
            });
        }
        self.check_room(parent)?;
        let plan = validate_added(spec, &path, depth, &plan, self)?;
        let path = plan.path.clone();
        if !plan.kind.policy().enabled {
            return Err(SupervisorError::Disabled { path });
        }
        // A new declaration is not bound by what was removed from an earlier one.
        self.removed.retain(|removed| removed == &path || !removed.is_within(&path));
        self.drop_holds(&path);
        let key = self.nodes.insert(Some(parent), path, &plan.kind, false, self.now);
        if let Some(supervisor) = self.supervisor_mut(parent) {
            supervisor.is_changed = true;
            supervisor.added += 1;
        }
        if matches!(plan.kind, PlanKind::Supervisor(_)) {
            self.build_children(key);
        }
        self.note_for(key, Some(id), EventKind::Added);
        self.waiters.add(key, id, Wants::Started);
        self.start_node(key, Origin::Add(id));
        Ok(())
    }
}

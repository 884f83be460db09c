//! Adding children to a supervisor that runs, and members to a pool.

use std::sync::Arc;

use super::engine::Engine;
use super::key::NodeKey;
use super::state::Origin;
use super::waiters::Wants;
use crate::control::command::Reply;
use crate::error::types::SupervisorError;
use crate::event::EventKind;
use crate::id::{ChildId, ChildPath, CommandId};
use crate::spec::NodeSpec;
use crate::spec::group::MemberOverrides;
use crate::spec::plan::{ChildPlan, NodePlan, PlanKind};
use crate::spec::tags::Tags;
use crate::spec::validate::validate_added;
use crate::task::member::Arguments;

/// What a member of a pool is called.
pub(super) struct Name {
    pub(super) id: ChildId,
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
        name: &Name,
        arguments: Arguments,
        overrides: Option<Box<MemberOverrides>>,
    ) -> Option<Reply> {
        self.try_spawn(id, pool, name, arguments, overrides).err().map(Err)
    }

    fn try_spawn(
        &mut self,
        id: CommandId,
        pool: NodeKey,
        name: &Name,
        arguments: Arguments,
        overrides: Option<Box<MemberOverrides>>,
    ) -> Result<(), SupervisorError> {
        let plan = self.supervisor(pool).and_then(|supervisor| supervisor.plan.pool());
        let members = plan.and_then(|plan| Some((plan, plan.members.as_ref()?)));
        let Some((plan, members)) = members else {
            return Err(SupervisorError::NotAPool { path: self.path_of(pool) });
        };
        let task = match members.task(arguments) {
            Ok(task) => task,
            Err(cause) => {
                return Err(SupervisorError::WrongArguments { pool: self.path_of(pool), cause });
            }
        };
        let overrides = overrides.filter(|_| !cfg!(plant_bug = "overrides_lost"));
        // One about whom nothing else is said is what was checked with the pool.
        let alike = overrides.is_none() && plan.is_sound;
        let alike = alike.then(|| (Arc::clone(&plan.policy), plan.tags.clone()));
        let tags = if alike.is_some() { Tags::default() } else { plan.tags.clone() };
        // A full pool uses up no number.
        self.check_room(pool)?;
        if let (Some(number), Some(supervisor)) = (name.number, self.supervisor_mut(pool)) {
            supervisor.last_number = number;
        }
        let Some((policy, tags)) = alike else {
            let member = overrides.unwrap_or_default().declare(name.id.shared(), task, tags);
            return self.try_add(id, pool, &NodeSpec::from(member));
        };
        let path =
            self.nodes.get(pool).map_or_else(ChildPath::root, |node| node.path.join(&name.id));
        self.check_new(&path)?;
        let plan = ChildPlan::new(policy, task, Vec::new(), tags);
        self.insert_added(id, pool, path, &PlanKind::Child(Arc::new(plan)))
    }

    /// Whether nothing is known by this path.
    fn check_new(&self, path: &ChildPath) -> Result<(), SupervisorError> {
        let Some(known) = self.nodes.find(path) else { return Ok(()) };
        let path = path.clone();
        let is_live = self.state_of(known).is_some_and(|state| state.is_live());
        Err(if is_live {
            SupervisorError::AlreadyStarted { path }
        } else {
            SupervisorError::AlreadyPresent { path }
        })
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
            return Name { id: said.clone(), number: None };
        }
        let path = self.path_of(pool);
        let last = self.supervisor(pool).map_or(0, |supervisor| supervisor.last_number);
        let is_taken = |&number: &u64| self.nodes.find(&path.join(&ChildId::of(number))).is_some();
        let next = (last + 1..=u64::MAX).find(|number| !is_taken(number)).unwrap_or(last);
        Name { id: ChildId::of(next), number: Some(next) }
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
        if let Ok(id) = ChildId::new(Arc::clone(spec.shared_id())) {
            self.check_new(&path.join(&id))?;
        }
        self.check_room(parent)?;
        let NodePlan { path, kind } = validate_added(spec, &path, depth, &plan, self)?;
        self.insert_added(id, parent, path, &kind)
    }

    /// Puts in what has been checked, and starts it.
    fn insert_added(
        &mut self,
        id: CommandId,
        parent: NodeKey,
        path: ChildPath,
        kind: &PlanKind,
    ) -> Result<(), SupervisorError> {
        if !kind.policy().enabled {
            return Err(SupervisorError::Disabled { path });
        }
        // A new declaration is not bound by what was removed from an earlier one.
        if !self.removed.is_empty() {
            self.removed.retain(|removed| removed == &path || !removed.is_within(&path));
        }
        self.drop_holds(&path);
        let key = self.nodes.insert(Some(parent), path, kind, false, self.now);
        if let Some(supervisor) = self.supervisor_mut(parent) {
            supervisor.is_changed = true;
            supervisor.added += 1;
        }
        if matches!(kind, PlanKind::Supervisor(_)) {
            self.build_children(key);
        }
        self.note_for(key, Some(id), EventKind::Added);
        self.waiters.add(key, id, Wants::Started);
        self.start_node(key, Origin::Add(id));
        Ok(())
    }
}

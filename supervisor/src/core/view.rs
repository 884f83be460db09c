//! The state of the tree as a value.

use super::engine::Engine;
use super::key::{NodeKey, RunKey};
use super::state::{After, State};
use super::supervisor::{Phase, Step};
use super::time::Uptime;
use crate::error::types::SupervisorError;
use crate::id::ChildPath;
use crate::policy::health::Health;
use crate::state::{ChildHealth, ChildState, HealthStatus, LimitState, TreeState};

impl Engine {
    /// Tells the time, for what is asked next. Nothing else follows from it.
    pub(crate) fn at(&mut self, now: Uptime) -> &Self {
        self.now = self.now.max(now);
        self
    }

    /// Every child, as it is now. What it knows of heartbeats is with the runs.
    pub(crate) fn state(&self) -> TreeState {
        let children = self.depth_first().into_iter().filter_map(|key| self.child_state(key));
        TreeState { uptime: self.now.0, children: children.collect() }
    }

    /// One child, as it is now.
    pub(crate) fn state_at(&self, path: &ChildPath) -> Result<ChildState, SupervisorError> {
        let state = self.nodes.find(path).and_then(|key| self.child_state(key));
        state.ok_or_else(|| self.unknown(path))
    }

    /// The run of a child that is live.
    pub(crate) fn run_at(&self, path: &ChildPath) -> Option<RunKey> {
        let key = self.nodes.find(path)?;
        self.state_of(key).filter(State::is_live)?;
        self.run_of(key)
    }

    fn child_state(&self, key: NodeKey) -> Option<ChildState> {
        let node = self.nodes.get(key)?;
        let due = match node.state {
            State::Restarting { due: Some(due) } => Some(due),
            State::Quarantined { due } => due,
            State::Restarting { due: None } => self.round_start(node.parent?),
            _ => None,
        };
        let intensity = node.supervisor().map(|supervisor| {
            let limit = supervisor.plan.intensity;
            let used = supervisor.window.count(self.now, limit);
            (u32::try_from(used).unwrap_or(u32::MAX), limit.max)
        });
        let limits = node.policy().limits().map(|(class, limit)| {
            let window = node.spent.as_ref().and_then(|spent| spent.charged(class));
            let used = window.map_or(0, |window| window.count(self.now, limit));
            LimitState { class, used: u32::try_from(used).unwrap_or(u32::MAX), limit }
        });
        let is_stuck = match node.state {
            State::Stopping(stopping) => stopping.is_stuck,
            State::Unjoinable { after } => matches!(after, After::Stuck { .. }),
            _ => false,
        };
        let health = node.policy().health.map(|Health { heartbeat, stale_after }| ChildHealth {
            status: if is_stuck { HealthStatus::Stale } else { HealthStatus::Unknown },
            last_heartbeat: None,
            heartbeat,
            stale_after,
        });
        Some(ChildState {
            path: node.path.clone(),
            is_supervisor: node.supervisor().is_some(),
            tags: node.tags().clone(),
            lifecycle: node.state.lifecycle(),
            generation: node.generation,
            restarts: node.restarts,
            since: node.since.0,
            due: due.map(|due| due.0),
            last_exits: node
                .history
                .as_ref()
                .map(|history| history.exits.iter().cloned().collect())
                .unwrap_or_default(),
            last_decision: node.history.as_ref().and_then(|history| history.decision),
            intensity,
            limits: limits.collect(),
            health,
        })
    }

    fn round_start(&self, supervisor: NodeKey) -> Option<Uptime> {
        match &self.supervisor(supervisor)?.step {
            Step::Round(round) if round.phase == Phase::Waiting => Some(round.start_at),
            _ => None,
        }
    }
}

//! What the driver says to those who ask, beside commands.

#[cfg(feature = "audit")]
use super::super::gate::Gate;
use super::super::mailbox::Query;
use super::Driver;
use crate::core::time::Uptime;
use crate::core::view::Snapshot;
use crate::id::ChildPath;
use crate::state::ChildState;
use crate::why::Why;

impl Driver {
    pub(super) fn query(&mut self, query: Query) {
        match query {
            // A query whose asker has gone away is answered to nobody.
            Query::State(reply) => {
                drop(reply.send(self.snapshot()));
            }
            Query::StateOf(path, reply) => {
                let now = self.clock.look();
                let mut state = self.engine.at(now).state_at(&path);
                if let Ok(child) = &mut state {
                    self.hear(child);
                }
                drop(reply.send(state));
            }
            Query::Why(path, reply) => {
                let now = self.clock.look();
                let above = std::iter::successors(path.parent(), ChildPath::parent);
                let state = self.engine.at(now).state_at(&path);
                let engine = &self.engine;
                let why = state.map(|mut state| {
                    self.hear(&mut state);
                    let above = above.filter_map(|path| engine.state_at(&path).ok()).collect();
                    Why::new(now.elapsed(), state, above)
                });
                drop(reply.send(why));
            }
            #[cfg(all(feature = "ipc", unix))]
            Query::Rows(paths, reply) => {
                drop(reply.send(self.rows(&paths)));
            }
            Query::Settled(reply) => {
                if self.settling.len() == self.settling.capacity() {
                    self.settling.retain(|reply| !reply.is_closed());
                }
                self.settling.push(reply);
            }
        }
    }

    /// The whole tree, with what the runs know of their own heartbeats.
    pub(super) fn snapshot(&mut self) -> Snapshot {
        let now = self.clock.look();
        let mut snapshot = self.engine.at(now).snapshot();
        for run in snapshot.watched() {
            if let Some(at) = self.runs.last_heartbeat(run) {
                snapshot.hear(run, at);
            }
        }
        snapshot
    }

    /// Some children at one moment.
    #[cfg(all(feature = "ipc", unix))]
    fn rows(&mut self, paths: &[ChildPath]) -> crate::control::handle::look::Rows {
        let now = self.clock.look();
        let engine = self.engine.at(now);
        let sequence = engine.sequence();
        let children: Vec<_> = paths.iter().map(|path| engine.state_at(path).ok()).collect();
        let heard = children.into_iter().map(|child| {
            child.map(|mut child| {
                self.hear(&mut child);
                child
            })
        });
        crate::control::handle::look::Rows { sequence, children: heard.collect() }
    }

    /// Adds what the runs know of their own heartbeats.
    fn hear(&self, child: &mut ChildState) {
        if let Some(health) = &mut child.health {
            let run = self.engine.run_at(&child.path);
            let last = run.and_then(|run| self.runs.last_heartbeat(run));
            health.hear(last.map(Uptime::elapsed));
        }
    }

    pub(super) fn answer_if_settled(&mut self) {
        if !self.settling.is_empty() && (self.has_ended || self.is_settled()) {
            for settled in self.settling.drain(..) {
                // Nobody waits any more: nothing to be told.
                settled.send(()).unwrap_or_default();
            }
        }
    }

    /// Whether nothing is going on, and nothing waits to begin.
    fn is_settled(&self) -> bool {
        #[cfg(feature = "audit")]
        if self.gate.as_ref().is_some_and(Gate::is_holding_back) {
            return false;
        }
        self.engine.is_settled()
    }
}

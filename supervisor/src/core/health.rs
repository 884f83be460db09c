//! Heartbeats: when a child that has to send them is looked at, and what follows if it is silent.
//!
//! A child that beats is looked at once in each `stale_after`, and one that need not is never.

use super::action::Action;
use super::deadline::Due;
use super::engine::Engine;
use super::key::{NodeKey, RunKey};
use super::state::{After, State};
use super::time::Uptime;
use crate::event::EventKind;

impl Engine {
    /// A run is ready: from now on it has to send heartbeats, if its child is one that has to.
    pub(super) fn expect_heartbeats(&mut self, key: NodeKey) {
        let health = self.nodes.get(key).and_then(|node| node.policy().health);
        if let Some(health) = health {
            self.look_again(key, self.now + health.stale_after);
        }
    }

    /// A silence that began when the child was last looked at would be too long now.
    pub(super) fn pulse_due(&mut self, key: NodeKey) {
        let Some(node) = self.nodes.get_mut(key) else { return };
        node.set_pulse_due(None);
        // Its stop comes to it in its turn.
        if self.parent_of(key).is_some_and(|parent| self.is_ending(parent)) {
            return;
        }
        let run = self.run_of(key);
        self.out.extend(run.map(Action::CheckPulse));
    }

    /// The answer to `Action::CheckPulse`: when the run has sent its latest heartbeat.
    pub(super) fn pulse(&mut self, run: RunKey, last: Option<Uptime>) {
        let Some(node) = self.nodes.of_run(run) else { return };
        let Some(health) = node.policy().health else { return };
        if node.state != State::Up || node.pulse_due().is_some() {
            // Nobody asked, or it does not matter any more.
            return;
        }
        // The end has begun since it was asked for: its stop comes to it in its turn.
        let is_ending = node.parent.is_some_and(|parent| self.is_ending(parent));
        if is_ending && !cfg!(plant_bug = "late_pulse_counts") {
            return;
        }
        let heard = last.map_or(node.since, |last| last.max(node.since));
        let due = heard + health.stale_after;
        if self.now < due && !cfg!(plant_bug = "beats_unheard") {
            return self.look_again(run.node, due);
        }
        if cfg!(plant_bug = "stale_unnoticed") {
            return self.look_again(run.node, self.now + health.stale_after);
        }
        let (silent_for, ready_for) = (self.now.since(heard), self.now.since(node.since));
        self.note(run.node, EventKind::Stale { silent_for });
        self.stop_node(run.node, After::Stuck { ready_for: ready_for.into() });
    }

    /// Nobody is interested in its heartbeats any more.
    pub(super) fn forget_pulse(&mut self, key: NodeKey) {
        let due = self.nodes.get_mut(key).and_then(|node| node.set_pulse_due(None));
        if let Some(at) = due {
            self.deadlines.remove(at, Due::Pulse, key);
        }
    }

    fn look_again(&mut self, key: NodeKey, at: Uptime) {
        let Some(node) = self.nodes.get_mut(key) else { return };
        node.set_pulse_due(Some(at));
        self.deadlines.add(at, Due::Pulse, key);
    }
}

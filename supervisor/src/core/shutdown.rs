//! The end of the whole tree, and what is written down about it.

use std::sync::Arc;
use std::time::Duration;

use super::action::Action;
use super::engine::Engine;
use super::key::NodeKey;
use super::nodes::Body;
use super::state::{After, State};
use crate::control::command::By;
use crate::event::{EventKind, ForceCause};
use crate::policy::decision::Rule;
use crate::policy::shutdown::EACH_ITS_OWN;
use crate::report::{ReportRow, RowEnd};
use crate::task::exit::Exit;

impl Engine {
    /// The whole tree is asked to end. Asking twice changes nothing.
    pub(super) fn begin_shutdown(&mut self, by: By) {
        if self.ledger.requested.is_some() || self.ledger.is_over() {
            return;
        }
        let (requested_by, reason) = (Arc::clone(&by.requested_by), Arc::clone(&by.reason));
        self.note(self.root, EventKind::ShutdownRequested { requested_by, reason });
        self.ledger.requested = Some(by);
        self.stop_node(self.root, After::Down);
    }

    pub(super) fn shut_down_over(&mut self, key: NodeKey, rule: Rule) {
        let requested_by = Arc::from(self.path_of(key).as_str());
        self.begin_shutdown(By { requested_by, reason: rule.to_string().into() });
    }

    /// Cancels and aborts everything that is still live, at once.
    pub(super) fn force_all(&mut self, cause: ForceCause) {
        if self.ledger.is_over() || self.ledger.is_forced {
            return;
        }
        self.ledger.is_forced = true;
        self.note(self.root, EventKind::ShutdownForced { cause });
        self.force_below(self.root);
    }

    /// What a supervisor says about the wait after an abort holds for all that is aborted with it.
    pub(super) fn force_below(&mut self, key: NodeKey) {
        let wait_of_all = self.nodes.get(key).map(|node| node.policy().abort_wait);
        let wait_of_all = wait_of_all
            .filter(|wait| *wait != EACH_ITS_OWN && !cfg!(plant_bug = "wait_of_all_ignored"));
        let mut below = self.children(key);
        while let Some(key) = below.pop() {
            let Some(node) = self.nodes.get(key) else { continue };
            let (state, is_child) = (node.state, matches!(node.body, Body::Child(_)));
            if !is_child {
                below.extend(self.children(key));
            }
            if matches!(state, State::Up | State::Starting { .. }) {
                self.stop_node(key, After::Down);
            }
            if let Some(State::Stopping(stopping)) = self.state_of(key)
                && is_child
                && !stopping.is_aborted
            {
                self.abort(key, stopping, wait_of_all);
            }
        }
    }

    /// Nothing is left.
    pub(super) fn tree_ended(&mut self, exit: Exit) {
        if self.ledger.is_over() {
            return;
        }
        self.set_state(self.root, State::Down);
        self.finish_ledger(exit);
        let is_clean = self.ledger.is_clean();
        self.note(self.root, EventKind::Ended { is_clean });
        self.out.push(Action::End);
    }

    pub(super) fn note_row(&mut self, key: NodeKey, exit: Option<&Exit>) {
        let now = self.now;
        let Some(node) = self.nodes.get(key).filter(|_| self.ledger.has_begun()) else { return };
        if key == self.root {
            return;
        }
        let (asked_at, was_aborted) = match node.state {
            State::Stopping(stopping) => {
                (Some(node.since), stopping.is_aborted && !node.is_blocking())
            }
            State::Unjoinable { .. } => (Some(now), false),
            _ => (None, false),
        };
        let end = exit.map_or(RowEnd::Unjoinable, |exit| RowEnd::Ended(exit.clone()));
        let row = ReportRow {
            path: node.path.clone(),
            generation: node.generation,
            end,
            took: asked_at.map_or(Duration::ZERO, |at| now.since(at)),
            was_cancelled: asked_at.is_some(),
            was_aborted,
        };
        let row = self.ledger.row(node.row, row);
        if let Some(node) = self.nodes.get_mut(key) {
            node.row = row;
        }
    }
}

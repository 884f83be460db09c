//! Starting: one node, all children of a supervisor, and how a start phase can end.

use std::collections::BTreeSet;
use std::time::Duration;

use super::action::Action;
use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::nodes::Body;
use super::state::{Origin, State};
use super::supervisor::{Step, Supervisor};
use crate::event::EventKind;
use crate::policy::decision::Ended;
use crate::policy::restart::Readiness;
use crate::spec::plan::{NodePlan, PlanKind};
use crate::task::exit::Exit;

/// How a start phase ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Ready,
    Ignored,
    Failed(Exit),
}

impl Engine {
    /// Starts the next generation of a node that is not live, now or when all it depends on is
    /// ready.
    pub(super) fn start_node(&mut self, key: NodeKey, origin: Origin) {
        if self.nodes.get(key).is_some_and(|node| node.unready > 0)
            && !cfg!(plant_bug = "starts_before_dependencies")
        {
            self.wait_for_dependencies(key, origin);
        } else {
            self.start_now(key, origin);
        }
    }

    pub(super) fn start_now(&mut self, key: NodeKey, origin: Origin) {
        let now = self.now;
        let Some(node) = self.nodes.get_mut(key) else { return };
        node.generation = node.generation.next();
        match origin {
            Origin::Round | Origin::Restart => node.history_mut().restarts += 1,
            Origin::Probe => {
                node.history_mut().restarts += 1;
                node.is_on_trial = true;
            }
            Origin::Init | Origin::Late | Origin::Command(_) | Origin::Add(_) => {
                node.is_on_trial = false;
            }
        }
        let is_child = matches!(node.body, Body::Child(_));
        let policy = node.policy();
        let is_explicit = is_child && policy.readiness == Readiness::Explicit;
        let due = is_explicit.then(|| now + policy.start_timeout);
        self.set_state(key, State::Starting { origin, due });
        self.note_for(key, origin.command(), EventKind::Starting);
        if is_child {
            let run = self.run_of(key);
            self.out.extend(run.map(Action::Start));
        } else {
            self.restore_declaration(key);
            if let Some(supervisor) = self.supervisor_mut(key) {
                if !cfg!(plant_bug = "window_survives") {
                    supervisor.window.clear();
                }
                supervisor.meltdown = None;
                supervisor.step = Step::Starting { at: supervisor.first };
            }
            self.todo.push_back(Todo::Advance(key));
        }
    }

    /// Starts the next child of a supervisor that starts, when the one before is done with it; in
    /// a parallel one, all of them. It is over when none is in its start phase any more. Those that
    /// wait for what they depend on count as started.
    pub(super) fn advance_start(&mut self, key: NodeKey) {
        loop {
            let Some(supervisor) = self.supervisor(key) else { return };
            let Step::Starting { at } = supervisor.step else { return };
            let is_parallel = supervisor.is_parallel();
            let Some(child) = at else { break };
            match self.state_of(child) {
                Some(State::Idle) => {
                    self.start_node(child, Origin::Init);
                    if !is_parallel {
                        return;
                    }
                }
                // Where they start side by side none has begun before its turn.
                Some(State::Starting { .. } | State::Stopping(_)) => return,
                Some(State::Waiting { .. }) if cfg!(plant_bug = "waiting_holds_up_siblings") => {
                    return;
                }
                Some(
                    State::Waiting { .. }
                    | State::Up
                    | State::Ended { .. }
                    | State::Restarting { .. }
                    | State::Down
                    | State::Disabled
                    | State::Paused
                    | State::Quarantined { .. }
                    | State::Unjoinable { .. },
                )
                | None => {}
            }
            let next = self.next_of(child);
            if let Some(supervisor) = self.supervisor_mut(key) {
                supervisor.step = Step::Starting { at: next };
            }
        }
        // Below one that ends those that were still to start have been dropped: it is never ready,
        // and its stop comes to it in its turn.
        let parent = self.parent_of(key);
        if parent.is_some_and(|parent| self.is_ending(parent)) && !cfg!(plant_bug = "ready_in_part")
        {
            return;
        }
        let Some(supervisor) = self.supervisor_mut(key) else { return };
        if supervisor.starting > 0 {
            return;
        }
        supervisor.step = Step::None;
        self.todo.push_back(Todo::Started(key, Outcome::Ready));
    }

    /// The start phase of a node is over: who it was started for decides what follows.
    pub(super) fn started(&mut self, key: NodeKey, outcome: Outcome) {
        let Some(State::Starting { origin, .. }) = self.state_of(key) else { return };
        match outcome {
            Outcome::Ready => self.start_succeeded(key, origin),
            Outcome::Ignored => self.start_ignored(key, origin),
            Outcome::Failed(exit) => self.start_failed(key, origin, &exit),
        }
    }

    fn start_succeeded(&mut self, key: NodeKey, origin: Origin) {
        self.set_state(key, State::Up);
        self.note_for(key, origin.command(), EventKind::Ready);
        self.expect_heartbeats(key);
        self.answer_up(key, false);
        match self.parent_of(key) {
            Some(parent) => self.todo.push_back(Todo::Advance(parent)),
            None => self.out.push(Action::Up),
        }
        self.todo.push_back(Todo::Drain(key));
    }

    fn start_ignored(&mut self, key: NodeKey, origin: Origin) {
        let parent = self.parent_of(key);
        self.record(key, &Exit::Ignored);
        self.note_for(key, origin.command(), EventKind::StartIgnored);
        self.set_state(key, State::Down);
        self.note_row(key, Some(&Exit::Ignored));
        let is_forgotten = self.is_forgotten_when_down(key);
        if is_forgotten {
            self.answer_forgotten_after_ignore(key);
            self.forget(key);
        } else {
            self.answer_up(key, true);
            if parent.is_some_and(|parent| self.is_to_be_stopped(parent, key)) {
                self.set_state(key, State::Restarting { due: None });
            }
        }
        self.todo.extend(parent.map(Todo::Advance));
    }

    fn start_failed(&mut self, key: NodeKey, origin: Origin, exit: &Exit) {
        self.record(key, exit);
        self.note_for(key, origin.command(), EventKind::StartFailed { exit: exit.clone() });
        self.answer_start_failed(key, exit);
        let parent = self.parent_of(key);
        match (origin, parent) {
            // The root itself: the tree is over before it began.
            (_, None) => self.tree_ended(Exit::clone(exit)),
            (_, Some(parent)) if self.is_ending(parent) => self.ended_for_good(parent, key, exit),
            // Its supervisor is still starting: it waits for this start.
            (Origin::Init, Some(parent)) => {
                self.set_state(key, State::Down);
                let why = self.start_failure_of(key, exit.clone());
                self.begin_end(parent, why, false);
            }
            // The round starts it again in its turn.
            (
                Origin::Round | Origin::Restart | Origin::Probe | Origin::Late | Origin::Command(_),
                Some(parent),
            ) if self.is_to_be_stopped(parent, key) => {
                self.absorb(parent, key, exit, (Ended::Start, Duration::ZERO));
            }
            // Its supervisor is in the middle of something that it is no part of.
            (Origin::Restart | Origin::Late, Some(parent))
                if self.supervisor(parent).is_some_and(Supervisor::is_busy) =>
            {
                self.decide_later(parent, key, exit, (Ended::Start, Duration::ZERO));
            }
            // A younger one has begun a round of its own, side by side with this one's start.
            (Origin::Round, Some(parent))
                if self.is_stopping_members(parent) && !cfg!(plant_bug = "round_cut_short") =>
            {
                self.decide_later(parent, key, exit, (Ended::Start, Duration::ZERO));
            }
            (Origin::Round | Origin::Restart | Origin::Probe | Origin::Late, Some(_)) => {
                self.decide(key, exit, Ended::Start, Duration::ZERO);
            }
            (Origin::Command(_) | Origin::Add(_), Some(parent)) => {
                self.set_state(key, State::Down);
                let is_forgotten = self.is_forgotten_when_down(key);
                if is_forgotten || matches!(origin, Origin::Add(_)) {
                    self.forget(key);
                }
                self.todo.push_back(Todo::Advance(parent));
            }
        }
    }

    /// Whether a supervisor is still starting its children.
    pub(super) fn is_in_own_start(&self, key: NodeKey) -> bool {
        self.supervisor(key).is_some_and(|s| matches!(s.step, Step::Starting { .. }))
    }

    /// Makes the children of a supervisor those of its declaration: dynamic ones are gone,
    /// deleted and forgotten ones are back, all are to be started.
    fn restore_declaration(&mut self, key: NodeKey) {
        let Some(supervisor) = self.supervisor_mut(key) else { return };
        let is_changed = std::mem::take(&mut supervisor.is_changed);
        let plan = std::sync::Arc::clone(&supervisor.plan);
        let children = self.children(key);
        if is_changed {
            for &child in &children {
                self.nodes.unlink(child);
            }
            let mut declared = BTreeSet::new();
            for child in &plan.children {
                let known = self.nodes.find(&child.path).filter(|&known| {
                    let node = self.nodes.get(known);
                    node.is_some_and(|node| node.is_declared)
                });
                match known {
                    Some(known) => self.nodes.append(key, known),
                    None => self.build(key, child),
                }
                declared.extend(known);
            }
            for child in children {
                if !declared.contains(&child) {
                    self.purge(child);
                }
            }
        }
        for child in self.children(key) {
            // What somebody keeps out stays out.
            let is_held = self.hold_of(child).is_some() && !cfg!(plant_bug = "hold_forgotten");
            let is_enabled = self.policy(child).enabled || cfg!(plant_bug = "disabled_started");
            let state = match (is_enabled, is_held) {
                (false, _) => State::Disabled,
                (true, true) => self.rest_until_probed(child),
                (true, false) => State::Idle,
            };
            self.set_state(child, state);
            if let Some(node) = self.nodes.get_mut(child) {
                node.end_row();
                node.forget_spent();
            }
        }
    }

    /// Makes the nodes of the declared children of a supervisor.
    pub(super) fn build_children(&mut self, key: NodeKey) {
        let Some(supervisor) = self.supervisor(key) else { return };
        let plan = std::sync::Arc::clone(&supervisor.plan);
        self.nodes.reserve(plan.children.len());
        for child in &plan.children {
            self.build(key, child);
        }
    }

    fn build(&mut self, parent: NodeKey, plan: &NodePlan) {
        let path = &plan.path;
        if self.removed.contains(path) {
            return;
        }
        if let Some(dynamic) = self.nodes.find(path) {
            self.purge(dynamic);
        }
        let key = self.nodes.insert(Some(parent), path.clone(), &plan.kind, true, self.now);
        let is_below = self.state_of(parent) == Some(State::Disabled);
        if is_below || !plan.kind.policy().enabled {
            self.set_state(key, State::Disabled);
        } else if self.hold_of(key).is_some() {
            let state = self.rest(key);
            self.set_state(key, state);
        }
        if matches!(plan.kind, PlanKind::Supervisor(_)) {
            self.build_children(key);
        }
    }

    /// The children of a supervisor, in their order.
    pub(super) fn children(&self, key: NodeKey) -> Vec<NodeKey> {
        let first = self.supervisor(key).and_then(|supervisor| supervisor.first);
        std::iter::successors(first, |&child| self.next_of(child)).collect()
    }
}

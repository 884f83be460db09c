//! Starts: who may, in which order, and what follows when one fails (L1–L4, L16, L19, L37).

use std::rc::Rc;

use crate::command::Answer;
use crate::model::{Cause, Exit, Fact, Id, Job, Life, Model, Step, Until};
use crate::spec::{Class, Restart};

impl Model {
    /// The next generation of a child begins.
    pub(crate) fn attempt(&mut self, id: Id, cause: Cause) {
        let now = self.now;
        if !self.are_dependencies_ready(id) {
            return self.wait_for_dependencies(id, cause);
        }
        let node = &mut self.nodes[id];
        node.is_waiting = false;
        node.generation = self.generations.get(&node.path).copied().unwrap_or(0) + 1;
        self.generations.insert(node.path.clone(), node.generation);
        node.life = Life::Starting;
        node.cause = cause;
        node.due = None;
        node.probe_due = None;
        node.ready_at = None;
        node.is_stuck = false;
        node.was_ready = false;
        node.start_due = node.spec.start_timeout.map(|timeout| now + timeout);
        let flags = node.spec.flags().cloned();
        self.note(id, Fact::Starting);
        match flags {
            None => self.spawn(id),
            Some(flags) => {
                // L19: built from its declaration, the window empty.
                self.bury_children(id);
                let node = &mut self.nodes[id];
                node.window.clear();
                node.groups.clear();
                node.jobs.clear();
                let path = self.nodes[id].path.clone();
                for child in flags.children {
                    // L41: removed for good.
                    if self.removed.contains(&format!("{path}/{}", child.id)) {
                        continue;
                    }
                    let child = self.place(Some(id), Rc::new(child));
                    // L41: kept by path, above the run of the supervisor.
                    if let Some(hold) = self.holds.get(&self.nodes[child].path) {
                        let node = &mut self.nodes[child];
                        node.life = hold.life;
                        let wait = node.spec.probe_after.filter(|_| hold.is_probed);
                        node.probe_due = wait.map(|wait| now + wait);
                    }
                }
                let members = self.nodes[id].children.clone();
                self.nodes[id].step = Step::StartingUp { members, turn: 0 };
            }
        }
    }

    /// The next of these has its turn, if the one before is ready: whether anything was done, or
    /// `None` when all have had theirs.
    pub(crate) fn start_next(
        &mut self,
        members: &[Id],
        turn: &mut usize,
        cause: Cause,
    ) -> Option<bool> {
        let is_parallel = members.first().is_some_and(|&member| self.is_in_parallel(member));
        let before = turn.checked_sub(1).and_then(|before| members.get(before));
        let before = before.filter(|_| !is_parallel);
        if before.is_some_and(|&before| {
            let before = &self.nodes[before];
            !before.is_gone && matches!(before.life, Life::Starting | Life::Stopping)
        }) {
            return Some(false);
        }
        // Side by side it is over when none is in its start phase any more.
        let siblings = members.first().and_then(|&member| self.nodes[member].parent);
        let siblings = siblings.map_or(&[][..], |parent| &self.nodes[parent].children);
        let is_done = *turn >= members.len();
        if is_parallel && is_done && siblings.iter().any(|&child| self.is_in_its_start(child)) {
            return Some(false);
        }
        let &next = members.get(*turn)?;
        *turn += 1;
        let node = &self.nodes[next];
        if !node.is_gone
            && matches!(node.life, Life::Waiting | Life::Restarting)
            && !node.is_waiting
        {
            self.attempt(next, cause);
        }
        Some(true)
    }

    pub(crate) fn run_is_ready(&mut self, id: Id) {
        let now = self.now;
        let node = &mut self.nodes[id];
        if node.life != Life::Starting {
            return;
        }
        node.life = Life::Up;
        node.ready_at = Some(now);
        node.was_ready = true;
        node.start_due = None;
        node.stale_due = node.spec.stale_after.map(|wait| now + wait);
        self.note(id, Fact::Ready);
        self.answer_waiters(id, |until| (until == Until::Ready).then_some(Answer::Ok));
        self.look_until_quiet();
    }

    /// L3, L16: no failure, and it costs nothing.
    pub(crate) fn start_is_ignored(&mut self, id: Id) {
        self.note(id, Fact::StartIgnored);
        self.answer_waiters(id, |until| (until == Until::Ready).then_some(Answer::OkIgnored));
        self.nodes[id].life = Life::Down;
        self.nodes[id].on_trial = false;
        if self.is_forgotten(id) {
            return self.forget(id);
        }
        // L14: the round that has still to stop it starts it again.
        if self.nodes[id].parent.is_some_and(|parent| self.is_to_be_stopped(parent, id)) {
            self.nodes[id].life = Life::Restarting;
        }
    }

    pub(crate) fn start_failed(&mut self, id: Id, exit: Exit) {
        self.nodes[id].life = Life::Down;
        let Some(parent) = self.nodes[id].parent else { return };
        self.answer_waiters(id, |until| (until == Until::Ready).then_some(Answer::StartFailed));
        let is_temporary = self.is_forgotten(id);
        match self.nodes[id].cause {
            // L22.
            _ if self.is_being_stopped(parent) => {
                if is_temporary {
                    self.forget(id);
                }
            }
            // L24: the round had still to stop it, and starts all.
            Cause::Command | Cause::Add | Cause::Probe
                if self.is_to_be_stopped(parent, id)
                    && !(self.nodes[id].cause == Cause::Probe && self.nodes[id].on_trial) =>
            {
                if is_temporary {
                    return self.forget(id);
                }
                self.nodes[id].life = Life::Restarting;
                self.lengthen(id, exit);
            }
            // L2.
            // L36: it carries the class of its cause.
            Cause::Init => {
                let class = exit.class().unwrap_or(Class::Recoverable);
                self.begin_end(parent, Exit::Failed(class));
            }
            Cause::Round | Cause::Restart => self.decide_in_turn(parent, id, exit),
            // L23.
            Cause::Command if is_temporary => self.forget(id),
            Cause::Command => self.nodes[id].on_trial = false,
            // L4.
            Cause::Add => self.forget(id),
            Cause::Probe if !self.nodes[id].on_trial => self.decide_in_turn(parent, id, exit),
            Cause::Probe => {
                self.quarantine(id);
                self.is_it_the_last_straw(parent, id);
            }
        }
    }

    /// A start has failed that is not the one its supervisor waits for: that is heard in its turn.
    fn decide_in_turn(&mut self, parent: Id, id: Id, exit: Exit) {
        // L35: on trial, with a round or without.
        if self.nodes[id].on_trial {
            self.quarantine(id);
            return self.is_it_the_last_straw(parent, id);
        }
        let is_in_turn = match &self.nodes[parent].step {
            // L37: one that had to wait counts as started, so the round goes on without it.
            Step::Starting { .. } => self.nodes[id].cause == Cause::Round,
            Step::Idle => true,
            Step::Stopping { members, .. } if members.contains(&id) => {
                self.nodes[id].life = Life::Restarting;
                return self.lengthen(id, exit);
            }
            Step::None | Step::StartingUp { .. } | Step::Stopping { .. } | Step::Ending { .. } => {
                false
            }
        };
        if is_in_turn {
            return self.decide(parent, id, exit, true);
        }
        self.nodes[parent].jobs.push_back(Job::FailedStart(id, exit));
    }

    fn is_to_be_stopped(&self, parent: Id, id: Id) -> bool {
        matches!(&self.nodes[parent].step, Step::Stopping { members, .. } if members.contains(&id))
    }

    pub(crate) fn is_pool(&self, id: Id) -> bool {
        self.nodes[id].spec.flags().is_some_and(|flags| flags.is_pool)
    }

    /// L7, L21: whether nothing is kept of it when it is down.
    pub(crate) fn is_forgotten(&self, id: Id) -> bool {
        let node = &self.nodes[id];
        node.spec.restart == Restart::Temporary
            || node.parent.is_some_and(|parent| self.is_pool(parent))
    }

    /// Nobody below it is there any more.
    fn bury_children(&mut self, id: Id) {
        for child in std::mem::take(&mut self.nodes[id].children) {
            self.nodes[child].is_gone = true;
            self.bury_children(child);
        }
    }

    pub(crate) fn forget(&mut self, id: Id) {
        let node = &self.nodes[id];
        let is_down = node.spec.restart != Restart::Temporary && node.life == Life::Down;
        if is_down && node.parent.is_some_and(|parent| self.is_pool(parent)) {
            self.reach("L21 a member of a pool is down, and forgotten");
        }
        self.note(id, Fact::Removed);
        self.answer_waiters(id, |until| {
            Some(match until {
                Until::Gone => Answer::Ok,
                Until::Ready => Answer::Removed,
            })
        });
        self.nodes[id].is_gone = true;
        self.bury_children(id);
        if let Some(parent) = self.nodes[id].parent {
            self.nodes[parent].children.retain(|&child| child != id);
        }
    }
}

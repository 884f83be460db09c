//! One exit, and what follows (L5–L16, L24–L28, L33–L36).

use crate::model::{Cause, Exit, Fact, Hold, Id, Job, Life, Model, Step, Wish};
use crate::spec::{AutoShutdown, Backoff, Class, OnLimit, Restart, Strategy};

/// L43: whatever began it.
const MELTDOWN: Exit = Exit::Failed(Class::Recoverable);

impl Model {
    /// A run has ended and nobody had asked it to.
    pub(crate) fn has_died(&mut self, id: Id, exit: Exit) {
        let Some(parent) = self.nodes[id].parent else { return };
        self.nodes[id].life = Life::Down;
        self.is_ready_no_more(id);
        // L22: also when it is a supervisor further up that stops.
        if self.is_being_stopped(parent) {
            if self.is_forgotten(id) {
                self.forget(id);
            }
            return;
        }
        match &self.nodes[parent].step {
            Step::None | Step::Ending { .. } => {}
            // L24: the round had still to stop it.
            Step::Stopping { members, .. } if members.contains(&id) => {
                if self.is_forgotten(id) {
                    return self.forget(id);
                }
                if self.nodes[id].on_trial && self.asks(id, exit, false) {
                    self.quarantine(id);
                    return self.is_it_the_last_straw(parent, id);
                }
                self.nodes[id].life = Life::Restarting;
                if exit.is_abnormal() {
                    self.lengthen(id, exit);
                }
            }
            step => {
                // L35: that is nobody else's concern.
                let has_time = *step == Step::Idle;
                if !has_time && self.nodes[id].on_trial && self.asks(id, exit, false) {
                    self.quarantine(id);
                    return self.is_it_the_last_straw(parent, id);
                }
                self.nodes[parent].jobs.push_back(Job::Death(id, exit));
            }
        }
    }

    /// Whether this supervisor, or one above it, is ending.
    pub(crate) fn is_being_stopped(&self, id: Id) -> bool {
        let node = &self.nodes[id];
        matches!(node.step, Step::Ending { .. } | Step::None)
            || node.parent.is_some_and(|parent| self.is_being_stopped(parent))
    }

    /// L34: a failure while its group is stopped makes the wait as long as its own would be.
    pub(crate) fn lengthen(&mut self, id: Id, exit: Exit) {
        let Some(parent) = self.nodes[id].parent else { return };
        let wait = self.next_wait(id, exit);
        if let Step::Stopping { decided, due, .. } = &mut self.nodes[parent].step {
            *due = (*due).max(*decided + wait);
        }
    }

    /// L5–L7, L16.
    fn asks(&self, id: Id, exit: Exit, is_start: bool) -> bool {
        match self.nodes[id].spec.restart {
            Restart::Permanent => true,
            Restart::Transient => is_start || exit.is_abnormal(),
            Restart::Temporary => false,
        }
    }

    /// What follows from the end of a run, or from a start that failed inside a restart.
    pub(crate) fn decide(&mut self, parent: Id, id: Id, exit: Exit, is_start: bool) {
        let now = self.now;
        self.nodes[id].life = Life::Down;
        if !self.asks(id, exit, is_start) {
            self.nodes[id].on_trial = false;
            if self.is_forgotten(id) {
                self.forget(id);
            }
            return self.is_it_the_last_straw(parent, id);
        }
        if self.nodes[id].on_trial {
            self.quarantine(id);
            return self.is_it_the_last_straw(parent, id);
        }
        // L36, then L35: its own limit first, and if that is spent nobody else pays.
        let is_spent = exit.class() == Some(Class::Fatal) || self.charge_own(id, exit);
        if is_spent {
            return self.on_limit(parent, id);
        }
        // L9, L25.
        let Some(flags) = self.nodes[parent].spec.flags().cloned() else { return };
        let window = &mut self.nodes[parent].window;
        window.push(now);
        window.retain(|&at| now - at <= flags.intensity.within);
        if window.len() > flags.intensity.max {
            let exit = if flags.meltdown_is_abnormal { MELTDOWN } else { Exit::Shutdown };
            self.note(parent, Fact::Meltdown);
            self.begin_end(parent, exit);
            // L15.
            if self.is_forgotten(id) {
                self.forget(id);
            }
            return;
        }
        let wait = self.next_wait(id, exit);
        if flags.strategy == Strategy::OneForOne {
            let node = &mut self.nodes[id];
            node.life = Life::Restarting;
            node.due = Some(now + wait);
            if wait == 0 {
                self.attempt(id, Cause::Restart);
            }
            return;
        }
        self.begin_round(parent, id, flags.strategy, wait);
    }

    /// L12–L14, L34.
    fn begin_round(&mut self, parent: Id, id: Id, strategy: Strategy, wait: u64) {
        let now = self.now;
        let children = &self.nodes[parent].children;
        let from = match strategy {
            Strategy::RestForOne => children.iter().position(|&child| child == id).unwrap_or(0),
            Strategy::OneForAll | Strategy::OneForOne => 0,
        };
        let mut members: Vec<_> = children[from..]
            .iter()
            .copied()
            .filter(|&child| !matches!(self.nodes[child].life, Life::Paused | Life::Quarantined))
            .collect();
        // L24: deaths that nobody has decided about yet are absorbed.
        self.nodes[parent].jobs.retain(|job| match job {
            Job::Death(child, _) | Job::FailedStart(child, _) => !members.contains(child),
            Job::Command(..) | Job::Probe(_) => true,
        });
        members.retain(|&member| {
            // L14: nobody starts it again.
            let node = &self.nodes[member];
            let does_not_run = node.life == Life::Down || node.is_waiting_for_others();
            let is_over = does_not_run && node.spec.restart == Restart::Temporary;
            if is_over {
                self.forget(member);
            }
            !is_over
        });
        let (mut decided, mut due) = (now, now + wait);
        // There is one round at a time: one that waits is taken over, with the later start.
        for group in std::mem::take(&mut self.nodes[parent].groups) {
            (decided, due) = (decided.min(group.decided), due.max(group.due));
            let waiting = group.members.into_iter();
            members.extend(waiting.filter(|&member| {
                let node = &self.nodes[member];
                let is_given_up = node.life == Life::Unjoinable && node.wish == Wish::Member;
                !node.is_gone && (node.life == Life::Restarting || is_given_up)
            }));
        }
        let order = self.nodes[parent].children.clone();
        members.sort_by_key(|member| order.iter().position(|child| child == member));
        members.dedup();
        for &member in &members {
            self.is_to_end_now(member);
            let node = &mut self.nodes[member];
            // L14: what was stopped by command before is no exception.
            if node.life == Life::Stopping
                && matches!(node.wish, Wish::Stop | Wish::Restart | Wish::Wait)
            {
                node.wish = Wish::Member;
            }
            // On trial it has failed to start, with a round or without.
            if node.life == Life::Stopping && node.wish == Wish::TimedOut && !node.on_trial {
                node.wish = Wish::Member;
            }
            // L40: it takes part when it is gone.
            if node.life == Life::Unjoinable && !matches!(node.wish, Wish::Hold | Wish::Remove) {
                node.wish = Wish::Member;
            }
            if matches!(node.life, Life::Down | Life::Waiting) {
                node.life = Life::Restarting;
                node.is_waiting = false;
            }
        }
        self.find_layers(parent);
        self.nodes[parent].step = Step::Stopping { members, decided, due };
    }

    /// L33: the wait before the next run, which counts from now on.
    ///
    /// L36: that of a class, if it has one, grows by the failures of that class.
    fn next_wait(&mut self, id: Id, exit: Exit) -> u64 {
        let node = &mut self.nodes[id];
        let said = exit.class().and_then(|class| node.spec.class(class));
        let own = said.and_then(|said| Some((said.class, said.backoff?)));
        let (backoff, waits) = match own {
            Some((class, backoff)) => (backoff, node.class_waits.entry(class).or_default()),
            None => (node.spec.backoff, &mut node.waits),
        };
        let Backoff { initial, max, factor, .. } = backoff;
        let grown = initial.saturating_mul(factor.saturating_pow(*waits));
        *waits += 1;
        if own.is_some() {
            self.reach("L36 a class has a wait of its own");
        }
        grown.min(max)
    }

    /// L33: its run is ready no more; if it was for long enough, the next wait is the first again.
    pub(crate) fn is_ready_no_more(&mut self, id: Id) {
        let now = self.now;
        self.end_trial(id);
        let node = &mut self.nodes[id];
        let ready_for = node.ready_at.take().map(|at| now - at);
        let Some(ready_for) = ready_for else { return };
        if ready_for >= node.spec.backoff.reset_after {
            node.waits = 0;
        }
        for said in &node.spec.classes {
            if said.backoff.is_some_and(|backoff| ready_for >= backoff.reset_after) {
                node.class_waits.remove(&said.class);
            }
        }
    }

    /// L35: whether its own limit is spent with this one.
    ///
    /// L36: that of a class takes its place, and counts what is of that class.
    fn charge_own(&mut self, id: Id, exit: Exit) -> bool {
        let now = self.now;
        let node = &mut self.nodes[id];
        let said = exit.class().and_then(|class| node.spec.class(class));
        let of_class = said.and_then(|said| Some((said.class, said.limit?)));
        let (limit, charged) = match (of_class, node.spec.limit) {
            (Some((class, limit)), _) => (limit, node.class_charged.entry(class).or_default()),
            (None, Some(limit)) => (limit, &mut node.charged),
            (None, None) => return false,
        };
        charged.push(now);
        charged.retain(|&at| now - at <= limit.within);
        let is_spent = charged.len() > limit.max;
        if is_spent && of_class.is_some() {
            self.reach("L36 the limit of a class is spent");
        }
        is_spent
    }

    /// Nothing has been charged on its own limits.
    pub(crate) fn make_whole(&mut self, id: Id) {
        self.nodes[id].charged.clear();
        self.nodes[id].class_charged.clear();
    }

    fn on_limit(&mut self, parent: Id, id: Id) {
        match self.nodes[id].spec.on_limit {
            OnLimit::Quarantine => {
                self.quarantine(id);
                self.is_it_the_last_straw(parent, id);
            }
            OnLimit::Escalate => {
                self.note(parent, Fact::Meltdown);
                self.begin_end(parent, MELTDOWN);
                if self.is_forgotten(id) {
                    self.forget(id);
                }
            }
            OnLimit::Stop => {
                if self.is_forgotten(id) {
                    self.forget(id);
                }
                self.is_it_the_last_straw(parent, id);
            }
            OnLimit::ShutdownTree => self.end_the_tree(),
        }
    }

    pub(crate) fn quarantine(&mut self, id: Id) {
        let now = self.now;
        let node = &mut self.nodes[id];
        node.life = Life::Quarantined;
        node.on_trial = false;
        node.probe_due = node.spec.probe_after.map(|wait| now + wait);
        let is_probed = node.probe_due.is_some();
        let hold = Hold { life: Life::Quarantined, is_to_run: true, is_probed };
        self.holds.insert(node.path.clone(), hold);
    }

    /// L35: one start of this child only, charged to nothing.
    pub(crate) fn probe(&mut self, id: Id) {
        self.nodes[id].probe_due = None;
        self.nodes[id].on_trial = true;
        self.note(id, Fact::Probing);
        if self.nodes[id].spec.flags().is_some() {
            self.reach("L35 a supervisor is started as a trial");
        }
        self.holds.remove(&self.nodes[id].path);
        self.attempt(id, Cause::Probe);
    }

    /// Whether its trial was stood is seen when the run ends.
    pub(crate) fn end_trial(&mut self, id: Id) {
        let now = self.now;
        let node = &mut self.nodes[id];
        if !node.on_trial {
            return;
        }
        let ready_for = node.ready_at.map_or(0, |at| now - at);
        if node.ready_at.is_some() && ready_for >= node.spec.backoff.reset_after {
            node.on_trial = false;
            self.make_whole(id);
            if self.nodes[id].spec.flags().is_some() {
                self.reach("L35 a supervisor has stood its trial");
            }
        }
    }

    /// L27, L28.
    pub(crate) fn is_it_the_last_straw(&mut self, parent: Id, id: Id) {
        let Some(flags) = self.nodes[parent].spec.flags() else { return };
        if !self.nodes[id].spec.significant {
            return;
        }
        let is_last = match flags.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::Any => true,
            AutoShutdown::All => !self.nodes[parent].children.iter().any(|&id| {
                let child = &self.nodes[id];
                // L24: one that has died amid a round may still ask for its restart.
                let may_run_again = matches!(child.life, Life::Waiting | Life::Restarting);
                let is_left = child.life.is_live() || may_run_again || self.is_undecided(id);
                child.spec.significant && is_left
            }),
        };
        if is_last {
            self.note(parent, Fact::AutoShutdown);
            self.begin_end(parent, Exit::Shutdown);
        }
    }
}

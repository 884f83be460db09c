//! Looking at each supervisor and doing the first thing that the laws ask for.

use crate::command::Answer;
use crate::model::{Cause, Exit, Fact, Group, Id, Job, Life, Model, Node, Step, Until, Wish};
use crate::spec::Strategy;
use crate::world::Turn;

impl Model {
    /// Lets everything happen that needs no time.
    pub fn settle(&mut self) {
        self.look_until_quiet();
        if !self.orders.is_empty() {
            self.carry_out_orders();
            self.hear_the_rest();
        }
        loop {
            match self.polls.pop_front() {
                Some(Turn::Run(id, generation)) => self.poll(id, generation),
                Some(Turn::Helper(id, generation)) => self.poll_helper(id, generation),
                Some(Turn::Supervisors) => self.hear(),
                // Who gave way has his turn when nobody else has one coming.
                None if self.gives_way => self.hear(),
                None => return,
            }
        }
    }

    pub(crate) fn look_until_quiet(&mut self) {
        while !self.is_over && self.look_everywhere() {}
    }

    fn look(&mut self, id: Id) -> bool {
        if self.look_at(id) {
            return true;
        }
        let children = self.nodes[id].children.clone();
        children.into_iter().any(|child| self.look(child))
    }

    fn look_everywhere(&mut self) -> bool {
        let all =
            |model: &Self| (0..model.nodes.len()).filter(|&id| !model.nodes[id].is_gone).collect();
        let supervisors: Vec<Id> = all(self);
        // Who has begun to start has come to his first child by then.
        let begins =
            |model: &Self, id: Id| matches!(model.nodes[id].step, Step::StartingUp { turn: 0, .. });
        let has_news = |model: &Self, id: Id| {
            let node = &model.nodes[id];
            let is_death = matches!(node.jobs.front(), Some(Job::Death(..)));
            is_death && node.step == Step::Idle && !model.is_being_stopped(id)
        };
        // Whoever was waited for is ready, and what has happened below it comes after that.
        let goes_on = |model: &Self, id: Id| match &model.nodes[id].step {
            Step::StartingUp { members, turn } | Step::Starting { members, turn } => {
                let before = turn.checked_sub(1).and_then(|before| members.get(before));
                before.is_some_and(|&before| {
                    model.nodes[before].life == Life::Up && has_news(model, before)
                })
            }
            _ => false,
        };
        // Of several that have something to decide it is whoever was free first.
        let first_news = |model: &Self| {
            let news = supervisors.iter().copied().filter(|&id| has_news(model, id));
            news.min_by_key(|&id| model.nodes[id].free_since)
        };
        // What a death means for its group comes before what it means for those who depend on it,
        // and that before what the group does next.
        supervisors.iter().any(|&id| self.look_at_the_waiting(id))
            || supervisors.iter().any(|&id| goes_on(self, id) && self.look_at(id))
            || first_news(self).is_some_and(|id| self.look_at_idle(id))
            || supervisors.iter().any(|&id| begins(self, id) && self.look_at(id))
            || supervisors.iter().any(|&id| self.look_at_dependants(id))
            || self.look(0)
    }

    fn look_at(&mut self, id: Id) -> bool {
        let above = self.nodes[id].parent;
        match self.nodes[id].step.clone() {
            Step::None => false,
            // L22: it is asked in its turn, and until then it does nothing.
            step if !matches!(step, Step::Ending { .. })
                && above.is_some_and(|above| self.is_being_stopped(above)) =>
            {
                false
            }
            Step::Ending { exit } => {
                let children = self.nodes[id].children.clone();
                if let Some(did) = self.cancel_starts(id) {
                    return did;
                }
                self.stop_next(&children, Wish::End).unwrap_or_else(|| {
                    let is_unjoinable = |&child: &Id| self.nodes[child].life == Life::Unjoinable;
                    if id != 0 && self.nodes[id].children.iter().any(is_unjoinable) {
                        // L40: it is over when they are.
                        if self.nodes[id].life == Life::Unjoinable {
                            return false;
                        }
                        self.give_up(id);
                        return true;
                    }
                    self.supervisor_has_ended(id, exit);
                    true
                })
            }
            Step::StartingUp { members, mut turn } => {
                let did = self.start_next(&members, &mut turn, Cause::Init);
                if let Step::StartingUp { turn: now, .. } = &mut self.nodes[id].step {
                    *now = turn;
                }
                did.unwrap_or_else(|| {
                    // L37: also one that had to wait and has been started meanwhile.
                    let is_starting = |&child: &Id| self.is_in_its_start(child);
                    if self.nodes[id].children.iter().any(is_starting) {
                        return false;
                    }
                    self.is_free(id);
                    self.run_is_ready(id);
                    true
                })
            }
            Step::Stopping { members, decided, due } => {
                self.stop_next(&members, Wish::Member).unwrap_or_else(|| {
                    self.is_free(id);
                    // L34: dropped with the last of its members.
                    let mut lives = members.iter().map(|&member| &self.nodes[member]);
                    if lives.any(|node| !node.is_gone && node.life == Life::Restarting) {
                        self.nodes[id].groups.push(Group { members, decided, due });
                    }
                    true
                })
            }
            Step::Starting { members, mut turn } => {
                let did = self.start_next(&members, &mut turn, Cause::Round);
                if let Step::Starting { turn: now, .. } = &mut self.nodes[id].step {
                    *now = turn;
                }
                did.unwrap_or_else(|| {
                    self.is_free(id);
                    true
                })
            }
            Step::Idle => self.look_at_idle(id),
        }
    }

    /// It is in the middle of nothing any more.
    fn is_free(&mut self, id: Id) {
        self.times_free += 1;
        self.nodes[id].step = Step::Idle;
        self.nodes[id].free_since = self.times_free;
    }

    /// Whether it is not ready yet, or on its way out because that took too long.
    pub(crate) fn is_in_its_start(&self, id: Id) -> bool {
        let node = &self.nodes[id];
        let is_overdue = node.life == Life::Stopping && node.wish == Wish::TimedOut;
        node.life == Life::Starting || is_overdue
    }

    fn look_at_idle(&mut self, id: Id) -> bool {
        let now = self.now;
        let children = &self.nodes[id].children;
        let due = children.iter().copied().find(|&child| {
            let child = &self.nodes[child];
            child.life == Life::Restarting && child.due.is_some_and(|due| due <= now)
        });
        if let Some(child) = due {
            self.attempt(child, Cause::Restart);
            return true;
        }
        if self.nodes[id].groups.iter().any(|group| group.due <= now) {
            self.begin_due_group(id);
            return true;
        }
        match self.nodes[id].jobs.pop_front() {
            None => false,
            Some(Job::Probe(child)) => {
                let node = &self.nodes[child];
                let hold = self.holds.get(&node.path);
                let is_wanted = hold.is_some_and(|hold| hold.is_probed);
                if !node.is_gone && node.life == Life::Quarantined && is_wanted {
                    self.probe(child);
                }
                // One that is ready at once says so when all who waited have had their turn.
                let is_more = matches!(self.nodes[id].jobs.front(), Some(Job::Probe(_)));
                if is_more && self.nodes[id].step == Step::Idle {
                    return self.look_at_idle(id);
                }
                true
            }
            Some(Job::FailedStart(child, exit)) => {
                if !self.nodes[child].is_gone {
                    self.decide(id, child, exit, true);
                }
                true
            }
            Some(Job::Death(child, exit)) => {
                if !self.nodes[child].is_gone {
                    self.decide(id, child, exit, false);
                }
                true
            }
            Some(Job::Command(number, command)) => {
                self.carry_out(number, &command);
                true
            }
        }
    }

    /// A group has waited long enough.
    pub(crate) fn begin_due_group(&mut self, id: Id) {
        let now = self.now;
        let groups = &mut self.nodes[id].groups;
        let Some(at) = groups.iter().position(|group| group.due <= now) else { return };
        let waiting = groups.remove(at).members;
        // In the order of declaration from its first member on: who starts there is waited for.
        let children = &self.nodes[id].children;
        let is_all =
            self.nodes[id].spec.flags().is_some_and(|flags| flags.strategy == Strategy::OneForAll);
        let first = children.iter().position(|child| is_all || waiting.contains(child));
        let mut members = children[first.unwrap_or(children.len())..].to_vec();
        if self.is_parallel(id) {
            members = waiting;
        }
        self.nodes[id].step = Step::Starting { members, turn: 0 };
    }

    /// Asks the youngest of these to end, if nobody else is ending: whether anything was done, or
    /// `None` when all have ended (L12, L15, L20).
    fn stop_next(&mut self, members: &[Id], wish: Wish) -> Option<bool> {
        let live: Vec<_> = members
            .iter()
            .copied()
            .filter(|&child| {
                let Node { is_gone, life, .. } = self.nodes[child];
                !is_gone && life.is_live() && life != Life::Unjoinable
            })
            .collect();
        let &youngest = live.last()?;
        if self.is_in_parallel(youngest) {
            return Some(self.stop_layer(&live, wish));
        }
        // L21.
        if self.nodes[youngest].parent.is_some_and(|parent| self.is_pool(parent)) {
            let is_up = |&child: &Id| self.nodes[child].life != Life::Stopping;
            let up: Vec<_> = live.iter().rev().copied().filter(is_up).collect();
            if up.len() > 1 {
                self.reach("L21 members of a pool are stopped at the same time");
            }
            for &child in &up {
                self.ask(child, wish);
            }
            for child in live {
                self.takes_over(child, wish);
            }
            return Some(!up.is_empty());
        }
        // Strictly one at a time, also when somebody else has asked the one.
        let busy =
            live.iter().rev().copied().find(|&child| self.nodes[child].life == Life::Stopping);
        let child = busy.unwrap_or(youngest);
        if self.nodes[child].life != Life::Stopping {
            self.ask(child, wish);
            return Some(true);
        }
        self.takes_over(child, wish);
        Some(false)
    }

    /// One that is on its way out already, when its turn to be stopped comes.
    pub(crate) fn takes_over(&mut self, child: Id, wish: Wish) {
        // Who was asked by command after the round began is taken out of it.
        // D12: one whose start takes too long amid the end has failed to start.
        let is_kept = matches!(
            self.nodes[child].wish,
            Wish::Own | Wish::Hold | Wish::Remove | Wish::TimedOut
        );
        if wish == Wish::End && !is_kept {
            self.nodes[child].wish = wish;
        }
    }

    /// L20: nobody has asked a supervisor that ends by itself. When somebody does, or what it
    /// belongs to is stopped, it has its grace like others.
    pub(crate) fn is_to_end_now(&mut self, id: Id) {
        let now = self.now;
        let node = &mut self.nodes[id];
        let ends_by_itself = node.life == Life::Stopping && node.wish == Wish::Own;
        if !ends_by_itself || node.is_to_end {
            return;
        }
        node.is_to_end = true;
        node.grace_due = node.spec.grace.map(|grace| now + grace);
        if node.grace_due.is_some() {
            self.reach("L20 a supervisor that ends by itself is to be stopped, and has its grace");
        }
    }

    /// Asks a live child to end.
    pub(crate) fn ask(&mut self, id: Id, wish: Wish) {
        let now = self.now;
        self.is_to_end_now(id);
        let node = &mut self.nodes[id];
        node.wish = wish;
        node.start_due = None;
        node.stale_due = None;
        if node.life == Life::Stopping {
            return;
        }
        node.life = Life::Stopping;
        self.is_ready_no_more(id);
        let node = &mut self.nodes[id];
        node.grace_due = node.spec.grace.map(|grace| now + grace);
        self.note(id, Fact::StopRequested);
        if let Some(run) = &mut self.nodes[id].run {
            run.is_cancelled = true;
            return self.order(id);
        }
        // It was failing to start: now it is stopped.
        if let Step::Ending { exit } = &mut self.nodes[id].step {
            *exit = Exit::Shutdown;
        }
        self.begin_end(id, Exit::Shutdown);
    }

    /// Its grace is over.
    pub(crate) fn its_grace_is_over(&mut self, id: Id) {
        if self.nodes[id].spec.flags().is_none() {
            return self.abort(id, None);
        }
        self.reach("L20 the grace of a supervisor is over");
        self.nodes[id].grace_due = None;
        self.note(id, Fact::Aborted);
        self.cut.push((self.nodes[id].path.clone(), self.now));
        let wait_of_all = self.nodes[id].spec.flags().and_then(|flags| flags.abort_wait_of_all);
        self.abort_below(id, wait_of_all);
    }

    /// All that is below it and still live is asked, if it has not been yet, and aborted, at once.
    fn abort_below(&mut self, id: Id, wait_of_all: Option<u64>) {
        for child in self.nodes[id].children.clone().into_iter().rev() {
            if matches!(self.nodes[child].life, Life::Starting | Life::Up) {
                self.reach("L20 what had not been asked yet is aborted with its supervisor");
                if self.nodes[child].spec.flags().is_some() {
                    self.reach("L20 a supervisor is aborted with the one above it");
                }
                self.ask(child, Wish::End);
            }
            if self.nodes[child].run.as_ref().is_some_and(|run| !run.is_aborted) {
                if self.is_thread(child) && wait_of_all.is_some() {
                    self.reach(
                        "L20 a thread that is aborted with its supervisor has the wait of all",
                    );
                }
                self.abort(child, wait_of_all);
            }
            self.abort_below(child, wait_of_all);
        }
    }

    /// Ends it by force. How long it has to go then is its own, where nothing else is said.
    pub(crate) fn abort(&mut self, id: Id, wait_of_all: Option<u64>) {
        self.nodes[id].grace_due = None;
        if self.is_thread(id) {
            // L40: nobody can end it. It gets its last chance.
            let node = &mut self.nodes[id];
            node.give_up_due = Some(self.now + wait_of_all.unwrap_or(node.spec.abort_wait));
            if let Some(run) = &mut node.run {
                run.is_aborted = true;
            }
            return;
        }
        if self.nodes[id].is_stuck {
            self.reach("L39 a run that fell silent has to be aborted");
        }
        self.note(id, Fact::Aborted);
        if let Some(run) = &mut self.nodes[id].run {
            run.is_aborted = true;
            self.order(id);
        }
    }

    /// L40: it is named, and whoever waited for it goes on.
    pub(crate) fn give_up(&mut self, id: Id) {
        self.reach("L40 a run cannot be joined");
        if self.nodes[id].spec.flags().is_some() {
            self.reach("L40 nor can the supervisor above it");
            self.is_open |= self.nodes[id].life == Life::Starting;
        }
        let node = &mut self.nodes[id];
        (node.give_up_due, node.grace_due) = (None, None);
        node.life = Life::Unjoinable;
        self.note(id, Fact::Unjoinable);
        self.answer_waiters(id, |_| Some(Answer::Unjoinable));
    }

    /// L37: the start phase is bounded.
    pub(crate) fn start_takes_too_long(&mut self, id: Id) {
        self.ask(id, Wish::TimedOut);
    }

    /// L39: it is stuck, whatever becomes of it now.
    pub(crate) fn is_silent(&mut self, id: Id) {
        self.nodes[id].stale_due = None;
        // L20: it is asked in its turn.
        if self.nodes[id].parent.is_some_and(|parent| self.is_being_stopped(parent)) {
            return self.reach("L39 a heartbeat is missed amid a stop");
        }
        self.reach("L39 a heartbeat is missed");
        self.nodes[id].is_stuck = true;
        self.ask(id, Wish::Stale);
    }

    /// A run has ended; `None`: its start is ignored.
    pub(crate) fn run_has_ended(&mut self, id: Id, exit: Option<Exit>) {
        let node = &mut self.nodes[id];
        node.run = None;
        node.has_failed_before |= !node.was_ready;
        node.start_due = None;
        node.grace_due = None;
        node.give_up_due = None;
        node.stale_due = None;
        match (node.life, exit) {
            (Life::Starting, None) => self.start_is_ignored(id),
            (Life::Starting, Some(exit)) => {
                self.note(id, Fact::StartFailed(exit));
                self.start_failed(id, exit);
            }
            (Life::Stopping | Life::Unjoinable, exit) => {
                self.has_stopped(id, exit.unwrap_or(Exit::Shutdown));
            }
            (_, exit) => {
                let exit = exit.unwrap_or(Exit::Succeeded);
                self.note(id, Fact::Exited(exit));
                self.has_died(id, exit);
            }
        }
    }

    /// Whether a round has still to start this child.
    fn comes_to(&self, parent: Id, id: Id) -> bool {
        let parent = &self.nodes[parent];
        let is_next = match &parent.step {
            Step::Stopping { members, .. } => members.contains(&id),
            Step::Starting { members, turn } => members[*turn..].contains(&id),
            _ => false,
        };
        is_next || parent.groups.iter().any(|group| group.members.contains(&id))
    }

    /// A supervisor, and all below it, has ended.
    fn supervisor_has_ended(&mut self, id: Id, exit: Exit) {
        self.nodes[id].step = Step::None;
        self.nodes[id].grace_due = None;
        for job in std::mem::take(&mut self.nodes[id].jobs) {
            if let Job::Command(number, _) = job {
                self.answers.push((number, self.no_supervisor()));
            }
        }
        if id == 0 {
            self.nodes[id].life = Life::Down;
            self.is_over = true;
            return;
        }
        match (self.nodes[id].life, self.nodes[id].wish) {
            (Life::Starting, _) => {
                self.note(id, Fact::StartFailed(exit));
                self.start_failed(id, exit);
            }
            (Life::Stopping | Life::Unjoinable, Wish::Own) => {
                self.note(id, Fact::Exited(exit));
                self.has_died(id, exit);
            }
            _ => self.has_stopped(id, exit),
        }
    }

    /// What was asked to end has ended (D12: what was wished for is what it is now).
    fn has_stopped(&mut self, id: Id, exit: Exit) {
        let is_temporary = self.is_forgotten(id);
        let mut wish = self.nodes[id].wish;
        let parent = self.nodes[id].parent;
        let is_started = matches!(wish, Wish::Restart | Wish::Member | Wish::Wait);
        if is_started && parent.is_some_and(|parent| self.is_being_stopped(parent)) {
            wish = Wish::End;
        }
        if wish == Wish::TimedOut {
            self.note(id, Fact::StartFailed(Exit::TimedOut));
            return self.start_failed(id, Exit::TimedOut);
        }
        // L39.
        let exit = if self.nodes[id].is_stuck { Exit::TimedOut } else { exit };
        if wish == Wish::Stale {
            self.note(id, Fact::Exited(exit));
            return self.has_died(id, exit);
        }
        if self.nodes[id].is_stuck && !matches!(wish, Wish::End | Wish::Member) {
            self.reach("L39 a run that fell silent gets a command");
        }
        // Who ends well after it was asked to has ended because of that.
        let exit = if exit == Exit::Succeeded { Exit::Shutdown } else { exit };
        self.note(id, Fact::Exited(exit));
        let was_given_up = self.nodes[id].life == Life::Unjoinable;
        self.nodes[id].life = Life::Down;
        match wish {
            Wish::Stop | Wish::Member | Wish::End if is_temporary => return self.forget(id),
            Wish::Remove => return self.forget(id),
            Wish::Member => {
                self.nodes[id].life = Life::Restarting;
                if exit.is_abnormal() {
                    self.lengthen(id, exit);
                }
                // L40: nothing has started in its place, and now it can.
                if was_given_up && !parent.is_some_and(|parent| self.comes_to(parent, id)) {
                    self.reach("L40 one that was given up is gone, and its group runs already");
                    self.attempt(id, Cause::Restart);
                }
            }
            Wish::Hold => {
                if let Some(hold) = self.holds.get(&self.nodes[id].path) {
                    self.nodes[id].life = hold.life;
                }
            }
            Wish::Restart => {
                self.nodes[id].on_trial = false;
                self.attempt(id, Cause::Command);
            }
            Wish::Wait => {
                let is_waiting = |until| (until == Until::Ready).then_some(Answer::Ok);
                self.answer_waiters(id, is_waiting);
                self.attempt(id, Cause::Restart);
            }
            Wish::Stop | Wish::End | Wish::Own | Wish::TimedOut | Wish::Stale => {}
        }
        if !matches!(wish, Wish::Member | Wish::Wait | Wish::Restart) {
            self.nodes[id].on_trial = false;
        }
        let is_started = matches!(wish, Wish::Restart | Wish::Member | Wish::Wait);
        self.answer_waiters(id, |until| match until {
            Until::Gone => Some(Answer::Ok),
            Until::Ready => (!is_started).then_some(Answer::Stopped),
        });
    }
}

//! Commands: what they ask for, and what is answered (L4, L17, L23, L32, L41, L42).

use std::rc::Rc;

use crate::model::{Cause, Fact, Hold, Id, Job, Life, Model, Step, Until, Wish};
use crate::spec::Child;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A new youngest child below the path.
    Add(Box<Child>),
    /// What is down is started.
    Start,
    /// What is live is stopped.
    Stop,
    /// It is stopped and started.
    Restart,
    /// What is down is forgotten.
    Delete,
    /// It is stopped and forgotten.
    Remove,
    /// It is kept out.
    Pause,
    /// It is kept out, too.
    Quarantine,
    /// It is kept out no longer.
    Resume,
    /// Its own limit counts from nothing.
    ResetBudget,
    /// The end of the tree.
    Shutdown,
    /// The same, at once.
    ShutdownNow,
}

/// Something that is asked for, of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Whom it is about; for `Add` the supervisor.
    pub path: String,
    /// What.
    pub verb: Verb,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the errors")]
pub enum Answer {
    Ok,
    OkIgnored,
    Running,
    Restarting,
    Waiting,
    Paused,
    Quarantined,
    AlreadyStarted,
    AlreadyPresent,
    StartFailed,
    Stopped,
    Removed,
    Unjoinable,
    ShuttingDown,
    SupervisorDown,
    NotASupervisor,
    /// There is no such child below a supervisor that there is.
    NotFound,
    /// There is not even the supervisor.
    NoSupervisor,
}

impl Model {
    /// Asks for something; the number of it is in [`take_answers`](Self::take_answers).
    pub fn command(&mut self, number: usize, command: &Command) {
        self.carry_out(number, command);
        self.look_until_quiet();
        self.act();
        self.settle();
    }

    pub(crate) fn find(&self, path: &str) -> Option<Id> {
        self.nodes.iter().position(|node| !node.is_gone && node.path == path)
    }

    /// Whom it is about, once all above are known to be there.
    fn resolve(&self, command: &Command) -> Result<Id, Answer> {
        let mut at = 0;
        let is_add = matches!(command.verb, Verb::Add(_));
        let names: Vec<_> = command.path.split('/').skip(2).collect();
        for (n, name) in names.iter().enumerate() {
            self.must_be_up(at)?;
            let child = self.nodes[at]
                .children
                .iter()
                .copied()
                .find(|&child| self.nodes[child].spec.id == **name);
            let is_last = n + 1 == names.len();
            at = child.ok_or(if is_last { Answer::NotFound } else { Answer::NoSupervisor })?;
        }
        if is_add {
            self.must_be_up(at)?;
        }
        Ok(at)
    }

    fn must_be_up(&self, id: Id) -> Result<(), Answer> {
        let node = &self.nodes[id];
        if node.spec.flags().is_none() {
            return Err(Answer::NotASupervisor);
        }
        match node.life {
            Life::Up | Life::Starting if !matches!(node.step, Step::Ending { .. }) => Ok(()),
            _ => Err(Answer::SupervisorDown),
        }
    }

    pub(crate) fn carry_out(&mut self, number: usize, command: &Command) {
        if command.verb == Verb::Shutdown {
            self.end_the_tree();
            return;
        }
        if command.verb == Verb::ShutdownNow {
            if self.is_ending && !self.is_over {
                self.reach("L44 somebody does not wait for the end");
            }
            self.end_the_tree();
            self.force();
            return;
        }
        if self.is_ending || self.is_over {
            self.answers.push((number, Answer::ShuttingDown));
            return;
        }
        let answer = match self.resolve(command) {
            Err(answer) => Some(answer),
            Ok(id) => self.obey(number, id, command),
        };
        if let Some(answer) = answer {
            self.answers.push((number, answer));
        }
    }

    /// `None`: the answer comes later.
    fn obey(&mut self, number: usize, id: Id, command: &Command) -> Option<Answer> {
        let is_start =
            matches!(command.verb, Verb::Add(_) | Verb::Start | Verb::Restart | Verb::Resume);
        let supervisor = match command.verb {
            Verb::Add(_) => Some(id),
            _ => self.nodes[id].parent,
        };
        if let Some(supervisor) = supervisor.filter(|_| is_start) {
            let is_busy = !matches!(self.nodes[supervisor].step, Step::Idle);
            if is_busy {
                self.nodes[supervisor].jobs.push_back(Job::Command(number, command.clone()));
                return None;
            }
        }
        match &command.verb {
            Verb::Add(spec) => self.add(number, id, spec),
            Verb::Start => self.start_it(number, id),
            Verb::Stop => self.stop_it(number, id),
            Verb::Restart => self.restart_it(number, id),
            Verb::Delete => Some(self.delete_it(id)),
            Verb::Remove => self.remove_it(number, id),
            Verb::Pause => self.hold_it(number, id, Life::Paused),
            Verb::Quarantine => self.hold_it(number, id, Life::Quarantined),
            Verb::Resume => self.resume_it(number, id),
            Verb::ResetBudget => {
                // A trial has nothing to show any more.
                self.nodes[id].on_trial = false;
                self.make_whole(id);
                Some(Answer::Ok)
            }
            Verb::Shutdown | Verb::ShutdownNow => None,
        }
    }

    fn add(&mut self, number: usize, id: Id, spec: &Child) -> Option<Answer> {
        let known = self.nodes[id]
            .children
            .iter()
            .find(|&&child| self.nodes[child].spec.id == spec.id)
            .map(|&child| self.nodes[child].life.is_live());
        match known {
            Some(true) => return Some(Answer::AlreadyStarted),
            Some(false) => return Some(Answer::AlreadyPresent),
            None => {}
        }
        let child = self.place(Some(id), Rc::new(spec.clone()));
        self.holds.remove(&self.nodes[child].path);
        self.note(child, Fact::Added);
        self.nodes[child].waiters.push((number, Until::Ready));
        self.attempt(child, Cause::Add);
        None
    }

    fn start_it(&mut self, number: usize, id: Id) -> Option<Answer> {
        match self.nodes[id].life {
            Life::Starting | Life::Up | Life::Stopping => Some(Answer::Running),
            Life::Waiting if self.nodes[id].is_waiting => Some(Answer::Waiting),
            Life::Waiting | Life::Restarting => Some(Answer::Restarting),
            Life::Paused => Some(Answer::Paused),
            Life::Quarantined => Some(Answer::Quarantined),
            Life::Unjoinable => Some(Answer::Unjoinable),
            Life::Down if self.is_undecided(id) => Some(Answer::Restarting),
            Life::Down => {
                self.start_by_command(number, id);
                None
            }
        }
    }

    /// The answer comes when it is ready.
    fn start_by_command(&mut self, number: usize, id: Id) {
        self.nodes[id].waiters.push((number, Until::Ready));
        self.attempt(id, Cause::Command);
    }

    /// It is down, and its supervisor has still to decide about that.
    pub(crate) fn is_undecided(&self, id: Id) -> bool {
        let Some(parent) = self.nodes[id].parent else { return false };
        self.nodes[parent].jobs.iter().any(
            |job| matches!(job, Job::Death(child, _) | Job::FailedStart(child, _) if *child == id),
        )
    }

    /// Takes it out of everything that would start it.
    fn void(&mut self, id: Id) {
        self.nodes[id].due = None;
        self.nodes[id].probe_due = None;
        let Some(parent_id) = self.nodes[id].parent else { return };
        let parent = &mut self.nodes[parent_id];
        parent.jobs.retain(
            |job| !matches!(job, Job::Death(child, _) | Job::FailedStart(child, _) if *child == id),
        );
        let mut groups = std::mem::take(&mut parent.groups);
        groups.retain(|group| {
            group.members.iter().any(|&member| {
                let node = &self.nodes[member];
                member != id && !node.is_gone && node.life == Life::Restarting
            })
        });
        self.nodes[parent_id].groups = groups;
    }

    fn stop_it(&mut self, number: usize, id: Id) -> Option<Answer> {
        let life = self.nodes[id].life;
        match life {
            Life::Starting | Life::Up | Life::Stopping => {
                let is_stronger = life == Life::Stopping
                    && matches!(self.nodes[id].wish, Wish::Hold | Wish::Remove);
                if !is_stronger {
                    self.ask(id, Wish::Stop);
                }
                self.nodes[id].waiters.push((number, Until::Gone));
                None
            }
            Life::Paused | Life::Quarantined => Some(Answer::Ok),
            Life::Unjoinable => {
                if !matches!(self.nodes[id].wish, Wish::Hold | Wish::Remove) {
                    self.nodes[id].wish = Wish::Stop;
                }
                Some(Answer::Unjoinable)
            }
            Life::Waiting | Life::Restarting | Life::Down => {
                self.void(id);
                self.nodes[id].life = Life::Down;
                self.nodes[id].on_trial = false;
                self.interrupt_start(id);
                if self.is_forgotten(id) {
                    self.forget(id);
                }
                Some(Answer::Ok)
            }
        }
    }

    fn restart_it(&mut self, number: usize, id: Id) -> Option<Answer> {
        match self.nodes[id].life {
            Life::Paused => Some(Answer::Paused),
            Life::Unjoinable => Some(Answer::Unjoinable),
            Life::Starting | Life::Up | Life::Stopping => {
                if self.nodes[id].life == Life::Stopping && self.nodes[id].wish == Wish::Remove {
                    return Some(Answer::Removed);
                }
                let path = self.nodes[id].path.clone();
                match self.holds.get(&path).map(|hold| hold.life) {
                    Some(Life::Paused) => return Some(Answer::Paused),
                    _ => drop(self.holds.remove(&path)),
                }
                self.interrupt_start(id);
                self.ask(id, Wish::Restart);
                self.nodes[id].waiters.push((number, Until::Ready));
                None
            }
            Life::Restarting => {
                self.end_the_wait(number, id);
                None
            }
            Life::Waiting if self.nodes[id].is_waiting => {
                // What starts then was asked for, and is no trial.
                self.nodes[id].on_trial = false;
                Some(Answer::Ok)
            }
            Life::Quarantined | Life::Waiting | Life::Down => {
                self.void(id);
                self.holds.remove(&self.nodes[id].path);
                self.start_by_command(number, id);
                None
            }
        }
    }

    /// A restart by command ends the wait, that of a whole group if it is a member of one.
    fn end_the_wait(&mut self, number: usize, id: Id) {
        let now = self.now;
        let Some(parent) = self.nodes[id].parent else { return };
        let group = self.nodes[parent].groups.iter().position(|group| group.members.contains(&id));
        if let Some(group) = group {
            self.nodes[parent].groups[group].due = now;
            self.nodes[id].waiters.push((number, Until::Ready));
            return;
        }
        self.start_by_command(number, id);
    }

    fn delete_it(&mut self, id: Id) -> Answer {
        match self.nodes[id].life {
            Life::Starting | Life::Up | Life::Stopping => Answer::Running,
            Life::Unjoinable => Answer::Unjoinable,
            Life::Waiting if self.nodes[id].is_waiting => Answer::Waiting,
            Life::Waiting | Life::Restarting => Answer::Restarting,
            Life::Down if self.is_undecided(id) => Answer::Restarting,
            Life::Down | Life::Paused | Life::Quarantined => {
                self.void(id);
                self.forget(id);
                Answer::Ok
            }
        }
    }

    fn remove_it(&mut self, number: usize, id: Id) -> Option<Answer> {
        if self.nodes[id].life == Life::Unjoinable {
            self.removed.insert(self.nodes[id].path.clone());
            self.nodes[id].wish = Wish::Remove;
            return Some(Answer::Unjoinable);
        }
        if self.nodes[id].life.is_live() {
            self.removed.insert(self.nodes[id].path.clone());
            self.ask(id, Wish::Remove);
            self.nodes[id].waiters.push((number, Until::Gone));
            return None;
        }
        self.removed.insert(self.nodes[id].path.clone());
        self.void(id);
        self.forget(id);
        Some(Answer::Ok)
    }

    fn hold_it(&mut self, number: usize, id: Id, life: Life) -> Option<Answer> {
        let (was, wish) = (self.nodes[id].life, self.nodes[id].wish);
        if was == Life::Stopping && wish == Wish::Remove {
            return Some(Answer::Removed);
        }
        if was == Life::Unjoinable && wish == Wish::Remove {
            return Some(Answer::Unjoinable);
        }
        let path = self.nodes[id].path.clone();
        let before = self.holds.get(&path).copied();
        let is_undecided = self.is_undecided(id);
        let is_to_run = match (before, was) {
            (Some(hold), _) => hold.is_to_run,
            (None, Life::Stopping | Life::Unjoinable) => !matches!(wish, Wish::Stop),
            (None, Life::Down) => is_undecided,
            (None, _) => true,
        };
        self.holds.insert(path, Hold { life, is_to_run, is_probed: false });
        self.void(id);
        if was == Life::Unjoinable {
            self.nodes[id].wish = Wish::Hold;
            return Some(Answer::Unjoinable);
        }
        if was.is_live() {
            self.ask(id, Wish::Hold);
            self.nodes[id].waiters.push((number, Until::Gone));
            return None;
        }
        self.interrupt_start(id);
        self.nodes[id].life = life;
        Some(Answer::Ok)
    }

    /// Who waited for a start is told that it does not come.
    fn interrupt_start(&mut self, id: Id) {
        self.answer_waiters(id, |until| (until == Until::Ready).then_some(Answer::Stopped));
    }

    fn resume_it(&mut self, number: usize, id: Id) -> Option<Answer> {
        let life = self.nodes[id].life;
        let path = self.nodes[id].path.clone();
        match life {
            Life::Paused | Life::Quarantined => {}
            Life::Unjoinable => return Some(Answer::Unjoinable),
            Life::Stopping
                if self.nodes[id].wish == Wish::Remove && self.holds.contains_key(&path) =>
            {
                return Some(Answer::Removed);
            }
            Life::Stopping if self.nodes[id].wish == Wish::Hold => {
                let hold = self.holds.remove(&path);
                if hold.is_some_and(|hold| hold.is_to_run) {
                    self.ask(id, Wish::Restart);
                    self.nodes[id].waiters.push((number, Until::Ready));
                    return None;
                }
                self.ask(id, Wish::Stop);
                return Some(Answer::Ok);
            }
            _ => return Some(Answer::Ok),
        }
        let hold = self.holds.remove(&path);
        self.void(id);
        self.nodes[id].life = Life::Down;
        if hold.is_some_and(|hold| hold.is_to_run) {
            self.start_by_command(number, id);
            return None;
        }
        if self.is_forgotten(id) {
            self.forget(id);
        }
        Some(Answer::Ok)
    }
}

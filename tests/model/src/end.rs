//! The end of a supervisor, and of the tree (L2, L15, L20, L22, L44).

use crate::command::Answer;
use crate::model::{Exit, Fact, Id, Job, Life, Model, Step, Until, Wish};

impl Model {
    /// A supervisor begins to end: nothing below it is started any more.
    pub(crate) fn begin_end(&mut self, id: Id, exit: Exit) {
        let node = &mut self.nodes[id];
        if matches!(node.step, Step::Ending { .. } | Step::None) {
            return;
        }
        node.step = Step::Ending { exit };
        node.has_failed_to_start = node.life == Life::Starting;
        self.find_layers(id);
        if id == 0 {
            self.is_ending = true;
            let budget = self.nodes[0].spec.flags().and_then(|flags| flags.budget);
            self.budget_due = budget.map(|budget| self.now + budget);
        }
        let node = &mut self.nodes[id];
        if node.life == Life::Up {
            node.life = Life::Stopping;
            node.wish = Wish::Own;
            node.is_to_end = false;
            self.is_ready_no_more(id);
            if self.nodes[id].on_trial {
                self.reach("L35 a supervisor gives up on trial");
            }
        }
        for child in self.nodes[id].children.clone() {
            self.is_to_end_now(child);
        }
        self.interrupt(id, true);
    }

    /// L44: every wait below is over. What was asked of the one that ends is answered at its end.
    fn interrupt(&mut self, id: Id, is_first: bool) {
        self.nodes[id].groups.clear();
        for job in std::mem::take(&mut self.nodes[id].jobs) {
            match job {
                Job::Command(..) if is_first => self.nodes[id].jobs.push_back(job),
                Job::Probe(_) => {}
                Job::Command(number, _) => self.answers.push((number, self.no_supervisor())),
                Job::Death(child, _) | Job::FailedStart(child, _) => {
                    if self.is_forgotten(child) && !self.nodes[child].is_gone {
                        self.forget(child);
                    }
                }
            }
        }
        for child in self.nodes[id].children.clone() {
            let node = &mut self.nodes[child];
            node.due = None;
            node.probe_due = None;
            // D12: who was on his way out because his start took too long is stopped from now on.
            if node.life == Life::Stopping && node.wish == Wish::TimedOut {
                node.wish = Wish::End;
            }
            let is_kept = matches!(node.wish, Wish::Hold | Wish::Remove);
            if node.life == Life::Unjoinable && !is_kept && node.wish != Wish::Own {
                node.wish = Wish::End;
            }
            if matches!(node.life, Life::Waiting | Life::Restarting) {
                node.life = Life::Down;
                let is_temporary = self.is_forgotten(child);
                self.answer_waiters(child, |until| {
                    (until == Until::Ready).then_some(Answer::Stopped)
                });
                if is_temporary {
                    self.forget(child);
                }
            }
            self.interrupt(child, false);
        }
    }

    /// Everything is stopped, from the root.
    pub(crate) fn end_the_tree(&mut self) {
        if self.is_ending {
            return;
        }
        self.is_ending = true;
        self.begin_end(0, Exit::Shutdown);
    }

    /// L44: everything that is still live is cancelled and aborted at once.
    pub(crate) fn force(&mut self) {
        self.budget_due = None;
        if self.is_over || self.is_forced {
            return;
        }
        self.is_forced = true;
        self.note(0, Fact::Forced);
        let wait_of_all = self.nodes[0].spec.flags().and_then(|flags| flags.abort_wait_of_all);
        for id in 1..self.nodes.len() {
            let node = &self.nodes[id];
            if node.is_gone {
                continue;
            }
            if matches!(node.life, Life::Starting | Life::Up) {
                self.reach("L44 what had not been asked yet is aborted");
                self.ask(id, Wish::End);
            }
            if self.nodes[id].run.as_ref().is_some_and(|run| !run.is_aborted) {
                self.abort(id, wait_of_all);
            }
        }
    }

    /// What is answered about children of a supervisor that ends.
    pub(crate) fn no_supervisor(&self) -> Answer {
        if self.is_ending { Answer::ShuttingDown } else { Answer::SupervisorDown }
    }
}

//! The end of a supervisor, and of the tree (L2, L15, L20, L22, L44).

use crate::command::Answer;
use crate::model::{Exit, Id, Job, Life, Model, Step, Until, Wish};
use crate::spec::Restart;

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
        self.is_ending |= id == 0;
        let node = &mut self.nodes[id];
        if node.life == Life::Up {
            node.life = Life::Stopping;
            node.wish = Wish::Own;
            self.is_ready_no_more(id);
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
                    let node = &self.nodes[child];
                    if node.spec.restart == Restart::Temporary && !node.is_gone {
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
            if matches!(node.life, Life::Waiting | Life::Restarting) {
                node.life = Life::Down;
                let is_temporary = node.spec.restart == Restart::Temporary;
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

    /// What is answered about children of a supervisor that ends.
    pub(crate) fn no_supervisor(&self) -> Answer {
        if self.is_ending { Answer::ShuttingDown } else { Answer::SupervisorDown }
    }
}

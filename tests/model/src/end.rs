//! The end of a supervisor, and of the tree (L2, L15, L20, L22, L44).

use crate::command::Answer;
use crate::model::{Exit, Id, Job, Life, Model, Step, Until, Wish};

impl Model {
    /// A supervisor begins to end: nothing below it is started any more.
    pub(crate) fn begin_end(&mut self, id: Id, exit: Exit) {
        let node = &mut self.nodes[id];
        if matches!(node.step, Step::Ending { .. } | Step::None) {
            return;
        }
        node.step = Step::Ending { exit };
        node.groups.clear();
        if node.life == Life::Up {
            node.life = Life::Stopping;
            node.wish = Wish::Own;
        }
        for job in std::mem::take(&mut node.jobs) {
            if let Job::Command(number, _) = job {
                let answer =
                    if self.is_ending { Answer::ShuttingDown } else { Answer::SupervisorDown };
                self.answers.push((number, answer));
            }
        }
        for child in self.nodes[id].children.clone() {
            let child = &mut self.nodes[child];
            child.due = None;
            child.probe_due = None;
            if matches!(child.life, Life::Waiting | Life::Restarting) {
                child.life = Life::Down;
            }
        }
    }

    /// Everything is stopped, from the root.
    pub(crate) fn end_the_tree(&mut self) {
        if self.is_ending {
            return;
        }
        self.is_ending = true;
        for id in 0..self.nodes.len() {
            self.answer_waiters(id, |until| {
                (until == Until::Ready).then_some(Answer::ShuttingDown)
            });
        }
        self.begin_end(0, Exit::Shutdown);
    }
}

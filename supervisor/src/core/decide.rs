//! A run has ended by itself, or a start has failed: what follows.

use std::time::Duration;

use super::engine::{Engine, Todo};
use super::hold::{Hold, HoldKind};
use super::key::NodeKey;
use super::nodes::Node;
use super::state::{Origin, State};
use super::supervisor::{EndWhy, Pending};
use crate::error::meltdown::{MeltdownError, MeltdownLink};
use crate::event::EventKind;
use crate::policy::backoff::Backoff;
use crate::policy::decision::{Budgets, Ended, RestartDecision, Rule, decide};
use crate::policy::failure::TaskFailureKind;
use crate::policy::intensity::Limit;
use crate::policy::on_failure::FailureClass;
use crate::policy::restart::{AutoShutdown, Meltdown, Strategy};
use crate::task::exit::{Exit, TaskFailure};

impl Engine {
    /// A node that nobody had asked to end is over. Where its supervisor is in the middle of a
    /// step, that comes first.
    pub(super) fn ended_by_itself(&mut self, key: NodeKey, exit: Exit, ready_for: Duration) {
        let Some(parent) = self.parent_of(key) else { return self.tree_ended(exit) };
        if self.is_ending(parent) {
            return self.ended_for_good(parent, key, &exit);
        }
        self.pass_trial(key, ready_for);
        if !self.is_left_to_the_step(parent, key, &exit, ready_for) {
            self.todo.push_back(Todo::Died { key, exit, ready_for });
        }
    }

    /// Where the supervisor of a node that has ended is in the middle of a step, that comes first,
    /// and has a use for it or leaves it for later.
    fn is_left_to_the_step(
        &mut self,
        parent: NodeKey,
        key: NodeKey,
        exit: &Exit,
        ready_for: Duration,
    ) -> bool {
        let Some(supervisor) = self.supervisor(parent) else { return true };
        let is_busy = supervisor.is_busy();
        // A member that the round has still to stop has saved it the trouble.
        if self.is_to_be_stopped(parent, key) && !cfg!(plant_bug = "no_absorption") {
            self.absorb(parent, key, exit, (Ended::Run, ready_for));
        } else if is_busy {
            self.decide_later(parent, key, exit, (Ended::Run, ready_for));
        }
        is_busy
    }

    /// The decision waits until the supervisor is free. What has failed on trial is quarantined at
    /// once: that is nobody else's concern, and the round that comes first would start it again.
    pub(super) fn decide_later(
        &mut self,
        parent: NodeKey,
        key: NodeKey,
        exit: &Exit,
        (ended, ready_for): (Ended, Duration),
    ) {
        if self.has_failed_on_trial(key, exit, ended) && !cfg!(plant_bug = "trial_undecided") {
            return self.decide(key, exit, ended, ready_for);
        }
        // Now, because a round or a command may dispose of it before there is a decision.
        if !cfg!(plant_bug = "undecided_row_goes_on") {
            self.end_rows(key, ended, ready_for);
        }
        self.set_state(key, State::Ended { ready_for: ready_for.into(), ended });
        let Some(run) = self.run_of(key) else { return };
        if let Some(supervisor) = self.supervisor_mut(parent) {
            supervisor.queue.push_back(Pending::Death(run));
        }
        // The step may have waited for its end.
        self.todo.push_back(Todo::Advance(parent));
    }

    /// Nothing is restarted while a supervisor above ends, nor is anything charged.
    pub(super) fn ended_for_good(&mut self, parent: NodeKey, key: NodeKey, exit: &Exit) {
        // First, because the state says whether it had to be aborted.
        self.note_row(key, Some(exit));
        self.set_state(key, State::Down);
        if self.is_forgotten_when_down(key) {
            self.forget(key);
        } else {
            self.answer_stopped(key);
        }
        self.todo.push_back(Todo::Advance(parent));
    }

    /// Decides about a death, unless something else has happened to the node meanwhile, or its
    /// supervisor has begun a step, or its end.
    pub(super) fn died(&mut self, key: NodeKey, exit: &Exit, ready_for: Duration) {
        let (
            Some(parent),
            Some(State::Up | State::Stopping(_) | State::Ended { .. } | State::Unjoinable { .. }),
        ) = (self.parent_of(key), self.state_of(key))
        else {
            return;
        };
        if cfg!(plant_bug = "died_into_a_step") {
            self.decide(key, exit, Ended::Run, ready_for);
        } else if self.is_ending(parent) {
            self.ended_for_good(parent, key, exit);
        } else if !self.is_left_to_the_step(parent, key, exit, ready_for) {
            self.decide(key, exit, Ended::Run, ready_for);
        }
    }

    /// Takes the next death or command out of a supervisor's queue, while it is free.
    pub(super) fn drain(&mut self, key: NodeKey) {
        loop {
            let Some(supervisor) = self.supervisor_mut(key) else { return };
            if supervisor.is_busy() {
                return;
            }
            match supervisor.queue.pop_front() {
                None => return,
                Some(Pending::Death(run)) => {
                    let child = run.node;
                    // A command, or a round, may have disposed of it, and of another run since.
                    let any = if cfg!(plant_bug = "death_of_a_later_run") {
                        self.nodes.get(child)
                    } else {
                        None
                    };
                    let Some(node) = self.nodes.of_run(run).or(any) else { continue };
                    let State::Ended { ready_for, ended } = node.state else { continue };
                    let last = node.history.as_ref().and_then(|past| past.last_exit());
                    let Some(exit) = last.map(|record| record.exit.clone()) else { continue };
                    self.go_on_with(child);
                    self.decide(child, &exit, ended, ready_for.into());
                }
                Some(Pending::Probe(child)) => {
                    self.go_on_with(child);
                    self.probe(child);
                }
                Some(Pending::Enabled(child)) => {
                    self.begin_a_chain();
                    self.enable_now(child);
                }
                Some(Pending::Command(id, verb, by)) => {
                    self.unsettled -= 1;
                    self.begin_a_chain();
                    self.verb(id, verb, by);
                }
            }
            // What was started by it comes first.
            if !self.todo.is_empty() {
                self.todo.push_back(Todo::Drain(key));
                return;
            }
        }
    }

    /// Whether this end is that of a trial, and asks for another start.
    pub(super) fn has_failed_on_trial(&self, key: NodeKey, exit: &Exit, ended: Ended) -> bool {
        self.nodes.get(key).is_some_and(|node| {
            node.is_on_trial && (ended == Ended::Start || node.policy().restart.asks_after(exit))
        })
    }

    /// A run that ends, or is asked to, was ready for so long: if that is long enough, the wait
    /// before the next one is the first again. A start that failed was never ready, which is less
    /// than for no time.
    pub(super) fn end_rows(&mut self, key: NodeKey, ended: Ended, ready_for: Duration) {
        if ended == Ended::Start {
            return;
        }
        let Some(node) = self.nodes.get_mut(key) else { return };
        let reset_after = node.policy().backoff.reset_after;
        if ready_for >= reset_after && !cfg!(plant_bug = "no_reset") {
            node.end_row();
        }
        if let Some((spent, policy)) = node.charged_mut() {
            spent.end_rows(policy, ready_for);
        }
    }

    /// Makes the decision and does what it says.
    pub(super) fn decide(&mut self, key: NodeKey, exit: &Exit, ended: Ended, ready_for: Duration) {
        let Some(parent) = self.parent_of(key) else { return };
        let policy = self.policy(key);
        self.end_rows(key, ended, ready_for);
        let failed_on_trial = self.has_failed_on_trial(key, exit, ended);
        let decision = if failed_on_trial && !cfg!(plant_bug = "probe_charged") {
            RestartDecision::Quarantine { rule: Rule::ProbeFailed }
        } else {
            decide(&policy, ended, exit, &mut Charge { engine: self, key, parent, ended })
        };
        let now = self.now;
        if let Some(node) = self.nodes.get_mut(key) {
            let past = node.history_mut();
            (past.decision, past.decided_at) = (Some(decision), now);
        }
        self.note(key, EventKind::Decided { decision });
        match decision {
            RestartDecision::DoNotRestart { .. } => {
                self.set_state(key, State::Down);
                self.end_of_significant(parent, key);
                if self.is_forgotten_when_down(key) && !cfg!(plant_bug = "temporary_kept") {
                    self.forget(key);
                } else {
                    self.todo.push_back(Todo::Advance(parent));
                }
            }
            RestartDecision::RestartAfter { delay, .. } => self.restart(parent, key, delay),
            RestartDecision::Quarantine { .. } => {
                let (kind, since) = (HoldKind::Quarantine, self.now);
                let (command, by, generation) = (None, None, self.generation_of(key));
                let hold = Hold { kind, is_to_run: true, command, by, since, generation };
                self.holds.insert(self.path_of(key), hold);
                let state = self.rest_until_probed(key);
                self.set_state(key, state);
                self.end_of_significant(parent, key);
                self.todo.push_back(Todo::Advance(parent));
            }
            RestartDecision::Escalate { rule } => {
                self.set_state(key, State::Down);
                self.melt_down(parent, key, exit, decision, rule);
                // However long the others take to end.
                if self.is_forgotten_when_down(key) && !cfg!(plant_bug = "melted_member_kept") {
                    self.forget(key);
                }
            }
            RestartDecision::ShutdownTree { rule } => {
                self.set_state(key, State::Down);
                // The tree has failed, whoever is said to have asked for its end.
                let why = self.why_it_gives_up(self.root, key, exit, rule);
                self.ledger.meltdown = Some((self.path_of(key), exit.clone(), decision, why));
                self.shut_down_over(key, rule);
            }
        }
    }

    fn restart(&mut self, parent: NodeKey, key: NodeKey, delay: Duration) {
        let strategy = self.supervisor(parent).map(|supervisor| supervisor.plan.strategy);
        if strategy.unwrap_or_default() == Strategy::OneForOne {
            if delay.is_zero() {
                self.start_node(key, Origin::Restart);
            } else {
                self.set_state(key, State::Restarting { due: Some(self.now + delay) });
            }
        } else {
            self.begin_round(parent, key, delay);
        }
    }

    fn melt_down(
        &mut self,
        supervisor: NodeKey,
        child: NodeKey,
        exit: &Exit,
        decision: RestartDecision,
        rule: Rule,
    ) {
        let path = self.path_of(child);
        let meltdown = self.supervisor(supervisor).map(|s| s.plan.meltdown).unwrap_or_default();
        // An escalation is abnormal whatever the supervisor says about its own intensity.
        let is_abnormal = meltdown == Meltdown::Abnormal
            || rule != Rule::Intensity
            || cfg!(plant_bug = "meltdown_always_abnormal");
        let why = self.why_it_gives_up(supervisor, child, exit, rule);
        let kind = EventKind::Meltdown {
            child: path.clone(),
            exit: exit.clone(),
            decision,
            why: why.clone(),
        };
        self.note(supervisor, kind);
        if supervisor == self.root {
            self.ledger.meltdown = Some((path, exit.clone(), decision, why.clone()));
        }
        if let Some(supervisor) = self.supervisor_mut(supervisor) {
            supervisor.meltdown = Some(why.clone());
        }
        let end = if is_abnormal {
            Exit::Failed(TaskFailure::new(TaskFailureKind::Recoverable, why))
        } else {
            Exit::Shutdown
        };
        self.begin_end(supervisor, EndWhy::ByItself(end), false);
    }

    /// The causes of a meltdown: this one, and those of the child's own.
    fn why_it_gives_up(
        &self,
        supervisor: NodeKey,
        child: NodeKey,
        exit: &Exit,
        rule: Rule,
    ) -> MeltdownError {
        let budget = match rule {
            Rule::Intensity => self.supervisor(supervisor).map(|s| s.plan.intensity),
            Rule::RestartLimit | Rule::ClassLimit(_) => {
                let limit = self.policy(child).limit_after(exit.failure_kind());
                limit.map(|(_, limit)| limit)
            }
            _ => None,
        };
        let link = MeltdownLink {
            supervisor: self.path_of(supervisor),
            child: self.path_of(child),
            exit: exit.clone(),
            rule,
            budget,
        };
        let inner = self.supervisor(child).and_then(|below| below.meltdown.as_ref());
        let inner = inner.filter(|_| !cfg!(plant_bug = "chain_is_cut"));
        MeltdownError::new(link, inner)
    }

    /// A child has ended for good: does its supervisor end with it?
    fn end_of_significant(&mut self, parent: NodeKey, key: NodeKey) {
        if !self.nodes.get(key).is_some_and(|node| node.policy().significant) {
            return;
        }
        let Some(supervisor) = self.supervisor(parent) else { return };
        let ends = match supervisor.plan.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => !cfg!(plant_bug = "significant_ignored"),
            AutoShutdown::AllSignificant => supervisor.significant == 0,
        };
        if ends {
            self.note(parent, EventKind::AutoShutdown { child: self.path_of(key) });
            self.begin_end(parent, EndWhy::ByItself(Exit::Shutdown), false);
        }
    }

    /// The wait before the next restart, which makes the one after it longer.
    pub(super) fn next_delay(
        &mut self,
        key: NodeKey,
        class: Option<FailureClass>,
        backoff: &Backoff,
    ) -> Duration {
        let Some(node) = self.nodes.get_mut(key) else { return Duration::ZERO };
        let streak = match class {
            Some(class) if !cfg!(plant_bug = "classes_share_a_row") => {
                node.spent_mut().next_in_row(class)
            }
            _ => {
                let past = node.history_mut();
                let before = past.streak;
                past.streak = before.saturating_add(1);
                before
            }
        };
        if backoff.initial.is_zero() && backoff.max.is_zero() {
            return Duration::ZERO;
        }
        backoff.wait_with_jitter(streak, self.rng.f64())
    }
}

/// The budgets of one decision.
struct Charge<'a> {
    engine: &'a mut Engine,
    key: NodeKey,
    parent: NodeKey,
    ended: Ended,
}

impl Budgets for Charge<'_> {
    fn charge_child(&mut self, class: Option<FailureClass>, limit: Limit) -> bool {
        let now = self.engine.now;
        let Some(node) = self.engine.nodes.get_mut(self.key) else { return true };
        node.spent_mut().window(class).charge(now, limit)
    }

    fn charge_supervisor(&mut self) -> bool {
        let now = self.engine.now;
        let supervisor = self.engine.nodes.get_mut(self.parent).and_then(Node::supervisor_mut);
        let Some(supervisor) = supervisor else { return true };
        if cfg!(plant_bug = "retry_uncharged") && self.ended == Ended::Start {
            return true;
        }
        if cfg!(plant_bug = "charged_twice") {
            supervisor.window.charge(now, supervisor.plan.intensity);
        }
        supervisor.window.charge(now, supervisor.plan.intensity)
    }

    fn delay(&mut self, class: Option<FailureClass>, backoff: &Backoff) -> Duration {
        self.engine.next_delay(self.key, class, backoff)
    }
}

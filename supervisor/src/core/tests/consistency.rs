//! What the engine keeps twice must agree.

use std::collections::BTreeMap;

use crate::core::deadline::Due;
use crate::core::engine::Engine;
use crate::core::hold::HoldKind;
use crate::core::key::NodeKey;
use crate::core::state::{After, State};
use crate::core::supervisor::{Pending, Phase, Step};
use crate::id::ChildPath;

impl Engine {
    /// Compares every count, index and timer with what it is a count, index or timer of.
    pub(super) fn check_invariants(&self) {
        assert!(self.todo.is_empty(), "left undone: {:?}", self.todo);
        let (mut unsettled, mut timers) = (0, 0);
        for key in self.depth_first() {
            let node = self.nodes.get(key).expect("the tree lists nodes that exist");
            let path = &node.path;
            assert_eq!(self.nodes.find(path), Some(key), "the index of {path}");
            unsettled += usize::from(!node.state.is_settled());
            if let Some(due) = node.state.due() {
                timers += 1;
                assert!(self.deadlines.contains(due, Due::State, key), "the timer of {path}");
            }
            if let Some(due) = node.pulse_due() {
                timers += 1;
                assert!(self.deadlines.contains(due, Due::Pulse, key), "the pulse of {path}");
                assert_eq!(node.state, State::Up, "{path} is looked at");
                assert!(node.policy().health.is_some(), "{path} sends no heartbeats");
            }
            self.check_hold(key);
            self.check_dependencies(key);
            let Some(supervisor) = node.supervisor() else { continue };
            let children: Vec<_> = self.children(key);
            let count = |matches: &dyn Fn(&State) -> bool| {
                let states = children.iter().filter_map(|&child| self.state_of(child));
                states.filter(|state| matches(state)).count()
            };
            let stopping = count(&|state| matches!(state, State::Stopping(_)));
            assert_eq!(supervisor.stopping as usize, stopping, "stopping below {path}");
            let starting = count(&State::is_in_start);
            assert_eq!(supervisor.starting as usize, starting, "starting below {path}");
            let unjoinable = count(&|state| matches!(state, State::Unjoinable { .. }));
            assert_eq!(supervisor.unjoinable as usize, unjoinable, "unjoinable below {path}");
            let significant = children.iter().filter(|&&child| {
                let state = self.state_of(child).expect("it exists");
                self.policy(child).significant && state.is_to_go_on()
            });
            assert_eq!(supervisor.significant as usize, significant.count(), "below {path}");
            let added = children
                .iter()
                .filter(|&&child| self.nodes.get(child).is_some_and(|node| !node.is_declared));
            assert_eq!(supervisor.added as usize, added.count(), "added to {path}");
            let orders = children.iter().map(|&child| self.nodes.get(child).map(|n| n.order));
            assert!(orders.is_sorted(), "the order below {path}");
            let queue = &supervisor.queue;
            unsettled += queue.iter().filter(|p| matches!(p, Pending::Command(..))).count();
            assert!(supervisor.is_busy() || queue.is_empty(), "a queue without a step: {path}");
            if let Step::Round(round) = &supervisor.step {
                assert_ne!(node.state, State::Down, "a round below {path}, which is down");
                if round.phase == Phase::Waiting {
                    timers += 1;
                    assert!(self.deadlines.contains(round.start_at, Due::Round, key), "{path}");
                }
            }
        }
        let mut counted = BTreeMap::<_, u32>::new();
        for state in self.depth_first().into_iter().filter_map(|key| self.state_of(key)) {
            *counted.entry(state.lifecycle() as u8).or_default() += 1;
        }
        let census = self.census().iter().filter(|(_, count)| *count > 0);
        let census: BTreeMap<_, _> = census.map(|&(state, count)| (state as u8, count)).collect();
        assert_eq!(census, counted, "how many are in each state");
        assert_eq!(self.unsettled, unsettled, "what is still to come to rest");
        // The budget of the shutdown has one more, until it is spent.
        let others = self.deadlines.len() - timers;
        assert!(others <= usize::from(self.ledger.has_begun()), "timers for nothing");
        for key in self.waiters.nodes() {
            assert!(self.nodes.get(key).is_some(), "somebody waits for what is gone");
            assert!(!self.ledger.is_over(), "somebody waits for what never comes");
        }
    }
}

impl Engine {
    /// Both ends of a dependency know of it, and nobody waits for what is ready.
    fn check_dependencies(&self, key: NodeKey) {
        let node = self.nodes.get(key).expect("it exists");
        let path = &node.path;
        let unready = self.unready_dependencies(key).len();
        assert_eq!(node.unready as usize, unready, "what {path} depends on");
        let is_waiting = matches!(node.state, State::Waiting { .. });
        assert!(!is_waiting || unready > 0, "{path} waits for nothing");
        for dependency in node.dependencies().iter().filter_map(|path| self.nodes.find(path)) {
            assert!(self.nodes.dependants(dependency).contains(&key), "who depends: {path}");
        }
        for dependant in self.nodes.dependants(key) {
            let dependant = self.nodes.get(dependant).expect("who is gone depends on nothing");
            assert!(dependant.dependencies().contains(path), "{} on {path}", dependant.path);
        }
    }

    /// A node is held when somebody wants that, and then never runs but on its way out.
    fn check_hold(&self, key: NodeKey) {
        let (state, path) = (self.state_of(key).expect("it exists"), self.path_of(key));
        let hold = self.hold_of(key).map(|hold| hold.kind);
        let is_right = match state {
            // The wish is kept until it is enabled again.
            State::Disabled => true,
            State::Paused => hold == Some(HoldKind::Pause),
            State::Quarantined { .. } => hold == Some(HoldKind::Quarantine),
            State::Stopping(stopping) => {
                hold.is_none() || matches!(stopping.after, After::Down | After::Remove)
            }
            State::Unjoinable { after } => {
                hold.is_none() || matches!(after, After::Down | After::Remove)
            }
            _ => hold.is_none(),
        };
        assert!(is_right, "{path} is {state:?} and held: {hold:?}");
    }

    /// Whether nothing brings a child back.
    pub(super) fn is_undeclared(&self, path: &ChildPath) -> bool {
        let node = self.nodes.find(path).and_then(|key| self.nodes.get(key));
        node.is_none_or(|node| !node.is_declared)
    }

    /// Whether a child that runs is to be stopped by its supervisor, in its turn.
    pub(super) fn is_stopped_later(&self, path: &ChildPath) -> bool {
        let key = self.nodes.find(path);
        let parent = key.and_then(|key| Some((key, self.parent_of(key)?)));
        parent.is_some_and(|(key, parent)| {
            self.is_ending(parent) || self.is_to_be_stopped(parent, key)
        })
    }

    /// Whether a child is being stopped on its supervisor's account, and not on its own.
    pub(super) fn is_stopped_by_supervisor(&self, path: &ChildPath) -> bool {
        let Some(key) = self.nodes.find(path) else { return false };
        let Some(State::Stopping(stopping)) = self.state_of(key) else { return false };
        let step = self.parent_of(key).and_then(|parent| self.supervisor(parent)).map(|s| &s.step);
        // The state does not change while it is being stopped.
        let since = self.nodes.get(key).map(|node| node.since);
        match step {
            Some(Step::Ending(_)) => {
                let is_its_own =
                    matches!(stopping.after, After::StartTimedOut(_) | After::Stuck { .. });
                since == Some(self.now) && !is_its_own
            }
            Some(Step::Round(_)) => stopping.after == After::Round && since == Some(self.now),
            _ => false,
        }
    }
}

//! L8, L12–L14, L24, L34: a round stops all its members before it starts one, leaves the older
//! siblings alone, and does not charge for the deaths that it absorbs.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World};
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::RestartDecision;
use crate::policy::restart::Strategy;

#[derive(Default)]
pub(super) struct Rounds {
    /// The runs, by path and generation, that a round has to stop before it starts anything.
    to_stop: BTreeMap<ChildPath, BTreeMap<ChildPath, u64>>,
    /// The latest generation that has started, and whether it still lives.
    lives: BTreeMap<ChildPath, u64>,
    /// Those that have ended while a round had still to stop them, until they start again.
    absorbed: BTreeSet<ChildPath>,
}

impl Rounds {
    fn ended(&mut self, path: &ChildPath) {
        self.lives.remove(path);
        if let Some(above) = path.parent()
            && let Some(round) = self.to_stop.get_mut(&above)
            && round.remove(path).is_some()
        {
            self.absorbed.insert(path.clone());
        }
    }
}

impl Invariant for Rounds {
    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        match &fact.kind {
            EventKind::RoundStarted { origin } => {
                let strategy = world.plan(path).expect("a supervisor").strategy;
                assert_ne!(strategy, Strategy::OneForOne, "a round of one");
                let state = world.engine.state();
                let members = state.children_of(path.as_str()).map(|child| child.path.clone());
                let members: Vec<_> = match strategy {
                    Strategy::OneForAll => members.collect(),
                    Strategy::RestForOne | Strategy::OneForOne => {
                        members.skip_while(|member| member != origin).collect()
                    }
                };
                let lives = members.into_iter().filter(|member| member != origin);
                let lives = lives.filter_map(|p| self.lives.get(&p).map(|&n| (p.clone(), n)));
                let lives = lives.collect();
                self.to_stop.insert(path.clone(), lives);
            }
            EventKind::Starting => {
                self.absorbed.remove(path);
                self.lives.insert(path.clone(), fact.generation.0);
                self.to_stop.remove(path);
                let Some(above) = path.parent() else { return };
                let Some(round) = self.to_stop.get(&above) else { return };
                if fact.command.is_none() {
                    assert!(round.is_empty(), "{path} is started while {round:?} still run");
                }
            }
            EventKind::Exited { .. } | EventKind::StartFailed { .. } | EventKind::StartIgnored => {
                self.ended(path);
            }
            EventKind::Unjoinable => self.ended(path),
            EventKind::Removed => {
                self.ended(path);
                self.absorbed.remove(path);
            }
            EventKind::Decided { decision } => {
                assert!(!self.absorbed.contains(path), "{path} was absorbed by a round");
                let above = path.parent().expect("not the root");
                let plan = world.plan(&above).expect("a supervisor");
                let is_restart = matches!(decision, RestartDecision::RestartAfter { .. });
                let round = self.to_stop.get(&above);
                let is_absorbed = round.is_some_and(|round| !round.is_empty());
                let is_all = plan.strategy == Strategy::OneForAll;
                assert!(!(is_restart && is_absorbed && is_all), "{path} costs the round more");
            }
            EventKind::Meltdown { .. } | EventKind::AutoShutdown { .. } => {
                self.to_stop.remove(path);
            }
            EventKind::StopRequested => {
                self.to_stop.remove(path);
            }
            _ => {}
        }
    }
}

//! From a fact to an event: what those who look on are told.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::broadcast;

use super::clock::Clock;
use super::mailbox::Shared;
use crate::core::action::Fact;
use crate::event::{Event, EventKind};
use crate::id::ChildPath;
use crate::policy::decision::Rule;
use crate::summary::SummaryCause;

/// How many events are handed over together at most: as many as are still at hand when they are.
const TOGETHER: usize = 16;

/// Makes events of facts, unless nobody wants to know. Those that nothing happens between are handed
/// over together.
pub(super) struct Publisher {
    events: broadcast::Sender<Arc<Event>>,
    /// Not handed over yet.
    latest: Vec<Event>,
    /// Room for more.
    spare: Vec<Event>,
}

impl Publisher {
    pub(super) fn new(events: broadcast::Sender<Arc<Event>>) -> Self {
        Self { events, latest: Vec::new(), spare: Vec::new() }
    }

    pub(super) fn add(&mut self, clock: &mut Clock, fact: Fact, shared: &Shared) {
        if shared.journal.capacity() == 0 && !is_heard(shared) {
            return;
        }
        let Fact { sequence, correlation, path, generation, command, kind } = fact;
        // seen by: cargo test -p supervisor-tests --test simulation
        if cfg!(plant_bug = "dropped_end_event") && matches!(kind, EventKind::Exited { .. }) {
            return;
        }
        let (at, uptime) = (clock.at(), clock.now.elapsed());
        let event = Event { sequence, at, uptime, path, generation, correlation, command, kind };
        self.latest.push(event);
        if self.latest.len() >= TOGETHER {
            self.hand_over(shared);
        }
    }

    /// Hands over what there is. Done before anything else that was decided is done, anything is
    /// answered and anybody else has a turn, so that whoever finds it done finds the event as well.
    pub(super) fn hand_over(&mut self, shared: &Shared) {
        let Some(first) = self.latest.first().map(|event| event.sequence) else { return };
        // Copies only where they go two ways.
        let was_heard = is_heard(shared);
        let mut told: Vec<_> = if was_heard {
            self.latest.iter().cloned().map(Arc::new).collect()
        } else {
            Vec::new()
        };
        shared.journal.push(&mut self.latest, &mut self.spare);
        // Looked at again after the journal has them: whoever subscribes reads the journal after
        // that, and so finds each of them in one of the two.
        if !was_heard && is_heard(shared) {
            told = shared.journal.from(first).0;
        }
        for event in told {
            // The last subscriber may just have gone.
            drop(self.events.send(event));
        }
    }
}

fn is_heard(shared: &Shared) -> bool {
    shared.subscribers.load(Ordering::SeqCst) > 0
}

/// Which supervisor a fact calls for a summary of, and why.
pub(super) fn worth_a_summary(fact: &Fact) -> Option<(ChildPath, SummaryCause)> {
    let cause = match &fact.kind {
        EventKind::Meltdown { decision, why, .. } if decision.rule() == Rule::Intensity => {
            SummaryCause::Meltdown(why.clone())
        }
        EventKind::Meltdown { why, .. } => SummaryCause::Escalation(why.clone()),
        EventKind::ShutdownForced { cause } => {
            SummaryCause::ShutdownForced { cause: cause.clone() }
        }
        _ => return None,
    };
    Some((fact.path.clone(), cause))
}

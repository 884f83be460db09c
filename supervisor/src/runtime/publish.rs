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

/// Makes an event of a fact, unless nobody wants to know.
pub(super) fn publish(
    clock: &mut Clock,
    fact: Fact,
    shared: &Shared,
    events: &broadcast::Sender<Arc<Event>>,
) {
    let is_kept = shared.journal.capacity() > 0;
    let is_heard = || shared.subscribers.load(Ordering::SeqCst) > 0;
    if !is_kept && !is_heard() {
        return;
    }
    let Fact { sequence, correlation, path, generation, command, kind } = fact;
    // seen by: cargo test -p supervisor-tests --test simulation
    if cfg!(plant_bug = "dropped_end_event") && matches!(kind, EventKind::Exited { .. }) {
        return;
    }
    let (at, uptime) = (clock.at(), clock.now.0);
    let event = Event { sequence, at, uptime, path, generation, correlation, command, kind };
    // A copy only where it goes two ways.
    let mut told = is_heard().then(|| Arc::new(event.clone()));
    if is_kept {
        shared.journal.push(event);
    }
    // Looked at again after the journal has it: whoever subscribes reads the journal after that,
    // and so finds the event in one of them.
    if told.is_none() && is_heard() {
        told = shared.journal.from(sequence).0.pop();
    }
    if let Some(event) = told {
        // The last subscriber may just have gone.
        drop(events.send(event));
    }
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

//! D12, L39, L45, section 1: what is said about an end is what the run itself did.

use std::collections::{BTreeMap, BTreeSet};

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::task::exit::{Deadline, Exit};

use crate::invariants::Invariant;
use crate::world::{Did, Entry, Facts, What};

#[derive(Default)]
pub(super) struct Exits {
    /// What the runs that have not ended say of themselves.
    did: BTreeMap<(ChildPath, u64), Vec<Did>>,
    ready: BTreeSet<(ChildPath, u64)>,
}

impl Invariant for Exits {
    fn law(&self) -> &'static str {
        "D12, L45: an end is what the run did"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let event = match &entry.what {
            What::Did(run, did) => {
                let key = (run.path.clone(), run.generation);
                return self.did.entry(key).or_default().push(*did);
            }
            What::Event(event) => event,
            _ => return,
        };
        let key = (event.path.clone(), event.generation.0);
        let place = facts.fold.at(&event.path);
        let exit = match &event.kind {
            EventKind::Ready => {
                self.ready.insert(key);
                return;
            }
            EventKind::StartIgnored => &Exit::Ignored,
            EventKind::Exited { exit } | EventKind::StartFailed { exit } => exit,
            _ => return,
        };
        let was_ready = self.ready.remove(&key);
        let did = self.did.remove(&key).unwrap_or_default();
        if facts.nature(&event.path).is_supervisor() {
            return;
        }
        let has = |what| did.contains(&what);
        let panicked = has(Did::Panicked);
        let is_asked = place.asked.is_some();
        let is_right = match exit {
            Exit::Panicked(_) => panicked,
            Exit::Failed(_) => has(Did::Failed) && !panicked,
            Exit::Succeeded => (has(Did::Succeeded) || has(Did::Ignored)) && !panicked && !is_asked,
            Exit::Shutdown => {
                let is_normal = has(Did::Succeeded) || has(Did::Ignored);
                (has(Did::Shutdown) || (is_normal && is_asked)) && !panicked
            }
            Exit::Ignored => has(Did::Ignored) && !was_ready && !panicked,
            Exit::Aborted => place.aborted.is_some() && !panicked && did.is_empty(),
            Exit::TimedOut(Deadline::Start) => !was_ready && is_asked,
            Exit::TimedOut(Deadline::Heartbeat) => place.is_stale && was_ready,
            // Nobody else can abort it.
            _ => false,
        };
        assert!(is_right, "{event}, and it says {did:?}; {place:?}");
    }
}

//! L1: the children of a supervisor that starts are started one after the other, in the order of
//! their declaration; the next when the one before is ready, or waits, or has nothing to do.

use std::collections::BTreeMap;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::dependency::StartMode;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct StartOrder {
    /// The place, in the declaration, of the latest child that each has started.
    latest: BTreeMap<ChildPath, usize>,
}

impl Invariant for StartOrder {
    fn law(&self) -> &'static str {
        "L1: the order of starts"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        if !matches!(event.kind, EventKind::Starting) {
            return;
        }
        self.latest.remove(&event.path);
        let Some(above) = event.path.parent() else { return };
        let group = facts.group(&above);
        let is_starting = facts.fold.life(&above) == Life::Starting;
        let nature = facts.nature(&event.path);
        if group.start != StartMode::Sequential || !is_starting || event.command.is_some() {
            return;
        }
        // One that waited for what it depends on starts when that is ready.
        let Some(n) = group.declared.iter().position(|id| id == event.path.name()) else { return };
        if !nature.depends_on.is_empty() {
            return;
        }
        let latest = self.latest.insert(above.clone(), n);
        assert!(latest.is_none_or(|latest| latest < n), "{event}, after a younger one");
        for older in &group.declared[..n] {
            let older = crate::world::below(&above, older);
            let is_waiting = !facts.nature(&older).depends_on.is_empty();
            let is_starting = facts.fold.life(&older) == Life::Starting;
            assert!(is_waiting || !is_starting, "{event}, and {older} is not ready");
        }
    }
}

//! L20: a supervisor stops its children one at a time, the youngest first.

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::dependency::StartMode;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct StopOrder;

impl Invariant for StopOrder {
    fn law(&self) -> &'static str {
        "L20: the order of stops"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        if !matches!(event.kind, EventKind::StopRequested) || facts.fold.is_forced {
            return;
        }
        let Some(above) = event.path.parent() else { return };
        let group = facts.group(&above);
        let place = facts.fold.at(&above);
        let is_ending = place.life == Life::Stopping && place.aborted.is_none();
        let is_one_by_one = group.start == StartMode::Sequential && group.members.is_none();
        let declared = group.declared.iter().position(|id| id == event.path.name());
        let Some(n) = declared.filter(|_| is_ending && is_one_by_one) else { return };
        // One whose start takes too long is stopped for that, whatever else goes on.
        let own = facts.fold.at(&event.path);
        let start_due = facts.nature(&event.path).start_timeout;
        let start_due = own.started.unwrap_or_default().saturating_add(start_due);
        let is_known = !facts.reconfigured.contains(&event.path);
        if own.life == Life::Starting && (event.uptime >= start_due || !is_known) {
            return;
        }
        let is_above = |place: &crate::fold::Place| place.aborted.is_some();
        let mut ancestors = std::iter::successors(above.parent(), ChildPath::parent);
        if ancestors.any(|path| is_above(facts.fold.at(&path))) {
            return;
        }
        for younger in &group.declared[n + 1..] {
            let younger = crate::world::below(&above, younger);
            let life = facts.fold.life(&younger);
            let is_gone = matches!(life, Life::Gone | Life::Unjoinable);
            assert!(is_gone, "{event}, and {younger} is {life:?}");
        }
    }
}

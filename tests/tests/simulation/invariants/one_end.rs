//! Every run that is started ends once: it exits, fails to start, or ignores its start. Nothing
//! else ends, and nothing begins that was not started.

use std::collections::BTreeMap;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{End, Entry, Facts, What};

#[derive(Default)]
pub(super) struct OneEnd {
    open: BTreeMap<ChildPath, u64>,
}

impl Invariant for OneEnd {
    fn law(&self) -> &'static str {
        "L30, L32: every run ends once"
    }

    fn entry(&mut self, _: &Facts, entry: &Entry) {
        let event = match &entry.what {
            What::Begun(run) => {
                let open = self.open.get(&run.path);
                return assert_eq!(open, Some(&run.generation), "{run} begins");
            }
            What::Event(event) => event,
            _ => return,
        };
        match event.kind {
            EventKind::Starting => {
                let before = self.open.insert(event.path.clone(), event.generation.0);
                assert!(before.is_none(), "{event}, and {before:?} has not ended");
            }
            EventKind::Exited { .. } | EventKind::StartFailed { .. } | EventKind::StartIgnored => {
                let open = self.open.remove(&event.path);
                assert_eq!(open, Some(event.generation.0), "{event}");
            }
            _ => {}
        }
    }

    fn end(&mut self, facts: &Facts, end: &End) {
        if end.is_dropped {
            return;
        }
        for (path, generation) in &self.open {
            let place = facts.fold.at(path);
            let is_given_up = place.life == Life::Unjoinable || path.is_root();
            assert!(is_given_up, "{path}#{generation} has never ended: {place:?}");
        }
    }
}

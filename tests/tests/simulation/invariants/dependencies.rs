//! L37: nothing starts before all that it depends on is ready.

use rust_supervisor::event::EventKind;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Dependencies;

impl Invariant for Dependencies {
    fn law(&self) -> &'static str {
        "L37: dependencies"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        let depends_on = &facts.nature(&event.path).depends_on;
        match &event.kind {
            EventKind::Starting => {
                for on in depends_on {
                    let life = facts.fold.life(on);
                    assert_eq!(life, Life::Up, "{event}, and depends on {on}");
                }
            }
            EventKind::Waiting { dependencies } => {
                assert!(!dependencies.is_empty(), "{event}");
                for on in dependencies {
                    assert!(depends_on.contains(on), "{event}, on {on}");
                }
            }
            EventKind::DependencyLost { dependency } => {
                assert!(depends_on.contains(dependency), "{event}");
            }
            _ => {}
        }
    }
}

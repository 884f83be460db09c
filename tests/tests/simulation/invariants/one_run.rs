//! L30: a generation starts only when the one before has ended completely: its future, its
//! destructors, what it has spawned.

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct OneRun;

impl Invariant for OneRun {
    fn law(&self) -> &'static str {
        "L30: no two runs of one child at once"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let (What::Begun(run) | What::HelperBegun(run)) = &entry.what else { return };
        let Some(lives) = facts.lives.get(&run.path) else { return };
        let other = lives.keys().find(|&&generation| generation != run.generation);
        assert!(other.is_none(), "{run} begins while #{} is alive", other.unwrap_or(&0));
    }
}

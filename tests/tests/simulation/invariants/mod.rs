//! What must hold after every step of every history, one file each, with the law it comes from.
//! They look at what our own children, threads, commands and readers have noted, and hold it
//! against what the tree says.

mod answers;
mod complete_end;
mod dependencies;
mod endings;
mod exits;
mod fold;
mod generations;
mod graces;
mod heartbeats;
mod holds;
mod intensity;
mod nothing_left;
mod one_end;
mod one_run;
mod orphans;
mod own_limit;
mod pools;
mod readers;
mod reports;
mod restarts;
mod rounds;
mod sequence;
mod start_order;
mod start_timeouts;
mod stop_order;
mod stops_heard;
mod waits;

use rust_supervisor::state::TreeState;

use crate::world::{End, Entry, Facts};

/// One law. What breaks it panics, with what is wrong.
pub(crate) trait Invariant: Send {
    /// Its numbers, and a few words.
    fn law(&self) -> &'static str;

    /// Something has happened. The facts are those from before.
    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let _ = (facts, entry);
    }

    /// The tree as it is now.
    fn state(&mut self, facts: &Facts, state: &TreeState) {
        let _ = (facts, state);
    }

    /// The tree has ended, or is gone.
    fn end(&mut self, facts: &Facts, end: &End) {
        let _ = (facts, end);
    }
}

pub(crate) fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::<sequence::Sequence>::default(),
        Box::<one_run::OneRun>::default(),
        Box::<complete_end::CompleteEnd>::default(),
        Box::<one_end::OneEnd>::default(),
        Box::<generations::Generations>::default(),
        Box::<fold::StateIsFold>::default(),
        Box::<endings::Endings>::default(),
        Box::<orphans::Orphans>::default(),
        Box::<nothing_left::NothingLeft>::default(),
        Box::<intensity::Intensity>::default(),
        Box::<own_limit::OwnLimit>::default(),
        Box::<restarts::Restarts>::default(),
        Box::<exits::Exits>::default(),
        Box::<graces::Graces>::default(),
        Box::<heartbeats::Heartbeats>::default(),
        Box::<waits::Waits>::default(),
        Box::<holds::Holds>::default(),
        Box::<dependencies::Dependencies>::default(),
        Box::<start_timeouts::StartTimeouts>::default(),
        Box::<start_order::StartOrder>::default(),
        Box::<stops_heard::StopsHeard>::default(),
        Box::<stop_order::StopOrder>::default(),
        Box::<rounds::Rounds>::default(),
        Box::<answers::Answers>::default(),
        Box::<reports::Reports>::default(),
        Box::<readers::Readers>::default(),
        Box::<pools::Pools>::default(),
    ]
}

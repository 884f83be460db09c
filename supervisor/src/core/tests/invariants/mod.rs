//! What must hold in every history, each restating a law without the engine's help.

mod causes;
mod dependencies;
mod escalation;
mod generations;
mod graces;
mod heartbeats;
mod intensity;
mod lives;
mod order;
mod pools;
mod probes;
mod replies;
mod reports;
mod rest;
mod restarts;
mod rounds;
mod shutdown;

use super::harness::Invariant;

pub(super) fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::<lives::Lives>::default(),
        Box::<generations::Generations>::default(),
        Box::<shutdown::Shutdown>::default(),
        Box::<replies::Replies>::default(),
        Box::<graces::Graces>::default(),
        Box::<heartbeats::Heartbeats>::default(),
        Box::<order::Order>::default(),
        Box::<dependencies::Dependencies>::default(),
        Box::<pools::Pools>::default(),
        Box::<intensity::Intensity>::default(),
        Box::<probes::Probes>::default(),
        Box::<restarts::Restarts>::default(),
        Box::<rounds::Rounds>::default(),
        Box::<causes::Causes>::default(),
        Box::<escalation::Escalation>::default(),
        Box::<rest::Rest>::default(),
        Box::<reports::Reports>::default(),
    ]
}

//! What the events amount to: where each child is in its life, by what was said of it.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_supervisor::event::{Event, EventKind};
use rust_supervisor::id::ChildPath;

/// Where a child is in its life, as far as events tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Life {
    /// It has no run.
    #[default]
    Gone,
    Starting,
    Up,
    Stopping,
    Unjoinable,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) life: Life,
    pub(crate) generation: u64,
    /// When its latest run was started, was ready, was asked to stop and was aborted.
    pub(crate) started: Option<Duration>,
    pub(crate) ready: Option<Duration>,
    pub(crate) asked: Option<Duration>,
    pub(crate) aborted: Option<Duration>,
    pub(crate) is_stale: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Fold {
    sequence: u64,
    places: BTreeMap<ChildPath, Place>,
    /// When the end of the tree began.
    pub(crate) ending: Option<Duration>,
    /// Whether all that was left has been aborted at once.
    pub(crate) is_forced: bool,
    pub(crate) has_ended: bool,
}

const NOWHERE: Place = Place {
    life: Life::Gone,
    generation: 0,
    started: None,
    ready: None,
    asked: None,
    aborted: None,
    is_stale: false,
};

impl Fold {
    /// The latest event that is in it.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn at(&self, path: &ChildPath) -> &Place {
        self.places.get(path).unwrap_or(&NOWHERE)
    }

    pub(crate) fn life(&self, path: &ChildPath) -> Life {
        self.at(path).life
    }

    /// The children of a supervisor that have ever been started.
    pub(crate) fn children<'a>(
        &'a self,
        above: &'a ChildPath,
    ) -> impl Iterator<Item = (&'a ChildPath, &'a Place)> {
        let from = self.places.range(above.clone()..);
        from.take_while(move |(path, _)| path.as_str().starts_with(above.as_str()))
            .filter(move |(path, _)| path.parent().as_ref() == Some(above))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&ChildPath, &Place)> {
        self.places.iter()
    }

    /// Whether it, or a supervisor above it, is on its way out.
    pub(crate) fn is_ending(&self, path: &ChildPath) -> bool {
        let above = std::iter::successors(path.parent(), ChildPath::parent);
        self.ending.is_some() || above.into_iter().any(|above| self.life(&above) == Life::Stopping)
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        self.sequence = event.sequence;
        let at = event.uptime;
        let root = event.path.is_root();
        match &event.kind {
            EventKind::ShutdownRequested { .. } => {
                self.ending.get_or_insert(at);
            }
            EventKind::ShutdownForced { .. } => self.is_forced = true,
            EventKind::Ended { .. } => self.has_ended = true,
            EventKind::Meltdown { .. } | EventKind::AutoShutdown { .. } if root => {
                self.ending.get_or_insert(at);
            }
            _ => {}
        }
        let place = self.places.entry(event.path.clone()).or_default();
        match &event.kind {
            EventKind::Starting => {
                let generation = event.generation.0;
                let started = Some(at);
                *place = Place { life: Life::Starting, generation, started, ..NOWHERE };
            }
            EventKind::Ready => (place.life, place.ready) = (Life::Up, Some(at)),
            EventKind::Meltdown { .. }
            | EventKind::AutoShutdown { .. }
            | EventKind::StopRequested => {
                place.life = Life::Stopping;
                place.asked.get_or_insert(at);
            }
            EventKind::Stale { .. } => place.is_stale = true,
            EventKind::Aborted => place.aborted = Some(at),
            EventKind::Unjoinable => place.life = Life::Unjoinable,
            EventKind::StartFailed { .. } | EventKind::StartIgnored | EventKind::Exited { .. } => {
                place.life = Life::Gone;
            }
            _ => {}
        }
    }
}

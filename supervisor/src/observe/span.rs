//! The spans of `tracing`: one for each child, and one for each of its runs, in which the run's
//! own log lines stand.

use tracing::level_filters::LevelFilter;
use tracing::{Level, Span};

use crate::id::{ChildPath, Generation};
use crate::task::panic::contain;

/// The span of one run, or of a child. Empty where nobody listens, so that a run that nobody
/// traces costs nothing.
///
/// Who listens is the application's own code: what it does wrong is contained.
pub(crate) struct RunSpan(Option<Box<Span>>);

impl RunSpan {
    /// No span.
    pub(crate) const NONE: Self = Self(None);

    /// The span of a child, which goes over all its runs.
    pub(crate) fn of_child(path: &ChildPath) -> Self {
        Self::made(|| tracing::info_span!(parent: None, "child", %path))
    }

    /// The span of a run: a root of its own, because a run may last for the life of the program,
    /// linked to that of the child.
    pub(crate) fn of_run(path: &ChildPath, generation: Generation, child: &Self) -> Self {
        let generation = generation.0;
        let span = Self::made(|| tracing::info_span!(parent: None, "run", %path, generation));
        if let (Some(run), Some(child)) = (&span.0, &child.0) {
            drop(contain(|| run.follows_from(child.id()).is_disabled()));
        }
        span
    }

    fn made(make: impl FnOnce() -> Span) -> Self {
        if LevelFilter::current() < Level::INFO {
            return Self::NONE;
        }
        let span = contain(make).ok();
        Self(span.filter(|span| !span.is_disabled()).map(Box::new))
    }

    /// Whether nobody listens.
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Runs `code` inside the span.
    pub(crate) fn within<T>(&self, code: impl FnOnce() -> T) -> T {
        let Some(span) = self.0.as_deref().filter(|_| !cfg!(plant_bug = "outside_the_span")) else {
            return code();
        };
        let entered = contain(|| span.enter()).ok();
        let _leave = Leave(entered);
        code()
    }
}

/// Leaves the span, also when the code panics.
struct Leave<'a>(Option<tracing::span::Entered<'a>>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let entered = self.0.take();
        drop(contain(|| drop(entered)));
    }
}

impl Drop for RunSpan {
    fn drop(&mut self) {
        if let Some(span) = self.0.take() {
            drop(contain(|| drop(span)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI32, Ordering};

    use tracing::{Event, Metadata, Subscriber, span};

    use super::*;

    /// Counts how deep the thread is inside of spans.
    #[derive(Clone, Default)]
    struct Depth(Arc<AtomicI32>);

    impl Subscriber for Depth {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &Event<'_>) {}

        fn enter(&self, _: &span::Id) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }

        fn exit(&self, _: &span::Id) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn code_runs_inside_of_the_span_and_a_panic_leaves_it() {
        let depth = Depth::default();
        let _guard = tracing::subscriber::set_default(depth.clone());
        let now = || depth.0.load(Ordering::SeqCst);
        let path = ChildPath::root();
        let child = RunSpan::of_child(&path);
        let span = RunSpan::of_run(&path, Generation(1), &child);
        assert_eq!((span.within(now), now()), (1, 0));
        assert!(contain(|| span.within(|| -> () { panic!("out of it") })).is_err());
        assert_eq!(now(), 0);
        assert_eq!(RunSpan::NONE.within(now), 0);
    }
}

//! How a run ended.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

pub use super::panic::PanicMessage;
pub(crate) use super::panic::contain;
use crate::policy::failure::{Failure, TaskFailureKind};

/// How a run ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Exit {
    /// It returned without an error and nobody had asked it to.
    Succeeded,
    /// It ended after its supervisor asked it to, or returned
    /// [`TaskResult::Shutdown`](super::result::TaskResult::Shutdown).
    Shutdown,
    /// It returned an error.
    Failed(TaskFailure),
    /// It panicked: while it ran, in a destructor, or in the function that makes its future.
    Panicked(PanicMessage),
    /// It took too long.
    TimedOut(Deadline),
    /// Its supervisor ended it by force, its grace being over.
    Aborted,
    /// Somebody else ended it by force, or the runtime it lived on is gone.
    Lost,
    /// It had nothing to do here and said so before it was ready.
    Ignored,
}

impl Exit {
    /// What a failure says and what each of its causes says, the outermost first; for a panic its
    /// message and where it happened. Empty where nothing failed.
    pub fn causes(&self) -> Vec<String> {
        match self {
            Self::Failed(failure) => failure.causes(),
            Self::Panicked(message) => {
                let place = message.location().map(|place| format!("at {place}"));
                std::iter::once(message.as_str().to_owned()).chain(place).collect()
            }
            Self::TimedOut(deadline) => vec![deadline.to_string()],
            Self::Succeeded | Self::Shutdown | Self::Aborted | Self::Lost | Self::Ignored => {
                Vec::new()
            }
        }
    }

    /// Whether a transient child is restarted after it: failed, panicked, timed out or lost.
    pub fn is_abnormal(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Panicked(_) | Self::TimedOut(_) | Self::Lost)
    }

    /// The class of the failure, or `None` when it was none.
    pub fn failure_kind(&self) -> Option<TaskFailureKind> {
        match self {
            Self::Failed(failure) => Some(failure.kind()),
            Self::Panicked(_) => Some(TaskFailureKind::Panic),
            Self::TimedOut(_) => Some(TaskFailureKind::Timeout),
            Self::Lost => Some(TaskFailureKind::Recoverable),
            Self::Succeeded | Self::Shutdown | Self::Aborted | Self::Ignored => None,
        }
    }

    /// One word for it: `succeeded`, `shutdown`, `failed`, `panicked`, `timed_out`, `aborted`,
    /// `lost` or `ignored`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Shutdown => "shutdown",
            Self::Failed(_) => "failed",
            Self::Panicked(_) => "panicked",
            Self::TimedOut(_) => "timed_out",
            Self::Aborted => "aborted",
            Self::Lost => "lost",
            Self::Ignored => "ignored",
        }
    }
}

/// The word, and for a failure what it says, with everything that caused it.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => write!(f, "failed: {}", failure.chain()),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::TimedOut(deadline) => write!(f, "timed out: {deadline}"),
            exit => f.write_str(exit.word()),
        }
    }
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deadline {
    /// It did not become ready within its `start_timeout`.
    Start,
    /// It sent no heartbeat for its `stale_after`.
    Heartbeat,
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("it was not ready within its start_timeout"),
            Self::Heartbeat => f.write_str("it sent no heartbeat within its stale_after"),
        }
    }
}

/// How many causes of an error are printed.
const MOST_CAUSES: usize = 64;

/// The error that ended a run, and its class. Cheap to clone.
///
/// An error whose own code panics, in `Display`, `source` or `Drop`, does no harm here: the panic
/// is contained and named in its place.
#[derive(Clone)]
pub struct TaskFailure {
    /// `None` where nobody has said.
    kind: Option<TaskFailureKind>,
    error: Arc<Contained>,
}

impl TaskFailure {
    /// A failure of this class.
    ///
    /// ```
    /// use rust_supervisor::policy::failure::TaskFailureKind;
    /// use rust_supervisor::task::exit::TaskFailure;
    ///
    /// let failure = TaskFailure::new(TaskFailureKind::FatalConfig, "no schema `ledger`");
    /// assert_eq!(failure.to_string(), "no schema `ledger`");
    /// ```
    pub fn new(
        kind: TaskFailureKind,
        error: impl Into<Box<dyn Error + Send + Sync + 'static>>,
    ) -> Self {
        Self::classed(Some(kind), error.into())
    }

    pub(crate) fn classed(
        kind: Option<TaskFailureKind>,
        error: Box<dyn Error + Send + Sync + 'static>,
    ) -> Self {
        Self { kind, error: Arc::new(Contained(Some(error))) }
    }

    /// The same failure. Where nobody has said its class, `ask` is asked.
    pub(crate) fn or_ask(mut self, ask: Ask) -> Self {
        if self.kind.is_none() || cfg!(plant_bug = "class_asked_twice") {
            self.kind = class_in(self.error(), &[ask]);
        }
        self
    }

    /// A failure that says nothing about itself: recoverable. A [`TaskFailure`] inside keeps its
    /// own class.
    pub(crate) fn from_error(error: Box<dyn Error + Send + Sync + 'static>) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => *failure,
            Err(error) => Self::classed(None, error),
        }
    }

    /// Its class.
    pub fn kind(&self) -> TaskFailureKind {
        self.kind.unwrap_or_default()
    }

    /// The error itself, as the run returned it.
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.error.get()
    }

    /// What it says and what caused it, joined by `: `.
    pub fn chain(&self) -> String {
        contain(|| {
            let mut text = self.error().to_string();
            let causes = std::iter::successors(self.error().source(), |&error| error.source());
            // An error may, by mistake, be its own cause.
            for error in causes.take(MOST_CAUSES) {
                let cause = error.to_string();
                // Many errors print their source themselves.
                if !text.ends_with(&cause) {
                    text.push_str(": ");
                    text.push_str(&cause);
                }
            }
            text
        })
        .unwrap_or_else(|panic| format!("(the error panicked when it was printed: {panic})"))
    }
}

impl TaskFailure {
    /// What it says, and what each of its causes says, the outermost first.
    pub fn causes(&self) -> Vec<String> {
        contain(|| {
            let all =
                std::iter::successors(Some(self.error() as &(dyn Error + 'static)), |&error| {
                    error.source()
                });
            all.take(MOST_CAUSES).map(ToString::to_string).collect()
        })
        .unwrap_or_else(|panic| vec![format!("(the error panicked when it was printed: {panic})")])
    }
}

impl fmt::Debug for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.chain(), self.kind())
    }
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match contain(|| self.error().to_string()) {
            Ok(text) => f.write_str(&text),
            Err(panic) => write!(f, "(the error panicked when it was printed: {panic})"),
        }
    }
}

impl Error for TaskFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        contain(|| self.error().source()).ok().flatten()
    }
}

/// With the class that the error names.
impl<E> From<E> for TaskFailure
where
    E: Failure + Into<Box<dyn Error + Send + Sync + 'static>>,
{
    fn from(error: E) -> Self {
        Self::new(error.kind(), error)
    }
}

/// Who knows the class of an error, if it is one of theirs.
pub(crate) type Ask = fn(&(dyn Error + 'static)) -> Option<TaskFailureKind>;

/// What the first error in the chain says that one of these knows.
pub(crate) fn class_in(error: &(dyn Error + 'static), asks: &[Ask]) -> Option<TaskFailureKind> {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let most = if cfg!(plant_bug = "causes_unasked") { 1 } else { MOST_CAUSES + 1 };
    chain.take(most).find_map(|error| asks.iter().find_map(|ask| ask(error)))
}

/// An error of the user's, whose destructor may panic.
struct Contained(Option<Box<dyn Error + Send + Sync + 'static>>);

impl Contained {
    fn get(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.0.as_deref().expect("only Drop takes the error out")
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        let error = self.0.take();
        // Nothing is left to be told about it: the run it belonged to is long over.
        drop(contain(|| drop(error)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Nasty;
    impl fmt::Display for Nasty {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("no words for it")
        }
    }
    impl Error for Nasty {}
    impl Drop for Nasty {
        fn drop(&mut self) {
            panic!("not going quietly")
        }
    }

    #[test]
    fn an_error_that_is_its_own_cause_is_printed_all_the_same() {
        #[derive(Debug)]
        struct Endless;

        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("again")
            }
        }

        impl Error for Endless {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&Endless)
            }
        }

        let failure = TaskFailure::new(TaskFailureKind::Recoverable, Endless);
        assert_eq!(failure.chain(), "again");
    }

    #[test]
    fn an_error_that_panics_when_printed_and_when_dropped_does_no_harm() {
        let failure = TaskFailure::from_error(Box::new(Nasty));
        assert!(failure.to_string().contains("no words for it"));
        assert!(failure.chain().contains("no words for it"));
        drop(failure);
    }

    #[test]
    fn a_panic_payload_that_panics_when_dropped_does_no_harm() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                std::panic::panic_any(Bomb);
            }
        }
        let message = contain(|| std::panic::panic_any(Bomb)).unwrap_err();
        assert!(message.as_str().contains("without a message"));
    }

    #[test]
    fn an_error_that_knows_its_class_is_asked_for_it() {
        #[derive(Debug, thiserror::Error)]
        #[error("no schema")]
        struct NoSchema;
        impl Failure for NoSchema {
            fn kind(&self) -> TaskFailureKind {
                TaskFailureKind::FatalConfig
            }
        }
        let open = || -> Result<(), TaskFailure> { Err(NoSchema)? };
        assert_eq!(open().unwrap_err().kind(), TaskFailureKind::FatalConfig);
        assert!(open().unwrap_err().error().downcast_ref::<NoSchema>().is_some());
    }

    #[test]
    fn who_knows_the_class_is_asked_about_every_cause_where_nobody_has_said_it() {
        #[derive(Debug, thiserror::Error)]
        #[error("around")]
        struct Around(#[source] std::io::Error);

        let ask: Ask = |error| error.is::<std::io::Error>().then_some(TaskFailureKind::Timeout);
        let io = || Around(std::io::Error::other("slow"));

        let unclassed = TaskFailure::from_error(Box::new(io()));
        assert_eq!(unclassed.kind(), TaskFailureKind::Recoverable);
        assert_eq!(unclassed.or_ask(ask).kind(), TaskFailureKind::Timeout);
        let said = TaskFailure::new(TaskFailureKind::Recoverable, io());
        assert_eq!(said.or_ask(ask).kind(), TaskFailureKind::Recoverable);
    }

    #[test]
    fn a_failure_keeps_its_class_and_its_chain() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot reach the bank")]
        struct Unreachable(#[source] std::io::Error);

        let io = std::io::Error::other("connection refused");
        let classed = TaskFailure::new(TaskFailureKind::ExternalDependency, Unreachable(io));
        let again = TaskFailure::from_error(Box::new(classed));
        assert_eq!(again.kind(), TaskFailureKind::ExternalDependency);
        assert_eq!(again.chain(), "cannot reach the bank: connection refused");
        assert!(again.error().downcast_ref::<Unreachable>().is_some());
    }
}

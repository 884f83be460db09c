//! What becomes of a fact in the log, for those who read no stream of events.

use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::core::action::Fact;
use crate::event::EventKind;
use crate::policy::decision::RestartDecision;
use crate::task::exit::Exit;
use crate::task::panic::contain;

/// Where these lines come from, as `tracing` says it.
#[cfg(all(feature = "ipc", unix))]
pub(crate) const TARGET: &str = module_path!();

/// Writes a fact to `tracing`: as an error what somebody has to look at, as a warning a failure and
/// what it led to, the rest for whoever wants to know all.
pub(crate) fn log(fact: &Fact) {
    // A tree that nobody listens to is not to pay for its words.
    if level(&fact.kind) > LevelFilter::current() {
        return;
    }
    // Who listens is the application's own code, and no concern of the tree.
    drop(contain(|| say(fact)));
}

fn say(fact: &Fact) {
    let Fact { sequence, correlation, path, generation, command, kind } = fact;
    let (generation, correlation, command) = (generation.0, correlation.0, command.map(|id| id.0));
    let event = kind.name();
    let (exit, decision) = match kind {
        EventKind::StartFailed { exit } | EventKind::Exited { exit } => (Some(exit), None),
        EventKind::Meltdown { exit, decision, .. } => (Some(exit), Some(decision)),
        EventKind::Decided { decision } => (None, Some(decision)),
        _ => (None, None),
    };
    let place = match exit {
        Some(Exit::Panicked(message)) => message.location(),
        _ => None,
    };
    let (exit, rule) = (exit.map(Exit::word), decision.map(|decision| decision.rule().name()));
    // The level of a line is part of where it comes from, and so cannot be a value.
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(
                $level, %path, generation, event, sequence, correlation, command, exit, rule,
                location = place, "{kind}"
            )
        };
    }
    match level(kind) {
        Level::ERROR => line!(Level::ERROR),
        Level::WARN => line!(Level::WARN),
        Level::INFO => line!(Level::INFO),
        _ => line!(Level::DEBUG),
    }
}

/// How much it matters.
pub(crate) fn level(kind: &EventKind) -> Level {
    match kind {
        EventKind::Meltdown { .. }
        | EventKind::Unjoinable
        | EventKind::AuditFailing { .. }
        | EventKind::RecordingEnded { .. } => Level::ERROR,
        EventKind::Decided {
            decision:
                RestartDecision::Quarantine { .. }
                | RestartDecision::Escalate { .. }
                | RestartDecision::ShutdownTree { .. },
        } => Level::ERROR,
        EventKind::Exited { exit } if exit.is_abnormal() => Level::WARN,
        EventKind::StartFailed { .. } | EventKind::Aborted | EventKind::ShutdownForced { .. } => {
            Level::WARN
        }
        EventKind::Decided { .. }
        | EventKind::ShutdownRequested { .. }
        | EventKind::Commanded { .. }
        | EventKind::AutoShutdown { .. }
        | EventKind::AuditRestored { .. }
        | EventKind::Ended { .. } => Level::INFO,
        _ => Level::DEBUG,
    }
}

//! What becomes of a fact in the log, for those who read no stream of events.

use crate::core::action::Fact;
use crate::event::EventKind;
use crate::policy::decision::RestartDecision;
use crate::task::exit::contain;

/// Writes a fact to `tracing`: as an error what somebody has to look at, as a warning a failure and
/// what it led to, the rest for whoever wants to know all.
pub(super) fn log(fact: &Fact) {
    let Fact { path, generation, kind, .. } = fact;
    let generation = generation.0;
    // Who listens is the application's own code, and no concern of the tree.
    drop(contain(|| match kind {
        EventKind::Meltdown { .. } | EventKind::Unjoinable => {
            tracing::error!(%path, generation, "{kind}");
        }
        EventKind::Decided {
            decision:
                RestartDecision::Quarantine { .. }
                | RestartDecision::Escalate { .. }
                | RestartDecision::ShutdownTree { .. },
        } => tracing::error!(%path, generation, "{kind}"),
        EventKind::Exited { exit } if exit.is_abnormal() => {
            tracing::warn!(%path, generation, "{kind}");
        }
        EventKind::StartFailed { .. } | EventKind::Aborted | EventKind::ShutdownForced => {
            tracing::warn!(%path, generation, "{kind}");
        }
        EventKind::Decided { .. }
        | EventKind::ShutdownRequested { .. }
        | EventKind::Commanded { .. }
        | EventKind::AutoShutdown { .. }
        | EventKind::Ended { .. } => tracing::info!(%path, generation, "{kind}"),
        _ => tracing::debug!(%path, generation, "{kind}"),
    }));
}

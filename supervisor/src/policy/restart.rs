//! Which exits lead to another run, and who else moves with it.

use std::fmt;

use crate::task::exit::Exit;

/// Which exits of a child are followed by another run.
///
/// Source: `restart` in OTP's child specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Restart {
    /// Every exit.
    #[default]
    Permanent,
    /// Abnormal exits only: failed, panicked, timed out, lost.
    Transient,
    /// No exit; the child is forgotten when it ends.
    Temporary,
}

impl Restart {
    /// Whether `exit` asks for another run.
    pub fn asks_after(self, exit: &Exit) -> bool {
        match self {
            // Both follow a wish of the supervisor itself, or of nobody at all.
            _ if matches!(exit, Exit::Aborted | Exit::Ignored) => false,
            Self::Permanent => true,
            Self::Transient => exit.is_abnormal(),
            Self::Temporary => false,
        }
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "permanent",
            Self::Transient => "transient",
            Self::Temporary => "temporary",
        })
    }
}

/// Who is restarted together with a child that failed.
///
/// Source: OTP's supervisor strategies of the same names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Strategy {
    /// Nobody else.
    #[default]
    OneForOne,
    /// All its siblings.
    OneForAll,
    /// The siblings declared after it.
    RestForOne,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneForOne => "one_for_one",
            Self::OneForAll => "one_for_all",
            Self::RestForOne => "rest_for_one",
        })
    }
}

/// How the supervisor above sees a supervisor that restarted too often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Meltdown {
    /// As a failure: a transient supervisor is restarted too, so that a subtree never disappears
    /// in silence.
    #[default]
    Abnormal,
    /// As a shutdown, which is what OTP does: a transient supervisor stays down.
    Shutdown,
}

impl fmt::Display for Meltdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Abnormal => "abnormal",
            Self::Shutdown => "shutdown",
        })
    }
}

/// Whether a supervisor ends by itself when its significant children have.
///
/// Source: `auto_shutdown` in OTP's supervisor flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum AutoShutdown {
    /// It does not.
    #[default]
    Never,
    /// With the first significant child that ends without being restarted.
    AnySignificant,
    /// When no significant child is left alive.
    AllSignificant,
}

impl fmt::Display for AutoShutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "never",
            Self::AnySignificant => "any_significant",
            Self::AllSignificant => "all_significant",
        })
    }
}

/// When a run counts as ready, so that what waits for it may go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Readiness {
    /// As soon as it is spawned; nobody waits for its first poll.
    #[default]
    Immediate,
    /// When it calls `ready()`. A run that ends before has failed to start.
    Explicit,
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Immediate => "immediate",
            Self::Explicit => "explicit",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_asks_for_a_restart_after_an_end_by_force_or_a_start_with_nothing_to_do() {
        for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
            for exit in [Exit::Aborted, Exit::Ignored] {
                assert!(!restart.asks_after(&exit), "{restart} after {exit}");
            }
        }
        assert!(Restart::Permanent.asks_after(&Exit::Succeeded));
        assert!(!Restart::Transient.asks_after(&Exit::Succeeded));
        assert!(Restart::Transient.asks_after(&Exit::Lost));
        assert!(!Restart::Temporary.asks_after(&Exit::Lost));
    }
}

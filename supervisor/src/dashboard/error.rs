//! What is said about a request that failed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What went wrong with a request, where, and whether asking again can help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Error)]
#[error("{code} at {stage}: {message}")]
pub struct DashboardError {
    /// What went wrong, for a program; see [`ErrorCode`].
    pub code: String,
    /// How far the request came; see [`ErrorStage`].
    pub stage: String,
    /// The target it was for, where that is known.
    pub target_id: Option<String>,
    /// What went wrong and what to do, for a person.
    pub message: String,
    /// Whether the same request can work later.
    pub retryable: bool,
}

impl DashboardError {
    /// An error that the same request would meet again.
    pub fn new(code: ErrorCode, stage: ErrorStage, message: impl Into<String>) -> Self {
        Self {
            code: code.as_str().to_owned(),
            stage: stage.as_str().to_owned(),
            target_id: None,
            message: message.into(),
            retryable: code.is_retryable(),
        }
    }

    /// The same about this target.
    #[must_use]
    pub fn of_target(mut self, target_id: &str) -> Self {
        self.target_id = Some(target_id.to_owned());
        self
    }

    /// Whether it is this one.
    pub fn is(&self, code: ErrorCode) -> bool {
        self.code == code.as_str()
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$of])* $word,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$word),*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }

            /// The one that this word names.
            pub fn of(word: &str) -> Option<Self> {
                match word {
                    $($text => Some(Self::$word),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What can go wrong with a request to a target.
    ErrorCode {
        /// The line is no JSON, or no request, or was never finished.
        InvalidJson = "invalid_json",
        /// The line is longer than the target reads. The connection is closed.
        LineTooLong = "line_too_long",
        /// Objects and lists stand in each other deeper than the target reads.
        NestingTooDeep = "nesting_too_deep",
        /// There is no such method.
        UnsupportedMethod = "unsupported_method",
        /// What the method was given is not what it takes.
        InvalidCommandParams = "invalid_command_params",
        /// The command is not the one of the method.
        MethodCommandMismatch = "method_command_mismatch",
        /// There is no such child.
        UnknownChild = "unknown_child",
        /// The command cannot be carried out as it is, or as the tree is now.
        ValidationFailed = "validation_failed",
        /// The command is dangerous and was not confirmed.
        ConfirmationRequired = "confirmation_required",
        /// Who asks may not.
        PermissionDenied = "permission_denied",
        /// Who asks does so too often, or holds too much already.
        RateLimited = "rate_limited",
        /// The id of the command was used for another one.
        CommandIdConflict = "command_id_conflict",
        /// The end of the tree has begun.
        ShuttingDown = "shutting_down",
        /// The target cannot do its part.
        Internal = "internal",
    }
}

impl ErrorCode {
    /// Whether the same request can work later.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Internal)
    }
}

words! {
    /// How far a request came.
    ErrorStage {
        /// It was read.
        ProtocolParse = "protocol_parse",
        /// It was looked at who asks.
        Authorise = "authorise",
        /// It was looked at what is asked for.
        CommandValidate = "command_validate",
        /// The tree was asked to do it.
        CommandExecute = "command_execute",
        /// Something was to be subscribed to.
        Subscription = "subscription",
        /// A target was to be registered.
        Registration = "registration",
        /// Nothing that was asked for is the cause.
        Internal = "internal",
    }
}

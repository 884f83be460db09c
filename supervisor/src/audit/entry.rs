//! What stands in the audit: one JSON object a line.

use serde::{Deserialize, Serialize};

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// One line of an audit. Beside this it has the `hash` of everything before it in the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The version of the format: 1.
    pub version: u32,
    /// The number of the entry in the file, from 1, without gaps.
    pub sequence: u64,
    /// When it was written, on the wall clock, in UTC: `2026-11-22T06:01:02.345Z`.
    pub at: String,
    /// Which start of the program it belongs to: drawn at random. The ids of commands count from 1
    /// in each.
    pub instance: String,
    /// What it is about.
    #[serde(flatten)]
    pub kind: AuditKind,
    /// The hash of the entry before; 64 zeros in the first.
    pub previous: String,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditKind {
    /// A tree was started, and its audit with it.
    Opened {
        /// How many bytes of an unfinished line stood at the end of the file and were cut off. They
        /// were left by a process that was killed; nobody was told that they are written.
        cut_bytes: u64,
    },
    /// A command has come in. It has no effect before this entry is on the disk.
    Requested {
        /// The id of the command, as events name it.
        command: u64,
        /// What is asked for: the name of the method on the handle.
        name: String,
        /// The child it is about.
        path: String,
        /// Who asks.
        requested_by: String,
        /// Why.
        reason: String,
        /// The child when the command came in; `None` when it is not known.
        before: Option<Snapshot>,
        /// For a reload: what it changes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<Changed>,
    },
    /// The command can be carried out, and is.
    Accepted {
        /// The id of the command.
        command: u64,
    },
    /// The command cannot be carried out, and has changed nothing.
    Rejected {
        /// The id of the command.
        command: u64,
        /// Why not.
        error: String,
    },
    /// The command has come to what was asked for.
    Completed {
        /// The id of the command.
        command: u64,
        /// The child then; `None` when it is no longer known.
        after: Option<Snapshot>,
    },
    /// The command was accepted, and has come to something else.
    Failed {
        /// The id of the command.
        command: u64,
        /// To what.
        error: String,
        /// The child then; `None` when it is not known.
        after: Option<Snapshot>,
    },
    /// Somebody asked for something over the socket of the tree (feature `ipc`), or this is what
    /// came of it. Where the tree has carried it out, its own entries are beside it.
    Socket {
        /// Names the entry: the start of the socket it belongs to, and its number in it.
        audit_id: String,
        /// Who it was on the other end, as the system says it.
        identity: String,
        /// The target it was for.
        target_id: String,
        /// The id under which it was asked for.
        command_id: String,
        /// What was asked for.
        name: String,
        /// The child it is about, as it was named.
        child_path: Option<String>,
        /// For an addition: what is to be added.
        child_manifest: Option<String>,
        /// Who asks, as the other end says it.
        requested_by: String,
        /// Why.
        reason: String,
        /// `accepted`, `completed`; or `rejected` or `failed` with the error.
        result: String,
    },
    /// Entries are missing here, because they could not be written.
    Missing {
        /// How many.
        entries: u64,
    },
}

/// The kinds and their names.
macro_rules! names {
    ($($kind:ident $name:literal,)*) => {
        impl AuditKind {
            /// The name of every kind.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The name of the kind: what stands as `kind` in the line.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind { .. } => $name,)*
                }
            }
        }
    };
}

names! {
    Opened "opened",
    Requested "requested",
    Accepted "accepted",
    Rejected "rejected",
    Completed "completed",
    Failed "failed",
    Missing "missing",
    Socket "socket",
}

/// One value of a configuration that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Changed {
    /// The child it is about.
    pub path: String,
    /// The key, as it is written about the child.
    pub key: String,
    /// As it was; `***` for a secret.
    pub before: Option<String>,
    /// As it is; `***` for a secret.
    pub after: Option<String>,
}

impl Changed {
    pub(crate) fn of(change: &crate::event::ValueChange) -> Self {
        let text = |value: &Option<std::sync::Arc<str>>| value.as_deref().map(str::to_owned);
        Self {
            path: change.path.to_string(),
            key: change.key.to_string(),
            before: text(&change.before),
            after: text(&change.after),
        }
    }
}

/// A child at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Where it was in its life, as [`Lifecycle`](crate::state::Lifecycle) says it.
    pub lifecycle: String,
    /// The number of its latest run.
    pub generation: u64,
}

impl Snapshot {
    pub(crate) fn of(child: &crate::state::ChildState) -> Self {
        Self { lifecycle: child.lifecycle.to_string(), generation: child.generation.0 }
    }
}

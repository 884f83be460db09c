//! What can go wrong, what to do about it, and the exit codes.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use rust_supervisor::dashboard::error::{DashboardError, ErrorCode};
use rust_supervisor::dashboard::protocol::VERSION;
use thiserror::Error;

/// What `--help` says about exit codes.
pub(crate) const CODES: &str = "\
Exit codes:
  0   done
  1   the target refused the command, or it came to something else
  2   what was waited for did not come in time
  64  the command line is wrong, or leaves open which target is meant
  69  there is no target, or it cannot be reached
  74  the answer could not be written
  76  the target speaks another protocol
  77  who asks may not do that
  78  the command is dangerous and was not confirmed";

/// Why there is no answer.
#[derive(Debug, Error)]
pub(crate) enum CtlError {
    #[error(
        "there is no socket in `{}`: no program with `ipc.enabled: true` runs as this user. Start one, or name its \
         socket with `--socket PATH`, or another folder in RUST_SUPERVISOR_RUN_DIR",
        folder.display()
    )]
    NoSocket { folder: PathBuf },

    #[error("there are several targets: say which with `--target ID`: {}", ids.join(", "))]
    Several { ids: Vec<String> },

    #[error("there is no target `{id}` in `{}`; there are: {}", folder.display(), or_none(ids))]
    NoSuchTarget { id: String, folder: PathBuf, ids: Vec<String> },

    #[error("the socket `{}` is not there: is the program running, and is that its `ipc.path`?", path.display())]
    Missing { path: PathBuf },

    #[error(
        "nobody listens at `{}`: the program that made it is gone. Its next start needs `ipc.bind_mode: \
         replace_stale`, or remove the file",
        path.display()
    )]
    Dead { path: PathBuf },

    #[error("`{}` is no socket: name the one that is the program's `ipc.path`", path.display())]
    NoSocketFile { path: PathBuf },

    #[error(
        "this user may not look into `{}`, where the sockets are: ask as the user of the program, or name its socket \
         with `--socket PATH`",
        folder.display()
    )]
    ClosedFolder { folder: PathBuf },

    #[error(
        "the system does not let this user connect to `{}`: ask as the user of the program, or let the program give \
         this user a role under `ipc.roles` and its group the socket with `ipc.permissions`",
        path.display()
    )]
    Forbidden { path: PathBuf },

    #[error("cannot speak with `{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },

    #[error("the target behind `{}` has closed the connection", path.display())]
    Closed { path: PathBuf },

    #[error("the target behind `{}` has not answered within {}", path.display(), humantime::format_duration(*waited))]
    Silent { path: PathBuf, waited: Duration },

    #[error(
        "the target behind `{}` does not speak {VERSION}, but {spoken}: use the `supctl` of the release that the \
         program was built with",
        path.display()
    )]
    Protocol { path: PathBuf, spoken: String },

    #[error("{}", told(.0))]
    Refused(DashboardError),

    #[error("there is no child `{path}`{}", nearest(near.as_deref()))]
    UnknownChild { path: String, near: Option<String> },

    #[error(
        "`{command}` is dangerous. Confirm it at the terminal, or with `--yes`; nothing has been done"
    )]
    NotConfirmed { command: &'static str },

    #[error("{what} did not come within {}; it is {found}", humantime::format_duration(*waited))]
    NotInTime { what: String, waited: Duration, found: String },

    /// Of a program; what the tree has done since is in no configuration.
    #[error(
        "`{path}` was added while the program ran, and only what was there when it started is explained; what a pool \
         gives its members is said by `supctl explain {above}`"
    )]
    AddedLater { path: String, above: String },

    /// Whoever reads the output has gone: the end, and no error.
    #[error("nobody reads the output")]
    ReadEnough,

    #[error("the answer cannot be written: {0}")]
    Output(io::Error),

    #[error("{0}")]
    Usage(String),
}

impl CtlError {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Refused(error) if error.is(ErrorCode::PermissionDenied) => 77,
            Self::Forbidden { .. } | Self::ClosedFolder { .. } => 77,
            Self::Refused(_) | Self::AddedLater { .. } => 1,
            Self::ReadEnough => 0,
            Self::NotInTime { .. } => 2,
            Self::Several { .. }
            | Self::NoSuchTarget { .. }
            | Self::UnknownChild { .. }
            | Self::Usage(_) => 64,
            Self::NoSocket { .. }
            | Self::Missing { .. }
            | Self::Dead { .. }
            | Self::NoSocketFile { .. }
            | Self::Io { .. }
            | Self::Closed { .. }
            | Self::Silent { .. } => 69,
            Self::Output(_) => 74,
            Self::Protocol { .. } => 76,
            Self::NotConfirmed { .. } => 78,
        }
    }
}

impl From<&CtlError> for ExitCode {
    fn from(error: &CtlError) -> Self {
        Self::from(error.code())
    }
}

fn told(error: &DashboardError) -> String {
    let again = if error.retryable { " (asking again later can help)" } else { "" };
    format!("{} [{}]{again}", error.message, error.code)
}

fn nearest(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

fn or_none(ids: &[String]) -> String {
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}

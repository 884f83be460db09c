//! What a socket is asked for with, and why there is none.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::geteuid;
use thiserror::Error;

use super::bind::InTheWay;
use super::limits::IpcLimits;
use super::logs::LogBuffer;
use super::peer::Roles;
use crate::dashboard::label::Role;
use crate::dashboard::run_dir::{self, RunDirError};

/// The socket of a tree, for [`SupervisorBuilder::ipc`](crate::runtime::supervisor::SupervisorBuilder::ipc).
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is given to `SupervisorBuilder::ipc`"]
pub struct IpcOptions {
    pub(super) target_id: String,
    pub(super) display_name: Option<String>,
    pub(super) path: Option<PathBuf>,
    pub(super) permissions: u32,
    pub(super) bind_mode: BindMode,
    pub(super) roles: Roles,
    pub(super) limits: IpcLimits,
    pub(super) registration: Option<RegistrationOptions>,
    pub(super) logs: LogBuffer,
}

/// What becomes of something that is in the place of the socket already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BindMode {
    /// Nothing may be there.
    #[default]
    CreateNew,
    /// A socket of our own user is replaced if nobody listens at it; nothing else is.
    ReplaceStale,
}

/// How a target makes itself known to the relay of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationOptions {
    /// The socket of the relay; absolute. Default: `relay.sock` in the
    /// [run directory](crate::dashboard::run_dir).
    pub relay_path: PathBuf,
    /// For how long a registration holds. Whole seconds, longer than `heartbeat`. Default: 30 s.
    pub lease: Duration,
    /// How often it is renewed. Longer than zero, shorter than `lease`. Default: 15 s.
    pub heartbeat: Duration,
}

impl Default for RegistrationOptions {
    fn default() -> Self {
        Self {
            relay_path: run_dir::path().join(run_dir::RELAY_SOCKET),
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
        }
    }
}

impl IpcOptions {
    /// The permissions of the socket by default: for its user alone.
    pub const PERMISSIONS: u32 = 0o600;

    /// The socket of the target `target_id`, for nobody but our own user. The id is 1 to 64 bytes of
    /// letters, digits, `_`, `-` and `.`, and does not begin with a `.`.
    pub fn new(target_id: impl Into<String>) -> Self {
        Self {
            target_id: target_id.into(),
            display_name: None,
            path: None,
            permissions: Self::PERMISSIONS,
            bind_mode: BindMode::default(),
            roles: Roles::admin(geteuid().as_raw()),
            limits: IpcLimits::default(),
            registration: None,
            logs: LogBuffer::of_process(),
        }
    }

    /// What people call the target. Default: its id.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Where the socket lies; absolute, in a folder that is there, is ours, and in which nobody
    /// else can write. Default: `TARGET_ID.sock` in the [run directory](crate::dashboard::run_dir),
    /// which is made.
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The permissions of the socket, such as `0o600`: its user has to read and write, its group
    /// may, nobody else. Default: `0o600`.
    pub fn permissions(mut self, permissions: u32) -> Self {
        self.permissions = permissions;
        self
    }

    /// What becomes of something that is in its place. Default: nothing may be there.
    pub fn bind_mode(mut self, mode: BindMode) -> Self {
        self.bind_mode = mode;
        self
    }

    /// Lets this user connect and do that, beside our own.
    pub fn role(mut self, uid: u32, role: Role) -> Self {
        self.roles = self.roles.and(uid, role);
        self
    }

    /// Lets these users connect, and nobody else: not our own user either, unless it is among them.
    pub fn roles(mut self, roles: Roles) -> Self {
        self.roles = roles;
        self
    }

    /// Takes this much from clients.
    pub fn limits(mut self, change: impl FnOnce(&mut IpcLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Makes the target known to the relay of this host.
    pub fn registration(mut self, registration: RegistrationOptions) -> Self {
        self.registration = Some(registration);
        self
    }

    /// Shows this log instead of that of the process.
    pub fn logs(mut self, logs: &LogBuffer) -> Self {
        self.logs = logs.clone();
        self
    }

    /// The id of the target.
    pub fn target_id(&self) -> &str {
        &self.target_id
    }

    pub(super) fn name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.target_id)
    }

    /// Where the socket is to lie.
    pub(super) fn place(&self) -> Result<PathBuf, IpcError> {
        if let Some(path) = &self.path {
            return Ok(path.clone());
        }
        run_dir::prepare(&run_dir::path())?;
        Ok(run_dir::socket_of(&self.target_id))
    }

    /// Everything that is wrong with what was said: the key, as it is written in a configuration,
    /// and why.
    pub(crate) fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let name = self.name();
        let mut faults = Vec::new();
        if let Err(why) = check_target_id(&self.target_id) {
            faults.push(("target_id", why));
        }
        let is_bad = name.trim().is_empty() || name.chars().any(char::is_control);
        if self.display_name.is_some() && is_bad {
            let why = "it is blank or has control characters";
            faults.push(("registration.display_name", why));
        }
        if let Some(Err(why)) = self.path.as_deref().map(check_path) {
            faults.push(("path", why));
        }
        let permissions = check_permissions(self.permissions);
        if let (Err(why), false) = (permissions, cfg!(plant_bug = "ipc_any_permissions")) {
            faults.push(("permissions", why));
        }
        faults.extend(self.limits.fault());
        faults.extend(self.registration.iter().flat_map(RegistrationOptions::faults));
        faults
    }

    /// The first of them.
    pub(super) fn check(&self) -> Result<(), IpcError> {
        match self.faults().first() {
            Some(&(key, why)) => Err(IpcError::BadOption { key, why }),
            None => Ok(()),
        }
    }

    /// Another id, as a configuration says it.
    #[cfg(feature = "config")]
    pub(crate) fn target(mut self, target_id: &str) -> Self {
        target_id.clone_into(&mut self.target_id);
        self
    }

    #[cfg(feature = "config")]
    pub(crate) fn said_registration(&self) -> Option<&RegistrationOptions> {
        self.registration.as_ref()
    }

    #[cfg(feature = "config")]
    pub(crate) fn maybe_registration(mut self, said: Option<RegistrationOptions>) -> Self {
        self.registration = said;
        self
    }
}

impl RegistrationOptions {
    fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let mut faults = Vec::new();
        if !self.relay_path.is_absolute() {
            faults.push(("registration.relay_registration_path", "it has to be absolute"));
        }
        if self.lease.subsec_nanos() != 0 || self.lease.is_zero() {
            let why = "it has to be whole seconds, at least one";
            faults.push(("registration.lease_seconds", why));
        }
        if self.heartbeat.is_zero() || self.heartbeat >= self.lease {
            let key = "registration.registration_heartbeat_interval_seconds";
            faults.push((key, "it has to be longer than zero and shorter than the lease"));
        }
        faults
    }
}

/// Whether this can be the id of a target, which is part of the name of a file.
fn check_target_id(id: &str) -> Result<(), &'static str> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if id.is_empty() || id.len() > 64 {
        return Err("it has to have from 1 to 64 bytes");
    }
    if !id.chars().all(is_fit) || id.starts_with('.') {
        return Err("it may have letters, digits, `_`, `-` and `.`, and does not begin with a `.`");
    }
    Ok(())
}

/// Whether a socket can lie there, as far as the path alone tells.
pub(super) fn check_path(path: &Path) -> Result<(), &'static str> {
    if !path.is_absolute() {
        return Err("it has to be absolute");
    }
    if path.as_os_str().len() > PATH_BYTES {
        return Err(TOO_LONG);
    }
    if path.file_name().is_none() { Err("it names no file") } else { Ok(()) }
}

/// The longest path that a client can connect to.
const PATH_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

const TOO_LONG: &str = if cfg!(target_os = "linux") {
    "the system knows no sockets with so long a path: at most 107 bytes"
} else {
    "the system knows no sockets with so long a path: at most 103 bytes"
};

/// Whether a socket can have these permissions.
fn check_permissions(permissions: u32) -> Result<(), &'static str> {
    if permissions & 0o600 != 0o600 {
        return Err("its own user has to be able to read and write: at least 0600");
    }
    if permissions & !0o660 != 0 {
        return Err("nobody but its user and its group can be let in: at most 0660");
    }
    Ok(())
}

/// Why a tree has no socket, and so does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IpcError {
    /// Something that was said about the socket cannot be.
    #[error("`ipc.{key}`: {why}")]
    BadOption {
        /// The key, as it is written in a configuration.
        key: &'static str,
        /// Why it cannot be.
        why: &'static str,
    },
    /// The path of the socket cannot be one.
    #[error("the socket cannot lie at `{}`: {why}", path.display())]
    BadPath {
        /// The path.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// The folder for sockets cannot be used.
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    /// The folder of the socket cannot be opened.
    #[error("the folder `{}` of the socket cannot be opened; it has to be there", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The folder of the socket is none, or a link to one.
    #[error("`{}` is a link, or no folder: name the folder itself", folder.display())]
    NoFolder {
        /// What is there.
        folder: PathBuf,
    },
    /// The folder of the socket is somebody else's.
    #[error(
        "the folder `{}` of the socket belongs to user {owner}, and this is user {ours}: who owns \
         it could put another socket there",
        folder.display()
    )]
    ForeignFolder {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        ours: u32,
    },
    /// Others can write in the folder of the socket.
    #[error(
        "others can write in the folder `{}` of the socket, its mode is {mode:04o}: `chmod go-w` it",
        folder.display()
    )]
    OpenFolder {
        /// The folder.
        folder: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is something in the place of the socket.
    #[error("the socket cannot lie at `{}`: {what}", path.display())]
    Taken {
        /// The path.
        path: PathBuf,
        /// What is there.
        what: InTheWay,
    },
    /// The system does not let the socket be made.
    #[error("the socket `{}` cannot be made", path.display())]
    Bind {
        /// The path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl IpcError {
    /// The path of the socket, where it is about that.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::BadPath { path, .. } | Self::Taken { path, .. } | Self::Bind { path, .. } => {
                Some(path)
            }
            _ => None,
        }
    }
}

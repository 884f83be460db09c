//! Finding the sockets of this host.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rust_supervisor::dashboard::run_dir;

use crate::arguments::Where;
use crate::error::CtlError;

/// A socket that was found or named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    pub(crate) path: PathBuf,
}

impl Socket {
    /// The id of its target, as far as its name tells.
    pub(crate) fn id(&self) -> String {
        self.path.file_stem().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// All sockets that are meant: those named, or all in the run directory.
pub(crate) fn all(said: &Where) -> Result<Vec<Socket>, CtlError> {
    if !said.socket.is_empty() {
        return Ok(said.socket.iter().map(|path| Socket { path: path.clone() }).collect());
    }
    let folder = run_dir::path();
    let found = in_folder(&folder)?;
    if found.is_empty() {
        return Err(CtlError::NoSocket { folder });
    }
    let Some(id) = &said.target else { return Ok(found) };
    let Some(socket) = found.iter().find(|socket| socket.id() == *id) else {
        let ids = found.iter().map(Socket::id).collect();
        return Err(CtlError::NoSuchTarget { id: id.clone(), folder, ids });
    };
    Ok(vec![socket.clone()])
}

/// The one socket that is meant.
pub(crate) fn one(said: &Where) -> Result<Socket, CtlError> {
    let mut found = all(said)?;
    if found.len() > 1 {
        return Err(CtlError::Several { ids: found.iter().map(Socket::id).collect() });
    }
    found.pop().ok_or_else(|| CtlError::NoSocket { folder: run_dir::path() })
}

/// In the order of their names. The relay's own is no target.
fn in_folder(folder: &Path) -> Result<Vec<Socket>, CtlError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(CtlError::ClosedFolder { folder: folder.to_owned() });
        }
        // There is none yet.
        Err(_) => return Ok(Vec::new()),
    };
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sock"))
        .filter(|path| !path.ends_with(run_dir::RELAY_SOCKET))
        .map(|path| Socket { path })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

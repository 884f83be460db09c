//! A socket in a folder of ours: at no instant with another mode than the one that was said, never
//! in the place of anything else, and taken away again by nobody but us.
//!
//! The system makes a socket at its path with whatever mode it has. So it is made in a new folder
//! inside of the folder, which nobody but us can enter, gets its mode there, and is then moved to
//! its place, which fails when there is something already. All of this goes by the opened folder,
//! not by its path: whoever swaps the path meanwhile gets nothing.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use rustix::process::geteuid;

use super::options::{BindMode, IpcError, check_path};

/// The name of the socket in its first folder: short, because the whole path of a socket is.
const FIRST_NAME: &str = "s";

/// A socket that listens, and its place in the file system.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) listener: UnixListener,
    pub(super) place: Place,
}

/// Binds a socket at `path`, which is absolute.
pub(super) fn bind(path: &Path, permissions: u32, mode: BindMode) -> Result<Bound, IpcError> {
    bind_in(Folder::open(path)?, permissions, mode)
}

/// The same in a folder that was opened.
pub(super) fn bind_in(folder: Folder, permissions: u32, mode: BindMode) -> Result<Bound, IpcError> {
    let stale = folder.look(mode)?;
    let listener = folder.first(permissions)?;
    if let Some(stale) = stale {
        folder.take_out(&stale)?;
    }
    let id = folder.put_in()?;
    let Folder { fd, name, path, .. } = folder;
    let place = Place { folder: fd, name, path, id: Some(id) };
    place.check()?;
    listener.set_nonblocking(true).map_err(|error| place.fail(error))?;
    Ok(Bound { listener, place })
}

/// The folder that the socket is to lie in, and the name it gets there.
pub(super) struct Folder {
    fd: OwnedFd,
    name: OsString,
    path: PathBuf,
    /// Where the socket is made.
    first: OsString,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, IpcError> {
        let bad = |why| IpcError::BadPath { path: path.to_owned(), why };
        check_path(path).map_err(bad)?;
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(bad("it names no file"));
        };
        let fail =
            |error: Errno| IpcError::Folder { folder: parent.to_owned(), source: error.into() };
        let flags = if cfg!(plant_bug = "ipc_folder_is_a_link") {
            OFlags::DIRECTORY | OFlags::CLOEXEC
        } else {
            OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW
        };
        let fd = rustix::fs::openat(CWD, parent, flags, Mode::empty()).map_err(|error| {
            let is_link = matches!(error, Errno::LOOP | Errno::NOTDIR);
            if is_link { IpcError::NoFolder { folder: parent.to_owned() } } else { fail(error) }
        })?;
        let stat = rustix::fs::fstat(&fd).map_err(fail)?;
        let ours = geteuid().as_raw();
        if stat.st_uid != ours && !cfg!(plant_bug = "ipc_foreign_folder") {
            let folder = parent.to_owned();
            return Err(IpcError::ForeignFolder { folder, owner: stat.st_uid, ours });
        }
        let open = Mode::WGRP | Mode::WOTH;
        let mode = Mode::from_raw_mode(stat.st_mode);
        if mode.intersects(open) && !cfg!(plant_bug = "ipc_open_folder") {
            let mode = mode.as_raw_mode() & 0o7777;
            return Err(IpcError::OpenFolder { folder: parent.to_owned(), mode });
        }
        let first = OsString::from(format!(".{:08x}", fastrand::u32(..)));
        Ok(Self { fd, name: name.to_owned(), path: path.to_owned(), first })
    }

    fn fail(&self, error: impl Into<io::Error>) -> IpcError {
        IpcError::Bind { path: self.path.clone(), source: error.into() }
    }

    /// Looks whether there is something in the place: nothing may be, or a dead socket of ours that
    /// is to be replaced.
    fn look(&self, mode: BindMode) -> Result<Option<Stat>, IpcError> {
        let stat = match rustix::fs::statat(&self.fd, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(self.fail(error)),
            Ok(stat) => stat,
        };
        let taken = |what| IpcError::Taken { path: self.path.clone(), what };
        if mode == BindMode::CreateNew && !cfg!(plant_bug = "ipc_create_replaces") {
            return Err(taken(InTheWay::Something));
        }
        if FileType::from_raw_mode(stat.st_mode) != FileType::Socket
            && !cfg!(plant_bug = "ipc_replaces_anything")
        {
            return Err(taken(InTheWay::NoSocket));
        }
        if stat.st_uid != geteuid().as_raw() && !cfg!(plant_bug = "ipc_replaces_foreign") {
            return Err(taken(InTheWay::Foreign { owner: stat.st_uid }));
        }
        if !is_dead(&self.path) && !cfg!(plant_bug = "ipc_replaces_live") {
            return Err(taken(InTheWay::Live));
        }
        Ok(Some(stat))
    }

    /// Makes the socket in a folder of its own and gives it its mode.
    fn first(&self, permissions: u32) -> Result<UnixListener, IpcError> {
        rustix::fs::mkdirat(&self.fd, &self.first, Mode::RWXU).map_err(|error| self.fail(error))?;
        let listener = self.listen_in_first(Mode::from_raw_mode(permissions));
        if listener.is_err() {
            self.clean_up();
        }
        listener
    }

    fn open_first(&self) -> Result<OwnedFd, Errno> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        rustix::fs::openat(&self.fd, &self.first, flags, Mode::empty())
    }

    fn listen_in_first(&self, permissions: Mode) -> Result<UnixListener, IpcError> {
        let first = self.open_first().map_err(|error| self.fail(error))?;
        if cfg!(plant_bug = "ipc_mode_after_bind") {
            let listener = UnixListener::bind(&self.path).map_err(|error| self.fail(error))?;
            rustix::fs::chmodat(&self.fd, &self.name, permissions, AtFlags::empty())
                .map_err(|error| self.fail(error))?;
            return Ok(listener);
        }
        let by_path = self.path.with_file_name(&self.first).join(FIRST_NAME);
        let listener = match listen_by_descriptor(&first) {
            Some(listener) => listener,
            None => UnixListener::bind(by_path),
        };
        let listener = listener.map_err(|error| self.fail(error))?;
        let mode = if cfg!(plant_bug = "ipc_mode_of_the_umask") {
            Ok(())
        } else {
            rustix::fs::chmodat(&first, FIRST_NAME, permissions, AtFlags::empty())
        };
        mode.map_err(|error| self.fail(error))?;
        Ok(listener)
    }

    /// Takes a dead socket out of the place, if it is still the one that was looked at.
    fn take_out(&self, stale: &Stat) -> Result<(), IpcError> {
        let taken_out = self.move_away(&self.fd, &self.name, stale);
        if !matches!(taken_out, Ok(true)) {
            self.clean_up();
        }
        match taken_out {
            Ok(true) => Ok(()),
            Ok(false) => Err(IpcError::Taken { path: self.path.clone(), what: InTheWay::Swapped }),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Moves what has this name into the first folder and removes it there if it is what is
    /// expected; else puts it back.
    fn move_away(&self, from: &OwnedFd, name: &OsStr, expected: &Stat) -> Result<bool, Errno> {
        let first = self.open_first()?;
        remove_only(from, name, &first, expected)
    }

    /// Moves the socket to its place, which has to be free.
    fn put_in(&self) -> Result<Stat, IpcError> {
        if cfg!(plant_bug = "ipc_mode_after_bind") {
            self.clean_up();
            return rustix::fs::statat(&self.fd, &self.name, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|error| self.fail(error));
        }
        let moved = self.open_first().and_then(|first| {
            let stat = rustix::fs::statat(&first, FIRST_NAME, AtFlags::SYMLINK_NOFOLLOW)?;
            move_new(&first, FIRST_NAME.as_ref(), &self.fd, &self.name)?;
            Ok(stat)
        });
        self.clean_up();
        moved.map_err(|error| match error {
            Errno::EXIST => IpcError::Taken { path: self.path.clone(), what: InTheWay::Something },
            error => self.fail(error),
        })
    }

    /// Removes the first folder and what is left in it.
    fn clean_up(&self) {
        if let Ok(first) = self.open_first() {
            // It is mostly empty.
            rustix::fs::unlinkat(&first, FIRST_NAME, AtFlags::empty()).unwrap_or_default();
        }
        // A folder that cannot be removed does no harm.
        rustix::fs::unlinkat(&self.fd, &self.first, AtFlags::REMOVEDIR).unwrap_or_default();
    }
}

/// Listens in an opened folder, whatever becomes of its path meanwhile and however long it is.
/// `None` where the system has no paths for opened folders.
#[cfg(target_os = "linux")]
fn listen_by_descriptor(folder: &OwnedFd) -> Option<io::Result<UnixListener>> {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}/{FIRST_NAME}", folder.as_raw_fd());
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        listener => Some(listener),
    }
}

#[cfg(not(target_os = "linux"))]
fn listen_by_descriptor(_: &OwnedFd) -> Option<io::Result<UnixListener>> {
    None
}

/// Moves something to a place that has to be free.
fn move_new(from: &OwnedFd, name: &OsStr, to: &OwnedFd, new: &OsStr) -> Result<(), Errno> {
    match rustix::fs::renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
        // A file system that cannot do that can do this.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            rustix::fs::linkat(from, name, to, new, AtFlags::empty())?;
            rustix::fs::unlinkat(from, name, AtFlags::empty())
        }
        moved => moved,
    }
}

/// Removes what has this name if it is what is expected, and says whether it was. It is moved aside
/// before it is looked at, so that nothing can take its place in between.
fn remove_only(
    folder: &OwnedFd,
    name: &OsStr,
    aside: &OwnedFd,
    expected: &Stat,
) -> Result<bool, Errno> {
    const ASIDE: &str = "o";
    rustix::fs::renameat(folder, name, aside, ASIDE)?;
    let found = rustix::fs::statat(aside, ASIDE, AtFlags::SYMLINK_NOFOLLOW)?;
    if is_same(&found, expected) || cfg!(plant_bug = "ipc_removes_any_socket") {
        rustix::fs::unlinkat(aside, ASIDE, AtFlags::empty())?;
        return Ok(true);
    }
    move_new(aside, ASIDE.as_ref(), folder, name)?;
    Ok(false)
}

fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// Whether nobody listens at a socket. One whose queue is full is not waited for.
fn is_dead(path: &Path) -> bool {
    let connected = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)
        .and_then(|socket| rustix::io::ioctl_fionbio(&socket, true).map(|()| socket))
        .and_then(|socket| rustix::net::connect(&socket, &SocketAddrUnix::new(path)?));
    connected == Err(Errno::CONNREFUSED)
}

/// Where a socket of ours lies. It is taken away when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    folder: OwnedFd,
    name: OsString,
    path: PathBuf,
    id: Option<Stat>,
}

impl Place {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn fail(&self, error: impl Into<io::Error>) -> IpcError {
        IpcError::Bind { path: self.path.clone(), source: error.into() }
    }

    /// Sees that who follows the path finds this socket, and that it is ours.
    fn check(&self) -> Result<(), IpcError> {
        let found = rustix::fs::statat(CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW);
        let is_ours = found.is_ok_and(|found| {
            self.id.as_ref().is_some_and(|id| is_same(id, &found))
                && found.st_uid == geteuid().as_raw()
        });
        if is_ours || cfg!(plant_bug = "ipc_swapped_path") {
            return Ok(());
        }
        Err(IpcError::Taken { path: self.path.clone(), what: InTheWay::Swapped })
    }

    /// Whether the socket is still in the folder that was opened, and that folder is ours.
    #[cfg(test)]
    pub(super) fn is_whole(&self) -> bool {
        let found = rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        let folder = rustix::fs::fstat(&self.folder);
        let ours = geteuid().as_raw();
        found.is_ok_and(|found| self.id.as_ref().is_some_and(|id| is_same(id, &found)))
            && folder.is_ok_and(|folder| folder.st_uid == ours)
    }

    /// Takes the socket away, if it is still there and ours.
    fn remove(&mut self) {
        let Some(id) = self.id.take() else { return };
        if cfg!(plant_bug = "ipc_leaves_its_socket") {
            return;
        }
        let aside = OsString::from(format!(".{:08x}", fastrand::u32(..)));
        let removed = rustix::fs::mkdirat(&self.folder, &aside, Mode::RWXU).and_then(|()| {
            let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let aside = rustix::fs::openat(&self.folder, &aside, flags, Mode::empty())?;
            remove_only(&self.folder, &self.name, &aside, &id)
        });
        // Whoever has emptied the folder has taken it away too.
        rustix::fs::unlinkat(&self.folder, &aside, AtFlags::REMOVEDIR).unwrap_or_default();
        match removed {
            Ok(true) | Err(Errno::NOENT) => {}
            Ok(false) => {
                tracing::warn!(path = %self.path.display(), "left there: it is not our socket any more");
            }
            Err(error) => {
                let error = io::Error::from(error);
                tracing::warn!(path = %self.path.display(), %error, "the socket cannot be removed");
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.remove();
    }
}

/// What is in the place where a socket is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InTheWay {
    /// Whatever it is, the socket has to be new.
    Something,
    /// A file, a folder, a link.
    NoSocket,
    /// A socket of somebody else.
    Foreign {
        /// Whose it is.
        owner: u32,
    },
    /// A socket at which somebody listens.
    Live,
    /// Something that was put there meanwhile.
    Swapped,
}

impl fmt::Display for InTheWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Something => f.write_str(
                "there is something already: remove it if no other process uses it, or say \
                 `bind_mode: replace_stale`",
            ),
            Self::NoSocket => f.write_str("what is there is no socket, so it is not replaced"),
            Self::Foreign { owner } => {
                write!(f, "there is a socket of user {owner}, which is not replaced")
            }
            Self::Live => f.write_str(
                "another process listens there: give each its own `target_id` or `path`",
            ),
            Self::Swapped => f.write_str("somebody changes what is there at this moment"),
        }
    }
}

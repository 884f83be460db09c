//! The folder in which sockets lie where nobody says another: found by target, client and relay in
//! the same way.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use thiserror::Error;

/// The variable that names the folder.
pub const VARIABLE: &str = "RUST_SUPERVISOR_RUN_DIR";

/// The name of the socket of a relay in the folder.
pub const RELAY_SOCKET: &str = "relay.sock";

/// Where the folder is: what [`VARIABLE`] says, else `rust-supervisor` in `$XDG_RUNTIME_DIR`, else
/// `rust-supervisor-UID` in the system's temporary folder. It need not be there.
pub fn path() -> PathBuf {
    from(|name| std::env::var_os(name))
}

fn from(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let said = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = said(VARIABLE) {
        return path;
    }
    match said("XDG_RUNTIME_DIR") {
        Some(path) => path.join("rust-supervisor"),
        None => std::env::temp_dir().join(format!("rust-supervisor-{}", geteuid().as_raw())),
    }
}

/// The socket of a target in the folder.
pub fn socket_of(target_id: &str) -> PathBuf {
    path().join(format!("{target_id}.sock"))
}

/// Makes the folder, for nobody but us, if it is not there; else sees that it is ours.
///
/// # Errors
///
/// [`RunDirError`], with what to do about it.
pub fn prepare(folder: &Path) -> Result<(), RunDirError> {
    let fail = |source| RunDirError::Io { folder: folder.to_owned(), source };
    if !folder.is_absolute() {
        return Err(RunDirError::Relative { folder: folder.to_owned() });
    }
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(fail(error)),
    }
    let found = std::fs::symlink_metadata(folder).map_err(fail)?;
    if !found.is_dir() {
        return Err(RunDirError::NoFolder { folder: folder.to_owned() });
    }
    let ours = geteuid().as_raw();
    if found.uid() != ours && !cfg!(plant_bug = "foreign_run_dir") {
        return Err(RunDirError::Foreign { folder: folder.to_owned(), owner: found.uid(), ours });
    }
    let mode = found.mode() & 0o777;
    if mode & 0o022 != 0 && !cfg!(plant_bug = "open_run_dir") {
        return Err(RunDirError::Open { folder: folder.to_owned(), mode });
    }
    Ok(())
}

/// Why there is no folder for sockets.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunDirError {
    /// The path depends on where the program was started.
    #[error("`{}` is no absolute path: sockets are to be found from everywhere", folder.display())]
    Relative {
        /// The folder.
        folder: PathBuf,
    },
    /// The system does not let it be made, or looked at.
    #[error("the folder `{}` for sockets cannot be made", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is something else, such as a link.
    #[error("`{}` is no folder, so no socket can lie in it; links are not followed", folder.display())]
    NoFolder {
        /// What is there.
        folder: PathBuf,
    },
    /// It is somebody else's.
    #[error(
        "the folder `{}` belongs to user {owner}, and this is user {ours}: remove it, or name \
         another one in {VARIABLE}",
        folder.display()
    )]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        ours: u32,
    },
    /// Others can put something into it.
    #[error("others can write in the folder `{}`, its mode is {mode:04o}: `chmod 700` it", folder.display())]
    Open {
        /// The folder.
        folder: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_folder_is_found_by_what_is_said_first() {
        let find = |known: &'static [(&str, &str)]| {
            from(|name| known.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert_eq!(find(&[(VARIABLE, "/a"), ("XDG_RUNTIME_DIR", "/b")]), Path::new("/a"));
        assert_eq!(
            find(&[(VARIABLE, ""), ("XDG_RUNTIME_DIR", "/b")]),
            Path::new("/b/rust-supervisor")
        );
        let fallback = format!("rust-supervisor-{}", geteuid().as_raw());
        assert_eq!(find(&[]), std::env::temp_dir().join(fallback));
    }

    #[test]
    fn it_is_made_for_us_alone_and_refused_when_others_can_write_in_it() {
        let outer = std::env::temp_dir().join(format!("run-dir-{}", fastrand::u64(..)));
        std::fs::create_dir(&outer).unwrap();
        let folder = outer.join("run");
        prepare(&folder).unwrap();
        assert_eq!(std::fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        prepare(&folder).unwrap();

        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o770)).unwrap();
        let open = prepare(&folder).unwrap_err().to_string();
        assert!(open.contains("0770") && open.contains("chmod 700"), "{open}");

        if geteuid().is_root() {
            // Only root can make something that is somebody else's.
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
            std::os::unix::fs::chown(&folder, Some(12_345), None).unwrap();
            assert!(matches!(prepare(&folder), Err(RunDirError::Foreign { owner: 12_345, .. })));
        }

        let link = outer.join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(matches!(prepare(&link), Err(RunDirError::NoFolder { .. })));
        assert!(matches!(prepare(Path::new("here")), Err(RunDirError::Relative { .. })));
        std::fs::remove_dir_all(&outer).unwrap();
    }
}

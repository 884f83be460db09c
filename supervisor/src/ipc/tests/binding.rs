//! The socket in the file system: real ones, in folders of their own.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread};

use crate::ipc::bind::{self, Bound, InTheWay, bind};
use crate::ipc::options::{BindMode, IpcError, IpcOptions};

/// A folder of our own, gone with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("ipc-{:016x}", fastrand::u64(..)));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("shop.sock")
    }

    /// The names of all that is in it.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

/// How often to do something: as often as the variable says, in the long version.
fn many(variable: &str, few: u32) -> u32 {
    std::env::var(variable).map_or(few, |many| many.parse().unwrap())
}

fn create(path: &Path) -> Result<Bound, IpcError> {
    bind(path, 0o600, BindMode::CreateNew)
}

fn replace(path: &Path) -> Result<Bound, IpcError> {
    bind(path, 0o600, BindMode::ReplaceStale)
}

fn in_the_way(bound: Result<Bound, IpcError>) -> InTheWay {
    match bound {
        Err(IpcError::Taken { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

/// A socket at which nobody listens.
fn dead(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
}

#[test]
fn it_has_the_mode_that_was_said_whatever_the_umask() {
    let folder = Folder::new();
    for mode in [0o600, 0o660, 0o620] {
        let bound = bind(&folder.socket(), mode, BindMode::CreateNew).unwrap();
        let found = fs::symlink_metadata(folder.socket()).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(found.mode() & 0o7777, mode);
        assert_eq!(folder.names(), ["shop.sock"], "nothing else is left");
        UnixStream::connect(folder.socket()).unwrap();
        drop(bound);
        assert!(folder.names().is_empty());
    }
}

#[test]
fn at_no_instant_of_binding_is_it_seen_with_another_mode() {
    let folder = Folder::new();
    let (path, is_over) = (folder.socket(), Arc::new(AtomicBool::new(false)));
    let watcher = {
        let (path, is_over) = (path.clone(), Arc::clone(&is_over));
        thread::spawn(move || {
            let (mut seen, mut others) = (0_u32, Vec::new());
            while !is_over.load(Ordering::SeqCst) {
                if let Ok(found) = fs::symlink_metadata(&path) {
                    seen += 1;
                    let mode = found.mode() & 0o7777;
                    if mode != 0o600 {
                        others.push(mode);
                    }
                }
            }
            (seen, others)
        })
    };
    for _ in 0..many("IPC_BINDINGS", 100) {
        drop(create(&path).unwrap());
    }
    is_over.store(true, Ordering::SeqCst);
    let (seen, others) = watcher.join().unwrap();
    assert!(others.is_empty(), "seen {seen} times, with modes {others:?}");
    assert!(seen > 0, "it was never looked at");
}

#[test]
fn what_is_there_is_not_touched_when_it_is_to_be_new() {
    let folder = Folder::new();
    let path = folder.socket();
    fs::write(&path, "mine").unwrap();
    assert_eq!(in_the_way(create(&path)), InTheWay::Something);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    fs::remove_file(&path).unwrap();
    dead(&path);
    assert_eq!(in_the_way(create(&path)), InTheWay::Something);
    fs::remove_file(&path).unwrap();
    symlink("/nowhere", &path).unwrap();
    assert_eq!(in_the_way(create(&path)), InTheWay::Something);
    assert_eq!(folder.names(), ["shop.sock"]);
}

#[test]
fn only_a_dead_socket_is_replaced() {
    let folder = Folder::new();
    let path = folder.socket();
    dead(&path);
    drop(replace(&path).unwrap());
    assert!(folder.names().is_empty());

    fs::write(&path, "mine").unwrap();
    assert_eq!(in_the_way(replace(&path)), InTheWay::NoSocket);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    fs::remove_file(&path).unwrap();

    dead(&folder.0.join("other"));
    symlink(folder.0.join("other"), &path).unwrap();
    assert_eq!(in_the_way(replace(&path)), InTheWay::NoSocket);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    fs::remove_file(&path).unwrap();

    let live = UnixListener::bind(&path).unwrap();
    assert_eq!(in_the_way(replace(&path)), InTheWay::Live);
    drop(UnixStream::connect(&path).unwrap());
    drop(live);
    drop(replace(&path).unwrap());
}

#[test]
fn of_two_that_bind_at_once_one_gets_it() {
    let folder = Folder::new();
    for round in 0..100 {
        if round % 2 == 1 {
            dead(&folder.socket());
        }
        let bound: Vec<_> = thread::scope(|scope| {
            let path = folder.socket();
            let both = [0, 1].map(|_| {
                let path = path.clone();
                scope.spawn(move || replace(&path))
            });
            both.map(|thread| thread.join().unwrap()).into_iter().flatten().collect()
        });
        // With a dead one in the place both may find it moved by the other, and say so.
        assert!(bound.len() <= 1, "round {round}");
        if bound.is_empty() {
            fs::remove_file(folder.socket()).unwrap_or_default();
        }
    }
}

#[test]
fn its_folder_is_ours_and_no_link_and_nobody_else_can_write_in_it() {
    let folder = Folder::new();
    let inner = folder.0.join("inner");
    fs::create_dir(&inner).unwrap();
    for mode in [0o770, 0o707, 0o777, 0o1777] {
        fs::set_permissions(&inner, fs::Permissions::from_mode(mode)).unwrap();
        let error = create(&inner.join("s")).unwrap_err();
        assert!(matches!(error, IpcError::OpenFolder { mode: found, .. } if found == mode));
    }
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
    drop(create(&inner.join("s")).unwrap());

    symlink(&inner, folder.0.join("link")).unwrap();
    let error = create(&folder.0.join("link/s")).unwrap_err();
    assert!(matches!(error, IpcError::NoFolder { .. }), "{error:?}");
    let error = create(&folder.0.join("nowhere/s")).unwrap_err();
    assert!(matches!(error, IpcError::Folder { .. }), "{error:?}");
    let error = create(Path::new("here.sock")).unwrap_err();
    assert!(matches!(error, IpcError::BadPath { .. }), "{error:?}");
    let error = create(&folder.0.join("x".repeat(108))).unwrap_err();
    assert!(error.to_string().contains("107"), "{error}");
}

#[test]
fn a_folder_or_socket_of_somebody_else_is_refused() {
    if !rustix::process::geteuid().is_root() {
        // Only root can make something that is somebody else's; tests/e2e does so with setpriv.
        return;
    }
    let folder = Folder::new();
    let inner = folder.0.join("inner");
    fs::create_dir(&inner).unwrap();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
    dead(&inner.join("s"));
    std::os::unix::fs::chown(inner.join("s"), Some(12_345), None).unwrap();
    assert_eq!(in_the_way(replace(&inner.join("s"))), InTheWay::Foreign { owner: 12_345 });
    assert!(inner.join("s").exists());
    std::os::unix::fs::chown(&inner, Some(12_345), None).unwrap();
    let error = create(&inner.join("t")).unwrap_err();
    assert!(matches!(error, IpcError::ForeignFolder { owner: 12_345, .. }), "{error:?}");
}

#[test]
fn only_our_own_socket_is_taken_away() {
    let folder = Folder::new();
    let path = folder.socket();
    let bound = create(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    drop(bound);
    assert_eq!(folder.names(), ["shop.sock"], "it is somebody else's");
    UnixStream::connect(&path).unwrap();
    drop(other);
    fs::remove_file(&path).unwrap();

    let bound = create(&path).unwrap();
    fs::rename(&path, folder.0.join("moved")).unwrap();
    fs::write(&path, "a file").unwrap();
    drop(bound);
    assert_eq!(fs::read_to_string(&path).unwrap(), "a file");
}

#[test]
fn a_socket_that_is_not_where_its_path_leads_is_none() {
    let outer = Folder::new();
    let [place, good, evil] = ["place", "good", "evil"].map(|name| outer.0.join(name));
    for folder in [&place, &evil] {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let opened = bind::Folder::open(&place.join("s")).unwrap();
    fs::rename(&place, &good).unwrap();
    fs::rename(&evil, &place).unwrap();
    let bound = bind::bind_in(opened, 0o600, BindMode::CreateNew);
    assert_eq!(in_the_way(bound), InTheWay::Swapped);
    for folder in [&place, &good] {
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{}", folder.display());
    }
}

/// Somebody swaps the folder for another one, over and over, while a socket is bound in it.
#[test]
fn whoever_swaps_the_folder_meanwhile_never_gets_a_socket_that_counts_as_bound() {
    let bindings = many("IPC_BINDINGS", 100);
    let outer = Folder::new();
    let [place, good, evil] = ["place", "good", "evil"].map(|name| outer.0.join(name));
    for folder in [&place, &evil] {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let id = |path: &Path| fs::metadata(path).map(|found| found.ino()).ok();
    let ours = id(&place);
    let is_over = Arc::new(AtomicBool::new(false));
    let swapper = {
        let (place, good, evil) = (place.clone(), good.clone(), evil.clone());
        let is_over = Arc::clone(&is_over);
        thread::spawn(move || {
            let mut swapped = 0;
            while !is_over.load(Ordering::SeqCst) {
                fs::rename(&place, &good).unwrap();
                fs::rename(&evil, &place).unwrap();
                fs::rename(&place, &evil).unwrap();
                fs::rename(&good, &place).unwrap();
                swapped += 1;
                // It lies where it belongs for as long as a binding takes, more or less.
                let as_long = fastrand::u32(..400);
                (0..as_long).for_each(|_| drop(fs::symlink_metadata(&good)));
            }
            swapped
        })
    };
    let (mut bound, mut refused, mut wrong, mut missing) = (0_u32, 0_u32, 0_u32, 0_u32);
    while bound + refused < bindings {
        match create(&place.join("s")) {
            // It lies in the folder that was opened, and is the one that was made.
            Ok(socket) => {
                bound += 1;
                wrong += u32::from(!socket.place.is_whole());
            }
            // Between two renames nothing is there, and nothing was tried.
            Err(IpcError::Folder { .. }) => missing += 1,
            Err(_) => refused += 1,
        }
    }
    is_over.store(true, Ordering::SeqCst);
    let count = swapper.join().unwrap();
    println!(
        "{bindings} bindings, {count} swaps: {bound} bound, {refused} refused, {wrong} wrong; \
         {missing} more found no folder"
    );
    assert_eq!(wrong, 0);
    assert_eq!(id(&place), ours);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let with = |change: fn(IpcOptions) -> IpcOptions| {
        change(IpcOptions::new("shop")).check().map_err(|error| error.to_string())
    };
    assert_eq!(with(|options| options), Ok(()));
    for (change, key) in [
        (|_| IpcOptions::new(""), "`ipc.target_id`"),
        (|_| IpcOptions::new("../x"), "`ipc.target_id`"),
        (|_| IpcOptions::new(".x"), "`ipc.target_id`"),
        (|_| IpcOptions::new("x".repeat(65)), "`ipc.target_id`"),
        (|options| options.display_name(" "), "display_name"),
        (|options| options.path("here"), "`ipc.path`"),
        (|options| options.permissions(0o666), "0660"),
        (|options| options.permissions(0o400), "0600"),
        (|options| options.permissions(0o4600), "0660"),
        (|options| options.limits(|limits| limits.line_bytes = 10), "`ipc.limits.line_bytes`"),
        (|options| options.limits(|limits| limits.nesting = 1_000), "`ipc.limits.nesting`"),
        (|options| options.limits(|limits| limits.connections = 0), "`ipc.limits.connections`"),
    ] as [(fn(IpcOptions) -> IpcOptions, &str); 12]
    {
        let error = with(change).unwrap_err();
        assert!(error.contains(key), "{error}");
    }
}

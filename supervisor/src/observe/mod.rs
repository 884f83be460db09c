//! Facts, stamped and kept: what those see who look at the tree. Nothing here can fail or block.

#[cfg(any(feature = "audit", feature = "config", feature = "record"))]
use std::time::Duration;

pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod span;

/// How long the disk may take with what is written to it, by default. One that is merely busy can
/// take seconds.
#[cfg(any(feature = "audit", feature = "config", feature = "record"))]
pub(crate) const DISK_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a recording may become by default.
#[cfg(any(feature = "record", feature = "config"))]
pub(crate) const RECORD_MAX_BYTES: u64 = 1 << 30;

/// Lets a file that is made with these be read and written by its user alone: it tells who did what
/// in the program. One that is there already stays as it is.
#[cfg(any(feature = "audit", feature = "record"))]
pub(crate) fn private(options: &mut std::fs::OpenOptions) -> &mut std::fs::OpenOptions {
    #[cfg(unix)]
    if !cfg!(plant_bug = "audit_for_everybody") {
        std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    }
    options
}

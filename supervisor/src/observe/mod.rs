//! Facts, stamped and kept: what those see who look at the tree. Nothing here can fail or block.

#[cfg(any(feature = "audit", feature = "config"))]
use std::time::Duration;

pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod span;

/// How long the disk may take with what is written to the audit, by default.
#[cfg(any(feature = "audit", feature = "config"))]
pub(crate) const AUDIT_WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a recording may become by default.
#[cfg(any(feature = "record", feature = "config"))]
pub(crate) const RECORD_MAX_BYTES: u64 = 1 << 30;

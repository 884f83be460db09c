//! Takes one file from the disk, whatever it turns out to be.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::error::ConfigFault;

/// How large one file may be.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// Reads a whole file: a regular one, of UTF-8 text, without its byte order mark.
pub(super) fn read(path: &Path) -> Result<String, ConfigFault> {
    let io = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => ConfigFault::NotFound,
        _ => ConfigFault::Unreadable { message: error.to_string() },
    };
    let file = open(path).map_err(io)?;
    if !file.metadata().map_err(io)?.is_file() {
        return Err(ConfigFault::NotAFile);
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ConfigFault::TooLarge);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ConfigFault::NotUtf8 { byte: error.as_bytes()[at], offset: at }
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Opens without waiting: a FIFO would otherwise wait for its writer, a terminal's line for a
/// carrier. What has been opened cannot be exchanged for something else before it is looked at.
#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    File::options().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

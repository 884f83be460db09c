//! How a line is made and read: its bytes, and the hash at their end.

use sha2::{Digest as _, Sha256};

use super::Head;
use super::entry::AuditEntry;

/// What stands between the entry and its hash.
const BEFORE_HASH: &[u8] = b",\"hash\":\"";
const AFTER_HASH: &[u8] = b"\"}";
const HASH_DIGITS: usize = 64;

/// The hash before the first entry.
pub(super) fn genesis() -> String {
    "0".repeat(HASH_DIGITS)
}

/// SHA-256 in hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

fn digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('?')
}

/// The line of an entry, with its end, and its hash.
pub(super) fn line(entry: &AuditEntry) -> Result<(Vec<u8>, String), serde_json::Error> {
    let mut line = serde_json::to_vec(entry)?;
    // The closing brace comes after the hash.
    line.pop();
    let hash = hash(&line);
    line.extend_from_slice(BEFORE_HASH);
    line.extend_from_slice(hash.as_bytes());
    line.extend_from_slice(AFTER_HASH);
    line.push(b'\n');
    Ok((line, hash))
}

/// What can be wrong with a line by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NoEntry,
    WrongHash,
}

/// Reads a line without its end, and checks its own hash.
pub(super) fn read(line: &[u8]) -> Result<(AuditEntry, Head), Fault> {
    let tail = BEFORE_HASH.len() + HASH_DIGITS + AFTER_HASH.len();
    let cut = line.len().checked_sub(tail).ok_or(Fault::NoEntry)?;
    let (body, rest) = line.split_at(cut);
    let written = rest
        .strip_prefix(BEFORE_HASH)
        .and_then(|rest| rest.strip_suffix(AFTER_HASH))
        .ok_or(Fault::NoEntry)?;
    let hash = hash(body);
    if written != hash.as_bytes() && !cfg!(plant_bug = "unchecked_hash") {
        return Err(Fault::WrongHash);
    }
    let entry: AuditEntry =
        serde_json::from_slice(&[body, b"}"].concat()).map_err(|_| Fault::NoEntry)?;
    let head = Head { sequence: entry.sequence, hash };
    Ok((entry, head))
}

//! The lines of a recording: JSON, each with a check of everything up to it.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::form::{Header, Line};
use super::{RecordError, VERSION};

const BEFORE_CHECK: &[u8] = b",\"check\":\"";
const AFTER_CHECK: &[u8] = b"\"}";
const CHECK_DIGITS: usize = 16;

/// FNV-1a over all lines so far, so that a damaged, lost or moved one is noticed. It is no
/// protection from somebody who means it; that is what the audit is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check(u64);

impl Default for Check {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Check {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// What is wrong with a line.
#[derive(Debug)]
pub(super) enum Fault {
    Foreign,
    Version(u64),
    Unfinished,
    Check,
    Json(String),
    NoInput(String),
}

impl Fault {
    pub(super) fn at(self, file: &Path, line: usize) -> RecordError {
        let file = file.to_owned();
        let damaged = |file, why| RecordError::Damaged { file, line, why };
        match self {
            Self::Foreign => RecordError::Foreign { file },
            Self::Version(found) => RecordError::Version { file, found },
            Self::Unfinished => RecordError::Truncated { file, line },
            Self::Check => damaged(
                file,
                "its check does not fit: the line was changed, or lines before it were lost".into(),
            ),
            Self::Json(why) | Self::NoInput(why) => damaged(file, why),
        }
    }
}

/// A value as a line, without what nobody has said.
pub(super) fn write<T: Serialize>(value: &T, check: &mut Check) -> Result<Vec<u8>, String> {
    let mut value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    prune(&mut value);
    let mut line = serde_json::to_vec(&value).map_err(|error| error.to_string())?;
    line.pop();
    check.add(&line);
    line.extend_from_slice(BEFORE_CHECK);
    line.extend_from_slice(format!("{:016x}", check.0).as_bytes());
    line.extend_from_slice(AFTER_CHECK);
    line.push(b'\n');
    Ok(line)
}

fn prune(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| {
                let is_empty = value.as_object().is_some_and(serde_json::Map::is_empty);
                !value.is_null() && !is_empty
            });
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

pub(super) fn header(bytes: &[u8], check: &mut Check) -> Result<Header, Fault> {
    // Whose file it is, before anything else is said about it.
    let name = b"\"rust_supervisor_recording\"";
    if !bytes.windows(name.len()).any(|bytes| bytes == name) {
        return Err(Fault::Foreign);
    }
    let line = bytes.strip_suffix(b"\n").ok_or(Fault::Unfinished)?;
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|_| Fault::Check)?;
    let version = value.get("rust_supervisor_recording").and_then(serde_json::Value::as_u64);
    match version {
        None => Err(Fault::Foreign),
        Some(version) if version != u64::from(VERSION) => Err(Fault::Version(version)),
        Some(_) => parse(line, check),
    }
}

pub(super) fn read(bytes: &[u8], check: &mut Check) -> Result<Line, Fault> {
    parse(bytes.strip_suffix(b"\n").ok_or(Fault::Unfinished)?, check)
}

fn parse<T: DeserializeOwned>(line: &[u8], check: &mut Check) -> Result<T, Fault> {
    let tail = BEFORE_CHECK.len() + CHECK_DIGITS + AFTER_CHECK.len();
    let cut = line.len().checked_sub(tail).ok_or(Fault::Check)?;
    let (body, rest) = line.split_at(cut);
    let written = rest
        .strip_prefix(BEFORE_CHECK)
        .and_then(|rest| rest.strip_suffix(AFTER_CHECK))
        .ok_or(Fault::Check)?;
    check.add(body);
    if written != format!("{:016x}", check.0).as_bytes() && !cfg!(plant_bug = "unchecked_line") {
        return Err(Fault::Check);
    }
    serde_json::from_slice(&[body, b"}"].concat()).map_err(|error| Fault::Json(error.to_string()))
}

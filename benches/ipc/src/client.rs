//! A client that costs little, so that it is the other end that is measured.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::server::TARGET;

/// Longer than anything takes: who waits so long waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

static COMMANDS: AtomicU64 = AtomicU64::new(0);

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
    line: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).context("nobody listens")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::with_capacity(256 * 1_024, stream), line: Vec::new() })
    }

    pub(crate) fn write(&mut self, requests: &str) -> Result<()> {
        Ok(self.stream.get_mut().write_all(requests.as_bytes())?)
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> Result<&[u8]> {
        self.line.clear();
        let length = self.stream.read_until(b'\n', &mut self.line)?;
        ensure!(length > 0, "the connection was closed");
        Ok(&self.line)
    }

    /// The next line, which has to be a result.
    pub(crate) fn result(&mut self) -> Result<&[u8]> {
        let line = self.line()?;
        let is_good = line.starts_with(b"{\"request_id\":\"r\",\"ok\":true");
        ensure!(is_good, "{}", String::from_utf8_lossy(line));
        Ok(line)
    }
}

/// A request without anything to say.
pub(crate) fn plain(method: &str) -> String {
    format!(
        "{{\"request_id\":\"r\",\"method\":\"{method}\",\"params\":{{\"target_id\":\"{TARGET}\"}}}}\n"
    )
}

/// Another restart of a child.
pub(crate) fn restart(path: &str) -> String {
    let id = COMMANDS.fetch_add(1, Ordering::Relaxed);
    format!(
        "{{\"request_id\":\"r\",\"method\":\"command.restart_child\",\"params\":{{\"command_id\":\"c{id}\",\
         \"target_id\":\"{TARGET}\",\"command\":\"restart_child\",\"target\":{{\"child_path\":\"{path}\"}},\
         \"reason\":\"it is measured\",\"requested_by\":\"bench\",\"confirmed\":false,\
         \"requested_at_unix_nanos\":1795334400000000000}}}}\n"
    )
}

/// The number that stands after the first `"key":` of a line.
pub(crate) fn number(line: &[u8], key: &str) -> Option<u64> {
    let key = format!("\"{key}\":");
    let at = line.windows(key.len()).position(|part| part == key.as_bytes())?;
    let digits = line[at + key.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(None, |number, digit| Some(number.unwrap_or(0) * 10 + u64::from(digit - b'0')))
}

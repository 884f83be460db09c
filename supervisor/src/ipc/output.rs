//! Lines on their way to a client: those that are there at the same time are written together.

use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::session::Gone;

/// How many bytes wait for more lines before they are written.
const BYTES: usize = 32 * 1_024;

/// Whole lines that are not written yet.
#[derive(Debug)]
pub(super) struct Output {
    lines: Vec<u8>,
    /// How long a client may take nothing of what is written.
    patience: Duration,
}

impl Output {
    pub(super) fn new(patience: Duration) -> Self {
        Self { lines: Vec::new(), patience }
    }

    /// Adds a message as a line.
    pub(super) fn add(&mut self, message: &impl Serialize) -> Result<(), Gone> {
        let whole = self.lines.len();
        let added = serde_json::to_writer(&mut self.lines, message);
        if added.is_err() {
            self.lines.truncate(whole);
            return Err(Gone);
        }
        self.lines.push(b'\n');
        Ok(())
    }

    /// Whether there is so much that it has to be written before there is more.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= BYTES && !cfg!(plant_bug = "ipc_endless_output")
    }

    /// Writes all of it. A client that takes nothing of it for too long is gone.
    pub(super) async fn write<S>(&mut self, stream: &mut S) -> Result<(), Gone>
    where
        S: AsyncWrite + Unpin,
    {
        if self.lines.is_empty() {
            return Ok(());
        }
        // What cannot be written now is not begun again.
        let mut lines = std::mem::take(&mut self.lines);
        let mut rest = &lines[..];
        while !rest.is_empty() {
            let writing = stream.write(rest);
            let written = if cfg!(plant_bug = "ipc_waits_for_readers") {
                writing.await
            } else {
                timeout(self.patience, writing).await.map_err(|_| Gone)?
            };
            match written {
                Ok(0) | Err(_) => return Err(Gone),
                Ok(count) => rest = &rest[count..],
            }
        }
        stream.flush().await.map_err(|_| Gone)?;
        lines.clear();
        // Room that was needed once, for a large state, is given back.
        lines.shrink_to(2 * BYTES);
        self.lines = lines;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lines_are_written_together_until_there_are_many() {
        let mut output = Output::new(Duration::from_secs(1));
        output.add(&1).unwrap();
        output.add(&"two").unwrap();
        let (mut ours, mut theirs) = duplex(1 << 20);
        output.write(&mut theirs).await.unwrap();
        let mut read = [0; 64];
        let count = ours.read(&mut read).await.unwrap();
        assert_eq!(&read[..count], b"1\n\"two\"\n");

        let line = "x".repeat(1_000);
        let added = (0..).take_while(|_| !output.is_full() && output.add(&line).is_ok()).take(100);
        assert_eq!(added.count(), 33);
        output.write(&mut theirs).await.unwrap();
        assert!(!output.is_full() && output.lines.is_empty());

        // Of what is large no room is kept.
        output.add(&"x".repeat(1 << 19)).unwrap();
        output.write(&mut theirs).await.unwrap();
        assert!(output.lines.capacity() <= 2 * BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_gone_and_what_is_left_is_not_written_again() {
        let mut output = Output::new(Duration::from_secs(1));
        let (ours, mut theirs) = duplex(16);
        output.add(&"more than there is room for").unwrap();
        assert!(output.write(&mut theirs).await.is_err());
        assert!(output.write(&mut theirs).await.is_ok());
        drop(ours);
    }
}

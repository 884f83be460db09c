//! The recorder: what the driver gives the engine, and what comes out, on its way to a file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

use super::form::{Header, InputForm, Line, nanos};
use super::line::{self, Check};
use super::{RecordError, RecordLog, VERSION, text};
use crate::core::action::Action;
use crate::core::engine::{Engine, Options};
use crate::core::input::{Input, News};
use crate::core::time::Uptime;
use crate::observe::{DISK_TIMEOUT, private};
use crate::spec::supervisor::SupervisorSpec;
use crate::task::exit::contain;

/// A line, or somebody who waits for those before it.
enum Job {
    Line(Line),
    Flush(mpsc::Sender<()>),
}

/// Tells the tree that its recording has ended.
pub(crate) type Tell = Box<dyn Fn(News) + Send>;

/// Writes what happens to a tree. It never fails the tree: what cannot be written is an event, and
/// the recording ends there.
pub(crate) struct Recorder {
    jobs: mpsc::Sender<Job>,
    /// How long the end of the tree waits for the disk, on the clock of the machine: a disk does
    /// not care for one that a test pauses.
    flush_timeout: Duration,
}

/// An input that the engine is about to be given.
pub(crate) struct Pending {
    nanos: u64,
    input: InputForm,
}

impl Recorder {
    /// Begins a recording in a new file.
    pub(crate) fn begin(
        log: &RecordLog,
        spec: &SupervisorSpec,
        options: Options,
        tell: Tell,
    ) -> Result<Self, RecordError> {
        let at = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let file = log.new_file(&at);
        let failed = |source: io::Error| RecordError::Create {
            file: file.clone(),
            source: Arc::new(source),
        };
        let mut opening = OpenOptions::new();
        opening.write(true).create_new(true);
        let new = private(&mut opening).open(&file).map_err(failed)?;
        let header = Header {
            rust_supervisor_recording: VERSION,
            library: env!("CARGO_PKG_VERSION").to_owned(),
            at,
            seed: options.seed,
            last_exits: options.last_exits,
            remembered_paths: options.remembered_paths,
            tree: spec.into(),
        };
        let mut check = Check::default();
        let first =
            line::write(&header, &mut check).map_err(|error| failed(io::Error::other(error)))?;
        let mut out = BufWriter::new(new);
        out.write_all(&first).and_then(|()| out.flush()).map_err(failed)?;
        let (jobs, inbox) = mpsc::channel();
        let mut page = Page { out, check, room: log.max_bytes.saturating_sub(first.len() as u64) };
        let path = file.clone();
        let thread = move || {
            if let Err(because) = page.write(&inbox) {
                let text = format!("`{}`: {because}", path.display());
                tell(News::RecordingEnded(text.into()));
            }
        };
        thread::Builder::new().name("recorder".to_owned()).spawn(thread).map_err(failed)?;
        Ok(Self { jobs, flush_timeout: DISK_TIMEOUT })
    }

    /// Looks at an input before the engine takes it.
    pub(crate) fn before(now: Uptime, input: &Input) -> Pending {
        Pending { nanos: nanos(now.elapsed()), input: input.into() }
    }

    /// Records the input with what was decided about it.
    pub(crate) fn after(&self, pending: Pending, engine: &Engine, actions: &[Action]) {
        let Pending { nanos, input } = pending;
        // What a user's error says when it is printed is the user's code.
        let decided = contain(|| text::of_all(engine, actions)).unwrap_or_default();
        // A recording that has ended has said so.
        drop(self.jobs.send(Job::Line(Line { nanos, input, decided })));
    }

    /// Comes back when everything is in the file, or the disk takes too long.
    pub(crate) async fn flush(&self) {
        let (sender, is_written) = mpsc::channel();
        if self.jobs.send(Job::Flush(sender)).is_err() {
            return;
        }
        let hangs = cfg!(plant_bug = "waits_for_a_hung_recording");
        let time = if hangs { Duration::MAX } else { self.flush_timeout };
        let (done, is_over) = oneshot::channel();
        let wait = move || {
            if is_written.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
                drop(contain(|| tracing::error!("the end of the recording cannot be waited for")));
            }
            done.send(()).unwrap_or_default();
        };
        if thread::Builder::new().name("recorder end".to_owned()).spawn(wait).is_ok() {
            drop(is_over.await);
        }
    }
}

/// Where the lines go.
struct Page {
    out: BufWriter<File>,
    check: Check,
    /// How many more bytes the file may have.
    room: u64,
}

impl Page {
    /// Writes until the recorder is dropped, and empties its buffer whenever nothing waits.
    fn write(&mut self, inbox: &mpsc::Receiver<Job>) -> io::Result<()> {
        while let Ok(first) = inbox.recv() {
            let mut waiting = Vec::new();
            let mut written = Ok(());
            for job in std::iter::once(first).chain(inbox.try_iter()) {
                match job {
                    Job::Flush(sender) => waiting.push(sender),
                    Job::Line(line) => written = written.and_then(|()| self.line(&line)),
                }
            }
            // What is whole is kept, whatever has happened to the rest.
            let flushed = self.out.flush();
            for sender in waiting {
                sender.send(()).unwrap_or_default();
            }
            written.and(flushed)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let line = line::write(line, &mut self.check).map_err(io::Error::other)?;
        let is_full = line.len() as u64 > self.room && !cfg!(plant_bug = "endless_recording");
        self.room = if is_full { 0 } else { self.room.saturating_sub(line.len() as u64) };
        if is_full {
            return Err(io::Error::other("it is as large as it may be"));
        }
        self.out.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_hangs_does_not_hold_up_the_end() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (done, is_over) = mpsc::channel();
        thread::spawn(move || {
            // Nobody ever takes anything out: so it is when the disk hangs.
            let (jobs, _inbox) = mpsc::channel();
            let recorder = Recorder { jobs, flush_timeout: Duration::from_millis(1) };
            runtime.block_on(recorder.flush());
            done.send(()).unwrap_or_default();
        });
        assert!(is_over.recv_timeout(Duration::from_secs(20)).is_ok());
    }
}

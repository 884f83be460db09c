//! The recorder: what the driver gives the engine, and what comes out, on its way to a file.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::SystemTime;

use tokio::sync::oneshot;

use super::form::{Header, InputForm, Line, nanos};
use super::line::{self, Check};
use super::{RecordError, VERSION, text};
use crate::core::action::Action;
use crate::core::engine::{Engine, Options};
use crate::core::input::Input;
use crate::core::time::Uptime;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::exit::contain;

/// A line, or somebody who waits for those before it.
enum Job {
    Line(Line),
    Flush(oneshot::Sender<()>),
}

/// Writes what happens to a tree. It never fails the tree: what cannot be written is an error in
/// the log, and the recording ends there.
pub(crate) struct Recorder {
    jobs: mpsc::Sender<Job>,
}

/// An input that the engine is about to be given.
pub(crate) struct Pending {
    nanos: u64,
    input: InputForm,
}

impl Recorder {
    /// Begins a recording in a new file.
    pub(crate) fn begin(
        file: &Path,
        spec: &SupervisorSpec,
        options: Options,
    ) -> Result<Self, RecordError> {
        let failed = |source: std::io::Error| RecordError::Create {
            file: file.to_owned(),
            source: Arc::new(source),
        };
        let new = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
        let header = Header {
            rust_supervisor_recording: VERSION,
            library: env!("CARGO_PKG_VERSION").to_owned(),
            at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            seed: options.seed,
            last_exits: options.last_exits,
            remembered_paths: options.remembered_paths,
            tree: spec.into(),
        };
        let mut check = Check::default();
        let first = line::write(&header, &mut check)
            .map_err(|error| failed(std::io::Error::other(error)))?;
        let mut out = BufWriter::new(new);
        out.write_all(&first).and_then(|()| out.flush()).map_err(failed)?;
        let (jobs, inbox) = mpsc::channel();
        let path = file.to_owned();
        let thread = move || write(&path, out, check, &inbox);
        thread::Builder::new().name("recorder".to_owned()).spawn(thread).map_err(failed)?;
        Ok(Self { jobs })
    }

    /// Looks at an input before the engine takes it.
    pub(crate) fn before(now: Uptime, input: &Input) -> Pending {
        Pending { nanos: nanos(now.0), input: input.into() }
    }

    /// Records the input with what was decided about it.
    pub(crate) fn after(&self, pending: Pending, engine: &Engine, actions: &[Action]) {
        let Pending { nanos, input } = pending;
        // What a user's error says when it is printed is the user's code.
        let decided = contain(|| text::of_all(engine, actions)).unwrap_or_default();
        // A recording that has failed has said so.
        drop(self.jobs.send(Job::Line(Line { nanos, input, decided })));
    }

    /// Comes back when everything is in the file.
    pub(crate) async fn flush(&self) {
        let (sender, is_written) = oneshot::channel();
        if self.jobs.send(Job::Flush(sender)).is_ok() {
            drop(is_written.await);
        }
    }
}

/// Writes until the recorder is dropped, and empties its buffer whenever nothing waits.
fn write(file: &Path, mut out: BufWriter<File>, mut check: Check, inbox: &mpsc::Receiver<Job>) {
    while let Ok(first) = inbox.recv() {
        let mut waiting = Vec::new();
        let mut written = Ok(());
        for job in std::iter::once(first).chain(inbox.try_iter()) {
            match job {
                Job::Flush(sender) => waiting.push(sender),
                Job::Line(line) => {
                    written = written.and_then(|()| {
                        let line = line::write(&line, &mut check).map_err(std::io::Error::other)?;
                        out.write_all(&line)
                    });
                }
            }
        }
        let written = written.and_then(|()| out.flush());
        for sender in waiting {
            sender.send(()).unwrap_or_default();
        }
        if let Err(error) = written {
            let file = file.display();
            drop(contain(|| tracing::error!(%file, %error, "the recording ends here")));
            return;
        }
    }
}

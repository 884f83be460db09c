//! Record and replay (feature `record`): everything that has happened to a tree in a file, and the
//! same decisions again out of it.
//!
//! What a tree decides depends on nothing but its declaration, a seed, and what happened when. All
//! of that is in a recording, and nothing of the program: it is replayed by whoever has the file.
//!
//! ```
//! use std::time::Duration;
//! use rust_supervisor::record::Recording;
//! use rust_supervisor::runtime::supervisor::Supervisor;
//! use rust_supervisor::spec::child::ChildSpec;
//! use rust_supervisor::spec::supervisor::SupervisorSpec;
//! use rust_supervisor::task::context::TaskContext;
//! use rust_supervisor::task::factory::service_fn;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = std::env::temp_dir().join(format!("record-doc-{}.jsonl", std::process::id()));
//! let flaky = service_fn(async |ctx: TaskContext| match ctx.generation().0 {
//!     1..=4 => Err("connection reset"),
//!     _ => Ok(ctx.stopped().await),
//! });
//! let spec = SupervisorSpec::root()
//!     .intensity(2, Duration::from_mins(1))
//!     .child(ChildSpec::new("flaky", flaky));
//! let handle = Supervisor::builder(spec).record(&file).start().await?;
//! let report = handle.join().await?;
//! assert!(report.is_failure(), "two restarts within a minute, and then one too many");
//!
//! let recording = Recording::read(&file)?;
//! println!("{}", recording.replay()?);
//! let other = recording.what_if(|spec| spec.intensity(5, Duration::from_mins(1)))?;
//! assert!(!other.has_ended());
//! # std::fs::remove_file(file)?;
//! # Ok(())
//! # }
//! ```

mod form;
pub(crate) mod grace;
mod line;
pub(crate) mod recorder;
#[cfg(test)]
mod tests;
mod text;
mod what_if;

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;

use self::form::{Header, Line};
use self::line::Check;
pub use self::what_if::WhatIf;
use crate::core::action::Action;
use crate::core::engine::{Engine, Options};
use crate::core::input::Input;
use crate::core::time::Uptime;
use crate::error::types::SupervisorError;
use crate::observe::RECORD_MAX_BYTES;
use crate::spec::NodeSpec;
use crate::spec::supervisor::SupervisorSpec;

/// The version of the format.
const VERSION: u32 = 1;

/// Where a recording is written, and how long it may become.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it does nothing until it is given to `SupervisorBuilder::record`"]
pub struct RecordLog {
    place: Place,
    pub(crate) max_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Folder(PathBuf),
}

impl RecordLog {
    /// How long a recording may become by default: 1 GiB.
    pub const MAX_BYTES: u64 = RECORD_MAX_BYTES;

    /// A recording in this file, which is made and must not be there yet; its folder is not made.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { place: Place::File(file.into()), max_bytes: Self::MAX_BYTES }
    }

    /// A recording in a new file of this folder for each start, named after the time in UTC and
    /// the process, and numbered in it: `recording-2026-11-22T060102.345Z-4711-1.jsonl`. The folder
    /// is not made, and no file in it is ever removed.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { place: Place::Folder(folder.into()), max_bytes: Self::MAX_BYTES }
    }

    /// How many bytes the file may have. Before the line that would be one too many the recording
    /// ends, with an event: what is there can be replayed. Default: 1 GiB.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The same in another folder.
    #[cfg(feature = "config")]
    pub(crate) fn moved_to(self, folder: &Path) -> Self {
        Self { place: Place::Folder(folder.to_owned()), ..self }
    }

    /// The file of a recording that is begun at this time.
    fn new_file(&self, at: &str) -> PathBuf {
        match &self.place {
            Place::File(file) => file.clone(),
            Place::Folder(folder) => {
                static NUMBER: AtomicU64 = AtomicU64::new(1);
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                // Not every file system allows colons.
                let (at, process) = (at.replace(':', ""), std::process::id());
                folder.join(format!("recording-{at}-{process}-{number}.jsonl"))
            }
        }
    }
}

macro_rules! from_paths {
    ($($path:ty),*) => {
        $(impl From<$path> for RecordLog {
            fn from(file: $path) -> Self {
                Self::new(file)
            }
        })*
    };
}

from_paths!(PathBuf, &PathBuf, &Path, String, &String, &str);

/// Everything that has happened to a tree. Cheap to keep, and independent of its file.
#[derive(Clone, Debug)]
pub struct Recording {
    file: PathBuf,
    header: Header,
    inputs: Vec<Recorded>,
}

/// One input, and what was decided about it then.
#[derive(Clone, Debug)]
struct Recorded {
    line: usize,
    now: Uptime,
    input: Input,
    decided: Vec<String>,
}

impl Recording {
    /// Reads a recording. One of a program that was killed ends where it was killed.
    ///
    /// # Errors
    ///
    /// [`RecordError`]: what cannot be read, is no recording, is of a later version, or was
    /// damaged, each with the line.
    pub fn read(file: impl AsRef<Path>) -> Result<Self, RecordError> {
        let (recording, damage) = Self::read_up_to_damage(file)?;
        damage.map_or(Ok(recording), Err)
    }

    /// Reads as much of a recording as there is, and says what is wrong with the rest. The line
    /// that a process was writing when it was killed is such a rest.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), where not even the first line can be read.
    pub fn read_up_to_damage(
        file: impl AsRef<Path>,
    ) -> Result<(Self, Option<RecordError>), RecordError> {
        let path = file.as_ref();
        let unreadable =
            |source: io::Error| RecordError::Io { file: path.to_owned(), source: Arc::new(source) };
        let mut lines = BufReader::new(File::open(path).map_err(unreadable)?);
        let mut check = Check::default();
        let mut bytes = Vec::new();
        lines.read_until(b'\n', &mut bytes).map_err(unreadable)?;
        let header = line::header(&bytes, &mut check).map_err(|fault| fault.at(path, 1))?;
        let mut recording = Self { file: path.to_owned(), header, inputs: Vec::new() };
        for number in 2.. {
            bytes.clear();
            if lines.read_until(b'\n', &mut bytes).map_err(unreadable)? == 0 {
                break;
            }
            match line::read(&bytes, &mut check).and_then(|line| Recorded::new(number, line)) {
                Ok(recorded) => recording.inputs.push(recorded),
                Err(fault) => return Ok((recording, Some(fault.at(path, number)))),
            }
        }
        Ok((recording, None))
    }

    /// The tree as it was declared, configuration included, with children that do nothing.
    pub fn spec(&self) -> SupervisorSpec {
        match NodeSpec::from(self.header.tree.clone()) {
            NodeSpec::Supervisor(spec) => *spec,
            NodeSpec::Child(spec) => SupervisorSpec::root().child(*spec),
        }
    }

    /// The version of the library that has written it.
    pub fn library(&self) -> &str {
        &self.header.library
    }

    /// When it was begun, on the wall clock, in UTC.
    pub fn begun_at(&self) -> &str {
        &self.header.at
    }

    /// How much time it covers, on the monotonic clock since the tree was started.
    pub fn covers(&self) -> Duration {
        self.inputs.last().map_or(Duration::ZERO, |last| last.now.elapsed())
    }

    /// Decides everything once more, a line for each decision, and compares it with what was
    /// decided then.
    ///
    /// # Errors
    ///
    /// [`RecordError::Differs`] with the first line that is not the same, which a library of
    /// another version may give; [`RecordError::Tree`] when the declaration itself is not accepted.
    pub fn replay(&self) -> Result<String, RecordError> {
        let mut engine = self.engine(&self.spec())?;
        let (mut all, mut out) = (String::new(), Vec::new());
        for recorded in &self.inputs {
            engine.handle(recorded.now, recorded.input.clone(), &mut out);
            let decided = text::of_all(&engine, &out);
            out.clear();
            if decided != recorded.decided && !cfg!(plant_bug = "replay_believes") {
                let differs = decided.iter().zip(&recorded.decided).position(|(a, b)| a != b);
                let at = differs.unwrap_or(decided.len().min(recorded.decided.len()));
                let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
                return Err(RecordError::Differs {
                    file: self.file.clone(),
                    line: recorded.line,
                    then: line(&recorded.decided),
                    now: line(&decided),
                });
            }
            text::append(&mut all, recorded.now, &decided);
        }
        Ok(all)
    }

    /// What was decided then, in the notation of [`replay`](Self::replay).
    pub fn decisions(&self) -> String {
        let mut all = String::new();
        for recorded in &self.inputs {
            text::append(&mut all, recorded.now, &recorded.decided);
        }
        all
    }

    /// What another declaration would have made of the same history: other policies, another
    /// strategy, another intensity. See [`WhatIf`] for what is taken to be the same.
    ///
    /// # Errors
    ///
    /// [`RecordError::Tree`] when the other declaration is not accepted.
    pub fn what_if(
        &self,
        other: impl FnOnce(SupervisorSpec) -> SupervisorSpec,
    ) -> Result<WhatIf, RecordError> {
        what_if::play(self, &other(self.spec()))
    }

    /// The same with a configuration laid over the recorded tree, read from a file and all that it
    /// includes. What it does not say stays as it was recorded, and what was configured then is as
    /// strong as if the code had said it. `settings` of children, and what is not about policies,
    /// play no part. Blocks the thread on the disk.
    ///
    /// # Errors
    ///
    /// [`RecordError::Tree`] with everything that is wrong with the files, and as
    /// [`what_if`](Self::what_if).
    #[cfg(feature = "config")]
    pub fn what_if_config_file(&self, path: impl AsRef<Path>) -> Result<WhatIf, RecordError> {
        let tree = |error: crate::config::error::ConfigError| RecordError::Tree {
            file: self.file.clone(),
            source: Box::new(SupervisorError::Config(error)),
        };
        let loaded = crate::config::load::LoadedConfig::read(path).map_err(tree)?;
        let spec = loaded.without_settings().overlay(self.spec()).map_err(tree)?;
        what_if::play(self, &spec)
    }

    fn engine(&self, spec: &SupervisorSpec) -> Result<Engine, RecordError> {
        let valid = spec.validate().map_err(|errors| RecordError::Tree {
            file: self.file.clone(),
            source: Box::new(errors.into()),
        })?;
        let Header { seed, last_exits, remembered_paths, .. } = self.header;
        Ok(Engine::new(&valid, Options { seed, last_exits, remembered_paths }))
    }
}

impl Recorded {
    fn new(number: usize, line: Line) -> Result<Self, line::Fault> {
        Ok(Self {
            line: number,
            now: Uptime::after(Duration::from_nanos(line.nanos)),
            input: line.input.input().map_err(line::Fault::NoInput)?,
            decided: line.decided,
        })
    }
}

/// The recording of a tree with nothing wrong in it, for a person: what was decided.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decisions())
    }
}

/// Why there is no recording.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be read.
    #[error("the recording `{}` cannot be read", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The file cannot be made.
    #[error(
        "the recording `{}` cannot be made; it is a new file for each start, in a folder that is \
         there",
        file.display()
    )]
    Create {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The file is something else.
    #[error("`{}` is no recording of a tree", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// A later library has written it.
    #[error(
        "`{}` is a recording of version {found}, and this library reads version {VERSION}: replay \
         it with the library that has written it",
        file.display()
    )]
    Version {
        /// The file.
        file: PathBuf,
        /// The version of its format.
        found: u64,
    },
    /// The last line has no end.
    #[error(
        "`{}` ends in the middle of line {line}: the program was killed, or the file was cut; \
         `read_up_to_damage` reads what is whole",
        file.display()
    )]
    Truncated {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A line is not what was written.
    #[error("`{}`, line {line}: {why}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The decisions are others now.
    #[error(
        "`{}`, line {line}: then it was decided `{then}`, now it is `{now}`; the library is another \
         one, or the file was changed",
        file.display()
    )]
    Differs {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What was decided then; empty for nothing.
        then: String,
        /// What is decided now; empty for nothing.
        now: String,
    },
    /// The declaration is not accepted.
    #[error("the tree in `{}` cannot be started", file.display())]
    Tree {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Box<SupervisorError>,
    },
}

/// Whether a tree has ended with these actions.
fn ends(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::End))
}

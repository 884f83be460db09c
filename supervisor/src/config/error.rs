//! What can be wrong with a configuration: which key, where, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::read::MAX_BYTES;
use super::settings::without_secret;
use super::source::Location;
use super::tree::{MAX_DEPTH, MAX_FILES};
use crate::spec::validate::Fault;

/// Everything that is wrong with a configuration, found in one go.
///
/// `Display` has a line for each; [`report`](Self::report) shows each with the line it is about.
#[derive(Clone, Debug, PartialEq, Error)]
pub struct ConfigError {
    diagnostics: Vec<ConfigDiagnostic>,
}

impl ConfigError {
    /// What two parts of a configuration come to, or what is wrong with both.
    pub(crate) fn both<A, B>(
        first: Result<A, Self>,
        second: Result<B, Self>,
    ) -> Result<(A, B), Self> {
        match (first, second) {
            (Ok(first), Ok(second)) => Ok((first, second)),
            // seen by: cargo test -p supervisor-tests --test config_corpus
            (Err(first), Err(second)) if !cfg!(plant_bug = "socket_hides_children") => {
                let mut all = first.into_diagnostics();
                all.extend(second.into_diagnostics());
                Err(Self::new(all))
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// In the order of the files as they were read, and in each in the order of its text.
    pub(super) fn new(mut diagnostics: Vec<ConfigDiagnostic>) -> Self {
        let origin = |diagnostic: &ConfigDiagnostic| {
            diagnostic.location().map(|at| at.source().origin().clone())
        };
        let origins: Vec<_> = diagnostics.iter().map(origin).collect();
        diagnostics.sort_by_key(|diagnostic| {
            let first = origins.iter().position(|known| *known == origin(diagnostic));
            (first, diagnostic.location().map_or(0, |at| at.span().start))
        });
        Self { diagnostics }
    }

    /// The diagnostics, in the order of the files and of the tree. Never empty.
    pub fn diagnostics(&self) -> &[ConfigDiagnostic] {
        &self.diagnostics
    }

    pub(super) fn into_diagnostics(self) -> Vec<ConfigDiagnostic> {
        self.diagnostics
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = &*self.diagnostics {
            return write!(f, "the configuration cannot be used: {only}");
        }
        let count = self.diagnostics.len();
        write!(f, "the configuration cannot be used, {count} things are wrong with it:")?;
        self.diagnostics.iter().try_for_each(|diagnostic| write!(f, "\n  {diagnostic}"))
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Error)]
pub struct ConfigDiagnostic {
    location: Option<Location>,
    key: KeyPath,
    fault: Box<ConfigFault>,
    related: Vec<Related>,
}

/// Something else that has to do with what is wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Related {
    /// Where it is, as far as it is in a file or a variable.
    pub location: Option<Location>,
    /// What it is.
    pub message: String,
}

impl ConfigDiagnostic {
    pub(super) fn new(location: Option<Location>, key: KeyPath, fault: ConfigFault) -> Self {
        Self { location, key, fault: Box::new(fault), related: Vec::new() }
    }

    /// The same about a key inside of `section`.
    pub(super) fn inside(self, section: &KeyPath, is_secret: bool) -> Self {
        let join = |key: &KeyPath| KeyPath([&section.0[..], &key.0[..]].concat());
        let key = join(&self.key);
        let fault = match *self.fault {
            ConfigFault::UnknownKey { name, section, nearest, known } => {
                ConfigFault::UnknownKey { name, section: join(&section), nearest, known }
            }
            fault if is_secret => without_secret(fault),
            fault => fault,
        };
        Self { key, fault: Box::new(fault), ..self }
    }

    pub(super) fn set_location(&mut self, location: Option<Location>) {
        self.location = location;
    }

    pub(super) fn relate(&mut self, location: Option<Location>, message: String) {
        self.related.push(Related { location, message });
    }

    /// The place in a file or a variable, as far as there is one.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// The key that is at fault; empty when it is a whole file.
    pub fn key(&self) -> &KeyPath {
        &self.key
    }

    /// What is wrong.
    pub fn fault(&self) -> &ConfigFault {
        &self.fault
    }

    /// What else has to do with it, such as where the value comes from that it does not go with.
    pub fn related(&self) -> &[Related] {
        &self.related
    }
}

impl fmt::Display for ConfigDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        if !self.key.is_empty() && !self.fault.names_its_key() {
            write!(f, "`{}`: ", self.key)?;
        }
        fmt::Display::fmt(&self.fault, f)?;
        self.related.iter().try_for_each(|related| {
            write!(f, "; {}", related.message)?;
            related.location.iter().try_for_each(|location| write!(f, " ({location})"))
        })
    }
}

/// A key and the sections around it: `supervisor.children.ledger.backoff.max`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// The segments, the outermost section first. An item of a list is its index.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether it names nothing, and so the whole file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn of(segments: &[&str]) -> Self {
        Self(segments.iter().map(|&segment| segment.to_owned()).collect())
    }

    #[must_use]
    pub(super) fn join(&self, segment: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.to_owned());
        Self(segments)
    }

    pub(super) fn parent(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }
}

impl From<Vec<String>> for KeyPath {
    fn from(segments: Vec<String>) -> Self {
        Self(segments)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// What can be wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// The system does not let it be read.
    #[error("the file cannot be read: {message}")]
    Unreadable {
        /// What the system said.
        message: String,
    },
    /// A directory, a FIFO, a device.
    #[error("this is not a regular file")]
    NotAFile,
    /// More than anybody writes.
    #[error("the file is larger than {} KiB; split it with `include`", MAX_BYTES >> 10)]
    TooLarge,
    /// The text is not UTF-8.
    #[error("the file is not UTF-8: byte 0x{byte:02x} at offset {offset}")]
    NotUtf8 {
        /// The first byte that cannot be.
        byte: u8,
        /// Where it is, from 0.
        offset: usize,
    },
    /// The working directory, which relative paths start from, is not there.
    #[error("the working directory cannot be found: {message}")]
    NoWorkingDirectory {
        /// What the system said.
        message: String,
    },
    /// An include without a path.
    #[error("the path to include is empty")]
    EmptyInclude,
    /// The file that is to be included cannot be had.
    #[error("cannot include `{}`: {fault}", file.display())]
    Include {
        /// The file, with its whole path.
        file: PathBuf,
        /// Why not.
        fault: Box<ConfigFault>,
    },
    /// Files that include each other.
    #[error("files include each other: {}", files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" -> "))]
    IncludeCycle {
        /// From the first of them back to itself.
        files: Vec<PathBuf>,
    },
    /// Too many files.
    #[error("more than {MAX_FILES} files are included")]
    TooManyFiles,
    /// Files included too deep.
    #[error("files are included more than {MAX_DEPTH} deep")]
    IncludedTooDeep,
    /// The text is no YAML.
    #[error("this is not YAML: {why}")]
    Syntax {
        /// What is the matter.
        why: &'static str,
    },
    /// The text would be more than anybody writes.
    #[error("the file is nested too deep, or repeats itself too often, to be a configuration")]
    TooMuch,
    /// The text has more in it than anybody writes.
    #[error("the file has more keys and values than a configuration can have, which is 100000")]
    TooManyValues,
    /// Several documents in one file.
    #[error("there is more than one document in the file")]
    SeveralDocuments,
    /// A key that is a number, a list, or nothing at all.
    #[error("a key has to be a word")]
    KeyIsNoWord,
    /// The same key twice in one section.
    #[error("the key `{name}` is there twice{}", inside(section))]
    DuplicateKey {
        /// The key.
        name: String,
        /// The section, where it is known.
        section: KeyPath,
    },
    /// A key that would change nothing.
    #[error("unknown key `{name}`{}{}", inside(section), meant(name, nearest.as_ref(), known))]
    UnknownKey {
        /// The key.
        name: String,
        /// The section it stands in.
        section: KeyPath,
        /// The known key that differs least, if one is close.
        nearest: Option<String>,
        /// What may stand there.
        known: Vec<String>,
    },
    /// A word where only some words mean something.
    #[error("found {found}{}", one_of(nearest.as_ref(), known))]
    UnknownWord {
        /// What stands there.
        found: String,
        /// The known word that differs least, if one is close.
        nearest: Option<String>,
        /// What may stand there.
        known: Vec<String>,
    },
    /// A value of the wrong kind.
    #[error("expected {expected}, found {found}")]
    WrongValue {
        /// What may stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A value that is not one, for a reason of its own.
    #[error("{message}")]
    BadValue {
        /// The reason.
        message: String,
    },
    /// A variable of the environment with our prefix that sets nothing.
    #[error("the variable `{name}` sets nothing{}", did_you_mean(nearest.as_ref()))]
    UnknownVariable {
        /// The whole name.
        name: String,
        /// The name that differs least, if one is close.
        nearest: Option<String>,
    },
    /// A variable of the environment that could set several keys.
    #[error("the variable `{name}` could mean {}", keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or "))]
    AmbiguousVariable {
        /// The whole name.
        name: String,
        /// What it could mean.
        keys: Vec<KeyPath>,
    },
    /// A variable of the environment that is no text.
    #[error("the value is not UTF-8")]
    VariableNotUtf8,
    /// A key of something that the program was built without.
    #[error("this program is built without the feature `{feature}` of rust-tokio-supervisor")]
    MissingFeature {
        /// The feature.
        feature: &'static str,
    },
    /// Keys of something that is not there because its place is not said.
    #[error("nobody says where it is written, so there is nothing that these keys are about")]
    MissingPlace,
    /// A setting without a default that nobody has set.
    #[error("this setting has no default, and nobody has set it")]
    MissingSetting,
    /// A key that has to be said.
    #[error("this has to be said, and is missing")]
    MissingKey,
    /// A member of a supervisor, or of a task.
    #[error("`{path}` is no pool, and only a pool has members")]
    NoPool {
        /// The path of what is none.
        path: String,
    },
    /// Members that only the program can spawn.
    #[error("the members of `{path}` can only be spawned by the program")]
    NotFromConfig {
        /// The path of the pool.
        path: String,
    },
    /// The same member twice.
    #[error("the member `{path}` is there twice")]
    DuplicateMember {
        /// The path of the member.
        path: String,
    },
    /// More members than the pool may have.
    #[error("`{path}` has at most {most} members, its `max_children`")]
    TooManyMembers {
        /// The path of the pool.
        path: String,
        /// How many it may have.
        most: u32,
    },
    /// A manifest that is not JSON.
    #[error("this is not JSON")]
    NotJson,
    /// Settings of a child that takes none.
    #[error("`{path}` takes no settings")]
    NoSettings {
        /// The path of the child.
        path: String,
    },
    /// The tree has no such child.
    #[error("there is no child `{path}`{}", did_you_mean(nearest.as_ref()))]
    UnknownChild {
        /// Its path, had it existed.
        path: String,
        /// The path that differs least, if one is close.
        nearest: Option<String>,
    },
    /// The children of a pool are not declared.
    #[error("`{path}` is a pool: its members come and go, none is declared")]
    PoolMember {
        /// The path of the pool.
        path: String,
    },
    /// A pool's key about something else.
    #[error("`{path}` is no pool, and only a pool has this key")]
    NotAPool {
        /// The path of what it is about.
        path: String,
    },
    /// A key of a many about something else.
    #[error("`{path}` is no `Many`, and only a `Many` has this key")]
    NotAMany {
        /// The path of what it is about.
        path: String,
    },
    /// A key that other supervisors have.
    #[error("`{path}` is a pool, and a pool has no such key")]
    NotForAPool {
        /// The path of the pool.
        path: String,
    },
    /// A supervisor's key about a task.
    #[error("`{path}` is a task, and only a supervisor has this key")]
    NotASupervisor {
        /// The path of the task.
        path: String,
    },
    /// A task's key about a supervisor.
    #[error("`{path}` is a supervisor, and only a task has this key")]
    NotATask {
        /// The path of the supervisor.
        path: String,
    },
    /// One half of a limit, and nothing weaker that has the other.
    #[error("`{missing}` is missing, and nothing weaker says it")]
    HalfLimit {
        /// `max` or `within`.
        missing: &'static str,
    },
    /// A number out of its bounds.
    #[error("{found} is out of bounds: from {least} to {most}")]
    OutOfBounds {
        /// What was said.
        found: u64,
        /// The least that can be said.
        least: u64,
        /// The most that can be said.
        most: u64,
    },
    /// With it the tree breaks a rule that it kept without it.
    #[error("`{path}` could not be started: {fault}")]
    Rule {
        /// The path of the child or supervisor.
        path: String,
        /// The rule.
        fault: Fault,
    },
}

impl ConfigFault {
    pub(super) fn names_its_key(&self) -> bool {
        matches!(
            self,
            Self::UnknownKey { .. } | Self::DuplicateKey { .. } | Self::UnknownVariable { .. }
        )
    }
}

/// The candidate that differs least from `found`, if one is close enough to be meant.
pub(super) fn nearest<'a>(
    found: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let distances = candidates.into_iter().filter_map(|candidate| {
        let distance = strsim::damerau_levenshtein(found, candidate);
        let is_close = distance <= (found.len().max(candidate.len()) / 3).max(1);
        is_close.then_some((distance, candidate))
    });
    distances.min().map(|(_, candidate)| candidate)
}

fn inside(section: &KeyPath) -> String {
    if section.is_empty() { String::new() } else { format!(" in `{section}`") }
}

fn did_you_mean(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

/// What was meant by an unknown key: one that belongs into a section that may stand there, or one
/// that is spelt much like it.
fn meant(name: &str, nearest: Option<&String>, known: &[String]) -> String {
    if is_fatal(name, known) {
        return format!("; {FATAL}");
    }
    if is_dependency(name, known) {
        return format!("; {DEPENDENCY}");
    }
    home_of(name, known)
        .map_or_else(|| one_of(nearest, known), |section| format!("; it belongs into `{section}`"))
}

/// What is to be said where `is_fatal`.
pub(super) const FATAL: &str =
    "what is fatal is never retried, so there is nothing to say about it";

/// Whether a class of failures is meant that nothing can be said about.
pub(super) fn is_fatal(name: &str, known: &[String]) -> bool {
    matches!(name, "fatal_config" | "fatal_bug") && known.iter().any(|known| known == "recoverable")
}

/// What is to be said where `is_dependency`.
pub(super) const DEPENDENCY: &str =
    "what a child depends on is said in the code: `#[child(depends_on(…))]`";

/// Whether dependencies are meant, which are the program's to say.
pub(super) fn is_dependency(name: &str, known: &[String]) -> bool {
    name == "depends_on" && known.iter().any(|known| known == "on_dependency_restart")
}

/// The section among those that may stand there which the key `name` belongs into.
pub(super) fn home_of(name: &str, known: &[String]) -> Option<&'static str> {
    let section = match name {
        "grace" | "abort_wait" => "shutdown",
        "initial" | "factor" | "jitter" | "reset_after" => "backoff",
        "heartbeat" | "stale_after" => "health",
        "strategy" | "start" | "intensity" | "auto_shutdown" | "children" | "defaults" => {
            "supervisor"
        }
        _ => return None,
    };
    known.iter().any(|known| known == section).then_some(section)
}

fn one_of(nearest: Option<&String>, known: &[String]) -> String {
    if nearest.is_some() {
        return did_you_mean(nearest);
    }
    let known: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
    format!("; expected one of {}", known.join(", "))
}

//! What stands in a recording: the inputs of the core, and the tree they were given to.

mod tree;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::control::command::{By, Command, Verb};
use crate::core::input::{Input, News, RunEnd};
use crate::core::key::{NodeKey, RunKey};
use crate::core::reconfigure::Kept;
use crate::core::time::Uptime;
use crate::event::ValueChange;
use crate::id::{ChildId, ChildPath, CommandId, Generation};
use crate::policy::PolicyPatch;
use crate::policy::failure::TaskFailureKind;
use crate::spec::NodeSpec;
use crate::spec::group::MemberOverrides;
use crate::spec::tags::Tags;
use crate::task::exit::{PanicMessage, TaskFailure};
use crate::task::member::Arguments;
use crate::task::result::TaskResult;

pub(super) use self::tree::NodeForm;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// The version of the format. The name of the key says what the file is.
    pub(super) rust_supervisor_recording: u32,
    /// The version of the library that has written it.
    pub(super) library: String,
    /// When it was begun, on the wall clock.
    pub(super) at: String,
    pub(super) seed: u64,
    pub(super) last_exits: usize,
    pub(super) remembered_paths: usize,
    pub(super) tree: NodeForm,
}

/// Every other line: an input, and what was decided.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// Nanoseconds since the tree was started.
    pub(super) nanos: u64,
    pub(super) input: InputForm,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) decided: Vec<String>,
}

/// The index and version of a place in the tree, and the generation.
pub(super) type RunForm = (u32, NonZeroU32, u64);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum InputForm {
    Start,
    Spawned(RunForm),
    Ready(RunForm),
    Ended { run: RunForm, end: EndForm },
    Pulse { run: RunForm, last_nanos: Option<u64> },
    Command { id: u64, command: CommandForm },
    Abandoned(BTreeSet<u64>),
    News(NewsForm),
    Tick,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NewsForm {
    AuditFailing { because: String },
    AuditRestored { missing: u64 },
    RecordingEnded { because: String },
}

impl From<&News> for NewsForm {
    fn from(news: &News) -> Self {
        match news {
            News::AuditFailing(because) => Self::AuditFailing { because: because.to_string() },
            News::AuditRestored { missing } => Self::AuditRestored { missing: *missing },
            News::RecordingEnded(because) => Self::RecordingEnded { because: because.to_string() },
        }
    }
}

impl From<NewsForm> for News {
    fn from(form: NewsForm) -> Self {
        match form {
            NewsForm::AuditFailing { because } => Self::AuditFailing(because.into()),
            NewsForm::AuditRestored { missing } => Self::AuditRestored { missing },
            NewsForm::RecordingEnded { because } => Self::RecordingEnded(because.into()),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndForm {
    Succeeded,
    Shutdown,
    Ignored,
    Failed { class: TaskFailureKind, error: String },
    Panicked { message: String },
    Dropped,
    NotSpawned { class: TaskFailureKind, error: String },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CommandForm {
    AddChild {
        parent: String,
        spec: Box<NodeForm>,
        requested_by: String,
        reason: String,
    },
    /// The arguments stay with the program: only the name of their type is here.
    SpawnMember {
        pool: String,
        id: Option<String>,
        arguments: String,
        /// What is said about this member over what is said about all.
        #[serde(default)]
        policy: Box<PolicyPatch>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tags: Option<Vec<String>>,
        requested_by: String,
        reason: String,
    },
    Change {
        verb: VerbForm,
        path: String,
        requested_by: String,
        reason: String,
    },
    /// The declaration with a new configuration over it.
    Reload {
        spec: Box<NodeForm>,
        last_exits: usize,
        remembered_paths: usize,
        changes: Vec<ChangeForm>,
        requested_by: String,
        reason: String,
    },
    WaitUntilReady {
        path: String,
    },
    ShutdownTree {
        requested_by: String,
        reason: String,
    },
    ShutdownNow {
        requested_by: String,
        reason: String,
    },
}

/// The path, the key, and the value before and after.
pub(super) type ChangeForm = (String, String, Option<String>, Option<String>);

/// By the names of the methods on the handle.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum VerbForm {
    StartChild,
    StopChild,
    RestartChild,
    DeleteChild,
    RemoveChild,
    PauseChild,
    ResumeChild,
    QuarantineChild,
    ResetBudget,
}

pub(super) fn nanos(time: Duration) -> u64 {
    // 2^64 ns are 584 years.
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn run_form(run: RunKey) -> RunForm {
    (run.node.index, run.node.version, run.generation.0)
}

pub(super) fn run_key((index, version, generation): RunForm) -> RunKey {
    RunKey { node: NodeKey { index, version }, generation: Generation(generation) }
}

impl From<&Input> for InputForm {
    fn from(input: &Input) -> Self {
        match input {
            Input::Start => Self::Start,
            Input::Spawned(run) => Self::Spawned(run_form(*run)),
            Input::Ready(run) => Self::Ready(run_form(*run)),
            Input::Ended(run, end) => Self::Ended { run: run_form(*run), end: end.into() },
            Input::Pulse { run, last } => Self::Pulse {
                run: run_form(*run),
                last_nanos: last.map(|last| nanos(last.elapsed())),
            },
            Input::Command(id, command) => Self::Command { id: id.0, command: command.into() },
            Input::Abandoned(ids) => Self::Abandoned(ids.iter().map(|id| id.0).collect()),
            Input::News(news) => Self::News(news.into()),
            Input::Tick => Self::Tick,
        }
    }
}

impl InputForm {
    /// The input again; or why it cannot be one.
    pub(super) fn input(self) -> Result<Input, String> {
        Ok(match self {
            Self::Start => Input::Start,
            Self::Spawned(run) => Input::Spawned(run_key(run)),
            Self::Ready(run) => Input::Ready(run_key(run)),
            Self::Ended { run, end } => Input::Ended(run_key(run), end.into()),
            Self::Pulse { run, last_nanos } => {
                let last = last_nanos.map(|nanos| Uptime::after(Duration::from_nanos(nanos)));
                Input::Pulse { run: run_key(run), last }
            }
            Self::Command { id, command } => Input::Command(CommandId(id), command.command()?),
            Self::Abandoned(ids) => Input::Abandoned(ids.into_iter().map(CommandId).collect()),
            Self::News(news) => Input::News(news.into()),
            Self::Tick => Input::Tick,
        })
    }
}

impl From<&RunEnd> for EndForm {
    fn from(end: &RunEnd) -> Self {
        match end {
            RunEnd::Returned(TaskResult::Succeeded) => Self::Succeeded,
            RunEnd::Returned(TaskResult::Shutdown) => Self::Shutdown,
            RunEnd::Returned(TaskResult::Ignored) => Self::Ignored,
            RunEnd::Returned(TaskResult::Failed(failure)) => {
                Self::Failed { class: failure.kind(), error: failure.chain() }
            }
            RunEnd::Panicked(message) => Self::Panicked { message: message.to_string() },
            RunEnd::Dropped => Self::Dropped,
            RunEnd::NotSpawned(failure) => {
                Self::NotSpawned { class: failure.kind(), error: failure.chain() }
            }
        }
    }
}

impl From<EndForm> for RunEnd {
    fn from(form: EndForm) -> Self {
        match form {
            EndForm::Succeeded => Self::Returned(TaskResult::Succeeded),
            EndForm::Shutdown => Self::Returned(TaskResult::Shutdown),
            EndForm::Ignored => Self::Returned(TaskResult::Ignored),
            EndForm::Failed { class, error } => {
                Self::Returned(TaskResult::Failed(TaskFailure::new(class, error)))
            }
            EndForm::Panicked { message } => Self::Panicked(PanicMessage::of(Box::new(message))),
            EndForm::Dropped => Self::Dropped,
            EndForm::NotSpawned { class, error } => {
                Self::NotSpawned(TaskFailure::new(class, error))
            }
        }
    }
}

impl From<&Command> for CommandForm {
    fn from(command: &Command) -> Self {
        let who = |by: &By| (by.requested_by.to_string(), by.reason.to_string());
        match command {
            Command::WaitReady(path) => Self::WaitUntilReady { path: path.to_string() },
            Command::Shutdown(by) => {
                let (requested_by, reason) = who(by);
                Self::ShutdownTree { requested_by, reason }
            }
            Command::ShutdownNow(by) => {
                let (requested_by, reason) = who(by);
                Self::ShutdownNow { requested_by, reason }
            }
            Command::Reload { spec, kept, changes, by } => {
                let Kept { last_exits, remembered_paths } = *kept;
                let (requested_by, reason) = who(by);
                let spec = Box::new(NodeForm::from(&**spec));
                let changes = changes.iter().map(change_form).collect();
                Self::Reload { spec, last_exits, remembered_paths, changes, requested_by, reason }
            }
            Command::Do(verb, by) => {
                let (requested_by, reason) = who(by);
                let path = verb.path().to_string();
                let verb = match verb {
                    Verb::Add { spec, .. } => {
                        let spec = Box::new(NodeForm::from(&**spec));
                        return Self::AddChild { parent: path, spec, requested_by, reason };
                    }
                    Verb::Spawn { id, arguments, overrides, .. } => {
                        let id = id.as_ref().map(ToString::to_string);
                        let arguments = arguments.type_name().to_owned();
                        let overrides = overrides.as_deref();
                        let tags = overrides.and_then(|overrides| overrides.tags.as_ref());
                        return Self::SpawnMember {
                            pool: path,
                            id,
                            arguments,
                            policy: Box::new(overrides.map(|said| said.policy).unwrap_or_default()),
                            tags: tags.map(|tags| tags.iter().map(str::to_owned).collect()),
                            requested_by,
                            reason,
                        };
                    }
                    Verb::Start(_) => VerbForm::StartChild,
                    Verb::Stop(_) => VerbForm::StopChild,
                    Verb::Restart(_) => VerbForm::RestartChild,
                    Verb::Delete(_) => VerbForm::DeleteChild,
                    Verb::Remove(_) => VerbForm::RemoveChild,
                    Verb::Pause(_) => VerbForm::PauseChild,
                    Verb::Resume(_) => VerbForm::ResumeChild,
                    Verb::Quarantine(_) => VerbForm::QuarantineChild,
                    Verb::ResetBudget(_) => VerbForm::ResetBudget,
                };
                Self::Change { verb, path, requested_by, reason }
            }
        }
    }
}

fn change_form(change: &ValueChange) -> ChangeForm {
    let text = |value: &Option<Arc<str>>| value.as_deref().map(str::to_owned);
    let ValueChange { path, key, before, after } = change;
    (path.to_string(), key.to_string(), text(before), text(after))
}

impl CommandForm {
    fn command(self) -> Result<Command, String> {
        let by = |requested_by: String, reason: String| By {
            requested_by: Arc::from(requested_by),
            reason: Arc::from(reason),
        };
        let read = |path: String| ChildPath::parse(&path).map_err(|error| error.to_string());
        Ok(match self {
            Self::WaitUntilReady { path } => Command::WaitReady(read(path)?),
            Self::ShutdownTree { requested_by, reason } => {
                Command::Shutdown(by(requested_by, reason))
            }
            Self::ShutdownNow { requested_by, reason } => {
                Command::ShutdownNow(by(requested_by, reason))
            }
            Self::AddChild { parent, spec, requested_by, reason } => {
                let (parent, spec) = (read(parent)?, Box::new(NodeSpec::from(*spec)));
                Command::Do(Verb::Add { parent, spec }, by(requested_by, reason))
            }
            Self::SpawnMember { pool, id, arguments, policy, tags, requested_by, reason } => {
                let id = id.map(ChildId::new).transpose().map_err(|error| error.to_string())?;
                let (pool, arguments) = (read(pool)?, Arguments::stand_in(arguments));
                let mut overrides = Box::<MemberOverrides>::default();
                (overrides.policy, overrides.tags) = (*policy, tags.map(Tags::new));
                let overrides = Some(overrides);
                let verb = Verb::Spawn { pool, id, arguments, overrides };
                Command::Do(verb, by(requested_by, reason))
            }
            Self::Reload { spec, last_exits, remembered_paths, changes, requested_by, reason } => {
                let NodeSpec::Supervisor(spec) = NodeSpec::from(*spec) else {
                    return Err("a tree is a supervisor".to_owned());
                };
                let changes = changes.into_iter().map(|(path, key, before, after)| {
                    let (before, after) = (before.map(Arc::from), after.map(Arc::from));
                    Ok(ValueChange { path: read(path)?, key: key.into(), before, after })
                });
                let changes = changes.collect::<Result<_, String>>()?;
                let kept = Kept { last_exits, remembered_paths };
                Command::Reload { spec, kept, changes, by: by(requested_by, reason) }
            }
            Self::Change { verb, path, requested_by, reason } => {
                Command::Do(verb.about(read(path)?), by(requested_by, reason))
            }
        })
    }
}

impl VerbForm {
    fn about(self, path: ChildPath) -> Verb {
        match self {
            Self::StartChild => Verb::Start(path),
            Self::StopChild => Verb::Stop(path),
            Self::RestartChild => Verb::Restart(path),
            Self::DeleteChild => Verb::Delete(path),
            Self::RemoveChild => Verb::Remove(path),
            Self::PauseChild => Verb::Pause(path),
            Self::ResumeChild => Verb::Resume(path),
            Self::QuarantineChild => Verb::Quarantine(path),
            Self::ResetBudget => Verb::ResetBudget(path),
        }
    }
}

//! The audit on its way between the mailbox and the engine: a command waits here until its entry
//! is on the disk, and an answer until what came of it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::mailbox::{Message, Shared};
use crate::audit::entry::{AuditKind, Changed, Snapshot};
use crate::audit::writer::{AuditWriter, Job, Weight};
use crate::control::command::{By, Command, RELOAD, Reply, Verb};
use crate::error::types::SupervisorError;
use crate::id::{ChildId, ChildPath, CommandId};
use crate::state::ChildState;

pub(super) struct Gate {
    writer: AuditWriter,
    /// Commands whose entry is not on the disk yet.
    waiting: BTreeMap<CommandId, Command>,
    /// Commands that the engine has been given.
    open: BTreeMap<CommandId, Open>,
}

/// A command that the engine has been given and has not answered.
struct Open {
    path: ChildPath,
    is_accepted: bool,
}

impl Gate {
    pub(super) fn new(writer: AuditWriter) -> Self {
        Self { writer, waiting: BTreeMap::new(), open: BTreeMap::new() }
    }

    /// Lets a command wait until its entry is on the disk; then it comes back as
    /// [`Message::Audited`]. One that changes nothing is given back.
    pub(super) fn request(
        &mut self,
        id: CommandId,
        command: Command,
        before: Option<&ChildState>,
        shared: &Arc<Shared>,
    ) -> Option<Command> {
        let Some((path, name, by)) = subject(&command) else { return Some(command) };
        let weight = match command {
            // A tree that cannot be ended would be worse than an end without an entry.
            Command::Shutdown(_) | Command::ShutdownNow(_) => Weight::Record,
            Command::Do(..) | Command::Reload { .. } | Command::WaitReady(_) => Weight::Gate,
        };
        let kind = AuditKind::Requested {
            command: id.0,
            name: name.to_owned(),
            path: path.to_string(),
            requested_by: by.requested_by.to_string(),
            reason: by.reason.to_string(),
            before: before.map(Snapshot::of),
            changes: match &command {
                Command::Reload { changes, .. } if !cfg!(plant_bug = "reload_unaudited") => {
                    changes.iter().map(Changed::of).collect()
                }
                _ => Vec::new(),
            },
        };
        let mailbox = shared.mailbox.clone();
        let at_once = cfg!(plant_bug = "audit_is_no_gate").then(|| command.clone());
        self.waiting.insert(id, command);
        self.writer.send(Job {
            kind: Some(kind),
            weight,
            // A tree that has ended meanwhile does not want to know.
            done: Box::new(move |written| drop(mailbox.send(Message::Audited(id, written)))),
        });
        at_once
    }

    /// Whether commands are on their way that the engine does not know of.
    pub(super) fn is_holding_back(&self) -> bool {
        !self.waiting.is_empty() && !cfg!(plant_bug = "settled_before_the_audit")
    }

    /// Takes out a command that has waited for its entry.
    pub(super) fn pass(&mut self, id: CommandId) -> Option<Command> {
        let command = self.waiting.remove(&id)?;
        let path = subject(&command).map_or_else(ChildPath::root, |(path, ..)| path);
        self.open.insert(id, Open { path, is_accepted: false });
        Some(command)
    }

    /// Whom a command concerns that the engine has been given.
    pub(super) fn path_of(&self, id: CommandId) -> Option<&ChildPath> {
        self.open.get(&id).map(|open| &open.path)
    }

    /// A command that was refused is no longer of interest.
    pub(super) fn refuse(&mut self, id: CommandId) {
        self.waiting.remove(&id);
    }

    /// A reload has come to nothing before the engine was asked.
    #[cfg(feature = "config")]
    pub(super) fn reload_refused(
        &self,
        id: CommandId,
        by: &By,
        error: SupervisorError,
        sender: oneshot::Sender<Reply>,
    ) {
        let command = id.0;
        self.record(AuditKind::Requested {
            command,
            name: RELOAD.to_owned(),
            path: ChildPath::root().to_string(),
            requested_by: by.requested_by.to_string(),
            reason: by.reason.to_string(),
            before: None,
            changes: Vec::new(),
        });
        self.writer.send(Job {
            kind: Some(AuditKind::Rejected { command, error: error.to_string() }),
            weight: Weight::Record,
            done: Box::new(move |_| tell(Some(sender), Err(error))),
        });
    }

    /// The engine carries a command out.
    pub(super) fn accepted(&mut self, id: CommandId) {
        if let Some(open) = self.open.get_mut(&id)
            && !std::mem::replace(&mut open.is_accepted, true)
        {
            self.record(AuditKind::Accepted { command: id.0 });
        }
    }

    /// The engine has answered: whoever asked is told when that is on the disk.
    pub(super) fn answered(
        &mut self,
        id: CommandId,
        reply: Reply,
        after: Option<&ChildState>,
        sender: Option<oneshot::Sender<Reply>>,
    ) {
        let Some(Open { is_accepted, .. }) = self.open.remove(&id) else {
            tell(sender, reply);
            return;
        };
        let (command, after) = (id.0, after.map(Snapshot::of));
        let kind = match &reply {
            Ok(_) => AuditKind::Completed { command, after },
            Err(error) if is_accepted => {
                AuditKind::Failed { command, error: format!("{error:?}"), after }
            }
            Err(error) => AuditKind::Rejected { command, error: format!("{error:?}") },
        };
        self.writer.send(Job {
            kind: Some(kind),
            weight: Weight::Record,
            done: Box::new(move |_| tell(sender, reply)),
        });
    }

    /// The tree has ended: what was asked for has come to that. Comes back when all of it is on
    /// the disk, or is not going to be.
    pub(super) async fn close(&mut self) {
        for (id, Open { is_accepted, .. }) in std::mem::take(&mut self.open) {
            // Whoever has asked for anything else has had an answer.
            self.record(if is_accepted {
                AuditKind::Completed { command: id.0, after: None }
            } else {
                never(id)
            });
        }
        for id in std::mem::take(&mut self.waiting).into_keys() {
            self.record(never(id));
        }
        let (sender, is_written) = oneshot::channel();
        self.writer.send(Job {
            kind: None,
            weight: Weight::Record,
            done: Box::new(move |_| sender.send(()).unwrap_or_default()),
        });
        // Without the writer there is nothing to wait for.
        drop(is_written.await);
    }

    fn record(&self, kind: AuditKind) {
        let (weight, done) = (Weight::Record, Box::new(|_| {}));
        self.writer.send(Job { kind: Some(kind), weight, done });
    }
}

/// The end came before it.
fn never(id: CommandId) -> AuditKind {
    let error = SupervisorError::ShuttingDown.to_string();
    AuditKind::Rejected { command: id.0, error }
}

fn tell(sender: Option<oneshot::Sender<Reply>>, reply: Reply) {
    if let Some(sender) = sender {
        // An accepted command runs to its end though nobody waits.
        drop(sender.send(reply));
    }
}

/// Whom a command concerns, what it is called, and who asks. `None` for what changes nothing.
pub(super) fn subject(command: &Command) -> Option<(ChildPath, &'static str, &By)> {
    match command {
        Command::Do(Verb::Add { parent, spec }, by) => {
            let id = ChildId::new(spec.id());
            let path = id.map_or_else(|_| parent.clone(), |id| parent.join(&id));
            Some((path, "add_child", by))
        }
        Command::Do(verb, by) => Some((verb.path().clone(), verb.name(), by)),
        Command::Shutdown(by) => Some((ChildPath::root(), "shutdown_tree", by)),
        Command::ShutdownNow(by) => Some((ChildPath::root(), "shutdown_now", by)),
        Command::Reload { by, .. } => Some((ChildPath::root(), RELOAD, by)),
        Command::WaitReady(_) => None,
    }
}

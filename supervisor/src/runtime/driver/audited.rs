//! Commands on their way through the audit.

use super::super::gate::subject;
use super::Driver;
use crate::audit::AuditError;
use crate::control::command::Command;
use crate::core::action::{Action, Fact};
use crate::core::input::Input;
use crate::error::types::SupervisorError;
use crate::event::EventKind;
use crate::id::CommandId;

impl Driver {
    /// Gives a command back if it may go on at once, because there is no audit or it changes
    /// nothing.
    pub(super) fn through_the_gate(&mut self, id: CommandId, command: Command) -> Option<Command> {
        let now = self.clock.look();
        let Some(gate) = &mut self.gate else { return Some(command) };
        let path = subject(&command).map(|(path, ..)| path);
        let before = path.and_then(|path| self.engine.at(now).state_at(&path).ok());
        gate.request(id, command, before.as_ref(), &self.shared)
    }

    pub(super) fn audited_command(
        &mut self,
        id: CommandId,
        written: Result<(), AuditError>,
        out: &mut Vec<Action>,
    ) {
        let Some(gate) = &mut self.gate else { return };
        if let Err(error) = written {
            gate.refuse(id);
            if let Some(sender) = self.replies.remove(&id) {
                // Nothing has been done, so there is nothing else to say.
                drop(sender.send(Err(SupervisorError::Audit(error))));
            }
            return;
        }
        let Some(command) = gate.pass(id) else { return };
        let is_end = matches!(command, Command::Shutdown(_) | Command::ShutdownNow(_));
        self.handle(Input::Command(id, command), out);
        if let (true, Some(gate)) = (is_end, &mut self.gate) {
            // There is no fact for the second one who asks, and nobody is turned away.
            gate.accepted(id);
        }
    }

    pub(super) fn accept(&mut self, fact: &Fact) {
        if let (Some(gate), EventKind::Commanded { .. }, Some(id)) =
            (&mut self.gate, &fact.kind, fact.command)
        {
            gate.accepted(id);
        }
    }
}

//! What is written down about commands that came over the socket.

use std::sync::atomic::Ordering;

use super::manifest;
use super::peer::Peer;
use super::target::Target;
use super::view;
use crate::dashboard::error::DashboardError;
use crate::dashboard::label::{Role, StatusLabel};
use crate::dashboard::model::{AuditEvent, ControlCommandRequest, ControlCommandTarget};

/// Under which target `tracing` gets what is said about clients: what they ask for, and who is turned
/// away.
pub(super) const AUDIT: &str = "rust_supervisor::ipc::audit";

/// Who is on the other end, for those who read it later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    pub(super) peer: Peer,
    pub(super) role: Role,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { peer: Peer { uid, pid }, role } = self;
        write!(f, "uid {uid} ({role})")?;
        pid.map_or(Ok(()), |pid| write!(f, ", pid {pid}"))
    }
}

impl Target {
    /// Makes the entry about a command.
    fn audit_event(
        &self,
        who: Identity,
        request: &ControlCommandRequest,
        status: StatusLabel,
        error: Option<&DashboardError>,
    ) -> AuditEvent {
        let number = self.audits.fetch_add(1, Ordering::SeqCst) + 1;
        let result = match error {
            Some(error) => format!("{status}: {}: {}", error.code, error.message),
            None => status.to_string(),
        };
        AuditEvent {
            audit_id: format!("{}-{number}", self.instance),
            identity: who.to_string(),
            target_id: self.id().to_owned(),
            command_id: request.command_id.clone(),
            command: request.command,
            target: self.shown(&request.target),
            reason: request.reason.clone(),
            result,
            occurred_at_unix_nanos: view::now_unix_nanos(),
        }
    }

    /// What a command is about, without the secrets of what is to be added.
    fn shown(&self, target: &ControlCommandTarget) -> ControlCommandTarget {
        let ControlCommandTarget { child_path, child_manifest } = target;
        let shown = |text: &String| {
            if cfg!(plant_bug = "secret_in_audit") {
                return text.clone();
            }
            manifest::shown(&self.handle, text, child_path.as_deref())
        };
        let child_manifest = child_manifest.as_ref().map(shown);
        ControlCommandTarget { child_path: child_path.clone(), child_manifest }
    }

    /// Writes down that a command is about to be carried out, before it has any effect.
    pub(super) async fn audit_accepted(
        &self,
        who: Identity,
        request: &ControlCommandRequest,
    ) -> Result<(), String> {
        let event = self.audit_event(who, request, StatusLabel::Accepted, None);
        self.write_down(&event, &request.requested_by, Must::BeWritten).await
    }

    /// Writes down what became of a command.
    pub(super) async fn audit_outcome(
        &self,
        who: Identity,
        request: &ControlCommandRequest,
        status: StatusLabel,
        error: Option<&DashboardError>,
    ) {
        let event = self.audit_event(who, request, status, error);
        // What has happened cannot be refused; the audit counts what is missing.
        drop(self.write_down(&event, &request.requested_by, Must::BeCounted).await);
    }

    async fn write_down(
        &self,
        event: &AuditEvent,
        requested_by: &str,
        must: Must,
    ) -> Result<(), String> {
        if cfg!(plant_bug = "ipc_unaudited") {
            return Ok(());
        }
        #[cfg(feature = "audit")]
        let written = match &self.audit {
            Some(audit) => file(audit, event.clone(), requested_by.to_owned(), must).await,
            None => Ok(()),
        };
        #[cfg(not(feature = "audit"))]
        let written = {
            std::future::ready(must).await;
            Ok(())
        };
        let AuditEvent { audit_id, identity, command_id, command, reason, result, .. } = event;
        let result = match &written {
            Err(why) if !cfg!(plant_bug = "unwritten_is_accepted") => {
                &format!("{}: {why}", StatusLabel::Rejected)
            }
            _ => result,
        };
        let ControlCommandTarget { child_path, child_manifest } = &event.target;
        let pool = child_path.as_deref();
        let added = child_manifest.as_deref().and_then(|text| manifest::path(text, pool));
        let child_path = added.as_deref().or(pool);
        tracing::info!(
            target: AUDIT,
            audit_id, identity, command_id, %command, child_path, requested_by, reason,
            "{command} over the socket: {result}"
        );
        written
    }
}

/// What becomes of a command without its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Must {
    /// It is refused.
    BeWritten,
    /// It has happened.
    BeCounted,
}

#[cfg(feature = "audit")]
async fn file(
    audit: &crate::audit::writer::AuditWriter,
    event: AuditEvent,
    requested_by: String,
    must: Must,
) -> Result<(), String> {
    use crate::audit::entry::AuditKind;
    use crate::audit::writer::{Job, Weight};

    let kind = AuditKind::Socket {
        audit_id: event.audit_id,
        identity: event.identity,
        target_id: event.target_id,
        command_id: event.command_id,
        name: event.command.as_str().to_owned(),
        child_path: event.target.child_path,
        child_manifest: event.target.child_manifest,
        requested_by,
        reason: event.reason,
        result: event.result,
    };
    let weight = match must {
        Must::BeWritten => Weight::Gate,
        Must::BeCounted => Weight::Record,
    };
    let (sender, written) = tokio::sync::oneshot::channel();
    // Whoever waits may have gone away.
    let done = Box::new(move |written| drop(sender.send(written)));
    audit.send(Job { kind: Some(kind), weight, done });
    match written.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            let why = error.with_cause();
            Err(format!("refused, because it would not be in the audit log: {why}"))
        }
        Err(_) => Err("refused, because the audit log is gone".to_owned()),
    }
}

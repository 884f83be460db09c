//! Commands on their way from a client to the tree.
//!
//! Each is looked at by who asks, by what is asked, and by whether it was asked before; what is left
//! is written down and goes to the tree, where it runs to its end though its client may be gone.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::audits::Identity;
use super::manifest;
use super::memory::{Outcome, Recalled};
use super::target::Target;
use super::view;
use crate::control::outcome::CommandOutcome;
use crate::dashboard::error::{DashboardError, ErrorCode, ErrorStage};
use crate::dashboard::label::{Role, StatusLabel};
use crate::dashboard::model::{
    ControlCommandKind, ControlCommandRequest, ControlCommandResult, ControlCommandTarget,
    StateDelta,
};
use crate::dashboard::protocol::{CommandParams, IpcResult};
use crate::error::types::SupervisorError;
use crate::id::ChildPath;
use crate::task::cell::lock;

/// The most bytes of a message about an error: it may repeat what it is about.
const MESSAGE_BYTES: usize = 2_048;

/// Takes on a command, or says why not. What it comes to is in the outcome.
pub(super) async fn take_on(
    target: &Arc<Target>,
    who: Identity,
    params: CommandParams,
) -> Result<Outcome, DashboardError> {
    let requested_role = params.requested_role;
    let request = params.into_request();
    let judged = judge(&request, who.role, requested_role);
    let plan = match judged {
        Ok(plan) => plan,
        Err(error) => return Err(refused(target, who, &request, error).await),
    };
    let recalled = lock(&target.memory).recall(&request, Instant::now());
    let sender = match recalled {
        Recalled::Same(outcome) => return Ok(outcome),
        Recalled::New(sender) => sender,
        Recalled::Other => {
            let message = format!(
                "the command `{}` was another one: take a new id for each command",
                request.command_id
            );
            let stage = ErrorStage::CommandValidate;
            let error = DashboardError::new(ErrorCode::CommandIdConflict, stage, message);
            return Err(refused(target, who, &request, error).await);
        }
    };
    let commands = if cfg!(plant_bug = "ipc_endless_commands") {
        Arc::new(Semaphore::new(1))
    } else {
        Arc::clone(&target.commands)
    };
    let Ok(permit) = commands.try_acquire_owned() else {
        lock(&target.memory).never_mind(&request.command_id);
        let message = format!(
            "{} commands are being carried out, which is `ipc.limits.commands_at_once`: wait for \
             one",
            target.options.limits.commands_at_once
        );
        let error =
            DashboardError::new(ErrorCode::RateLimited, ErrorStage::CommandExecute, message);
        return Err(refused(target, who, &request, error).await);
    };
    if let Err(message) = target.audit_accepted(who, &request).await {
        lock(&target.memory).never_mind(&request.command_id);
        return Err(DashboardError::new(ErrorCode::Internal, ErrorStage::CommandExecute, message));
    }
    let outcome = sender.subscribe();
    let mut running = {
        let target = Arc::clone(target);
        Box::pin(async move {
            let result = carry_out(&target, &request, plan).await;
            let result = settle(&target, who, &request, result).await;
            lock(&target.memory).done(&request.command_id, Instant::now());
            sender.send_replace(Some(result));
            drop(permit);
        })
    };
    // With the first poll it is on its way to the tree: commands of one client arrive there in the
    // order in which they were sent.
    if poll_once(running.as_mut()).is_pending() {
        tokio::spawn(running);
    }
    Ok(outcome)
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits for what a command comes to.
pub(super) async fn wait(mut outcome: Outcome) -> Result<IpcResult, DashboardError> {
    let result = outcome.wait_for(Option::is_some).await.ok().and_then(|result| result.clone());
    let Some(mut result) = result else {
        let message = "the command was lost on its way, and nothing is known of it";
        return Err(DashboardError::new(ErrorCode::Internal, ErrorStage::Internal, message));
    };
    match result.error.take() {
        Some(error) => Err(error),
        None => Ok(IpcResult::CommandResult(Box::new(result))),
    }
}

/// Writes down that a command was refused.
pub(super) async fn refuse(
    target: &Target,
    who: Identity,
    request: &ControlCommandRequest,
    error: &DashboardError,
) {
    target.audit_outcome(who, request, StatusLabel::Rejected, Some(error)).await;
}

async fn refused(
    target: &Target,
    who: Identity,
    request: &ControlCommandRequest,
    error: DashboardError,
) -> DashboardError {
    refuse(target, who, request, &error).await;
    error
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
enum Plan {
    Child(ChildPath),
    Add(String),
    Shutdown,
}

/// Looks at a command by itself: who asks, and whether it is whole.
fn judge(
    request: &ControlCommandRequest,
    role: Role,
    requested_role: Option<Role>,
) -> Result<Plan, DashboardError> {
    let ControlCommandRequest { command, target, .. } = request;
    let role = match requested_role {
        Some(requested) if !cfg!(plant_bug = "ipc_requested_role_ignored") => role.min(requested),
        _ => role,
    };
    let least = if command.is_dangerous() { Role::Admin } else { Role::Operator };
    if role < least && !cfg!(plant_bug = "ipc_roles_ignored") {
        let message =
            format!("`{command}` is for the role `{least}`, and this is the role `{role}`");
        let stage = ErrorStage::Authorise;
        return Err(DashboardError::new(ErrorCode::PermissionDenied, stage, message));
    }
    let fail =
        |code, message: &str| Err(DashboardError::new(code, ErrorStage::CommandValidate, message));
    let invalid = |message: &str| fail(ErrorCode::ValidationFailed, message);
    if request.command_id.trim().is_empty() || request.command_id.len() > 128 {
        return invalid("`command_id` has to have from 1 to 128 bytes, and not only blanks");
    }
    let is_blank = |text: &str| text.trim().is_empty() && !cfg!(plant_bug = "ipc_blank_reason");
    if is_blank(&request.reason) {
        return invalid("`reason` is blank: say why, it is what others will read later");
    }
    if is_blank(&request.requested_by) {
        return invalid("`requested_by` is blank: say who asks");
    }
    // They would steer the terminal, or forge a line of the log, of whoever reads them later.
    let steers =
        |text: &str| text.contains(char::is_control) && !cfg!(plant_bug = "ipc_steering_reason");
    if steers(&request.reason) {
        return invalid(
            "`reason` has a control character, such as a newline: one line of text, please",
        );
    }
    if steers(&request.requested_by) {
        return invalid("`requested_by` has a control character: a name, please");
    }
    if command.is_dangerous() && !request.confirmed && !cfg!(plant_bug = "ipc_unconfirmed") {
        let message = format!("`{command}` is dangerous: send it again with `confirmed: true`");
        return fail(ErrorCode::ConfirmationRequired, &message);
    }
    plan(*command, target)
}

fn plan(
    command: ControlCommandKind,
    target: &ControlCommandTarget,
) -> Result<Plan, DashboardError> {
    let stage = ErrorStage::CommandValidate;
    let invalid =
        |message: String| DashboardError::new(ErrorCode::ValidationFailed, stage, message);
    let path = target.child_path.as_deref().map(|path| {
        ChildPath::parse(path).map_err(|error| {
            let message = format!(
                "{}; a command names the whole path, such as `/root/payments/ledger`",
                bounded(&error.to_string())
            );
            DashboardError::new(ErrorCode::UnknownChild, stage, message)
        })
    });
    let path = path.transpose()?;
    if command != ControlCommandKind::AddChild && target.child_manifest.is_some() {
        let message = format!("`{command}` takes no `target.child_manifest`");
        return Err(invalid(message));
    }
    match (command, path) {
        (ControlCommandKind::ShutdownTree, None) => Ok(Plan::Shutdown),
        (ControlCommandKind::ShutdownTree, Some(path)) if path.is_root() => Ok(Plan::Shutdown),
        (ControlCommandKind::ShutdownTree, Some(_)) => {
            let message = "`shutdown_tree` ends the whole tree: leave `target.child_path` out";
            Err(invalid(message.to_owned()))
        }
        (ControlCommandKind::AddChild, parent) => {
            let Some(manifest) = target.child_manifest.clone() else {
                let message = "`add_child` needs `target.child_manifest`: JSON text that says \
                               which compiled template is started, and with what";
                return Err(invalid(message.to_owned()));
            };
            manifest::whole(&manifest, parent.as_ref()).map(Plan::Add).map_err(invalid)
        }
        (_, Some(path)) => Ok(Plan::Child(path)),
        (_, None) => {
            Err(invalid(format!("`{command}` needs `target.child_path`: which child is meant")))
        }
    }
}

/// Has the tree do it.
async fn carry_out(
    target: &Target,
    request: &ControlCommandRequest,
    plan: Plan,
) -> Result<Option<ChildPath>, SupervisorError> {
    let (handle, by, why) = (&target.handle, &*request.requested_by, &*request.reason);
    let done = |outcome: CommandOutcome| Some(outcome.path);
    match (request.command, plan) {
        (_, Plan::Shutdown) => {
            handle.request_shutdown(by, why)?;
            let mut end = target.end.subscribe();
            // `target` holds the sender.
            drop(end.wait_for(Option::is_some).await);
            Ok(Some(ChildPath::root()))
        }
        (_, Plan::Add(manifest)) => manifest::add(handle, &manifest, by, why).await.map(done),
        (ControlCommandKind::PauseChild, Plan::Child(path)) => {
            handle.pause_child(path, by, why).await.map(done)
        }
        (ControlCommandKind::ResumeChild, Plan::Child(path)) => {
            handle.resume_child(path, by, why).await.map(done)
        }
        (ControlCommandKind::QuarantineChild, Plan::Child(path)) => {
            handle.quarantine_child(path, by, why).await.map(done)
        }
        (ControlCommandKind::RemoveChild, Plan::Child(path)) => {
            handle.remove_child(path, by, why).await.map(done)
        }
        (_, Plan::Child(path)) => handle.restart_child(path, by, why).await.map(done),
    }
}

/// Writes down what a command came to and puts it together for its client.
async fn settle(
    target: &Target,
    who: Identity,
    request: &ControlCommandRequest,
    result: Result<Option<ChildPath>, SupervisorError>,
) -> ControlCommandResult {
    let (status, error, path) = match result {
        Ok(path) => (StatusLabel::Completed, None, path),
        Err(error) => {
            let status = status_of(&error);
            (status, Some(error_of(&error).of_target(target.id())), None)
        }
    };
    let delta = match path {
        Some(path) => delta_of(target, path).await,
        None => None,
    };
    target.audit_outcome(who, request, status, error.as_ref()).await;
    ControlCommandResult {
        command_id: request.command_id.clone(),
        target_id: target.id().to_owned(),
        accepted: status != StatusLabel::Rejected,
        status: status.to_string(),
        error,
        state_delta: delta.and_then(|delta| serde_json::to_value(delta).ok()),
        completed_at_unix_nanos: Some(view::now_unix_nanos()),
    }
}

/// The row of a child after a command.
async fn delta_of(target: &Target, path: ChildPath) -> Option<StateDelta> {
    let rows = target.rows(vec![path.clone()]).await.ok()?;
    let mut delta = StateDelta {
        state_generation: target.generation(rows.sequence),
        generated_at_unix_nanos: view::now_unix_nanos(),
        ..StateDelta::default()
    };
    match rows.children.into_iter().next().flatten() {
        Some(child) => {
            delta.runtime_state.push(view::row(&child, target.phase()));
            delta.nodes.push(view::node(&child));
        }
        None => delta.removed.push(path.to_string()),
    }
    Some(delta)
}

/// Whether a command was refused, or taken on and came to something else.
fn status_of(error: &SupervisorError) -> StatusLabel {
    match error {
        SupervisorError::StartFailed { .. }
        | SupervisorError::Unjoinable { .. }
        | SupervisorError::Stopped { .. }
        | SupervisorError::Removed { .. }
        | SupervisorError::DriverGone => StatusLabel::Failed,
        _ => StatusLabel::Rejected,
    }
}

/// The error of the tree in the words of the wire.
pub(super) fn error_of(error: &SupervisorError) -> DashboardError {
    let code = match error {
        SupervisorError::UnknownPath { .. } | SupervisorError::Path(_) => ErrorCode::UnknownChild,
        SupervisorError::ShuttingDown | SupervisorError::DriverGone => ErrorCode::ShuttingDown,
        #[cfg(feature = "audit")]
        SupervisorError::Audit(_) => ErrorCode::Internal,
        _ => ErrorCode::ValidationFailed,
    };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    DashboardError::new(code, ErrorStage::CommandExecute, bounded(&message))
}

/// As much of a text as belongs into a message.
fn bounded(text: &str) -> String {
    if text.len() <= MESSAGE_BYTES {
        return text.to_owned();
    }
    let end = (0..=MESSAGE_BYTES).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

//! What changes something: the seven commands.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::{Duration, SystemTime};

use clap::Args;
use rust_supervisor::dashboard::model::{
    ControlCommandKind, ControlCommandResult, ControlCommandTarget,
};
use rust_supervisor::dashboard::protocol::{CommandParams, IpcResult, Method};
use serde_json::{Map, Value, json};

use crate::arguments::{Format, print, print_json};
use crate::client::Client;
use crate::error::CtlError;
use crate::look::{Ask, or_nearest, unexpected};

/// Who asks, and why. Both are in the audit and in the events.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why. It is kept with the command.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who asks. Left out: the user of this terminal.
    #[arg(long, value_name = "NAME")]
    requested_by: Option<String>,
    /// Names the command: the same id again is the same command, and is done once. Left out: drawn
    /// at random.
    #[arg(long, value_name = "ID")]
    command_id: Option<String>,
    /// Does not ask before a dangerous command.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OnChild {
    /// Such as /root/payments/ledger.
    path: String,
    #[command(flatten)]
    why: Why,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The pool, such as /root/sessions.
    pool: String,
    /// The id of the new member.
    #[arg(long)]
    id: String,
    /// What it is given, as JSON, such as '{"user": 42}'.
    #[arg(long, value_name = "JSON")]
    args: Option<String>,
    /// Policies that hold for it alone, as JSON, such as '{"restart": "transient"}'.
    #[arg(long, value_name = "JSON")]
    overrides: Option<String>,
    #[command(flatten)]
    why: Why,
}

pub(crate) async fn on_child(
    ask: &Ask,
    command: ControlCommandKind,
    what: OnChild,
) -> Result<(), CtlError> {
    let meant = Meant { path: what.path.clone(), child: what.path.clone() };
    let target = ControlCommandTarget { child_path: Some(what.path), child_manifest: None };
    carry_out(ask, command, target, &meant, what.why).await
}

pub(crate) async fn shutdown(ask: &Ask, why: Why) -> Result<(), CtlError> {
    let meant = Meant { path: String::new(), child: "the whole tree".to_owned() };
    let target = ControlCommandTarget::default();
    carry_out(ask, ControlCommandKind::ShutdownTree, target, &meant, why).await
}

pub(crate) async fn add(ask: &Ask, what: Add) -> Result<(), CtlError> {
    let meant = Meant { child: format!("{}/{}", what.pool, what.id), path: what.pool.clone() };
    let mut manifest = Map::new();
    manifest.insert("pool".to_owned(), what.pool.into());
    manifest.insert("id".to_owned(), what.id.into());
    for (key, said) in [("args", what.args), ("overrides", what.overrides)] {
        let Some(text) = said else { continue };
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| CtlError::Usage(format!("`--{key}` is not JSON: {error}")))?;
        manifest.insert(key.to_owned(), value);
    }
    let manifest = Value::Object(manifest).to_string();
    let target = ControlCommandTarget { child_path: None, child_manifest: Some(manifest) };
    carry_out(ask, ControlCommandKind::AddChild, target, &meant, what.why).await
}

/// What a command is about, for the person who gives it.
struct Meant {
    /// What has to be there already.
    path: String,
    child: String,
}

async fn carry_out(
    ask: &Ask,
    command: ControlCommandKind,
    target: ControlCommandTarget,
    Meant { path, child }: &Meant,
    why: Why,
) -> Result<(), CtlError> {
    let mut client = ask.client().await?;
    let confirmed = !command.is_dangerous() || why.yes || is_meant(&client, command, child)?;
    if !confirmed {
        return Err(CtlError::NotConfirmed { command: command.as_str() });
    }
    let params = CommandParams {
        command_id: why.command_id.unwrap_or_else(|| format!("supctl-{:016x}", fastrand::u64(..))),
        target_id: client.target_id().to_owned(),
        command,
        target,
        reason: why.reason,
        requested_by: why.requested_by.unwrap_or_else(this_user),
        confirmed: true,
        requested_at_unix_nanos: now_unix_nanos(),
        requested_role: None,
        session_established: None,
    };
    let patience = patience(&client, command, ask.patience);
    let answer = client.ask_within(patience, Method::of_command(command), json!(params)).await;
    let result = match or_nearest(&mut client, path, answer).await? {
        IpcResult::CommandResult(result) => *result,
        other => return Err(unexpected(&other)),
    };
    if ask.format == Format::Json {
        print_json(&json!(result))?;
    }
    match result {
        ControlCommandResult { error: Some(error), .. } => Err(CtlError::Refused(error)),
        ControlCommandResult { command_id, status, .. } if ask.format == Format::Text => {
            print(&format!("{command} {child}: {status} (command {command_id})\n"))
        }
        _ => Ok(()),
    }
}

/// As long as the target says that such a command may take, where that is longer.
fn patience(client: &Client, command: ControlCommandKind, said: Duration) -> Duration {
    let known = client.hello.supported_commands.iter();
    let timeout = known.filter(|it| it.name == command.as_str()).map(|it| it.timeout_seconds).max();
    said.max(Duration::from_secs(timeout.unwrap_or(0)))
}

/// Asks at the terminal. Where there is none nobody can say yes.
fn is_meant(client: &Client, command: ControlCommandKind, child: &str) -> Result<bool, CtlError> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut terminal = io::stderr();
    write!(terminal, "{command} {child} of {}? [y/N] ", client.target_id())
        .and_then(|()| terminal.flush())
        .map_err(CtlError::Output)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(CtlError::Output)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The name that the environment gives, else the number.
fn this_user() -> String {
    let name = std::env::var("USER").ok().filter(|name| !name.trim().is_empty());
    name.unwrap_or_else(|| format!("uid {}", rustix::process::geteuid().as_raw()))
}

fn now_unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

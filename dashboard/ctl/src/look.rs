//! What only looks: `status`, `tree`, `why`, `explain`.

use std::time::Duration;

use rust_supervisor::dashboard::error::ErrorCode;
use rust_supervisor::dashboard::model::DashboardState;
use rust_supervisor::dashboard::protocol::{IpcResult, Method};
use serde_json::json;

use crate::arguments::{Format, Where, print, print_json};
use crate::client::Client;
use crate::error::CtlError;
use crate::{find, show};

/// Who is asked, and how.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) place: Where,
    pub(crate) format: Format,
    pub(crate) patience: Duration,
}

impl Ask {
    /// A connection to the one target that is meant.
    pub(crate) async fn client(&self) -> Result<Client, CtlError> {
        Client::connect(&find::one(&self.place)?, self.patience).await
    }
}

/// All there is to know about a target.
pub(crate) async fn state_of(client: &mut Client) -> Result<DashboardState, CtlError> {
    match client.ask(Method::State, json!({})).await? {
        IpcResult::State { state, .. } => Ok(*state),
        other => Err(unexpected(&other)),
    }
}

pub(crate) fn unexpected(result: &IpcResult) -> CtlError {
    CtlError::Usage(format!("the target has answered something else: {}", json!(result)))
}

pub(crate) async fn status(ask: &Ask) -> Result<(), CtlError> {
    let mut rows = Vec::new();
    let mut failed = None;
    for socket in find::all(&ask.place)? {
        let seen = async {
            let mut client = Client::connect(&socket, ask.patience).await?;
            let state = state_of(&mut client).await?;
            Ok::<_, CtlError>((client.hello, state))
        };
        let seen = seen.await;
        match ask.format {
            Format::Json => print_json(&match &seen {
                Ok((hello, state)) => json!({
                    "ok": true, "socket": socket.path, "hello": hello, "summary": show::Summary::of(state).to_json(),
                }),
                Err(error) => {
                    json!({ "ok": false, "socket": socket.path, "error": error.to_string() })
                }
            })?,
            Format::Text => rows.push(show::status_row(&socket, seen.as_ref())),
        }
        failed = failed.or(seen.err());
    }
    print(&show::table(
        &["TARGET", "STATE", "CHILDREN", "RESTARTS", "ROLE", "PROGRAM", "SOCKET"],
        &rows,
    ))?;
    failed.map_or(Ok(()), Err)
}

pub(crate) async fn tree(ask: &Ask) -> Result<(), CtlError> {
    let state = state_of(&mut ask.client().await?).await?;
    match ask.format {
        Format::Json => print_json(&json!(state)),
        Format::Text => print(&show::tree(&state)),
    }
}

pub(crate) async fn why(ask: &Ask, path: &str) -> Result<(), CtlError> {
    let mut client = ask.client().await?;
    let answer = client.ask(Method::Why, json!({ "child_path": path })).await;
    match or_nearest(&mut client, path, answer).await? {
        IpcResult::Why { text, .. } if ask.format == Format::Text => {
            let lines = text.lines().map(show::printable);
            print(&format!("{}\n", lines.collect::<Vec<_>>().join("\n").trim_end()))
        }
        result @ IpcResult::Why { .. } => print_json(&json!(result)),
        other => Err(unexpected(&other)),
    }
}

pub(crate) async fn explain(ask: &Ask, path: &str) -> Result<(), CtlError> {
    let mut client = ask.client().await?;
    let answer = client.ask(Method::Explain, json!({ "child_path": path })).await;
    if let Err(CtlError::Refused(error)) = &answer
        && error.is(ErrorCode::UnknownChild)
        && let Some((above, _)) = path.rsplit_once('/')
        && state_of(&mut client).await?.runtime_state.iter().any(|row| row.child_path == path)
    {
        let (path, above) = (path.to_owned(), above.to_owned());
        return Err(CtlError::AddedLater { path, above });
    }
    match or_nearest(&mut client, path, answer).await? {
        IpcResult::Explain { values, .. } if ask.format == Format::Text => {
            let rows: Vec<Vec<String>> =
                values.into_iter().map(|it| vec![it.key, it.value, it.origin]).collect();
            print(&show::table(&["KEY", "VALUE", "FROM"], &rows))
        }
        result @ IpcResult::Explain { .. } => print_json(&json!(result)),
        other => Err(unexpected(&other)),
    }
}

/// Where the child is not known: which one may be meant.
pub(crate) async fn or_nearest<T>(
    client: &mut Client,
    path: &str,
    answer: Result<T, CtlError>,
) -> Result<T, CtlError> {
    match answer {
        Err(CtlError::Refused(error)) if error.is(ErrorCode::UnknownChild) => {
            let state = state_of(client).await?;
            let paths = state.runtime_state.iter().map(|row| row.child_path.as_str());
            let near = show::nearest(path, paths).map(str::to_owned);
            Err(CtlError::UnknownChild { path: path.to_owned(), near })
        }
        answer => answer,
    }
}

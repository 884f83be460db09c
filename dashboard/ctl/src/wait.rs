//! `wait`: until a child is as it is said.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use rust_supervisor::dashboard::label::LifecycleLabel;
use rust_supervisor::dashboard::model::DashboardState;
use rust_supervisor::dashboard::protocol::{IpcResult, IpcServerPush, Method};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::arguments::{Format, print, print_json};
use crate::error::CtlError;
use crate::look::{Ask, or_nearest, state_of, unexpected};

#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// Such as /root/payments/ledger; /root for the whole tree.
    path: String,
    /// Until it is ready for work.
    #[arg(long, required_unless_present = "state", conflicts_with = "state")]
    ready: bool,
    /// Until it is in this state.
    #[arg(long, value_name = "STATE", value_parser = states())]
    state: Option<LifecycleLabel>,
    /// For how long, at most.
    #[arg(long = "for", value_name = "TIME", default_value = "1m", value_parser = humantime::parse_duration)]
    at_most: Duration,
}

/// The words of the column STATE, and those that events and the library have for the same.
fn states() -> impl TypedValueParser<Value = LifecycleLabel> {
    let of_library = |label| match label {
        LifecycleLabel::Running => Some("up"),
        LifecycleLabel::Backoff => Some("restarting"),
        _ => None,
    };
    let words = LifecycleLabel::ALL
        .iter()
        .map(move |&label| PossibleValue::new(label.as_str()).aliases(of_library(label)));
    PossibleValuesParser::new(words).try_map(move |word| {
        let mut labels = LifecycleLabel::ALL.iter().copied();
        let is_meant = |label: &LifecycleLabel| {
            label.as_str() == word || of_library(*label) == Some(word.as_str())
        };
        labels.find(is_meant).ok_or("it is no state")
    })
}

pub(crate) async fn wait(ask: &Ask, what: &Wait) -> Result<(), CtlError> {
    let until = Instant::now() + what.at_most;
    let mut client = ask.client().await?;
    // Before the state is read, so that no change is missed in between.
    let filter = json!({ "child_paths": [what.path] });
    let answer = client.ask(Method::EventsSubscribe, json!({ "filter": filter })).await;
    match or_nearest(&mut client, &what.path, answer).await? {
        IpcResult::Subscription { .. } => {}
        other => return Err(unexpected(&other)),
    }
    loop {
        let state = state_of(&mut client).await?;
        let found = what.look_at(&state)?;
        if found.is_there {
            return match ask.format {
                Format::Text => print(&format!("{} is {}\n", what.path, found.words)),
                Format::Json => {
                    print_json(&json!({ "ok": true, "path": what.path, "state": found.words }))
                }
            };
        }
        // Something about it, or below it, has changed.
        loop {
            let Ok(push) = timeout_at(until, client.next_push()).await else {
                let wanted = what.state.map_or("ready", LifecycleLabel::as_str);
                return Err(CtlError::NotInTime {
                    what: format!("`{wanted}` of {}", what.path),
                    waited: what.at_most,
                    found: found.words,
                });
            };
            if let IpcServerPush::StateDelta { .. } | IpcServerPush::Dropped { .. } = push? {
                break;
            }
        }
    }
}

struct Found {
    is_there: bool,
    words: String,
}

impl Wait {
    fn look_at(&self, state: &DashboardState) -> Result<Found, CtlError> {
        let row = state.runtime_state.iter().find(|row| row.child_path == self.path);
        let Some(row) = row else {
            let paths = state.runtime_state.iter().map(|row| row.child_path.as_str());
            let near = crate::show::nearest(&self.path, paths).map(str::to_owned);
            return Err(CtlError::UnknownChild { path: self.path.clone(), near });
        };
        let is_there = match self.state {
            Some(wanted) => row.lifecycle_state == wanted.as_str(),
            None => row.readiness == "ready",
        };
        Ok(Found {
            is_there,
            words: format!("{}, {}", row.lifecycle_state, row.readiness.replace('_', " ")),
        })
    }
}

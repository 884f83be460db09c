//! `tail`: what happened, and what the program wrote to its log.

use clap::Args;
use rust_supervisor::dashboard::model::{DashboardState, EventRecord, LogRecord};
use rust_supervisor::dashboard::protocol::{IpcResult, IpcServerPush, Method};
use serde_json::{Value, json};

use crate::arguments::{Format, print, print_json};
use crate::client::Client;
use crate::error::CtlError;
use crate::look::{Ask, or_nearest, state_of, unexpected};
use crate::show;

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// Only of this child and whatever is below it.
    path: Option<String>,
    /// Goes on with what comes.
    #[arg(long, short)]
    follow: bool,
    /// Only events.
    #[arg(long, conflicts_with = "logs")]
    events: bool,
    /// Only lines of the log.
    #[arg(long)]
    logs: bool,
    /// Only what matters as much as this: trace, debug, info, warning or error.
    #[arg(long, value_name = "WORD", default_value = "info", value_parser = ["trace", "debug", "info", "warning", "error"])]
    severity: String,
    /// How many, of what is there already.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    lines: usize,
}

pub(crate) async fn tail(ask: &Ask, what: &Tail) -> Result<(), CtlError> {
    let mut client = ask.client().await?;
    let state = state_of(&mut client).await?;
    if let Some(path) = &what.path
        && !state.runtime_state.iter().any(|row| row.child_path == *path)
    {
        let known = state.runtime_state.iter().map(|row| row.child_path.as_str());
        let near = show::nearest(path, known).map(str::to_owned);
        return Err(CtlError::UnknownChild { path: path.clone(), near });
    }
    let latest = Latest::of(&state);
    let mut lines = past(&mut client, ask.format, what, latest).await?;
    lines.sort_by_key(|(at, _)| *at);
    for (_, line) in lines.split_off(lines.len().saturating_sub(what.lines)) {
        print(&line)?;
    }
    if !what.follow {
        return Ok(());
    }
    let paths: Vec<_> = what.path.iter().collect();
    let filter = json!({ "child_paths": paths, "severities": severities(&what.severity) });
    let next = Latest { event: latest.event + 1, log: latest.log + 1 };
    subscribe(&mut client, what, &filter, next).await?;
    loop {
        match client.next_push().await? {
            // What was on its way when the filter was set.
            IpcServerPush::Event { event, .. } if event.sequence > latest.event => {
                print(&line_of_event(ask.format, &event))?;
            }
            IpcServerPush::Log { log, .. }
                if log.sequence.is_none_or(|sequence| sequence > latest.log) =>
            {
                print(&line_of_log(ask.format, &log))?;
            }
            push @ IpcServerPush::Dropped { events, logs } => match ask.format {
                Format::Json => print_json(&json!(push))?,
                Format::Text => {
                    print(&format!("… {events} events and {logs} lines are missing here\n"))?;
                }
            },
            IpcServerPush::Event { .. }
            | IpcServerPush::Log { .. }
            | IpcServerPush::StateDelta { .. } => {}
        }
    }
}

/// The sequences of what was latest, or 0 where there is nothing.
#[derive(Clone, Copy)]
struct Latest {
    event: u64,
    log: u64,
}

impl Latest {
    fn of(state: &DashboardState) -> Self {
        Self {
            event: state.recent_events.last().map_or(0, |event| event.sequence),
            log: state.recent_logs.last().and_then(|log| log.sequence).unwrap_or(0),
        }
    }
}

/// What the target has kept up to now, each line with its time. More is kept than its state shows, and
/// the filter is used here: of what a filter leaves out nobody hears that it has passed.
async fn past(
    client: &mut Client,
    format: Format,
    what: &Tail,
    latest: Latest,
) -> Result<Vec<(u64, String)>, CtlError> {
    let mut lines = Vec::new();
    let is_wanted = Latest {
        event: if what.logs { 0 } else { latest.event },
        log: if what.events { 0 } else { latest.log },
    };
    let (mut events, mut logs) = (is_wanted.event == 0, is_wanted.log == 0);
    if events && logs {
        return Ok(lines);
    }
    subscribe(client, what, &json!({}), Latest { event: 1, log: 1 }).await?;
    while !(events && logs) {
        match client.next_push().await? {
            IpcServerPush::Event { event, .. } => {
                events |= event.sequence >= latest.event;
                if event.sequence <= latest.event && what.wants_event(&event) {
                    lines.push((event.occurred_at_unix_nanos, line_of_event(format, &event)));
                }
            }
            IpcServerPush::Log { log, .. } => {
                let sequence = log.sequence.unwrap_or(u64::MAX);
                logs |= sequence >= latest.log;
                if sequence <= latest.log && what.wants_log(&log) {
                    lines.push((log.occurred_at_unix_nanos, line_of_log(format, &log)));
                }
            }
            // What was there before is not kept any more.
            IpcServerPush::Dropped { .. } | IpcServerPush::StateDelta { .. } => {}
        }
    }
    Ok(lines)
}

async fn subscribe(
    client: &mut Client,
    what: &Tail,
    filter: &Value,
    from: Latest,
) -> Result<(), CtlError> {
    let path = what.path.as_deref().unwrap_or_default();
    let methods = [
        (Method::EventsSubscribe, !what.logs, from.event),
        (Method::LogsTail, !what.events, from.log),
    ];
    for (method, _, from) in methods.into_iter().filter(|(_, is_wanted, _)| *is_wanted) {
        let params = json!({ "filter": filter, "from_sequence": from });
        let answer = client.ask(method, params).await;
        match or_nearest(client, path, answer).await? {
            IpcResult::Subscription { .. } => {}
            other => return Err(unexpected(&other)),
        }
    }
    Ok(())
}

const SEVERITIES: [&str; 5] = ["trace", "debug", "info", "warning", "error"];

/// The word and those that matter more.
fn severities(least: &str) -> Vec<&'static str> {
    SEVERITIES.into_iter().skip_while(|word| *word != least).collect()
}

impl Tail {
    fn wants_event(&self, event: &EventRecord) -> bool {
        !self.logs && self.wants(&event.severity, &event.target_path)
    }

    fn wants_log(&self, log: &LogRecord) -> bool {
        let path = log.fields.get("child_path").map(String::as_str).unwrap_or_default();
        !self.events && self.wants(&log.severity, path)
    }

    fn wants(&self, severity: &str, of: &str) -> bool {
        let is_below = self.path.as_deref().is_none_or(|path| {
            of.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        is_below && severities(&self.severity).contains(&severity)
    }
}

fn line_of_event(format: Format, event: &EventRecord) -> String {
    match format {
        Format::Json => format!("{}\n", json!({ "type": "event", "event": event })),
        Format::Text => show::event(event),
    }
}

fn line_of_log(format: Format, log: &LogRecord) -> String {
    match format {
        Format::Json => format!("{}\n", json!({ "type": "log", "log": log })),
        Format::Text => show::log(log),
    }
}

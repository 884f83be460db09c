//! The relay of the host is told that this target is there, again and again.
//!
//! Nothing that a relay does or does not do is of any consequence to the tree: a relay that is
//! missing is looked for with every heartbeat, and one that refuses is asked again, slowly.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep_until, timeout};

use super::options::RegistrationOptions;
use super::target::Target;
use crate::dashboard::model::{RegistrationState, TargetProcessRegistration};
use crate::dashboard::protocol::RegistrationAck;

/// How long a relay may take for one registration.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer of a relay.
const ACK_BYTES: u64 = 16 * 1_024;

/// How many heartbeats pass before a relay that has refused for good is asked again.
const SLOW: u32 = 20;

/// What a relay has said.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Registered,
    /// It may take it later.
    NotNow(String),
    /// It will not take this.
    Never(String),
    /// It is not there, or does not answer as a relay does.
    Nobody(String),
}

/// Keeps the target registered, if that was asked for.
pub(super) async fn keep(target: Arc<Target>) -> Infallible {
    let Some(options) = target.options.registration.clone() else {
        return std::future::pending().await;
    };
    let registration = target.registration();
    let path = options.relay_path.clone();
    let connect = || UnixStream::connect(path.clone());
    keep_with(&options, &registration, connect, |state| {
        target.registration.send_replace(state);
    })
    .await
}

pub(super) async fn keep_with<S, F>(
    options: &RegistrationOptions,
    registration: &TargetProcessRegistration,
    connect: impl Fn() -> F,
    tell: impl Fn(RegistrationState),
) -> Infallible
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = io::Result<S>>,
{
    let RegistrationOptions { relay_path, lease, heartbeat } = options;
    let relay = relay_path.display();
    let mut said = None;
    let mut holds_until: Option<Instant> = None;
    loop {
        let begun = Instant::now();
        let answer = match timeout(PATIENCE.min(*heartbeat), register(registration, &connect)).await
        {
            Ok(answer) => answer,
            Err(_) => Answer::Nobody("it does not answer".to_owned()),
        };
        let wait = match &answer {
            Answer::Never(_) if !cfg!(plant_bug = "ipc_refusal_is_hurried") => *heartbeat * SLOW,
            _ => *heartbeat,
        };
        let state = match &answer {
            Answer::Registered => {
                holds_until = Some(begun + *lease);
                RegistrationState::Active
            }
            Answer::NotNow(_) | Answer::Never(_) => {
                holds_until = None;
                RegistrationState::Rejected
            }
            Answer::Nobody(_) if holds_until.is_some_and(|until| Instant::now() < until) => {
                RegistrationState::Active
            }
            Answer::Nobody(_) => RegistrationState::Expired,
        };
        tell(state);
        // Each answer is said once, until there is another.
        if said.as_ref() != Some(&answer) || cfg!(plant_bug = "ipc_refusal_is_repeated") {
            match &answer {
                Answer::Registered => tracing::info!(%relay, "registered with the relay"),
                Answer::NotNow(why) => {
                    tracing::info!(%relay, "the relay does not take it now: {why}");
                }
                Answer::Never(why) => tracing::warn!(
                    %relay,
                    "the relay refuses this target, and is asked again every {wait:?}: {why}"
                ),
                Answer::Nobody(why) => {
                    tracing::info!(%relay, "there is no relay yet, and it is looked for: {why}");
                }
            }
            said = Some(answer);
        }
        sleep_until(begun + wait).await;
    }
}

/// Says it once: a line there, a line back.
async fn register<S, F>(
    registration: &TargetProcessRegistration,
    connect: &impl Fn() -> F,
) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = io::Result<S>>,
{
    match exchange(registration, connect).await {
        Err(error) => Answer::Nobody(error.to_string()),
        Ok(ack) if ack.ok => Answer::Registered,
        Ok(ack) => {
            let why = ack.error.map(|error| format!("{}: {}", error.code, error.message));
            let why: String = why.unwrap_or_else(|| "it does not say why".to_owned());
            // It goes into the log of this program, where it is a part of one line.
            let shown = |it: char| if it.is_control() { ' ' } else { it };
            let why = why.chars().take(512).map(shown).collect();
            if ack.retryable { Answer::NotNow(why) } else { Answer::Never(why) }
        }
    }
}

async fn exchange<S, F>(
    registration: &TargetProcessRegistration,
    connect: &impl Fn() -> F,
) -> io::Result<RegistrationAck>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = io::Result<S>>,
{
    let mut stream = connect().await?;
    let mut line = serde_json::to_vec(registration)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.flush().await?;
    let mut ack = Vec::new();
    let mut stream = stream.take(ACK_BYTES);
    loop {
        if stream.read_buf(&mut ack).await? == 0 {
            break;
        }
        if let Some(end) = ack.iter().position(|&byte| byte == b'\n') {
            ack.truncate(end);
            return Ok(serde_json::from_slice(&ack)?);
        }
    }
    let why = if ack.is_empty() { "it says nothing" } else { "its answer has no end" };
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, why))
}

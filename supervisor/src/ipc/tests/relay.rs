//! Registration: whatever a relay does or does not do, the tree goes on, and the relay is found.

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::{Instant, sleep, timeout};
use tracing_subscriber::layer::SubscriberExt;

use crate::dashboard::label::SeverityLabel;
use crate::dashboard::model::{RegistrationState, TargetProcessRegistration};
use crate::ipc::logs::{LogBuffer, LogLayer};
use crate::ipc::options::{IpcError, IpcOptions, RegistrationOptions};
use crate::ipc::registration::keep_with;

/// What a relay does with one registration.
#[derive(Clone, Copy, Debug)]
enum Relay {
    Missing,
    Says(&'static str),
    Silent,
}

const YES: Relay =
    Relay::Says(r#"{"ok":true,"retryable":false,"status":"registered","target_id":"shop"}"#);
const LATER: Relay = Relay::Says(
    r#"{"ok":false,"retryable":true,"error":{"code":"rate_limited","message":"slowly"}}"#,
);
const NEVER: Relay = Relay::Says(
    r#"{"ok":false,"retryable":false,"error":{"code":"ipc_path_not_allowed","message":"not there"}}"#,
);

/// What is seen of it.
#[derive(Debug, Default)]
struct Seen {
    /// In seconds.
    asked_at: Vec<u64>,
    lines: Vec<String>,
    states: Vec<RegistrationState>,
}

async fn answer(relay: Relay, stream: DuplexStream) -> String {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("a line");
    match relay {
        Relay::Says(ack) => {
            // It may be gone already.
            drop(stream.write_all(format!("{ack}\n").as_bytes()).await);
        }
        Relay::Missing => {}
        Relay::Silent => sleep(Duration::from_hours(1)).await,
    }
    line
}

/// Lets a target be registered for so long, with one of these for each time; the last one for ever.
async fn registering(relays: &[Relay], seconds: u64) -> (Seen, Vec<(SeverityLabel, String)>) {
    let buffer = LogBuffer::new();
    let layer = LogLayer::new().into_buffer(&buffer);
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let seen = RefCell::new(Seen::default());
    let (lines, mut written) = tokio::sync::mpsc::unbounded_channel();
    let begin = Instant::now();
    let connect = || {
        let number = seen.borrow().asked_at.len();
        seen.borrow_mut().asked_at.push(begin.elapsed().as_secs());
        let relay = relays[number.min(relays.len() - 1)];
        let lines = lines.clone();
        async move {
            if matches!(relay, Relay::Missing) {
                return Err(io::Error::from(io::ErrorKind::NotFound));
            }
            let (ours, theirs) = duplex(4_096);
            tokio::spawn(
                async move { lines.send(answer(relay, theirs).await).unwrap_or_default() },
            );
            Ok(ours)
        }
    };
    let options = RegistrationOptions {
        relay_path: "/run/relay.sock".into(),
        lease: Duration::from_secs(30),
        heartbeat: Duration::from_secs(10),
    };
    let registration = TargetProcessRegistration {
        target_id: "shop".to_owned(),
        display_name: "the shop".to_owned(),
        ipc_path: "/run/shop.sock".to_owned(),
        lease_seconds: 30,
        supported_commands: Vec::new(),
    };
    let tell = |state| seen.borrow_mut().states.push(state);
    let keeping = keep_with(&options, &registration, connect, tell);
    drop(timeout(Duration::from_secs(seconds), keeping).await);
    drop(guard);
    let mut seen = seen.into_inner();
    while let Ok(line) = written.try_recv() {
        seen.lines.push(line);
    }
    let said = buffer.recent(100);
    (seen, said.iter().map(|line| (line.severity, line.message.clone())).collect())
}

#[tokio::test(start_paused = true)]
async fn the_whole_registration_is_said_with_every_heartbeat() {
    let (seen, said) = registering(&[YES], 35).await;
    assert_eq!(seen.asked_at, [0, 10, 20, 30]);
    assert_eq!(seen.states, [RegistrationState::Active; 4]);
    assert_eq!(seen.lines.len(), 4);
    for line in &seen.lines {
        assert!(line.ends_with('\n'));
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let expected = json!({
            "target_id": "shop", "display_name": "the shop", "ipc_path": "/run/shop.sock",
            "lease_seconds": 30, "supported_commands": [],
        });
        assert_eq!(line, expected);
    }
    assert_eq!(said.len(), 1, "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_missing_is_found_when_it_comes_and_again_when_it_comes_back() {
    let relays =
        [Relay::Missing, Relay::Missing, YES, Relay::Missing, Relay::Missing, Relay::Missing, YES];
    let (seen, said) = registering(&relays, 65).await;
    assert_eq!(seen.asked_at, [0, 10, 20, 30, 40, 50, 60]);
    let (active, expired) = (RegistrationState::Active, RegistrationState::Expired);
    // The lease of the one at 20 s holds until 50 s.
    assert_eq!(seen.states, [expired, expired, active, active, active, expired, active]);
    assert!(said.iter().all(|(severity, _)| *severity == SeverityLabel::Info), "{said:?}");
    assert_eq!(said.len(), 4, "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn who_refuses_for_good_is_asked_slowly_and_it_is_said_once() {
    let (seen, said) = registering(&[NEVER], 999).await;
    assert_eq!(seen.asked_at, [0, 200, 400, 600, 800]);
    assert!(seen.states.iter().all(|state| *state == RegistrationState::Rejected));
    let [(severity, message)] = &said[..] else { panic!("{said:?}") };
    assert_eq!(*severity, SeverityLabel::Warning);
    assert!(message.contains("ipc_path_not_allowed: not there"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn who_refuses_for_now_is_asked_with_the_next_heartbeat() {
    let (seen, said) = registering(&[LATER, LATER, YES], 25).await;
    assert_eq!(seen.asked_at, [0, 10, 20]);
    assert_eq!(seen.states.last(), Some(&RegistrationState::Active));
    assert!(said.iter().all(|(severity, _)| *severity == SeverityLabel::Info), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_silent_hangs_up_or_talks_nonsense_costs_one_heartbeat() {
    let endless = Relay::Says(Box::leak("x".repeat(64 * 1_024).into_boxed_str()));
    let relays = [Relay::Silent, Relay::Says("nonsense"), Relay::Says("{}"), endless, YES];
    let (seen, _) = registering(&relays, 45).await;
    assert_eq!(seen.asked_at, [0, 10, 20, 30, 40]);
    assert_eq!(seen.states[..4], [RegistrationState::Expired; 4]);
    assert_eq!(seen.states[4], RegistrationState::Active);
}

#[test]
fn a_registration_that_cannot_be_is_refused() {
    let with = |change: fn(&mut RegistrationOptions)| {
        let mut registration = RegistrationOptions::default();
        change(&mut registration);
        IpcOptions::new("shop").registration(registration).check()
    };
    assert!(with(|_| {}).is_ok());
    for (change, key) in [
        (
            (|it| it.relay_path = "here".into()) as fn(&mut RegistrationOptions),
            "relay_registration_path",
        ),
        (|it| it.lease = Duration::ZERO, "lease_seconds"),
        (|it| it.lease = Duration::from_millis(30_500), "lease_seconds"),
        (|it| it.heartbeat = Duration::ZERO, "registration_heartbeat_interval_seconds"),
        (|it| it.heartbeat = it.lease, "registration_heartbeat_interval_seconds"),
    ] {
        match with(change) {
            Err(IpcError::BadOption { key: found, .. }) => assert!(found.ends_with(key), "{found}"),
            other => panic!("{other:?}"),
        }
    }
}

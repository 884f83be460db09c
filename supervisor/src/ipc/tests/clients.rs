//! Clients that are slow, silent, broken or hostile: each costs itself, and nobody else notices.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::harness::{Client, TARGET, code_of, command, parked, reach, reach_with, shop, slow};
use crate::dashboard::label::Role;
use crate::ipc::peer::Peer;
use crate::ipc::server::{Accept, serve};
use crate::spec::supervisor::SupervisorSpec;

/// Sees that another client is served.
async fn is_served(client: &mut Client) {
    assert_eq!(client.get("hello", &json!({})).await["target_id"], TARGET);
}

#[tokio::test(start_paused = true)]
async fn requests_come_in_pieces_or_many_at_once() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let request = json!({ "request_id": "x", "method": "hello", "params": {} }).to_string() + "\n";
    for byte in request.as_bytes() {
        client.write(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer_to("x").await["ok"], true);
    let many: String = (0..20).map(|n| request.replace("\"x\"", &format!("\"{n}\""))).collect();
    client.write(many.as_bytes()).await;
    for n in 0..20 {
        assert_eq!(client.answer_to(&n.to_string()).await["ok"], true);
    }
    // The last one need not listen for longer than it asks.
    client.write(request.as_bytes()).await;
    client.finish_writing().await;
    assert_eq!(client.answer_to("x").await["ok"], true);
    assert!(client.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_line_without_end_is_refused_while_it_comes_in_and_its_connection_closed() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    client.write(br#"{"request_id":"long","method":"hello","params":{"x":""#).await;
    let piece = vec![b'x'; 32 * 1_024];
    client.write(&piece).await;
    client.write(&piece).await;
    let answer = client.answer_to("long").await;
    assert_eq!(code_of(&answer), ("line_too_long".to_owned(), "protocol_parse".to_owned()));
    assert!(client.is_closed().await);
    is_served(&mut reach.client()).await;
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_nested_too_deep_is_refused_and_the_next_one_read() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let deep = format!(r#"{{"request_id":"deep","params":{}"#, "[".repeat(1_000));
    client.write(format!("{deep}\n").as_bytes()).await;
    assert_eq!(code_of(&client.answer_to("deep").await).0, "nesting_too_deep");
    is_served(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_too_often_is_told_so_and_at_last_not_listened_to() {
    let reach = reach_with(shop(), |limits| limits.requests_per_second = 10).await;
    let mut client = reach.client();
    let mut other = reach.client_of(7, Role::Admin);
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(client.ask("hello", &json!({})).await);
    }
    // The connection was one of ten.
    let passed = answers.iter().filter(|answer| answer["ok"] == true).count();
    assert_eq!(passed, 9);
    let refused = answers.last().unwrap();
    assert_eq!(code_of(refused), ("rate_limited".to_owned(), "authorise".to_owned()));
    assert_eq!(refused["error"]["retryable"], true);
    is_served(&mut other).await;

    tokio::time::sleep(Duration::from_secs(1)).await;
    is_served(&mut client).await;
    for _ in 0..30 {
        client.send("hello", &json!({})).await;
    }
    let mut refused = 0;
    while let Some(answer) = client.line().await {
        refused += u32::from(answer["ok"] == false);
    }
    assert_eq!(refused, 11);
    is_served(&mut other).await;
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_never_finished_costs_its_connection() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let before = Instant::now();
    client.write(br#"{"request_id":"half""#).await;
    let answer = client.answer_to("half").await;
    assert_eq!(code_of(&answer), ("invalid_json".to_owned(), "protocol_parse".to_owned()));
    assert!(client.is_closed().await);
    assert_eq!(before.elapsed(), Duration::from_secs(10));

    // One byte a second makes it no better.
    let mut client = reach.client();
    client.get("events.subscribe", &json!({})).await;
    for _ in 0..9 {
        client.write(b" ").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(client.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_is_let_go_and_who_waits_for_something_is_not() {
    let reach = reach(shop()).await;
    let (mut idle, mut waiting) = (reach.client(), reach.client());
    waiting.get("events.subscribe", &json!({})).await;
    tokio::time::sleep(Duration::from_secs(299)).await;
    is_served(&mut idle).await;
    tokio::time::sleep(Duration::from_secs(299)).await;
    assert!(!idle.session.is_finished());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(idle.session.is_finished());
    assert!(idle.line().await.is_none());
    is_served(&mut waiting).await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_let_go() {
    let reach = reach(shop()).await;
    let mut client = reach.client_with(1_000, Role::Admin, 1_024);
    client.send("state", &json!({})).await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(!client.session.is_finished());
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(client.session.is_finished(), "it waits for a client that does not read");
    is_served(&mut reach.client()).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_from_who_does_not_read() {
    let reach = reach(shop()).await;
    let mut client = reach.client_with(1_000, Role::Admin, 1_024);
    let request = json!({ "request_id": "x", "method": "state" }).to_string() + "\n";
    let flood = request.repeat(10_000);
    // It is full long before: nothing is kept for it.
    assert!(timeout(Duration::from_secs(5), client.write(flood.as_bytes())).await.is_err());
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(client.session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn while_a_client_waits_for_many_answers_no_more_is_read_of_it() {
    let reach = reach(SupervisorSpec::root().child(slow("till", 20))).await;
    let mut client = reach.client();
    let restart = command("a", "restart_child", "/root/till");
    for _ in 0..128 {
        // The same again waits for the same answer. More than 64 are read only with what came with
        // one of these.
        client.send("command.restart_child", &restart).await;
    }
    client.send("hello", &json!({})).await;
    let first = client.line().await.unwrap();
    assert_eq!(
        first["result"]["command_id"], "a",
        "what comes after them was read before: {first}"
    );
    is_served(&mut reach.client()).await;
}

/// A user of another one connects to the real socket: its own threads may be of any user under Linux,
/// and the system says who it was that connected.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_connects_is_who_the_system_says() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;
    use tokio::net::UnixListener;

    const NOBODY: u32 = 65_534;

    let folder = std::env::temp_dir().join(format!("ipc-peer-{:016x}", fastrand::u64(..)));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("s");
    let listener = UnixListener::bind(&path).unwrap();
    for (path, mode) in [(&folder, 0o755), (&path, 0o666)] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    // Only root has threads of another user; whoever else asks is itself.
    let is_root = rustix::process::geteuid().is_root();
    let uid = if is_root { NOBODY } else { rustix::process::geteuid().as_raw() };
    let connecting = std::thread::spawn(move || {
        if is_root {
            let nobody = rustix::process::Uid::from_raw(NOBODY);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        UnixStream::connect(&path).unwrap()
    });
    let (_, peer) = listener.next().await.unwrap();
    let found = peer.unwrap();
    let pid = i32::try_from(std::process::id()).unwrap();
    assert_eq!(found, Peer { uid, pid: Some(pid) });
    drop(connecting.join().unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_leaves_nothing_behind() {
    let reach = reach_with(shop(), |limits| limits.connections_per_user = 1).await;
    for _ in 0..10 {
        let mut client = reach.client();
        client.get("events.subscribe", &json!({})).await;
        client.get("logs.tail", &json!({})).await;
        let session = client.leave();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(session.is_finished());
    }
}

#[tokio::test(start_paused = true)]
async fn no_user_has_more_subscriptions_than_there_may_be() {
    let reach = reach_with(shop(), |limits| limits.subscriptions_per_user = 2).await;
    let (mut first, mut second) = (reach.client(), reach.client());
    first.get("events.subscribe", &json!({})).await;
    first.get("logs.tail", &json!({})).await;
    // Another in the place of the one before is no more than before.
    first.get("events.subscribe", &json!({})).await;
    let refused = second.refused("events.subscribe", &json!({})).await;
    assert_eq!(refused, ("rate_limited".to_owned(), "subscription".to_owned()));
    first.get("events.unsubscribe", &json!({})).await;
    second.get("events.subscribe", &json!({})).await;
}

/// Connections, and errors of the system, one after the other.
struct Line(RefCell<mpsc::UnboundedReceiver<Arrival>>);

type Arrival = io::Result<(DuplexStream, io::Result<Peer>)>;

impl Accept for Line {
    type Stream = DuplexStream;

    async fn next(&self) -> Arrival {
        match poll_fn(|cx| self.0.borrow_mut().poll_recv(cx)).await {
            Some(arrival) => arrival,
            None => std::future::pending().await,
        }
    }
}

fn arrival(uid: io::Result<u32>) -> (Client, Arrival) {
    let (ours, theirs) = duplex(64 * 1_024);
    let client = Client::new(ours, tokio::spawn(async {}));
    (client, Ok((theirs, uid.map(|uid| Peer { uid, pid: None }))))
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_system_never_ends_the_socket() {
    let reach = reach(shop()).await;
    let (door, line) = mpsc::unbounded_channel();
    let ours = rustix::process::geteuid().as_raw();
    let (mut client, good) = arrival(Ok(ours));
    let no_descriptors = || Err(io::Error::from_raw_os_error(24));
    let arrivals = [no_descriptors(), no_descriptors(), good];
    for arrival in arrivals {
        door.send(arrival).unwrap();
    }
    let target = Arc::clone(&reach.target);
    let line = Line(RefCell::new(line));
    let serving = serve(&line, &target);
    let asking = async {
        is_served(&mut client).await;
        reach.end().await;
        assert!(client.is_closed().await);
    };
    let both = async { tokio::join!(serving, asking) };
    timeout(Duration::from_mins(1), both).await.expect("it goes on");
}

#[tokio::test(start_paused = true)]
async fn who_may_not_connect_is_told_so_and_let_go() {
    let reach = reach_with(shop(), |limits| limits.connections = 1).await;
    let (door, line) = mpsc::unbounded_channel();
    let ours = rustix::process::geteuid().as_raw();
    let (mut foreign, first) = arrival(Ok(ours + 1));
    let (mut unknown, second) = arrival(Err(io::Error::other("no such thing")));
    let (mut good, third) = arrival(Ok(ours));
    let (mut one_too_many, fourth) = arrival(Ok(ours));
    for arrival in [first, second, third, fourth] {
        door.send(arrival).unwrap();
    }
    let target = Arc::clone(&reach.target);
    let looking = async {
        for (client, code) in [
            (&mut foreign, "permission_denied"),
            (&mut unknown, "permission_denied"),
            (&mut one_too_many, "rate_limited"),
        ] {
            let told = client.line().await.expect("a reason");
            assert_eq!(told["request_id"], "");
            assert_eq!(code_of(&told), (code.to_owned(), "authorise".to_owned()));
            // It asks first and reads then, as most do.
            client.write(b"{\"request_id\":\"late\",\"method\":\"hello\"}\n").await;
            assert!(client.is_closed().await);
        }
        is_served(&mut good).await;
        reach.end().await;
    };
    let line = Line(RefCell::new(line));
    tokio::join!(serve(&line, &target), looking);
}

#[tokio::test(start_paused = true)]
async fn what_happened_last_is_told_before_the_connection_is_closed() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    client.get("events.subscribe", &json!({})).await;
    reach.end().await;
    let mut events = Vec::new();
    let mut rows = Vec::new();
    while let Some(line) = client.line().await {
        if line["type"] == "event" {
            events.push(line["event"]["event_type"].as_str().unwrap().to_owned());
        }
        let changed = line["delta"]["runtime_state"].as_array().cloned();
        rows.extend(changed.unwrap_or_default());
    }
    assert_eq!(events.first().map(String::as_str), Some("shutdown_requested"));
    assert_eq!(events.last().map(String::as_str), Some("ended"));
    let last = |path: &str| -> Value {
        let mut of_path = rows.iter().filter(|row| row["child_path"] == path);
        of_path.next_back().map(|row| row["shutdown_state"].clone()).unwrap_or_default()
    };
    for path in ["/root", "/root/till", "/root/stock", "/root/stock/shelf"] {
        assert_eq!(last(path), "reconciled", "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_children_come_and_go_while_somebody_watches_and_the_picture_is_right() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    client.get("events.subscribe", &json!({})).await;
    for n in 0..100 {
        let child = parked(&format!("c{n}"));
        reach.handle.add_child("/root/stock", child, "me", "more").await.unwrap();
        if n % 2 == 0 {
            let path = format!("/root/stock/c{n}");
            reach.handle.remove_child(&path, "me", "less").await.unwrap();
        }
    }
    client.get("command.restart_child", &command("last", "restart_child", "/root/till")).await;
    reach.handle.wait_until_settled().await.unwrap();
    drop(client);
    // From the beginning, as one who comes late.
    let mut client = reach.client();
    client.get("events.subscribe", &json!({ "from_sequence": 1 })).await;
    let latest = reach.handle.journal().last().unwrap().sequence;
    let mut known = std::collections::BTreeMap::new();
    let mut seen = 0;
    loop {
        let line = client.line().await.unwrap();
        if line["type"] == "event" {
            seen = line["event"]["sequence"].as_u64().unwrap();
        }
        if line["type"] == "state_delta" {
            for row in line["delta"]["runtime_state"].as_array().unwrap() {
                known.insert(row["child_path"].as_str().unwrap().to_owned(), row.clone());
            }
            for path in line["delta"]["removed"].as_array().unwrap() {
                known.remove(path.as_str().unwrap());
            }
            if seen == latest {
                break;
            }
        }
    }
    let state = client.get("state", &json!({})).await;
    let rows = state["state"]["runtime_state"].as_array().unwrap();
    assert_eq!(rows.len(), 54);
    let rows: std::collections::BTreeMap<_, _> = rows
        .iter()
        .map(|row| (row["child_path"].as_str().unwrap().to_owned(), row.clone()))
        .collect();
    assert_eq!(known, rows);
}

//! Those who look: hello, the state, events, changes of the state, lines of the log.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{Client, TARGET, command, parked, reach, reach_of, reach_with, shop};
use crate::dashboard::label::Role;
use crate::dashboard::protocol::Method;
use crate::ipc::logs::LogLayer;
use crate::policy::restart::Restart;
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;
use tracing_subscriber::layer::SubscriberExt;

#[tokio::test(start_paused = true)]
async fn hello_says_who_it_is_and_what_may_be_asked() {
    let reach = reach(shop()).await;
    let mut client = reach.client_of(7, Role::Viewer);
    let hello = client.get("hello", &json!({ "protocol_version": "dashboard-ipc.v1" })).await;
    assert_eq!(hello["type"], "hello");
    assert_eq!(hello["protocol_version"], "dashboard-ipc.v1");
    assert_eq!((&hello["target_id"], &hello["role"]), (&json!(TARGET), &json!("viewer")));
    assert_eq!(hello["methods"].as_array().unwrap().len(), Method::ALL.len());
    assert_eq!(hello["registration"]["ipc_path"], "/run/shop.sock");
    let (code, _) = client.refused("hello", &json!({ "protocol_version": "v9" })).await;
    assert_eq!(code, "invalid_command_params");
}

#[tokio::test(start_paused = true)]
async fn every_method_refuses_what_is_meant_for_another_target() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    for method in ["hello", "state", "events.subscribe", "events.unsubscribe", "logs.tail"] {
        let meant = json!({ "target_id": "bank", "session_established": true });
        let refused = client.refused(method, &meant).await;
        assert_eq!(refused.0, "validation_failed", "{method}");
        let meant = json!({ "target_id": TARGET, "session_established": false });
        client.get(method, &meant).await;
    }
    let mut params = command("a", "restart_child", "/root/till");
    params["target_id"] = json!("bank");
    assert_eq!(client.refused("command.restart_child", &params).await.0, "validation_failed");
    assert_eq!(reach.handle.state_of("/root/till").await.unwrap().generation.0, 1);
}

#[tokio::test(start_paused = true)]
async fn the_state_is_that_of_the_running_tree() {
    let tree = shop().child(parked("clerk").depends_on("till"));
    let reach = reach(tree).await;
    let mut client = reach.client();
    let state = client.get("state", &json!({})).await;
    assert_eq!((&state["type"], &state["target_id"]), (&json!("state"), &json!(TARGET)));
    let state = &state["state"];
    let order = ["/root", "/root/till", "/root/stock", "/root/stock/shelf", "/root/clerk"];
    assert_eq!(state["topology"]["declaration_order"], json!(order));
    let kinds: Vec<_> =
        state["topology"]["nodes"].as_array().unwrap().iter().map(|n| &n["kind"]).collect();
    assert_eq!(kinds, ["root_supervisor", "child_task", "supervisor", "child_task", "child_task"]);
    let edges = state["topology"]["edges"].as_array().unwrap();
    let dependency: Vec<_> = edges.iter().filter(|edge| edge["kind"] == "dependency").collect();
    assert_eq!((dependency.len(), edges.len()), (1, 5));
    assert_eq!(dependency[0]["source_path"], "/root/clerk");
    assert_eq!(dependency[0]["target_path"], "/root/till");
    for row in state["runtime_state"].as_array().unwrap() {
        assert_eq!(
            (&row["lifecycle_state"], &row["readiness"]),
            (&json!("running"), &json!("ready"))
        );
        assert_eq!((&row["generation"], &row["attempt"]), (&json!(1), &json!(1)));
        assert_eq!((&row["shutdown_state"], &row["health"]), (&json!("none"), &json!("unknown")));
    }
    assert_eq!(state["recent_events"].as_array().unwrap().len() as u64, state["event_sequence"]);
    assert_eq!(state["config_version"].as_str().unwrap().len(), 8);

    reach.handle.pause_child("/root/till", "me", "look").await.unwrap();
    let later = client.get("state", &json!({})).await;
    assert!(later["state"]["state_generation"].as_u64() > state["state_generation"].as_u64());
    assert_eq!(later["state"]["runtime_state"][1]["lifecycle_state"], "paused");
    let again = client.get("state", &json!({})).await;
    assert_eq!(again["state"]["state_generation"], later["state"]["state_generation"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_down_says_why() {
    let once = |id: &str, result: Result<(), &'static str>| {
        let task = service_fn(move |_: TaskContext| async move { result });
        ChildSpec::new(id, task).restart(Restart::Temporary)
    };
    let flaky = service_fn(async |_: TaskContext| Err::<(), _>("no"));
    let tree = SupervisorSpec::root()
        .child(once("gone", Ok(())))
        .child(
            ChildSpec::new("done", service_fn(async |_: TaskContext| Ok::<(), &str>(())))
                .restart(Restart::Transient),
        )
        .child(ChildSpec::new("flaky", flaky))
        .child(parked("stopped"));
    let reach = reach(tree).await;
    reach.handle.stop_child("/root/stopped", "me", "why not").await.unwrap();
    let mut client = reach.client();
    let state = client.get("state", &json!({})).await;
    let label = |path: &str| {
        let rows = state["state"]["runtime_state"].as_array().unwrap();
        let row = rows.iter().find(|row| row["child_path"] == path);
        row.map(|row| row["lifecycle_state"].as_str().unwrap().to_owned())
    };
    assert_eq!(label("/root/gone"), None);
    assert_eq!(label("/root/done").as_deref(), Some("completed"));
    assert_eq!(label("/root/stopped").as_deref(), Some("stopped"));
    assert_eq!(label("/root/flaky").as_deref(), Some("backoff"));
}

fn sequences(events: &[Value]) -> Vec<u64> {
    events.iter().map(|push| push["event"]["sequence"].as_u64().unwrap()).collect()
}

async fn events(client: &mut Client, count: usize) -> Vec<Value> {
    let mut events = Vec::new();
    while events.len() < count {
        events.push(client.push("event").await);
    }
    events
}

#[tokio::test(start_paused = true)]
async fn the_line_about_a_subscription_comes_first_and_then_what_happens() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let id = client.send("events.subscribe", &json!({})).await;
    let first = client.line().await.unwrap();
    assert_eq!(first["request_id"], id);
    assert_eq!(first["result"]["subscription"], "events");
    let from = first["result"]["from_sequence"].as_u64().unwrap();
    reach.handle.restart_child("/root/till", "me", "look").await.unwrap();
    let pushed = events(&mut client, 5).await;
    assert_eq!(sequences(&pushed), (from..from + 5).collect::<Vec<_>>());
    let event = &pushed[0]["event"];
    assert_eq!(
        (&event["event_type"], &event["target_path"]),
        (&json!("commanded"), &json!("/root/till"))
    );
    assert_eq!(event["payload"]["requested_by"], "me");
    assert_eq!((&event["severity"], &event["child_id"]), (&json!("info"), &json!("till")));
}

#[tokio::test(start_paused = true)]
async fn a_client_goes_on_where_it_was_cut_off() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    client.get("events.subscribe", &json!({ "from_sequence": 1 })).await;
    let seen = sequences(&events(&mut client, 8).await);
    assert_eq!(seen, (1..=8).collect::<Vec<_>>());
    drop(client);
    reach.handle.restart_child("/root/till", "me", "look").await.unwrap();
    let mut client = reach.client();
    client.get("events.subscribe", &json!({ "from_sequence": 9 })).await;
    assert_eq!(sequences(&events(&mut client, 5).await), (9..=13).collect::<Vec<_>>());
    // What is of another run of the program cannot be gone on with.
    let future = client.refused("events.subscribe", &json!({ "from_sequence": 999 })).await;
    assert_eq!(future, ("validation_failed".to_owned(), "subscription".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_the_journal_has_no_more_is_said() {
    let handle = Supervisor::builder(shop()).journal_capacity(4).start().await.unwrap();
    let reach = reach_of(handle, |_| {});
    for _ in 0..4 {
        reach.handle.restart_child("/root/till", "me", "look").await.unwrap();
    }
    let latest = reach.handle.journal().last().unwrap().sequence;
    let mut client = reach.client();
    client.get("events.subscribe", &json!({ "from_sequence": 1 })).await;
    let dropped = client.line().await.unwrap();
    assert_eq!(dropped, json!({ "type": "dropped", "events": latest - 4, "logs": 0 }));
    assert_eq!(sequences(&events(&mut client, 4).await), (latest - 3..=latest).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_filter_lets_through_what_it_names() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let filter = json!({
        "child_paths": ["/root/stock"], "event_types": ["commanded"], "severities": ["info"],
    });
    client.get("events.subscribe", &json!({ "filter": filter })).await;
    for path in ["/root/till", "/root/stock/shelf"] {
        reach.handle.restart_child(path, "me", "look").await.unwrap();
    }
    let push = client.line().await.unwrap();
    assert_eq!(push["event"]["target_path"], "/root/stock/shelf");
    assert_eq!(push["event"]["event_type"], "commanded");
    loop {
        let delta = client.line().await.unwrap();
        assert_eq!(delta["type"], "state_delta");
        let rows = delta["delta"]["runtime_state"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["child_path"] == "/root/stock/shelf"), "{delta}");
        if rows.iter().any(|row| row["generation"] == 2 && row["readiness"] == "ready") {
            break;
        }
    }
    assert!(client.is_silent().await);
    for bad in [
        json!({ "child_paths": ["till"] }),
        json!({ "event_types": ["explosion"] }),
        json!({ "severities": ["loud"] }),
    ] {
        let refused = client.refused("events.subscribe", &json!({ "filter": bad })).await;
        assert_eq!(refused, ("invalid_command_params".to_owned(), "subscription".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delta_follows_the_events_of_a_change() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    client.get("events.subscribe", &json!({})).await;
    reach.handle.pause_child("/root/till", "me", "look").await.unwrap();
    let mut lines = Vec::new();
    let is_paused = |line: &Value| line["delta"]["runtime_state"][0]["lifecycle_state"] == "paused";
    while !lines.last().is_some_and(is_paused) {
        lines.push(client.line().await.unwrap());
    }
    let (delta, before) = lines.split_last().unwrap();
    let events: Vec<_> = before.iter().filter(|line| line["type"] == "event").collect();
    let row = &delta["delta"]["runtime_state"][0];
    assert_eq!(
        (&row["child_path"], &row["lifecycle_state"]),
        (&json!("/root/till"), &json!("paused"))
    );
    assert_eq!(delta["delta"]["nodes"][0]["state_summary"], "paused");
    let last = events.last().unwrap()["event"]["sequence"].as_u64().unwrap();
    assert_eq!(delta["delta"]["state_generation"].as_u64(), Some(last));

    reach.handle.add_child("/root", parked("extra"), "me", "look").await.unwrap();
    let delta = client.push("state_delta").await;
    assert_eq!(delta["delta"]["edges"][0]["target_path"], "/root/extra");
    reach.handle.remove_child("/root/extra", "me", "look").await.unwrap();
    loop {
        let delta = client.push("state_delta").await;
        if delta["delta"]["removed"] == json!(["/root/extra"]) {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_heartbeat_is_a_change_of_the_state_although_it_is_no_event() {
    let beating = service_fn(async |ctx: TaskContext| {
        assert!(ctx.sleep(Duration::from_secs(3)).await);
        ctx.heartbeat();
        ctx.stopped().await;
    });
    let heart =
        ChildSpec::new("heart", beating).health(Duration::from_mins(1), Duration::from_secs(500));
    let reach = reach(SupervisorSpec::root().child(heart)).await;
    let mut client = reach.client();
    let before = client.get("state", &json!({})).await;
    client.get("events.subscribe", &json!({ "from_sequence": 1 })).await;
    loop {
        let delta = client.push("state_delta").await;
        let rows = delta["delta"]["runtime_state"].as_array().unwrap();
        if rows.iter().any(|row| row["health"] == "healthy") {
            assert!(
                delta["delta"]["state_generation"].as_u64()
                    > before["state"]["state_generation"].as_u64()
            );
            break;
        }
    }
    let after = client.get("state", &json!({})).await;
    assert!(
        after["state"]["state_generation"].as_u64() > before["state"]["state_generation"].as_u64()
    );
}

#[tokio::test(start_paused = true)]
async fn who_reads_too_slowly_is_told_what_is_missing_and_goes_on() {
    let handle =
        Supervisor::builder(shop()).event_capacity(8).journal_capacity(8).start().await.unwrap();
    let reach = reach_of(handle, |_| {});
    // There is room for a few lines; the rest has to wait for the client.
    let mut slow = reach.client_with(1_000, Role::Admin, 2_048);
    let mut quick = reach.client();
    slow.get("events.subscribe", &json!({})).await;
    quick.get("events.subscribe", &json!({})).await;
    let mut seen = Vec::new();
    for _ in 0..20 {
        reach.handle.restart_child("/root/till", "me", "look").await.unwrap();
        seen.extend(sequences(&events(&mut quick, 5).await));
    }
    assert_eq!(seen, (seen[0]..seen[0] + 100).collect::<Vec<_>>(), "others lose nothing");
    let (mut read, mut dropped) = (Vec::new(), 0);
    while read.last() != seen.last() {
        let line = slow.line().await.unwrap();
        match line["type"].as_str() {
            Some("event") => read.push(line["event"]["sequence"].as_u64().unwrap()),
            Some("dropped") => dropped += line["events"].as_u64().unwrap(),
            _ => {}
        }
    }
    assert!(dropped > 0);
    assert_eq!(read.len() as u64 + dropped, seen.len() as u64, "what is missing is counted");
}

#[tokio::test(start_paused = true)]
async fn a_client_unsubscribes_and_hears_no_more() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    client.get("events.subscribe", &json!({})).await;
    let result = client.get("events.unsubscribe", &json!({})).await;
    assert_eq!(result["was_subscribed"], true);
    reach.handle.restart_child("/root/till", "me", "look").await.unwrap();
    assert!(client.is_silent().await);
    let result = client.get("events.unsubscribe", &json!({ "subscription": "logs" })).await;
    assert_eq!(result["was_subscribed"], false);
}

#[tokio::test(start_paused = true)]
async fn lines_of_the_log_are_read_live_and_from_where_one_was_cut_off() {
    let reach = reach_with(shop(), |limits| limits.log_capacity = 4).await;
    let layer = LogLayer::new().into_buffer(&reach.logs);
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let mut client = reach.client();
    client.get("logs.tail", &json!({ "filter": { "severities": ["warning"] } })).await;
    tracing::info!("not this");
    tracing::warn!(price = 3, "but this");
    let push = client.line().await.unwrap();
    assert_eq!((&push["type"], &push["log"]["message"]), (&json!("log"), &json!("but this")));
    assert_eq!(push["log"]["fields"]["price"], "3");
    for n in 0..6 {
        tracing::warn!("line {n}");
    }
    drop(client);
    let mut client = reach.client();
    client.get("logs.tail", &json!({ "from_sequence": 2 })).await;
    assert_eq!(client.line().await.unwrap(), json!({ "type": "dropped", "events": 0, "logs": 3 }));
    assert_eq!(client.line().await.unwrap()["log"]["message"], "line 2");
    let state = client.get("state", &json!({})).await;
    assert_eq!(state["state"]["recent_logs"].as_array().unwrap().len(), 4);
    assert_eq!(state["state"]["dropped_log_count"], 4);
}

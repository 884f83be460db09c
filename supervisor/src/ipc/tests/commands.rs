//! Those who steer: the seven commands, once each, by whoever may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{Client, Reach, TARGET, command, parked, reach, reach_with, shop, slow};
use crate::dashboard::label::Role;
use crate::id::Generation;
use crate::ipc::view;
use crate::policy::restart::Readiness;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::state::Lifecycle;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

const TILL: &str = "/root/till";

async fn till(reach: &Reach) -> (Lifecycle, u64) {
    let till = reach.handle.state_of(TILL).await.expect("it is known");
    let Generation(generation) = till.generation;
    (till.lifecycle, generation)
}

async fn done(client: &mut Client, id: &str, name: &str, path: &str) -> Value {
    let mut params = command(id, name, path);
    params["confirmed"] = json!(true);
    let result = client.get(&format!("command.{name}"), &params).await;
    assert_eq!(result["type"], "command_result", "{result}");
    assert_eq!((&result["command_id"], &result["target_id"]), (&json!(id), &json!(TARGET)));
    assert_eq!((&result["accepted"], &result["status"]), (&json!(true), &json!("completed")));
    assert!(result["error"].is_null() && result["completed_at_unix_nanos"].is_u64(), "{result}");
    result
}

#[tokio::test(start_paused = true)]
async fn each_command_does_what_it_says_and_answers_with_what_has_changed() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    for (name, label, lifecycle, generation) in [
        ("restart_child", "running", Lifecycle::Up, 2),
        ("pause_child", "paused", Lifecycle::Paused, 2),
        ("resume_child", "running", Lifecycle::Up, 3),
        ("quarantine_child", "quarantined", Lifecycle::Quarantined, 3),
    ] {
        let result = done(&mut client, name, name, TILL).await;
        let row = &result["state_delta"]["runtime_state"][0];
        assert_eq!((&row["child_path"], &row["lifecycle_state"]), (&json!(TILL), &json!(label)));
        assert_eq!(till(&reach).await, (lifecycle, generation), "{name}");
    }
    let result = done(&mut client, "gone", "remove_child", TILL).await;
    assert_eq!(result["state_delta"]["removed"], json!([TILL]));
    assert!(reach.handle.state_of(TILL).await.is_err());
}

#[cfg(feature = "config")]
#[tokio::test(start_paused = true)]
async fn a_manifest_names_a_pool_and_what_its_new_member_is_given() {
    use crate::runtime::supervisor::Supervisor;
    use crate::task::member::member_fn;

    let session = member_fn(async |ctx: TaskContext, _: u64| ctx.stopped().await);
    let sessions = SupervisorSpec::pool("sessions").members(session).from_config::<u64>();
    let handle = Supervisor::start(SupervisorSpec::root().child(sessions)).await.unwrap();
    let reach = super::harness::reach_of(handle, |_| {});
    let mut client = reach.client();
    let add = |id: &str, path: Option<&str>, manifest: &str| {
        let mut params = command(id, "add_child", "");
        params["target"] = json!({ "child_path": path, "child_manifest": manifest });
        params["confirmed"] = json!(true);
        params
    };
    let pool = Some("/root/sessions");
    for (id, path, manifest) in [
        ("u1", None, r#"{"pool":"/root/sessions","id":"u1","args":42}"#),
        ("u2", pool, r#"{"id":"u2","args":42}"#),
        ("u3", pool, r#"{"pool":"/root/sessions","id":"u3","args":42}"#),
    ] {
        let result = client.get("command.add_child", &add(id, path, manifest)).await;
        let row = &result["state_delta"]["runtime_state"][0];
        assert_eq!(row["child_path"], format!("/root/sessions/{id}"));
        assert_eq!(row["readiness"], "ready");
        let added = reach.handle.state_of(&format!("/root/sessions/{id}")).await.unwrap();
        assert_eq!(added.lifecycle, Lifecycle::Up);
        let asked = reach.handle.journal();
        let asked = asked.iter().rev().find(|event| event.kind.name() == "commanded").unwrap();
        let (message, wire) = (asked.kind.to_string(), view::event(asked, TARGET, "1"));
        assert_eq!(message, format!("spawn_member {id}, asked for by alice: a test"));
        assert_eq!(wire.payload["adds"], id);
    }
    reach.handle.spawn_next_member("/root/sessions", 42_u64, "me", "one more").await.unwrap();
    let asked = reach.handle.journal();
    let asked = asked.iter().rev().find(|event| event.kind.name() == "commanded").unwrap();
    assert_eq!(asked.kind.to_string(), "spawn_member 1, asked for by me: one more");
    for (id, path, manifest) in [
        ("b1", pool, "no JSON"),
        ("b2", pool, "[]"),
        ("b3", Some("/root/other"), r#"{"pool":"/root/sessions","id":"u4","args":42}"#),
        ("b4", pool, r#"{"id":"u4","args":"not a number"}"#),
        ("b5", pool, r#"{"id":"u4","args":42,"extra":1}"#),
        ("b6", pool, r#"{"id":"u1","args":42}"#),
        ("b7", None, r#"{"pool":"/root/nowhere","id":"u4","args":42}"#),
    ] {
        let refused = client.refused("command.add_child", &add(id, path, manifest)).await;
        assert!(matches!(&*refused.0, "validation_failed" | "unknown_child"), "{id} {refused:?}");
    }
    let mut missing = add("b8", pool, "");
    missing["target"]["child_manifest"] = Value::Null;
    assert_eq!(client.refused("command.add_child", &missing).await.0, "validation_failed");
    assert_eq!(reach.handle.current_state().await.unwrap().children.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn who_asks_and_why_is_in_the_events() {
    let reach = reach(shop()).await;
    done(&mut reach.client(), "a", "restart_child", TILL).await;
    let events = reach.handle.journal();
    let asked = events.iter().find(|event| event.kind.name() == "commanded").unwrap();
    assert_eq!(asked.kind.to_string(), "restart_child, asked for by alice: a test");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_tree_is_answered_when_it_is_there() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let mut params = command("end", "shutdown_tree", "/root");
    params["confirmed"] = json!(true);
    let id = client.send("command.shutdown_tree", &params).await;
    reach.handle.join().await.unwrap();
    assert!(client.is_silent().await, "the socket has not been told");
    reach.end().await;
    let answer = client.answer_to(&id).await;
    assert_eq!(answer["result"]["status"], "completed");
    let row = &answer["result"]["state_delta"]["runtime_state"][0];
    assert_eq!(
        (&row["child_path"], &row["shutdown_state"]),
        (&json!("/root"), &json!("reconciled"))
    );
    assert!(client.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_comes_twice_is_carried_out_once_and_answered_the_same() {
    let reach = reach(shop()).await;
    let (mut client, mut other) = (reach.client(), reach.client_of(7, Role::Operator));
    let first = done(&mut client, "a", "restart_child", TILL).await;
    let mut again = command("a", "restart_child", TILL);
    again["requested_at_unix_nanos"] = json!(999);
    again["confirmed"] = json!(true);
    assert_eq!(client.get("command.restart_child", &again).await, first);
    assert_eq!(other.get("command.restart_child", &again).await, first);
    assert_eq!(till(&reach).await.1, 2);

    for (key, value) in [("reason", json!("another")), ("target", json!({ "child_path": "/root" }))]
    {
        let mut params = again.clone();
        params[key] = value;
        let refused = client.refused("command.restart_child", &params).await;
        assert_eq!(refused, ("command_id_conflict".to_owned(), "command_validate".to_owned()));
    }
    assert_eq!(till(&reach).await.1, 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_by_the_tree_is_refused_again_under_its_id() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let params = command("a", "restart_child", "/root/extra");
    let first = client.ask("command.restart_child", &params).await;
    assert_eq!(first["error"]["code"], "unknown_child");
    reach.handle.add_child("/root", parked("extra"), "me", "late").await.unwrap();
    let again = client.ask("command.restart_child", &params).await;
    assert_eq!(again["error"], first["error"]);
    assert_eq!(reach.handle.state_of("/root/extra").await.unwrap().generation.0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_not_whole_is_refused_and_changes_nothing() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let restart = "command.restart_child";
    let ids = std::cell::Cell::new(0);
    let change = |key: &str, value: Value| {
        ids.set(ids.get() + 1);
        let mut params = command(&format!("c{}", ids.get()), "restart_child", TILL);
        params[key] = value;
        params
    };
    for (method, params, code, stage) in [
        (restart, change("reason", json!(" ")), "validation_failed", "command_validate"),
        (restart, change("requested_by", json!("")), "validation_failed", "command_validate"),
        (restart, change("reason", json!("\u{1b}[2J")), "validation_failed", "command_validate"),
        (restart, change("requested_by", json!("a\nb")), "validation_failed", "command_validate"),
        (restart, change("command_id", json!("")), "validation_failed", "command_validate"),
        (
            restart,
            change("command_id", json!("x".repeat(129))),
            "validation_failed",
            "command_validate",
        ),
        (restart, change("target", json!({})), "validation_failed", "command_validate"),
        (
            restart,
            change("target", json!({ "child_path": "till" })),
            "unknown_child",
            "command_validate",
        ),
        (
            restart,
            change("target", json!({ "child_path": "/root/tills" })),
            "unknown_child",
            "command_execute",
        ),
        (
            restart,
            change("target", json!({ "child_path": "/root" })),
            "validation_failed",
            "command_execute",
        ),
        (
            restart,
            change("command", json!("pause_child")),
            "method_command_mismatch",
            "command_validate",
        ),
        (restart, change("extra", json!(1)), "invalid_command_params", "protocol_parse"),
        (restart, change("confirmed", json!("yes")), "invalid_command_params", "protocol_parse"),
        (
            "command.pause_child",
            change("reason", json!("x")),
            "method_command_mismatch",
            "command_validate",
        ),
        ("restart_child", change("reason", json!("x")), "unsupported_method", "protocol_parse"),
        ("current_state", json!({}), "unsupported_method", "protocol_parse"),
    ] {
        let refused = client.refused(method, &params).await;
        assert_eq!(refused, (code.to_owned(), stage.to_owned()), "{method} {params}");
    }
    for name in ["remove_child", "add_child", "shutdown_tree"] {
        let params = command("a", name, TILL);
        let refused = client.refused(&format!("command.{name}"), &params).await;
        assert_eq!(refused.0, "confirmation_required", "{name}");
    }
    let near = client.ask(restart, &change("target", json!({ "child_path": "/root/tills" }))).await;
    let message = near["error"]["message"].as_str().unwrap();
    assert!(message.contains("did you mean `/root/till`?"), "{message}");
    assert_eq!(till(&reach).await, (Lifecycle::Up, 1));
}

#[tokio::test(start_paused = true)]
async fn each_role_may_do_what_it_may_and_a_relay_cannot_raise_it() {
    let reach = reach(shop()).await;
    let roles = [Role::Viewer, Role::Operator, Role::Admin];
    let names = ["restart_child", "pause_child", "resume_child", "quarantine_child"];
    let dangerous = ["remove_child", "add_child", "shutdown_tree"];
    for (uid, own) in (10..).zip(roles) {
        for asked in [None, Some(Role::Viewer), Some(Role::Operator), Some(Role::Admin)] {
            let holds = asked.map_or(own, |asked| asked.min(own));
            let mut client = reach.client_of(uid, own);
            for (names, least) in [(&names[..], Role::Operator), (&dangerous[..], Role::Admin)] {
                for name in names {
                    // There is no such child: whoever may gets as far as that.
                    let mut params = command(&format!("{uid}{asked:?}{name}"), name, "/root/x/y");
                    params["confirmed"] = json!(true);
                    if let Some(asked) = asked {
                        params["requested_role"] = json!(asked);
                    }
                    let (code, stage) = client.refused(&format!("command.{name}"), &params).await;
                    let is_allowed = (&*code, &*stage) != ("permission_denied", "authorise");
                    assert_eq!(
                        is_allowed,
                        holds >= least,
                        "{name} {own} {asked:?}: {code} {stage}"
                    );
                }
            }
            client.get("state", &json!({})).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_command_is_carried_out_its_client_is_served() {
    let reach = reach(SupervisorSpec::root().child(slow("till", 20))).await;
    let mut client = reach.client();
    let slow = client.send("command.restart_child", &command("a", "restart_child", TILL)).await;
    let hello = client.ask("hello", &json!({})).await;
    assert_eq!(hello["ok"], true);
    assert_eq!(client.answer_to(&slow).await["result"]["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn an_accepted_command_runs_to_its_end_though_its_client_is_gone() {
    let reach = reach(SupervisorSpec::root().child(slow("till", 20))).await;
    let mut client = reach.client();
    client.send("command.restart_child", &command("a", "restart_child", TILL)).await;
    client.ask("hello", &json!({})).await;
    drop(client);
    tokio::time::sleep(Duration::from_secs(21)).await;
    assert_eq!(till(&reach).await, (Lifecycle::Up, 2));
    // Who comes back under the same id gets the answer.
    let result =
        reach.client().get("command.restart_child", &command("a", "restart_child", TILL)).await;
    assert_eq!(result["status"], "completed");
    assert_eq!(till(&reach).await, (Lifecycle::Up, 2));
}

#[tokio::test(start_paused = true)]
async fn commands_of_one_client_reach_the_tree_in_their_order() {
    let reach = reach(shop()).await;
    let mut client = reach.client();
    let mut ids = Vec::new();
    for n in 0..10 {
        for name in ["pause_child", "resume_child"] {
            let params = command(&format!("{name}{n}"), name, TILL);
            ids.push(client.send(&format!("command.{name}"), &params).await);
        }
    }
    let mut answered = 0;
    while answered < ids.len() {
        assert_eq!(client.line().await.unwrap()["ok"], true);
        answered += 1;
    }
    let names: Vec<_> = reach
        .handle
        .journal()
        .iter()
        .filter_map(|event| match &event.kind {
            crate::event::EventKind::Commanded { command, .. } => Some(*command),
            _ => None,
        })
        .collect();
    let expected: Vec<_> =
        std::iter::repeat_n(["pause_child", "resume_child"], 10).flatten().collect();
    assert_eq!(names, expected);
}

#[tokio::test(start_paused = true)]
async fn no_more_commands_run_at_once_than_there_may() {
    let tree = SupervisorSpec::root().child(slow("till", 20)).child(parked("clerk"));
    let reach = reach_with(tree, |limits| limits.commands_at_once = 1).await;
    let mut client = reach.client();
    client.send("command.restart_child", &command("a", "restart_child", TILL)).await;
    let clerk = command("b", "restart_child", "/root/clerk");
    let refused = client.refused("command.restart_child", &clerk).await;
    assert_eq!(refused, ("rate_limited".to_owned(), "command_execute".to_owned()));
    let later = client.line().await.unwrap();
    assert_eq!(later["result"]["command_id"], "a");
    // It had no effect, so that its id is free.
    assert_eq!(client.ask("command.restart_child", &clerk).await["ok"], true);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_to_start_is_a_command_that_failed() {
    let starts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&starts);
    let task = service_fn(move |ctx: TaskContext| {
        let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if !is_first {
                return Err("the drawer is stuck");
            }
            ctx.ready();
            ctx.stopped().await;
            Ok(())
        }
    });
    let task = ChildSpec::new("till", task).readiness(Readiness::Explicit);
    let reach = reach(SupervisorSpec::root().child(task)).await;
    let params = command("a", "restart_child", TILL);
    let answer = reach.client().ask("command.restart_child", &params).await;
    let error = &answer["error"];
    assert_eq!(
        (&error["code"], &error["stage"]),
        (&json!("validation_failed"), &json!("command_execute"))
    );
    assert!(error["message"].as_str().unwrap().contains("the drawer is stuck"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn commands_are_refused_when_the_end_has_begun() {
    let reach = reach(SupervisorSpec::root().child(slow("till", 20))).await;
    let mut client = reach.client();
    reach.handle.request_shutdown("me", "over").unwrap();
    let refused =
        client.refused("command.restart_child", &command("a", "restart_child", TILL)).await;
    assert_eq!(refused, ("shutting_down".to_owned(), "command_execute".to_owned()));
    let state = client.get("state", &json!({})).await;
    let rows = state["state"]["runtime_state"].as_array().unwrap();
    assert_eq!(rows[1]["shutdown_state"], "draining");
    assert_eq!(rows[1]["lifecycle_state"], "stopping");
}

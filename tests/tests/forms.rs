//! What the outside gets as JSON: the state, why, summaries, outcomes and reports, in stable forms.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fmt::Debug;

use rust_supervisor::control::outcome::form as outcome;
use rust_supervisor::policy::failure::{Criticality, OnLimit};
use rust_supervisor::policy::restart::{Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::report::form as report;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::form as state;
use rust_supervisor::summary::form as summary;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::result::TaskResult;
use rust_supervisor::why::form as why;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use supervisor_tests::{BY, Gate, WHY, deaf, every, failing, ms, parked, poll_once, stubborn};
use tokio::time::sleep;

#[test]
fn the_schemas_are_those_that_are_written_down() {
    for (name, id, schema) in [
        ("state", state::SCHEMA_ID, state::schema()),
        ("why", why::SCHEMA_ID, why::schema()),
        ("summary", summary::SCHEMA_ID, summary::schema()),
        ("report", report::SCHEMA_ID, report::schema()),
        ("outcome", outcome::SCHEMA_ID, outcome::schema()),
    ] {
        let file = format!("{}/../docs/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(schema["$id"], id);
        assert_eq!(id, format!("rust-supervisor.{name}.v1"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(written, text, "{name}: run the test again with BLESS=1");
    }
}

/// What is written is read again as the form of the value.
fn as_json<V: Serialize, F: DeserializeOwned + Debug + PartialEq>(
    value: &V,
    form: impl FnOnce(&V) -> F,
) -> Value {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<F>(&text).unwrap(), form(value), "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_the_tree_knows_is_said_as_json() {
    let heart = service_fn(async |ctx: TaskContext| {
        ctx.heartbeat();
        ctx.stopped().await;
    });
    let inner = SupervisorSpec::new("in").intensity(0, ms(1)).backoff(every(ms(60_000)));
    let tree = SupervisorSpec::root()
        .intensity(20, ms(60_000))
        .shutdown_budget(ms(1_000))
        .child(inner.child(ChildSpec::new("bad", failing())))
        .child(
            ChildSpec::new("flaky", failing())
                .restart_limit(1, ms(60_000))
                .on_limit(OnLimit::Quarantine)
                .backoff(every(ms(100)))
                .tags(["money"]),
        )
        .child(ChildSpec::new("heart", heart).health(ms(1_000), ms(60_000)))
        .child(ChildSpec::new("db", parked()).criticality(Criticality::Critical))
        .child(ChildSpec::new("late", parked()).depends_on("db"))
        .child(ChildSpec::new("job", service_fn(async |_| ())).restart(Restart::Transient))
        .child(ChildSpec::new("stubborn", stubborn()).grace(Grace::Infinite));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(2_000)).await;
    let paused = handle.pause_child("/root/db", "ada", "a new disk").await.unwrap();
    let paused = as_json(&paused, |it| outcome::OutcomeForm::from(it));
    assert_eq!(
        paused,
        json!({ "path": "/root/db", "generation": 1, "lifecycle": "paused", "is_ignored": false })
    );

    let tree = handle.current_state().await.unwrap();
    let said = as_json(&tree, |it| state::TreeForm::from(it));
    assert_eq!(said["uptime_nanos"], 2_000_000_000_u64);
    let children = said["children"].as_array().unwrap();
    let child = |path: &str| children.iter().find(|child| child["path"] == path).unwrap();
    assert_eq!(children.len(), 9);
    assert_eq!(child("/root/db")["held_by"]["command"]["requested_by"], "ada");
    assert_eq!(child("/root/db")["criticality"], "critical");
    let flaky = child("/root/flaky");
    assert_eq!((&flaky["lifecycle"], &flaky["restarts"]), (&json!("quarantined"), &json!(1)));
    assert_eq!(flaky["last_failure"]["exit"]["outcome"], "failed");
    assert_eq!(flaky["last_decision"]["action"], "quarantine");
    assert_eq!(flaky["limits"][0]["left"], 0);
    assert_eq!(flaky["tags"], json!(["money"]));
    assert_eq!(child("/root/heart")["health"]["status"], "healthy");
    assert_eq!(child("/root/in")["due_nanos"], 60_000_000_000_u64);
    assert_eq!(child("/root")["intensity"]["limit"]["max"], 20);

    let mut reasons = BTreeSet::new();
    for child in &tree.children {
        let why = handle.why(child.path.as_str()).await.unwrap();
        let said = as_json(&why, |it| why::WhyForm::from(it));
        assert_eq!(said["text"], why.to_string());
        let all = said["reasons"].as_array().unwrap();
        assert_eq!(all.len(), why.reasons.len());
        reasons.extend(all.iter().map(|reason| reason["reason"].as_str().unwrap().to_owned()));
    }
    for reason in ["commanded", "decided", "exited", "runs", "held_by_limit", "waits_until"] {
        assert!(reasons.contains(reason), "no {reason} in {reasons:?}");
    }

    let end = handle.shutdown_tree(BY, WHY).await.unwrap();
    let end = as_json(&end, |it| report::ReportForm::from(it));
    assert_eq!(end["cause"], json!({ "cause": "requested", "requested_by": BY, "reason": WHY }));
    assert_eq!((&end["was_forced"], &end["exit_code"]), (&json!(true), &json!(2)));
    let rows = end["rows"].as_array().unwrap();
    let stubborn = rows.iter().find(|row| row["path"] == "/root/stubborn").unwrap();
    assert_eq!(stubborn["end"], json!({ "end": "ended", "exit": { "outcome": "aborted" } }));

    let summaries: Vec<_> = handle
        .summaries()
        .iter()
        .map(|it| as_json(&**it, |it| summary::SummaryForm::from(it)))
        .collect();
    let causes: Vec<_> = summaries.iter().map(|it| it["cause"]["type"].clone()).collect();
    assert_eq!(causes, ["meltdown", "shutdown_forced", "ended"]);
    assert_eq!(summaries[0]["causal_chain"][0]["child"], "/root/in/bad");
    assert!(!summaries[0]["recent_events"].as_array().unwrap().is_empty());
    assert_eq!(summaries[0]["failures"][0]["path"], "/root/in");
    assert_eq!(summaries[1]["cause"]["force"], json!({ "cause": "budget_spent" }));
}

#[tokio::test(start_paused = true)]
async fn every_reason_comes_about_and_is_said() {
    let gate = Gate::default();
    let _open = gate.open_on_drop();
    let once = service_fn(
        async |ctx: TaskContext| {
            if ctx.generation().0 == 1 { Err("once") } else { Ok(()) }
        },
    );
    let ignores = service_fn(async |_: TaskContext| TaskResult::Ignored);
    let slow_the_second_time = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 > 1 && !ctx.sleep(ms(60_000)).await {
            return;
        }
        ctx.ready();
        ctx.stopped().await;
    });
    let slow = ChildSpec::new("slow", slow_the_second_time).readiness(Readiness::Explicit);
    let fails_later = service_fn(
        async |ctx: TaskContext| if ctx.sleep(ms(100)).await { Err("no") } else { Ok(()) },
    );
    let round = SupervisorSpec::new("round")
        .strategy(Strategy::OneForAll)
        .child(slow)
        .child(ChildSpec::new("next", parked()))
        .child(ChildSpec::new("fails", fails_later).backoff(every(ms(1))));
    let tree = SupervisorSpec::root()
        .intensity(20, ms(60_000))
        .child(ChildSpec::new("off", parked()).disabled())
        .child(ChildSpec::new("db", parked()))
        .child(ChildSpec::new("once", once).restart(Restart::Transient).backoff(every(ms(1))))
        .child(ChildSpec::new("idle", ignores).readiness(Readiness::Explicit))
        .child(ChildSpec::new("held", failing()).restart_limit(0, ms(1)))
        .child(ChildSpec::new("flaky", failing()).backoff(every(ms(60_000))))
        .child(SupervisorSpec::new("in").child(ChildSpec::new("deep", parked())))
        .child(ChildSpec::new("stubborn", stubborn()).grace(Grace::Infinite))
        .child(ChildSpec::new("deaf", deaf(&gate)).grace(Grace::After(ms(1))).abort_wait(ms(1)))
        .child(round);
    let handle = Supervisor::start(tree).await.unwrap();
    handle.pause_child("/root/db", BY, WHY).await.unwrap();
    let late = ChildSpec::new("late", parked()).depends_on("db");
    handle.add_child("/root", late, BY, WHY).await.unwrap();
    handle.stop_child("/root/in", BY, WHY).await.unwrap();
    handle.stop_child("/root/deaf", BY, WHY).await.unwrap_err();
    let mut stop = std::pin::pin!(handle.stop_child("/root/stubborn", BY, WHY));
    assert!(poll_once(stop.as_mut()).is_pending());
    let group = SupervisorSpec::new("group")
        .child(ChildSpec::new("waits", parked()).readiness(Readiness::Explicit))
        .child(ChildSpec::new("later", parked()));
    let mut add = std::pin::pin!(handle.add_child("/root", group, BY, WHY));
    assert!(poll_once(add.as_mut()).is_pending());
    sleep(ms(1_000)).await;

    let mut reasons = BTreeSet::new();
    for child in &handle.current_state().await.unwrap().children {
        let said = handle.why(child.path.as_str()).await.unwrap();
        assert_eq!(said.to_string().lines().count(), said.reasons.len() + 1, "{said}");
        let said = as_json(&said, |it| why::WhyForm::from(it));
        let all = said["reasons"].as_array().unwrap();
        reasons.extend(all.iter().map(|reason| reason["reason"].clone().to_string()));
    }
    let schema = why::schema();
    let known = schema["$defs"]["ReasonForm"]["oneOf"].as_array().unwrap();
    let known = known.iter().map(|form| form["properties"]["reason"]["const"].to_string());
    assert_eq!(reasons, known.collect(), "a reason that nothing here brings about");
    gate.open();
    handle.shutdown_now(BY, WHY).await.unwrap();
}

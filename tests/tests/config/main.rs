//! Every key of the configuration, proved by what it does to a running tree.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod groups;
mod layers;
mod observability;
mod policies;
mod stage;
mod supervisors;

use std::collections::BTreeSet;

use rust_supervisor::config::schema;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::member::member_fn;

use crate::policies::{class_cases, policy_cases};
use crate::stage::start;

#[tokio::test(start_paused = true)]
async fn a_member_that_is_named_in_dynamic_is_started_with_what_is_said_about_it() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let known = std::sync::Arc::clone(&seen);
    let session = member_fn(move |ctx: TaskContext, user: u64| {
        known.lock().unwrap().push((ctx.path().to_string(), user));
        async move { ctx.stopped().await }
    });
    let pool = |id: &str| {
        let pool = SupervisorSpec::pool(id.to_owned()).members(session.clone());
        pool.from_config::<u64>()
    };
    let tree = SupervisorSpec::root().child(pool("days")).child(pool("nights"));
    let handle =
        start(tree, "dynamic: [{pool: /root/nights, id: ada, args: 7, overrides: {tags: [vip]}}]")
            .await;
    assert_eq!(*seen.lock().unwrap(), [("/root/nights/ada".to_owned(), 7)]);
    let ada = handle.state_of("/root/nights/ada").await.unwrap();
    assert_eq!(ada.tags.iter().collect::<Vec<_>>(), ["vip"]);
    assert!(ada.lifecycle.is_live());
}

/// The keys of a section of the schema, with those of what is nested in it.
fn keys_of(root: &serde_json::Value, section: &str) -> BTreeSet<String> {
    let keys = root["definitions"][section]["properties"].as_object().unwrap();
    keys.iter()
        .flat_map(|(key, schema)| {
            let reference = schema["anyOf"][0]["$ref"].as_str().unwrap_or_default();
            match reference.strip_prefix("#/definitions/") {
                Some(
                    inner @ ("BackoffSection" | "LimitSection" | "StopSection" | "HealthSection"
                    | "OnFailureSection" | "ClassSection" | "AuditSection"
                    | "RecordSection"),
                ) => {
                    keys_of(root, inner).into_iter().map(|inner| format!("{key}.{inner}")).collect()
                }
                _ => vec![key.clone()],
            }
        })
        .collect()
}

#[test]
fn no_key_is_without_its_proof() {
    let root = schema::json_schema();
    let keys = |section| keys_of(&root, section);
    let set = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect::<BTreeSet<_>>();
    let cases = policy_cases().into_iter().map(|case| case.0.to_owned());
    let policy: BTreeSet<_> = cases.chain(class_cases().into_iter().map(|case| case.0)).collect();
    let at_root = set(&[
        "strategy",
        "start",
        "intensity.max",
        "intensity.within",
        "auto_shutdown",
        "defaults",
        "children",
    ]);

    assert_eq!(keys("DefaultsSection"), policy);
    assert_eq!(keys("RootSection"), at_root);
    assert_eq!(
        keys("ChildSection"),
        &(&policy | &at_root)
            | &set(&["meltdown", "enabled", "settings", "tags", "max_children", "count"])
    );
    let without_shutdown = policy.into_iter().filter(|key| !key.starts_with("shutdown"));
    assert_eq!(keys("PolicySection"), without_shutdown.collect());
    assert_eq!(keys("ShutdownSection"), set(&["grace", "abort_wait", "budget"]));
    assert_eq!(
        keys("ObservabilitySection"),
        set(&[
            "event_capacity",
            "journal_capacity",
            "last_exits",
            "remembered_paths",
            "metrics",
            "audit.path",
            "audit.on_failure",
            "audit.write_timeout",
            "record.folder",
            "record.max_bytes",
        ])
    );
    let sections = root["properties"].as_object().unwrap().keys().cloned().collect();
    let known = ["include", "supervisor", "policy", "shutdown", "observability", "ipc", "dynamic"];
    assert_eq!(set(&known), sections);
    assert_eq!(keys("DynamicSection"), set(&["pool", "id", "args", "overrides"]));
}

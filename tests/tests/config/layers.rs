//! Who wins where several say something, and what is refused with both places.

use std::time::Duration;

use rust_supervisor::config::configurable::SupervisorConfig;
use rust_supervisor::config::schema;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::dependency::StartMode;
use rust_supervisor::policy::intensity::Limit;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;

use crate::stage::{
    check, config, flaky, history, jitter, ms, parked, refused, start, temporary_dir, weak,
};

/// Each layer says a wait of its own; what the strongest says is what happens.
#[tokio::test(start_paused = true)]
async fn the_stronger_layer_wins() {
    let wait = |millis: u64| {
        let mut patch = jitter(0.0);
        patch.initial = Some(ms(millis));
        patch
    };
    let defaults = |millis| weak(|patch| patch.backoff = wait(millis));
    let strengths = [
        "",
        "policy: {backoff: {initial: 300ms}}",
        "supervisor: {defaults: {backoff: {initial: 400ms}}}",
        "supervisor: {children: {in: {defaults: {backoff: {initial: 500ms}}}}}",
        "", // Said in code.
        "supervisor: {children: {in: {children: {t: {backoff: {initial: 700ms}}}}}}",
    ];
    // The last of these is as strong as the n-th, and all weaker ones are there too.
    for (strongest, expected) in [(0, 200), (1, 300), (2, 400), (3, 500), (4, 600), (5, 700)] {
        let mut child = ChildSpec::new("t", flaky());
        if strongest >= 4 {
            child = child.backoff(wait(600));
        }
        let inner = SupervisorSpec::new("in").defaults(defaults(200)).child(child);
        let tree = SupervisorSpec::root().defaults(defaults(150)).child(inner);
        let dir = temporary_dir();
        let mut files: Vec<_> = (0..=strongest).collect();
        // Files in any order: what they say is about different keys.
        files.reverse();
        for n in &files {
            std::fs::write(dir.join(format!("{n}.yaml")), strengths[*n]).unwrap();
        }
        let list: Vec<_> = files.iter().map(|n| format!("{n}.yaml")).collect();
        let path = dir.join("root.yaml");
        std::fs::write(&path, format!("include: [{}]", list.join(", "))).unwrap();

        let handle = Supervisor::builder(tree).config_file(&path).start().await.unwrap();
        let mut events = handle.subscribe_events();
        tokio::time::sleep(ms(4_000)).await;
        handle.shutdown_tree("test", "over").await.unwrap();
        let mut history = String::new();
        while let Some(event) = events.next().await {
            history += &event.to_string();
            history.push('\n');
        }
        let line = format!("{} ms  /root/in/t #2  starting", 1_000 + expected);
        assert!(history.contains(&line), "no `{line}` in\n{history}");
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_limit_takes_its_other_half_from_what_is_weaker() {
    let tree = |child: ChildSpec, in_code: Option<Limit>| {
        let defaults = weak(|patch| patch.restart_limit = in_code);
        SupervisorSpec::root().defaults(defaults).child(child)
    };
    let child = || ChildSpec::new("t", flaky());
    let minute = Duration::from_mins(1);
    for (tree, yaml) in [
        (
            tree(child().restart_limit(5, minute), None),
            "supervisor: {children: {t: {restart_limit: {max: 0}}}}",
        ),
        (
            tree(child(), Some(Limit::new(5, minute))),
            "supervisor: {children: {t: {restart_limit: {max: 0}}}}",
        ),
        (tree(child(), Some(Limit::new(5, minute))), "policy: {restart_limit: {max: 0}}"),
        (
            tree(child(), None),
            "policy: {restart_limit: {within: 1m}}\nsupervisor: {defaults: {restart_limit: {max: 0}}}",
        ),
        (
            tree(child(), None),
            "policy: {restart_limit: {within: 1m}}\nsupervisor: {defaults: {restart_limit: {max: 9}}, children: {t: {restart_limit: {max: 0}}}}",
        ),
    ] {
        check(tree, yaml, "1000 ms  /root/t #1  decision: quarantine").await;
    }
    for (yaml, key, missing) in [
        ("policy: {restart_limit: {max: 3}}", "policy.restart_limit", "`within`"),
        (
            "supervisor: {defaults: {restart_limit: {within: 3s}}}",
            "supervisor.defaults.restart_limit",
            "`max`",
        ),
        (
            "supervisor: {children: {t: {restart_limit: {max: 3}}}}",
            "supervisor.children.t.restart_limit",
            "`within`",
        ),
    ] {
        let error = refused(tree(child(), None), yaml).await;
        assert!(error.contains(key) && error.contains(missing), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_expected_of_a_child_whose_own_entry_says_so() {
    let tree = || SupervisorSpec::root().child(ChildSpec::new("t", parked()));
    let values = "policy: {health: {heartbeat: 1s, stale_after: 3s}}";
    assert!(!history(tree(), values).await.contains("is stuck"));
    let own = "supervisor: {children: {t: {health: {stale_after: 2s}}}}";
    check(tree(), &format!("{values}\n{own}"), "2000 ms  /root/t #1  is stuck").await;
    for (yaml, key, why) in [
        (own, "supervisor.children.t.health.stale_after", "`health` does not say `heartbeat`"),
        (
            "policy: {health: {heartbeat: 9s}}\nsupervisor: {children: {t: {health: {stale_after: 9s}}}}",
            "supervisor.children.t.health.stale_after",
            "`heartbeat` (9s) is not below `stale_after` (9s)",
        ),
        (
            "supervisor: {children: {t: {health: {heartbeat: 9s, stale_after: 0s}}}}",
            "supervisor.children.t.health.stale_after",
            "`stale_after` is zero",
        ),
    ] {
        let error = refused(tree(), yaml).await;
        assert!(error.contains(key) && error.contains(why), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_added_later_gets_the_defaults_too() {
    let handle = start(
        SupervisorSpec::root().child(SupervisorSpec::pool("pool")),
        "policy: {backoff: {initial: 3s, jitter: 0}}",
    )
    .await;
    handle.add_child("/root/pool", ChildSpec::new("t", flaky()), "test", "later").await.unwrap();
    tokio::time::sleep(ms(1_500)).await;
    let state = handle.state_of("/root/pool/t").await.unwrap();
    assert_eq!(state.due, Some(ms(4_000)));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_the_tree_is_refused_all_at_once() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("db", parked()))
        .child(SupervisorSpec::pool("pool"))
        .child(SupervisorSpec::new("payments").child(ChildSpec::new("ledger", parked())));
    let yaml = "
supervisor:
  children:
    dv: { restart: transient }
    ledger: {}
    nothing_like_it:
    db: { strategy: one_for_all, children: { x: {} }, backoff: { jitter: 2 }, shutdown: { grace: 0s } }
    payments: { readiness: explicit, health: { heartbeat: 1s }, shutdown: { abort_wait: 0s } }
    pool: { children: { a: {} } }
policy: { backoff: { factor: 0.5 } }
shutdown: { budget: 0s }
observability: { event_capacity: 0, last_exits: 5000 }
";
    let error = refused(tree, yaml).await;
    for expected in [
        "there is no child `/root/dv`; did you mean `/root/db`?",
        "there is no child `/root/ledger`; did you mean `/root/payments/ledger`?",
        "there is no child `/root/nothing_like_it`\n",
        "`supervisor.children.db.strategy`: `/root/db` is a task, and only a supervisor",
        "`supervisor.children.db.children`: `/root/db` is a task",
        "`supervisor.children.db.backoff.jitter`: `/root/db` could not be started: backoff `jitter` is 2",
        "`supervisor.children.db.shutdown.grace`: `/root/db`",
        "`supervisor.children.payments.readiness`: `/root/payments` is a supervisor, and only a task",
        "`supervisor.children.payments.health`: `/root/payments` is a supervisor",
        "`supervisor.children.payments.shutdown.abort_wait`: `/root/payments`",
        "`supervisor.children.pool.children.a`: `/root/pool` is a pool",
        "`policy.backoff.factor`: `/root/",
        "`shutdown.budget`: `/root`",
        "`observability.event_capacity`: 0 is out of bounds: from 1 to 1048576",
        "`observability.last_exits`: 5000 is out of bounds",
    ] {
        assert!(format!("{error}\n").contains(expected), "no `{expected}` in\n{error}");
    }
    // The factor is wrong for every child, and said once.
    assert_eq!(error.matches("policy.backoff.factor").count(), 1, "{error}");
}

#[tokio::test]
async fn a_circle_that_only_the_configuration_makes_is_refused() {
    let child = |id: &str| ChildSpec::new(id, parked());
    let tree = SupervisorSpec::root()
        .start(StartMode::Parallel)
        .child(child("a").depends_on("b"))
        .child(child("b"));
    assert!(tree.validate().is_ok());
    let error = refused(tree, "supervisor: { start: sequential }").await;
    let expected = "it would never start, because it waits for itself: \
                    `/root/a` depends on `/root/b`; \
                    `/root/b` is declared after `/root/a`, and starts after it";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn what_the_configuration_makes_temporary_or_disables_cannot_be_depended_on() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(ChildSpec::new("b", parked()))
        .child(ChildSpec::new("c", parked()).depends_on("a").depends_on("b"));
    assert!(tree.validate().is_ok());
    let yaml = "supervisor: { children: { a: { restart: temporary }, b: { enabled: false } } }";
    let error = refused(tree, yaml).await;
    for expected in [
        "it depends on `/root/a`, but `/root/a` is temporary",
        "it depends on `/root/b`, but `/root/b` is disabled",
    ] {
        assert!(error.contains(expected), "no `{expected}` in\n{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_wrong_before_is_not_blamed_on_the_configuration() {
    let child = ChildSpec::new("t", parked()).grace(Grace::After(ms(0)));
    let tree = SupervisorSpec::root().child(child);
    let config = config("policy: {restart: transient}").unwrap();
    let error = Supervisor::builder(tree).config(config).start().await.unwrap_err();
    assert!(matches!(error, SupervisorError::Spec(_)), "{error}");
}

#[test]
fn a_configuration_goes_out_and_comes_back() {
    let yaml = "
include: []
supervisor:
  strategy: rest_for_one
  intensity: { max: 3 }
  defaults: { shutdown: { grace: infinite } }
  children: { a: { restart: temporary, start_timeout: 1m 30s, children: { b: { significant: false } } } }
policy: { backoff: { initial: 250ms, factor: 1.5 }, on_limit: shutdown_tree, criticality: best_effort }
shutdown: { grace: 10s, budget: 1h }
observability: { last_exits: 3 }
";
    let config = config(yaml).unwrap();
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<SupervisorConfig>(&json).unwrap(), config, "{json}");
    assert_eq!(serde_saphyr::from_str::<SupervisorConfig>(&json).unwrap(), config, "{json}");
    assert!(json.contains(r#""grace":"infinite""#) && json.contains(r#""1m 30s""#), "{json}");
    assert_eq!(serde_json::to_string(&SupervisorConfig::default()).unwrap(), "{}");
    // Null says nothing, for others who read it as well.
    let null = r#"{"policy": null, "supervisor": {"children": null, "strategy": null}}"#;
    assert_eq!(
        serde_json::from_str::<SupervisorConfig>(null).unwrap(),
        SupervisorConfig::default()
    );
}

#[test]
fn the_default_waits_are_those_of_the_code() {
    let root = schema::json_schema();
    let said = &root["definitions"]["BackoffSection"]["properties"];
    assert_eq!(said["initial"]["default"], "100ms");
    assert_eq!(said["factor"]["default"], Backoff::DEFAULT.factor);
}

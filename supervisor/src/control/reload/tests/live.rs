//! What a reload starts, stops and resizes while the tree runs, and reloads beside each other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{File, builder, lifecycle, parked, reload, start, told};
use crate::config::plan::{ConfigPlan, Effect};
use crate::control::handle::SupervisorHandle;
use crate::error::types::SupervisorError;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::state::Lifecycle;
use crate::task::cell::lock;
use crate::task::context::TaskContext;
use crate::task::member::{MemberFactory, member_fn};

async fn end(handle: &SupervisorHandle) {
    handle.shutdown_tree("test", "over").await.unwrap();
}

fn effects(plan: &ConfigPlan) -> Vec<(String, Effect)> {
    plan.changes().iter().map(|change| (change.key.to_string(), change.effect)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_disabled_is_stopped_and_what_is_enabled_is_started() {
    let say = |a, b| {
        format!("supervisor: {{ children: {{ a: {{ enabled: {a} }}, b: {{ enabled: {b} }} }} }}")
    };
    let file = File::new(&say(true, false));
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(ChildSpec::new("b", parked()));
    let (handle, _events) = start(tree, &file).await;
    assert_eq!(lifecycle(&handle, "/root/b").await, Lifecycle::Disabled);
    file.say(&say(false, true));
    let plan = handle.reload("alice", "a test").await.unwrap();
    assert_eq!(effects(&plan), [("enabled".into(), Effect::Now), ("enabled".into(), Effect::Now)]);
    assert_eq!(lifecycle(&handle, "/root/a").await, Lifecycle::Disabled);
    assert_eq!(lifecycle(&handle, "/root/b").await, Lifecycle::Up);
    file.say("");
    reload(&handle).await.unwrap();
    assert_eq!(lifecycle(&handle, "/root/a").await, Lifecycle::Up);
    assert_eq!(handle.state_of("/root/a").await.unwrap().generation.0, 2);
    end(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn what_something_depends_on_cannot_be_disabled_alone() {
    let file = File::new("");
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(ChildSpec::new("b", parked()).depends_on("a"));
    let (handle, _events) = start(tree, &file).await;
    file.say("supervisor: { children: { a: { enabled: false } } }");
    let error = reload(&handle).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Config(_)), "{error}");
    assert!(error.to_string().contains("it depends on `/root/a`, but `/root/a` is disabled"));
    assert_eq!(lifecycle(&handle, "/root/a").await, Lifecycle::Up);
    file.say("supervisor: { children: { a: { enabled: false }, b: { enabled: false } } }");
    reload(&handle).await.unwrap();
    assert_eq!(lifecycle(&handle, "/root/b").await, Lifecycle::Disabled);
    file.say("");
    reload(&handle).await.unwrap();
    assert_eq!(lifecycle(&handle, "/root/b").await, Lifecycle::Up);
    end(&handle).await;
}

/// Children that say their index when they run.
fn shards() -> (MemberFactory, Arc<Mutex<Vec<usize>>>) {
    let ran: Arc<Mutex<Vec<usize>>> = Arc::default();
    let runs = Arc::clone(&ran);
    let members = member_fn(move |ctx: TaskContext, index: usize| {
        lock(&runs).push(index);
        async move { ctx.stopped().await }
    });
    (members, ran)
}

#[tokio::test(start_paused = true)]
async fn a_many_has_as_many_as_the_file_says_now() {
    let file = File::new("");
    let (members, ran) = shards();
    let tree = SupervisorSpec::root().child(SupervisorSpec::many("m", 2, members));
    let (handle, _events) = start(tree, &file).await;
    let say = |count| format!("supervisor: {{ children: {{ m: {{ count: {count} }} }} }}");
    file.say(&say(4));
    let plan = handle.reload("alice", "a test").await.unwrap();
    assert!(plan.changes().iter().any(|c| c.key.to_string() == "count" && c.effect == Effect::Now));
    handle.wait_until_settled().await.unwrap();
    assert_eq!(*lock(&ran), [0, 1, 2, 3]);
    assert_eq!(handle.count_of(&ChildPath::parse("/root/m").unwrap()), 4);
    file.say(&say(1));
    reload(&handle).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    let state = handle.current_state().await.unwrap();
    assert_eq!(state.children_of("/root/m").count(), 1);
    // What is made anew is made of the last declaration.
    handle.restart_child("/root/m", "alice", "a test").await.unwrap();
    assert_eq!(lock(&ran)[4..], [0]);
    assert_eq!(handle.count_of(&ChildPath::parse("/root/m").unwrap()), 1);
    end(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_said_about_a_many_and_a_pool_is_about_whoever_comes_next() {
    let file = File::new("");
    let (members, _) = shards();
    let unit = member_fn(async |ctx: TaskContext, (): ()| ctx.stopped().await);
    let tree = SupervisorSpec::root()
        .child(SupervisorSpec::many("m", 2, members))
        .child(SupervisorSpec::pool("p").members(unit));
    let (handle, _events) = start(tree, &file).await;
    handle.spawn_member("/root/p", "old", (), "test", "one").await.unwrap();
    file.say(
        "supervisor: { children: { m: { tags: [new], count: 3 }, \
         p: { tags: [new], max_children: 2 } } }",
    );
    reload(&handle).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    handle.spawn_member("/root/p", "new", (), "test", "one").await.unwrap();
    let tags = async |path: &str| handle.state_of(path).await.unwrap().tags.to_string();
    for path in ["/root/m/0", "/root/m/2", "/root/p/new"] {
        assert_eq!(tags(path).await, "new", "{path}");
    }
    // It keeps what it was spawned with.
    assert_eq!(tags("/root/p/old").await, "");
    let full = handle.spawn_member("/root/p", "third", (), "test", "one").await.unwrap_err();
    assert!(matches!(full, SupervisorError::PoolFull { max_children: 2, .. }), "{full}");
    end(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn as_much_is_kept_as_the_file_says_now() {
    let file = File::new("");
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let (handle, _events) = start(tree, &file).await;
    let restart = async |times: usize| {
        for _ in 0..times {
            handle.restart_child("/root/a", "test", "again").await.unwrap();
        }
    };
    restart(9).await;
    assert_eq!(handle.state_of("/root/a").await.unwrap().last_exits.len(), 8);
    assert!(handle.journal().len() > 9);
    file.say("observability: { journal_capacity: 5, last_exits: 2, remembered_paths: 0 }");
    let plan = handle.reload("alice", "a test").await.unwrap();
    assert_eq!(plan.with(Effect::Now).count(), 3);
    assert!(handle.journal().len() <= 5, "what is too much goes at once");
    restart(2).await;
    assert_eq!(handle.state_of("/root/a").await.unwrap().last_exits.len(), 2);
    assert_eq!(handle.journal().len(), 5);
    let b = || ChildSpec::new("b", parked());
    for _ in 0..2 {
        handle.add_child("/root", b(), "test", "here").await.unwrap();
        assert_eq!(handle.state_of("/root/b").await.unwrap().generation.0, 1, "it is forgotten");
        handle.remove_child("/root/b", "test", "gone").await.unwrap();
    }
    // What the file does not say is what the code said.
    file.say("");
    reload(&handle).await.unwrap();
    restart(9).await;
    assert_eq!(handle.state_of("/root/a").await.unwrap().last_exits.len(), 8);
    assert!(handle.journal().len() > 5);
    end(&handle).await;
}

/// Each change follows the one before: `before` is what the last one called `after`.
fn follow_each_other(handle: &SupervisorHandle) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for event in handle.journal() {
        let EventKind::Reconfigured { changes } = &event.kind else { continue };
        for change in changes {
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            if let Some(last) = values.last() {
                assert_eq!(before, Some(&**last), "{change}");
            }
            values.push(after.unwrap_or_default().to_owned());
        }
    }
    values
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_at_the_same_time_follow_each_other() {
    let file = File::new("");
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = builder(tree, &file).start().await.unwrap();
    for round in 1_u64..9 {
        file.say(&format!("policy: {{ backoff: {{ max: {round}m }} }}"));
        let reloads: Vec<_> = (0..8)
            .map(|_| {
                let handle = handle.clone();
                tokio::spawn(async move { handle.reload("alice", "a test").await })
            })
            .collect();
        let mut changes = 0;
        for reload in reloads {
            changes += reload.await.unwrap().unwrap().changes().len();
        }
        // The others find nothing left to change.
        assert_eq!(changes, 1, "in round {round}");
    }
    let expected: Vec<_> = (1..9).map(|round| format!("{round}m")).collect();
    assert_eq!(follow_each_other(&handle), expected);
    end(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_nobody_waits_for_is_done_all_the_same() {
    let file = File::new("");
    let (task, _tell) = told();
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", task));
    let (handle, _events) = start(tree, &file).await;
    file.say("policy: { restart: transient }");
    let mut dropped = Box::pin(handle.reload("alice", "a test"));
    // Once, so that it has begun.
    let poll = std::future::poll_fn(|context| {
        assert!(dropped.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    });
    poll.await;
    drop(dropped);
    // The next one waits for it, and has nothing left to do.
    let plan = handle.reload("bob", "a test").await.unwrap();
    assert_eq!(plan.changes(), []);
    assert_eq!(handle.effective_config().value("/root/a", "restart").unwrap().value, "transient");
    end(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_has_begun_goes_on_as_it_is() {
    let file = File::new("policy: { backoff: { initial: 10s, max: 10s, jitter: 0 } }");
    let (task, tell) = told();
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", task));
    let (handle, _events) = start(tree, &file).await;
    tell.send(()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    file.say("policy: { backoff: { initial: 1s, max: 1s, jitter: 0 } }");
    reload(&handle).await.unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(handle.state_of("/root/a").await.unwrap().generation.0, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(handle.state_of("/root/a").await.unwrap().generation.0, 2);
    end(&handle).await;
}

#[cfg(feature = "audit")]
#[tokio::test]
async fn what_is_started_and_stopped_by_it_is_in_the_audit_with_before_and_after() {
    let file = File::new("");
    let audit = file.0.with_extension("audit");
    let (members, _) = shards();
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(SupervisorSpec::many("m", 2, members));
    let builder = builder(tree, &file).audit(crate::audit::AuditLog::new(&audit));
    let handle = builder.start().await.unwrap();
    file.say("supervisor: { children: { a: { enabled: false }, m: { count: 3 } } }");
    reload(&handle).await.unwrap();
    // What is refused changes nothing, and that is written down.
    file.say("{ supervisor: { children: { a: { enabled: true } } }, observability: { event_capacity: 9 } }");
    assert!(matches!(reload(&handle).await, Err(SupervisorError::NeedsRestart { .. })));
    assert_eq!(lifecycle(&handle, "/root/a").await, Lifecycle::Disabled);
    end(&handle).await;
    let text = std::fs::read_to_string(&audit).unwrap();
    std::fs::remove_file(&audit).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("\"name\":\"reload\"")).collect();
    let entry: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    let changes: Vec<_> = entry["changes"].as_array().unwrap().clone();
    for (path, key, before, after) in
        [("/root/a", "enabled", "true", "false"), ("/root/m", "count", "2", "3")]
    {
        let expected =
            serde_json::json!({ "path": path, "key": key, "before": before, "after": after });
        assert!(changes.contains(&expected), "no {expected} in {entry}");
    }
    let refused: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    assert!(refused.get("changes").is_none(), "{refused}");
    let rejected = text.lines().find(|line| line.contains("\"kind\":\"rejected\"")).unwrap();
    assert!(rejected.contains("event_capacity: 1024 -> 9"), "{rejected}");
}

#[cfg(feature = "record")]
#[tokio::test(start_paused = true)]
async fn what_is_started_and_stopped_by_it_is_in_the_recording_and_its_replay() {
    let file = File::new("");
    let (members, _) = shards();
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(SupervisorSpec::many("m", 2, members));
    let recording = file.0.with_extension("recording");
    let handle = builder(tree, &file).record(&recording).start().await.unwrap();
    file.say(
        "{ supervisor: { children: { a: { enabled: false }, m: { count: 3 } } }, \
         observability: { last_exits: 1 } }",
    );
    reload(&handle).await.unwrap();
    handle.restart_child("/root/m/2", "test", "again").await.unwrap();
    file.say("supervisor: { children: { m: { count: 1 } } }");
    reload(&handle).await.unwrap();
    end(&handle).await;
    let read = crate::record::Recording::read(&recording).unwrap();
    std::fs::remove_file(&recording).unwrap();
    read.replay().unwrap();
}

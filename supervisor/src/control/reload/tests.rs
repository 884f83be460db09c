//! What a reload changes, when, and what it leaves alone.

mod live;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use confique::Config;
use schemars::JsonSchema;
use tokio::sync::mpsc;

use crate::config::environment::Environment;
use crate::config::plan::Effect;
use crate::control::handle::SupervisorHandle;
use crate::control::stream::EventStream;
use crate::error::types::SupervisorError;
use crate::event::EventKind;
use crate::policy::restart::AutoShutdown;
use crate::report::EndCause;
use crate::runtime::supervisor::{Supervisor, SupervisorBuilder};
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::state::Lifecycle;
use crate::task::context::TaskContext;
use crate::task::factory::{TaskFactory, service_fn};

/// What a child is told.
#[derive(Config, JsonSchema)]
struct Told {
    /// A number.
    #[config(default = 1)]
    number: u64,
    /// What is shown nowhere.
    #[config(default = "")]
    #[schemars(extend("writeOnly" = true))]
    key: String,
}

struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("reload-{}-{number}.yaml", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.say(text);
        file
    }

    fn say(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn builder(tree: SupervisorSpec, file: &File) -> SupervisorBuilder {
    Supervisor::builder(tree).config_file(&file.0).environment(Environment::none())
}

async fn start(tree: SupervisorSpec, file: &File) -> (SupervisorHandle, EventStream) {
    let mut builder = builder(tree, file);
    let events = builder.subscribe_events();
    (builder.start().await.unwrap(), events)
}

async fn reload(handle: &SupervisorHandle) -> Result<(), SupervisorError> {
    handle.reload("alice", "a test").await.map(drop)
}

fn parked() -> TaskFactory {
    service_fn(async |ctx: TaskContext| ctx.stopped().await)
}

/// Ends when it is told to.
fn told() -> (TaskFactory, mpsc::UnboundedSender<()>) {
    let (tell, told) = mpsc::unbounded_channel();
    let told = std::sync::Arc::new(tokio::sync::Mutex::new(told));
    let task = service_fn(move |ctx: TaskContext| {
        let told = std::sync::Arc::clone(&told);
        async move {
            ctx.until_stopped(async { told.lock().await.recv().await }).await;
        }
    });
    (task, tell)
}

async fn lifecycle(handle: &SupervisorHandle, path: &str) -> Lifecycle {
    handle.wait_until_settled().await.unwrap();
    handle.state_of(path).await.unwrap().lifecycle
}

#[tokio::test(start_paused = true)]
async fn the_next_decision_is_made_with_the_new_policy_and_no_run_is_touched() {
    let file = File::new("");
    let (task, tell) = told();
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", task));
    let (handle, _events) = start(tree, &file).await;
    file.say("policy: { restart: transient }");
    let plan = handle.reload("alice", "a test").await.unwrap();
    assert_eq!(plan.with(Effect::Now).count(), 1);
    assert_eq!(handle.state_of("/root/a").await.unwrap().generation.0, 1);
    assert_eq!(handle.effective_config().value("/root/a", "restart").unwrap().value, "transient");

    tell.send(()).unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(lifecycle(&handle, "/root/a").await, Lifecycle::Down);
    handle.shutdown_tree("test", "over").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn to_write_down_what_holds_anyway_changes_nothing() {
    let file = File::new("policy: { restart: permanent }");
    let (handle, _events) = start(SupervisorSpec::root(), &file).await;
    for text in [
        "observability: { event_capacity: 1024, last_exits: 8 }",
        "ipc: { enabled: false }",
        "shutdown: { grace: 5s }",
    ] {
        file.say(&format!("policy: {{ restart: permanent }}\n{text}"));
        let plan = handle.reload("alice", "a test").await.unwrap();
        assert!(plan.changes().is_empty(), "{text}: {plan}");
    }
    file.say("observability: { event_capacity: 1023 }");
    let error = reload(&handle).await.unwrap_err();
    assert!(error.to_string().contains("event_capacity: 1024 -> 1023"), "{error}");
    handle.shutdown_tree("test", "over").await.unwrap();
}

#[cfg(feature = "audit")]
#[tokio::test]
async fn a_reload_that_is_refused_is_in_the_audit_too() {
    use crate::audit::AuditLog;
    use crate::audit::entry::AuditKind;
    use crate::audit::verify::read;

    let (file, log) = (File::new(""), File::new(""));
    let tree = builder(SupervisorSpec::root(), &file).audit(AuditLog::new(&log.0));
    let handle = tree.start().await.unwrap();
    for (text, is_ok) in [
        ("policy: { restart: never }", false),
        ("observability: { event_capacity: 3 }", false),
        ("policy: { restart: transient }", true),
    ] {
        file.say(text);
        assert_eq!(reload(&handle).await.is_ok(), is_ok, "{text}");
    }
    handle.shutdown_now("test", "over").await.unwrap();
    let kinds = read(&log.0).unwrap().into_iter().map(|entry| entry.kind);
    let said = kinds.filter_map(|kind| match kind {
        AuditKind::Requested { name, requested_by, .. } => {
            Some(format!("{name} by {requested_by}"))
        }
        AuditKind::Rejected { error, .. } => Some(error.lines().next()?.to_owned()),
        _ => None,
    });
    let said: Vec<_> = said.collect();
    let [first, unreadable, second, needs_restart, third, _end] = &*said else {
        panic!("{said:?}")
    };
    for reload in [first, second, third] {
        assert_eq!(reload, "reload by alice");
    }
    assert!(unreadable.contains("found `never`"), "{unreadable}");
    assert!(needs_restart.contains("needs a restart"), "{needs_restart}");
}

#[tokio::test(start_paused = true)]
async fn the_root_explains_what_holds_beside_the_tree() {
    let file = File::new("observability: { journal_capacity: 9 }");
    let tree = builder(SupervisorSpec::root(), &file).last_exits(3).event_capacity(1024);
    let handle = tree.start().await.unwrap();
    let said = handle.effective_config();
    let said = |key: &str| {
        said.value("/root", key).unwrap_or_else(|| panic!("no {key} in {said}")).to_string()
    };
    assert_eq!(
        said("observability.event_capacity"),
        "observability.event_capacity: 1024, built in"
    );
    let exits = "observability.last_exits: 3, from the builder of the tree, over 8, built in";
    assert_eq!(said("observability.last_exits"), exits);
    let journal = said("observability.journal_capacity");
    assert!(journal.ends_with(":1:36, over 1024, built in"), "{journal}");
    assert_eq!(said("ipc.enabled"), "ipc.enabled: false, built in");
    // The code says it, and so it is no change to write it down.
    file.say("observability: { journal_capacity: 9, last_exits: 3 }");
    assert!(handle.reload("alice", "a test").await.unwrap().changes().is_empty());
    handle.shutdown_tree("test", "over").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn settings_are_those_of_the_next_run() {
    let (say, mut said) = mpsc::unbounded_channel();
    let task = service_fn(move |ctx: TaskContext| {
        let number = ctx.settings::<Told>().map(|told| (told.number, told.key.len()));
        say.send(number.unwrap_or_default()).unwrap();
        async move { ctx.stopped().await }
    });
    let child = ChildSpec::new("a", task).settings::<Told>();
    let file = File::new("supervisor: { children: { a: { settings: { key: abc } } } }");
    let (handle, mut events) = start(SupervisorSpec::root().child(child), &file).await;
    assert_eq!(said.recv().await, Some((1, 3)));

    file.say("supervisor: { children: { a: { settings: { number: 2, key: abcd } } } }");
    let plan = handle.reload("alice", "a test").await.unwrap();
    assert_eq!(plan.with(Effect::NextRestart).count(), 2);
    assert!(!format!("{plan} {}", plan.to_json()).contains("abc"), "{plan}");
    assert!(said.try_recv().is_err());
    handle.restart_child("/root/a", "alice", "to show it").await.unwrap();
    assert_eq!(said.recv().await, Some((2, 4)));

    handle.shutdown_tree("test", "over").await.unwrap();
    let mut changes = Vec::new();
    while let Some(event) = events.next().await {
        if let EventKind::Reconfigured { changes: of_one } = &event.kind {
            assert_eq!(event.path.as_str(), "/root/a");
            assert_eq!(event.command.map(|id| id.0), Some(1));
            changes.extend(of_one.iter().map(ToString::to_string));
        }
    }
    assert_eq!(changes, ["settings.key *** -> ***", "settings.number 1 -> 2"]);
}

#[tokio::test(start_paused = true)]
async fn one_change_that_needs_a_restart_leaves_all_as_it_is() {
    let file = File::new("");
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let (handle, _events) = start(tree, &file).await;
    let before = handle.effective_config();
    file.say("{ policy: { restart: transient }, observability: { event_capacity: 3 } }");
    let error = reload(&handle).await.unwrap_err();
    assert!(matches!(&error, SupervisorError::NeedsRestart { changes } if changes.len() == 1));
    let text = error.to_string();
    assert!(text.contains("observability.event_capacity: 1024 -> 3"), "{text}");
    assert_eq!(handle.effective_config(), before);
    handle.shutdown_tree("test", "over").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_file_with_a_mistake_changes_nothing_and_says_why() {
    let file = File::new("policy: { restart: transient }");
    let (task, tell) = told();
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", task));
    let (handle, _events) = start(tree, &file).await;
    let before = handle.effective_config();
    for text in ["policy: { restart: never }", "policy: { backoff: { initial: 9m } }", "- a"] {
        file.say(text);
        let error = reload(&handle).await.unwrap_err();
        assert!(matches!(error, SupervisorError::Config(_)), "{text}: {error}");
        assert_eq!(handle.effective_config(), before);
    }
    std::fs::remove_file(&file.0).unwrap();
    assert!(reload(&handle).await.unwrap_err().to_string().contains("no such file"));
    tell.send(()).unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(lifecycle(&handle, "/root/a").await, Lifecycle::Down);
    assert!(matches!(
        handle.reload(" ", "a test").await,
        Err(SupervisorError::Blank { field: "requested_by", .. })
    ));
    handle.shutdown_tree("test", "over").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_becomes_significant_while_it_runs_is_counted() {
    let file = File::new("supervisor: { children: { a: { significant: true } } }");
    let ((a, end_a), (b, end_b)) = (told(), told());
    let restart = crate::policy::restart::Restart::Transient;
    let tree = SupervisorSpec::root()
        .auto_shutdown(AutoShutdown::AllSignificant)
        .child(ChildSpec::new("a", a).restart(restart))
        .child(ChildSpec::new("b", b).restart(restart));
    let (handle, _events) = start(tree, &file).await;
    let both = "{ a: { significant: true }, b: { significant: true } }";
    file.say(&format!("supervisor: {{ children: {both} }}"));
    reload(&handle).await.unwrap();
    end_a.send(()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(lifecycle(&handle, "/root/b").await, Lifecycle::Up);
    end_b.send(()).unwrap();
    let report = handle.join().await.unwrap();
    assert!(matches!(report.cause, EndCause::AutoShutdown), "{report}");
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_listened_for_from_the_reload_on() {
    let file = File::new("");
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let (handle, mut events) = start(tree, &file).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    file.say("supervisor: { children: { a: { health: { heartbeat: 1s, stale_after: 3s } } } }");
    reload(&handle).await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    handle.shutdown_tree("test", "over").await.unwrap();
    let mut is_stale = false;
    while let Some(event) = events.next().await {
        is_stale |= matches!(event.kind, EventKind::Stale { .. });
    }
    assert!(is_stale);
}

#[tokio::test(start_paused = true)]
async fn what_a_restarted_supervisor_builds_anew_has_the_new_policy_too() {
    let file = File::new("");
    let (task, tell) = told();
    let inner = SupervisorSpec::new("inner").child(ChildSpec::new("a", task));
    let (handle, _events) = start(SupervisorSpec::root().child(inner), &file).await;
    handle.stop_child("/root/inner/a", "alice", "a test").await.unwrap();
    handle.delete_child("/root/inner/a", "alice", "a test").await.unwrap();
    file.say("supervisor: { children: { inner: { children: { a: { restart: temporary } } } } }");
    reload(&handle).await.unwrap();
    handle.restart_child("/root/inner", "alice", "a test").await.unwrap();
    tell.send(()).unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(handle.state_of("/root/inner/a").await.is_err(), "it is temporary, and forgotten");
    handle.shutdown_tree("test", "over").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_ending_is_not_reloaded() {
    let file = File::new("");
    let (handle, _events) = start(SupervisorSpec::root(), &file).await;
    handle.shutdown_tree("test", "over").await.unwrap();
    assert!(matches!(reload(&handle).await, Err(SupervisorError::ShuttingDown)));
}

#[cfg(feature = "audit")]
#[tokio::test]
async fn each_change_is_in_the_audit_with_before_and_after() {
    let file = File::new("");
    let audit = file.0.with_extension("audit");
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let builder = builder(tree, &file).audit(crate::audit::AuditLog::new(&audit));
    let handle = builder.start().await.unwrap();
    file.say("policy: { backoff: { max: 5s } }");
    reload(&handle).await.unwrap();
    handle.shutdown_tree("test", "over").await.unwrap();
    let text = std::fs::read_to_string(&audit).unwrap();
    std::fs::remove_file(&audit).unwrap();
    let line = text.lines().find(|line| line.contains("\"name\":\"reload\"")).unwrap();
    let entry: serde_json::Value = serde_json::from_str(line).unwrap();
    let expected = serde_json::json!({
        "path": "/root/a", "key": "backoff.max", "before": "30s", "after": "5s",
    });
    assert_eq!(entry["changes"], serde_json::json!([expected]));
    assert_eq!((&entry["requested_by"], &entry["path"]), (&"alice".into(), &"/root".into()));
}

#[cfg(feature = "record")]
#[tokio::test(start_paused = true)]
async fn a_reload_is_in_the_recording_and_its_replay() {
    let file = File::new("");
    let (task, tell) = told();
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", task));
    let recording = file.0.with_extension("recording");
    let handle = builder(tree, &file).record(&recording).start().await.unwrap();
    file.say("policy: { restart: transient }");
    reload(&handle).await.unwrap();
    tell.send(()).unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    handle.shutdown_tree("test", "over").await.unwrap();
    let text = std::fs::read_to_string(&recording).unwrap();
    assert!(text.contains("\"reload\""), "{text}");
    let read = crate::record::Recording::read(&recording).unwrap();
    std::fs::remove_file(&recording).unwrap();
    read.replay().unwrap();
}

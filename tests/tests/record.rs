//! Recordings of trees to which everything happens: each kind of input is in the file, and every
//! decision comes out of it again.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::dependency::StartMode;
use rust_supervisor::policy::failure::{OnLimit, TaskFailureKind};
use rust_supervisor::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::record::Recording;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};
use rust_supervisor::task::member::member_fn;
use rust_supervisor::task::result::TaskResult;
use serde_json::Value;
use supervisor_tests::{BY, WHY, every, ms, parked, poll_then_drop, stubborn};
use tokio::time::sleep;

/// A file of the test's own, removed when it is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("record-{name}-{}.jsonl", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// Ends in another way each time: an error with causes, a panic, on purpose, no future at all.
fn moody() -> TaskFactory {
    TaskFactory::new(|ctx: TaskContext| {
        if ctx.generation().0 == 4 {
            return Err(TaskFailure::new(TaskFailureKind::ExternalDependency, "no port left"));
        }
        Ok(Box::pin(async move {
            if !ctx.sleep(ms(700)).await {
                return TaskResult::Shutdown;
            }
            match ctx.generation().0 {
                1 => {
                    let source = std::io::Error::other("connection reset");
                    TaskResult::Failed(TaskFailure::new(TaskFailureKind::Timeout, source))
                }
                2 => std::panic::resume_unwind(Box::new("index out of bounds")),
                3 => TaskResult::Shutdown,
                _ => {
                    ctx.stopped().await;
                    TaskResult::Succeeded
                }
            }
        }))
    })
}

fn tree() -> SupervisorSpec {
    let heart = service_fn(async |ctx: TaskContext| {
        ctx.heartbeat();
        if ctx.generation().0 > 1 {
            while ctx.sleep(ms(500)).await {
                ctx.heartbeat();
            }
        }
        ctx.stopped().await;
    });
    let ready = service_fn(async |ctx: TaskContext| {
        if ctx.sleep(ms(50)).await {
            ctx.ready();
            ctx.stopped().await;
        }
    });
    let group = SupervisorSpec::new("group")
        .strategy(Strategy::RestForOne)
        .meltdown(Meltdown::Shutdown)
        .child(ChildSpec::new("moody", moody()).backoff(every(ms(300)).jitter(0.7)))
        .child(ChildSpec::new("ready", ready).readiness(Readiness::Explicit))
        .child(ChildSpec::new("stubborn", stubborn()).grace(Grace::After(ms(200))));
    SupervisorSpec::root()
        .defaults(PolicyPatch::NONE.start_timeout(Duration::from_secs(7)))
        .intensity(20, Duration::from_mins(1))
        .auto_shutdown(AutoShutdown::AllSignificant)
        .child(group)
        .child(ChildSpec::new("heart", heart).health(ms(500), ms(2_000)))
        .child(
            ChildSpec::new("quiet", parked())
                .restart(Restart::Transient)
                .significant()
                .depends_on("heart"),
        )
        .child(SupervisorSpec::new("jobs").start(StartMode::Parallel).depends_on("/root/heart"))
        .child(
            SupervisorSpec::pool("sessions")
                .members(member_fn(async |ctx: TaskContext, _: u32| ctx.stopped().await))
                .max_children(2),
        )
        .child(SupervisorSpec::many(
            "shards",
            2,
            member_fn(async |ctx: TaskContext, _: usize| ctx.stopped().await),
        ))
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_input_is_recorded_and_decided_again() {
    let file = Scratch::new("all");
    let handle = Supervisor::builder(tree()).seed(5).record(&file.0).start().await.unwrap();
    sleep(ms(6_000)).await;
    let done = service_fn(async |ctx: TaskContext| {
        ctx.until_stopped(sleep(ms(10))).await;
    });
    let job = ChildSpec::new("job", done)
        .restart_limit(3, Duration::from_secs(9))
        .on_limit(OnLimit::Stop)
        .restart(Restart::Transient);
    handle.add_child("/root", job, BY, WHY).await.unwrap();
    let thread = ChildSpec::new("thread", blocking_fn(|_| ())).restart(Restart::Temporary);
    handle.add_child("/root/jobs", thread, BY, WHY).await.unwrap();
    handle.spawn_member("/root/sessions", "ada", 1_u32, BY, WHY).await.unwrap();
    handle.spawn_next_member("/root/sessions", 2_u32, BY, WHY).await.unwrap();
    handle.spawn_next_member("/root/sessions", 3_u32, BY, WHY).await.unwrap_err();
    handle.spawn_next_member("/root/sessions", "4", BY, WHY).await.unwrap_err();
    sleep(ms(1_000)).await;
    handle.stop_child("/root/heart", BY, WHY).await.unwrap();
    // Nobody waits any more, which is noticed when there are enough of them.
    for _ in 0..200 {
        poll_then_drop(handle.wait_until_ready("/root/heart"), 1).await;
    }
    handle.start_child("/root/heart", BY, WHY).await.unwrap();
    handle.restart_child("/root/group/moody", BY, WHY).await.unwrap();
    handle.pause_child("/root/quiet", BY, WHY).await.unwrap();
    handle.resume_child("/root/quiet", BY, WHY).await.unwrap();
    handle.quarantine_child("/root/heart", BY, WHY).await.unwrap();
    handle.reset_budget("/root/heart", BY, WHY).await.unwrap();
    handle.delete_child("/root/job", BY, WHY).await.unwrap();
    handle.remove_child("/root/heart", BY, WHY).await.unwrap();
    handle.stop_child("/root/nobody", BY, WHY).await.unwrap_err();
    handle.shutdown_tree(BY, WHY).await.unwrap();
    handle.shutdown_now(BY, WHY).await.unwrap();

    let recording = Recording::read(&file.0).unwrap();
    let replayed = recording.replay().unwrap();
    assert_eq!(replayed, recording.decisions());
    for part in [
        "-> start /root/group/moody #5",
        "-> abort /root/group/stubborn",
        "is stuck",
        "no port left",
    ] {
        assert!(replayed.contains(part), "no `{part}` in:\n{replayed}");
    }
    assert_eq!(recording.library(), env!("CARGO_PKG_VERSION"));

    let text = fs::read_to_string(&file.0).unwrap();
    let mut seen = BTreeSet::new();
    for line in text.lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap();
        names(&line["input"], &mut seen);
    }
    for name in [
        "start",
        "spawned",
        "ready",
        "ended",
        "pulse",
        "command",
        "abandoned",
        "tick",
        "succeeded",
        "shutdown",
        "failed",
        "panicked",
        "dropped",
        "not_spawned",
        "add_child",
        "spawn_member",
        "start_child",
        "stop_child",
        "restart_child",
        "delete_child",
        "remove_child",
        "pause_child",
        "resume_child",
        "quarantine_child",
        "reset_budget",
        "wait_until_ready",
        "shutdown_tree",
    ] {
        assert!(seen.contains(name), "no {name} in {seen:?}");
    }
}

/// All keys and words of an input.
fn names(value: &Value, seen: &mut BTreeSet<String>) {
    match value {
        Value::String(word) => drop(seen.insert(word.clone())),
        Value::Object(fields) => {
            for (name, value) in fields {
                seen.insert(name.clone());
                names(value, seen);
            }
        }
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_declaration_is_in_the_file_with_all_that_was_said() {
    let file = Scratch::new("spec");
    let handle = Supervisor::builder(tree()).record(&file.0).start().await.unwrap();
    handle.shutdown_tree(BY, WHY).await.unwrap();
    let spec = Recording::read(&file.0).unwrap().spec();
    // Everything but the functions, which are not printed.
    assert_eq!(without_places(&spec), without_places(&tree()));
}

/// All that a spec says but where in the code it stands, which is nothing to a recording.
fn without_places(spec: &SupervisorSpec) -> String {
    let text = format!("{spec:#?}");
    let mut parts = text.split("declared_at: Location {");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| Some(part.split_once('}')?.1)).fold(first, |text, part| text + part)
}

#[tokio::test(start_paused = true)]
async fn other_policies_are_tried_on_what_has_happened() {
    let file = Scratch::new("other");
    let flaky =
        service_fn(
            async |ctx: TaskContext| {
                if ctx.sleep(ms(1_000)).await { Err("connection reset") } else { Ok(()) }
            },
        );
    let spec = SupervisorSpec::root()
        .intensity(3, Duration::from_secs(10))
        .child(ChildSpec::new("a", parked()))
        .child(ChildSpec::new("flaky", flaky).backoff(every(ms(100))));
    let handle = Supervisor::builder(spec).record(&file.0).start().await.unwrap();
    assert!(handle.join().await.unwrap().is_failure());

    let recording = Recording::read(&file.0).unwrap();
    let minute = Duration::from_mins(1);
    let slower = recording.what_if(|spec| spec.intensity(5, minute)).unwrap();
    assert!(!slower.has_ended());
    assert_eq!(slower.state.get("/root/flaky").unwrap().restarts, 4);
    assert!(slower.to_string().starts_with("the tree lives"), "{slower}");
    let group = recording.what_if(|spec| spec.strategy(Strategy::OneForAll)).unwrap();
    assert!(group.decisions.contains("-> start /root/a #2"), "{}", group.decisions);
    let wrong = recording.what_if(|spec| spec.intensity(5, Duration::ZERO)).unwrap_err();
    assert!(format!("{:?}", std::error::Error::source(&wrong)).contains("give it a window"));
}

#[tokio::test(start_paused = true)]
async fn a_configuration_is_tried_on_what_has_happened() {
    let file = Scratch::new("config");
    let flaky = service_fn(
        async |ctx: TaskContext| if ctx.sleep(ms(1_000)).await { Err("reset") } else { Ok(()) },
    );
    let spec = SupervisorSpec::root()
        .intensity(3, Duration::from_secs(10))
        .child(ChildSpec::new("flaky", flaky).backoff(every(ms(100))));
    let handle = Supervisor::builder(spec).record(&file.0).start().await.unwrap();
    assert!(handle.join().await.unwrap().is_failure());
    let recording = Recording::read(&file.0).unwrap();

    let yaml = Scratch::new("config-yaml");
    let what_if = |text: &str| {
        fs::write(&yaml.0, text).unwrap();
        recording.what_if_config_file(&yaml.0)
    };
    assert!(what_if("").unwrap().has_ended());
    // Nobody has the type of the settings any more, and they decide nothing.
    let patient = "
supervisor:
  intensity: { max: 5, within: 60s }
  children: { flaky: { settings: { batch: 5 }, backoff: { initial: 2s, max: 2s, jitter: 0 } } }
";
    let slower = what_if(patient).unwrap();
    assert!(!slower.has_ended());
    assert!(slower.decisions.contains("decision: restart after 2s"), "{}", slower.decisions);
    let error =
        what_if("supervisor: { children: { flakey: { restart: temporary } } }").unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("there is no child `/root/flakey`"), "{source}");
    let error = what_if("policy: { restart: sometimes }").unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains(":1:20: `policy.restart`"), "{source}");
}

//! The tasks, and what is read, started and compared.

use std::convert::Infallible;
use std::time::Duration;

use rust_supervisor::config::configurable::SupervisorConfig;
use rust_supervisor::config::error::ConfigError;
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::backoff::BackoffPatch;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};

/// Reads YAML the way a file is read.
pub(crate) fn config(yaml: &str) -> Result<SupervisorConfig, ConfigError> {
    let dir = temporary_dir();
    let path = dir.join("config.yaml");
    std::fs::write(&path, yaml).unwrap();
    let config = SupervisorConfig::from_file(&path);
    std::fs::remove_dir_all(dir).unwrap();
    config
}

/// A directory of its own for each caller.
pub(crate) fn temporary_dir() -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("config-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Fails after each second.
pub(crate) fn flaky() -> TaskFactory {
    service_fn(
        async |ctx: TaskContext| {
            if ctx.sleep(ms(1_000)).await { Err("broken") } else { Ok(()) }
        },
    )
}

/// Is done after a second.
pub(crate) fn brief() -> TaskFactory {
    service_fn(async |_: TaskContext| tokio::time::sleep(ms(1_000)).await)
}

pub(crate) fn parked() -> TaskFactory {
    service_fn(async |ctx: TaskContext| ctx.stopped().await)
}

/// Says after two seconds that it is ready.
pub(crate) fn slow() -> TaskFactory {
    service_fn(async |ctx: TaskContext| {
        tokio::time::sleep(ms(2_000)).await;
        ctx.ready();
        ctx.stopped().await;
    })
}

/// Takes an hour to stop.
pub(crate) fn stubborn() -> TaskFactory {
    service_fn(async |ctx: TaskContext| {
        ctx.stopped().await;
        tokio::time::sleep(Duration::from_hours(1)).await;
    })
}

/// Cannot be stopped at all.
pub(crate) fn stuck() -> TaskFactory {
    blocking_fn(|_: BlockingContext| -> Infallible {
        loop {
            std::thread::park();
        }
    })
}

/// Starts the tree, lets it live for 20 s, shuts it down and returns all that happened, line by
/// line.
pub(crate) async fn history(tree: SupervisorSpec, yaml: &str) -> String {
    let config = config(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    let before = tokio::time::Instant::now();
    let started = Supervisor::builder(tree).seed(7).config(config).start().await;
    let mut history = format!("start took {} ms\n", before.elapsed().as_millis());
    let handle = match started {
        Ok(handle) => handle,
        Err(error) => return history + &format!("start failed: {error}\n"),
    };
    let mut events = handle.subscribe_events();
    tokio::time::sleep_until(before + ms(20_000)).await;
    // It may have ended by itself.
    drop(handle.shutdown_tree("test", "over").await);
    while let Some(event) = events.next().await {
        history += event.to_string().trim_start();
        history.push('\n');
    }
    history
}

/// With `yaml` the line is there, without it it is not.
pub(crate) async fn check(tree: SupervisorSpec, yaml: &str, expected: &str) {
    let without = history(tree.clone(), "").await;
    assert!(!without.contains(expected), "`{expected}` without\n{yaml}\n\n{without}");
    let with = history(tree, yaml).await;
    assert!(with.contains(expected), "no `{expected}` with\n{yaml}\n\n{with}");
}

/// The weakest thing that can be said in code.
pub(crate) fn weak(change: impl FnOnce(&mut PolicyPatch)) -> PolicyPatch {
    let mut patch = PolicyPatch::NONE;
    patch.backoff.jitter = Some(0.0);
    change(&mut patch);
    patch
}

pub(crate) fn jitter(jitter: f64) -> BackoffPatch {
    let mut patch = BackoffPatch::NONE;
    patch.jitter = Some(jitter);
    patch
}

pub(crate) async fn start(tree: SupervisorSpec, yaml: &str) -> SupervisorHandle {
    Supervisor::builder(tree).config(config(yaml).unwrap()).start().await.unwrap()
}

/// Starts, and is refused.
pub(crate) async fn refused(tree: SupervisorSpec, yaml: &str) -> String {
    let config = config(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    match Supervisor::builder(tree).config(config).start().await {
        Err(SupervisorError::Config(error)) => error.to_string(),
        Err(error) => panic!("another error: {error}\n{yaml}"),
        Ok(_) => panic!("it started\n{yaml}"),
    }
}

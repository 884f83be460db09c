//! What the compiler resolved across the crates is what the running tree waits for.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use payments::storage;
use rust_supervisor::config::configurable::SupervisorConfig;
use rust_supervisor::id::ChildPath;
use rust_supervisor::prelude::*;
use rust_supervisor::state::Lifecycle;
use shop::{App, AtOnce, Shop};

fn why() -> (&'static str, &'static str) {
    ("test", "to see it")
}

/// Reads YAML the way a file is read.
fn config(name: &str, yaml: &str) -> SupervisorConfig {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, yaml).unwrap();
    SupervisorConfig::from_file(&path).unwrap()
}

/// The error of a start that is refused.
async fn refused(yaml: &str, name: &str) -> String {
    let start = AtOnce::builder(Shop::default()).config(config(name, yaml)).start();
    start.await.unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn with_a_parallel_start_the_dependencies_alone_are_the_order() {
    let shop = Shop::default();
    let app = AtOnce::start(shop.clone()).await.unwrap();
    app.handle().wait_until_settled().await.unwrap();
    let diary = shop.diary.read();
    let place = |line: &str| diary.iter().position(|it| *it == line).expect("it has started");
    assert!(place("pool") < place("ledger") && place("ledger") < place("daily"), "{diary:?}");
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_child_waits_for_what_another_crate_declares() {
    let app = App::start(Shop::default()).await.unwrap();
    app.pool.stop(why()).await.unwrap();
    app.payments.ledger.stop(why()).await.unwrap();
    let ledger = app.payments.ledger.start(why()).await.unwrap();
    assert_eq!(ledger.lifecycle, Some(Lifecycle::Waiting));
    let error = app.payments.ledger.start(why()).await.unwrap_err().to_string();
    assert!(error.contains("waits for `/root/pool`"), "{error}");
    let daily = app.reports.daily.restart(why()).await.unwrap();
    assert_eq!(daily.lifecycle, Some(Lifecycle::Waiting));
    let waits_for = app.reports.daily.state().await.unwrap().waits_for;
    assert_eq!(
        waits_for.iter().map(ChildPath::as_str).collect::<Vec<_>>(),
        ["/root/payments/ledger"]
    );
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn what_follows_by_attribute_is_restarted_with_what_it_depends_on() {
    let app = AtOnce::start(Shop::default()).await.unwrap();
    app.handle().wait_until_settled().await.unwrap();
    app.payments.ledger.restart(why()).await.unwrap();
    app.handle().wait_until_settled().await.unwrap();
    assert_eq!(app.handle().state_of("/root/reports").await.unwrap().generation.0, 2);
    assert_eq!(app.payments.fraud.state().await.unwrap().generation.0, 1);
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_file_makes_a_child_of_a_library_follow() {
    let yaml = "
        supervisor:
          children:
            payments:
              children:
                ledger: { on_dependency_restart: restart }
    ";
    let (library, app) = (Shop::default(), App::builder(Shop::default()));
    let without = App::start(library).await.unwrap();
    let with = app.config(config("follow.yaml", yaml)).start().await.unwrap();
    for (app, generation) in [(without, 1), (with, 2)] {
        app.pool.restart(why()).await.unwrap();
        app.handle().wait_until_settled().await.unwrap();
        assert_eq!(app.payments.ledger.state().await.unwrap().generation.0, generation);
        assert!(app.shutdown(why()).await.unwrap().is_clean());
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_cannot_take_away_what_is_depended_on() {
    let off = refused("supervisor: { children: { pool: { enabled: false } } }", "off.yaml").await;
    assert!(off.contains("it depends on `/root/pool`, but"), "{off}");
    assert!(off.contains("`supervisor.children.pool.enabled`"), "{off}");
    assert!(!off.contains("`enabled` is true"), "of another child: {off}");
    let once = "supervisor: { children: { pool: { restart: temporary } } }";
    let once = refused(once, "once.yaml").await;
    assert!(once.contains("`/root/pool` is temporary"), "{once}");
    let sequential = refused("supervisor: { start: sequential }", "sequential.yaml").await;
    assert!(sequential.contains("it would never start"), "{sequential}");
    assert!(sequential.contains("`supervisor.start`"), "{sequential}");
}

/// Works on a pool.
#[child]
async fn worker(ctx: TaskContext, pool: Handle<storage::pool>) {
    assert_eq!(pool.path().as_str(), "/root/pool");
    ctx.stopped().await;
}

#[supervisor(start(parallel), state = Shop)]
struct Workers {
    #[child(depends_on(storage::pool), on_dependency_restart(restart))]
    crew: Pool<worker>,
    pool: storage::pool,
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_members_waits_as_a_whole() {
    let app = Workers::start(Shop::default()).await.unwrap();
    app.crew.spawn("w1", ()).await.unwrap();
    app.pool.stop(why()).await.unwrap();
    app.handle().wait_until_settled().await.unwrap();
    let state = app.handle().state_of("/root/crew").await.unwrap();
    assert_eq!(state.lifecycle, Lifecycle::Waiting);
    app.pool.start(why()).await.unwrap();
    app.handle().wait_until_ready("/root/crew").await.unwrap();
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

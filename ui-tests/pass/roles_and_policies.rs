//! Roles, classes of failure, tags, and what is not enabled, at functions, fields and in defaults.
#![deny(warnings)]

use rust_supervisor::prelude::*;
use rust_supervisor::state::Lifecycle;

const NIGHTLY: bool = cfg!(windows) && cfg!(unix);

#[child(role(service), tags("web", "eu"), on_limit(shutdown_tree))]
async fn web(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(
    role = job,
    significant,
    on_failure(
        external_dependency(backoff(initial = "1s", max = "1m"), restart_limit(max = 100, within = "1h")),
        timeout(backoff(factor = 1)),
        panic(restart_limit(max = 1, within = "1m")),
    )
)]
async fn import(ctx: TaskContext) -> Result<(), std::io::Error> {
    ctx.stopped().await;
    Ok(())
}

#[child(role(sidecar), depends_on(web))]
async fn exporter(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(enabled = NIGHTLY)]
async fn experiment(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(
    auto_shutdown(all_significant),
    start(parallel),
    defaults(criticality(standard), on_failure(recoverable(backoff(initial = "10ms", max = "1s")))),
    shutdown(budget = "30s"),
    tags("money"),
    role(worker)
)]
struct Jobs {
    import: import,
    #[child(tags("side"), role(worker), criticality(best_effort))]
    exporter: exporter,
    web: web,
    experiment: experiment,
}

#[supervisor]
struct App {
    #[child(restart(transient), on_limit(escalate))]
    jobs: Jobs,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(()).await?;
    let state = app.jobs.experiment.state().await?;
    assert_eq!(state.lifecycle, Lifecycle::Disabled);
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}

use rust_supervisor::prelude::*;

const LONG: Duration = Duration::from_secs(9);

struct Limits;

impl Limits {
    const MAX: u32 = 3;
    const JITTER: f64 = 0.25;

    const fn window() -> Duration {
        Duration::from_secs(60)
    }
}

#[child(
    restart(transient),
    backoff(initial = "10ms", max = LONG, factor = 3, jitter = Limits::JITTER, reset_after = "1h"),
    restart_limit(max = Limits::MAX, within = Limits::window()),
    on_limit(quarantine),
    probe_after = "5m",
    readiness(explicit),
    start_timeout = Duration::from_secs(2),
    health(heartbeat = "1s", stale_after = "5s"),
    shutdown(grace = "250ms", abort_wait = "3s"),
    significant
)]
async fn everything(ctx: TaskContext) {
    ctx.ready();
    ctx.heartbeat();
    ctx.stopped().await;
}

#[child(
    restart = permanent,
    on_limit = "escalate",
    criticality = critical,
    readiness = "immediate",
    shutdown(grace = infinite),
)]
async fn in_the_other_way(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child()]
async fn with_nothing(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(auto_shutdown(any_significant))]
struct App {
    everything: everything,
    in_the_other_way: in_the_other_way,
    with_nothing: with_nothing,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(()).await?;
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}

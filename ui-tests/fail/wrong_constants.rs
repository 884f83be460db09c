use rust_supervisor::prelude::*;

const LONG: Duration = Duration::from_secs(9);
const NEGATIVE: f64 = -1.0;

#[child(start_timeout = Duration::ZERO)]
async fn in_no_time(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(backoff(max = "1s", initial = LONG))]
async fn starts_above_its_ceiling(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(health(heartbeat = LONG, stale_after = "1s"))]
async fn breaks_its_promise(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(health(heartbeat = "1s", stale_after = Duration::ZERO))]
async fn in_no_time_at_all(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(defaults(shutdown(grace = Duration::from_nanos(1))))]
struct App {
    #[child(backoff(jitter = NEGATIVE))]
    in_no_time: in_no_time,
    starts_above_its_ceiling: starts_above_its_ceiling,
}

fn main() {
    drop(App::start(()));
}

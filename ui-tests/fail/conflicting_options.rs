use rust_supervisor::prelude::*;

#[child(restart(temporary), backoff(initial = "1s"), restart_limit(max = 1, within = "1s"))]
async fn never_restarted(_: TaskContext) {}

#[child(restart(permanent), significant)]
async fn never_ends(_: TaskContext) {}

#[child(significant)]
async fn never_ends_by_default(_: TaskContext) {}

#[child(readiness(immediate), start_timeout = "1s")]
async fn waits_for_nothing(_: TaskContext) {}

#[child(probe_after = "1m", criticality(critical))]
async fn never_quarantined(_: TaskContext) {}

#[supervisor(health(heartbeat = "1s"))]
struct App {
    #[child(restart(temporary), backoff(max = "1s"))]
    field: never_restarted,
    #[child(restart(transient), significant)]
    counts_for_nothing: never_ends,
}

fn main() {}

use rust_supervisor::prelude::*;

#[child(
    backoff(initial = 5, max = soon("x"), jitter = -0.1, factor = "two"),
    restart_limit(max = 1.5, within = "1h"),
    start_timeout = "0s",
    health(heartbeat = "5s", stale_after = "5s", hartbeat = "1s"),
    shutdown(grace = "0ms", abort_wait),
    significant = yes,
    on_limit,
    criticality(critical, standard),
)]
async fn child_of_many_sorrows(_: TaskContext) {}

#[child(health(heartbeat = "0s", stale_after = "0s"))]
async fn silent_for_no_time(_: TaskContext) {}

#[child(health)]
async fn says_nothing_about_it(_: TaskContext) {}

fn main() {}

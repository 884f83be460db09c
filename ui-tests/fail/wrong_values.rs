use rust_supervisor::prelude::*;

#[child(
    backoff(initial = 5, max = soon("x"), jitter = -0.1, factor = "two"),
    restart_limit(max = 1.5, within = "1h"),
    start_timeout = "0s",
    shutdown(grace = "0ms", abort_wait),
    significant = yes,
    on_limit,
    criticality(critical, standard),
)]
async fn child_of_many_sorrows(_: TaskContext) {}

fn main() {}

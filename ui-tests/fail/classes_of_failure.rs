use rust_supervisor::prelude::*;

#[child(on_failure(fatal_config(restart_limit(max = 1, within = "1s"))))]
async fn never_retried(_: TaskContext) {}

#[child(on_failure(cancelled(backoff(initial = "1s")), timeuot(backoff(initial = "1s"))))]
async fn no_class(_: TaskContext) {}

#[child(on_failure(timeout(on_limit(stop)), panic))]
async fn no_policy_of_a_class(_: TaskContext) {}

#[child(on_failure(timeout(backoff(initial = "2s", max = "1s", jitter = 2))))]
async fn wrong_values(_: TaskContext) {}

#[child(restart(temporary), on_failure(timeout(backoff(initial = "2s"))))]
async fn never_restarted(_: TaskContext) {}

fn main() {}

use rust_supervisor::prelude::*;

#[child(restart(permanent) backoff(initial = "1s"), , "significant", start_timeout =, shutdown())]
async fn ledger(_: TaskContext) {}

fn main() {}

use rust_supervisor::prelude::*;

const SECONDS: u64 = 5;

#[child(start_timeout = SECONDS, backoff(factor = SECONDS))]
async fn ledger(_: TaskContext) {}

fn main() {}

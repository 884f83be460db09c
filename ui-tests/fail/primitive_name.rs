use rust_supervisor::prelude::*;

#[child]
async fn u64(_: TaskContext) {}

#[child]
unsafe fn dangerous(_: TaskContext) {}

fn main() {}

use rust_supervisor::prelude::*;

#[child]
async fn worker(_: TaskContext) -> Self {}

fn main() {}

use rust_supervisor::prelude::*;

#[child]
async fn a(_: TaskContext) {}

#[supervisor]
struct App {
    first: a,
    first: a,
    FIRST: a,
}

fn main() {}

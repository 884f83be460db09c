use rust_supervisor::prelude::*;

#[child]
async fn a(_: TaskContext) {}

#[supervisor]
struct App {
    a__b: a,
}

fn main() {}

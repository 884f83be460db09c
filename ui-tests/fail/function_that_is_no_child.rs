// `#[child]` is missing, so there is no type of this name.
use rust_supervisor::prelude::*;

async fn plain(_: TaskContext) {}

#[supervisor]
struct App {
    plain: plain,
}

fn main() {}

use rust_supervisor::prelude::*;

async fn plain(_: TaskContext) {}

struct Thing;

#[supervisor]
struct App {
    thing: Thing,
}

#[supervisor]
struct Other {
    plain: plain,
}

fn main() {}

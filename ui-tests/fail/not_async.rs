use rust_supervisor::prelude::*;

#[child]
fn plain(_: TaskContext) {}

#[child(blocking)]
async fn waiting(_: BlockingContext) {}

#[supervisor]
struct App {
    plain: plain,
    waiting: waiting,
}

fn main() {}

use rust_supervisor::prelude::*;

#[child]
async fn a(_: TaskContext) {}

#[supervisor]
struct App {
    first: a,
    second
    third: a,
    fourth: ,
}

fn uses(app: &App) {
    drop(app.first.clone());
}

fn main() {}

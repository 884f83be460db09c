use rust_supervisor::prelude::*;

#[child]
async fn worker(_: TaskContext) -> Result<(), Box<dyn std::error::Error>> {
    Err("no".into())
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}

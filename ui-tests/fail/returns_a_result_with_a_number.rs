use rust_supervisor::prelude::*;

#[child]
async fn worker(_: TaskContext) -> Result<u64, String> {
    Ok(1)
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}

use rust_supervisor::prelude::*;

#[child(classify(std::io::Error))]
async fn worker(_: TaskContext) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Ok(())
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}

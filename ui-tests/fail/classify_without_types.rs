use rust_supervisor::prelude::*;

#[child(classify)]
async fn worker(_: TaskContext) -> std::io::Result<()> {
    Ok(())
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}

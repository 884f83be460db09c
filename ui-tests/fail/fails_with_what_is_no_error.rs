use rust_supervisor::prelude::*;

struct NoError;

#[child]
async fn worker(_: TaskContext) -> Result<(), NoError> {
    Err(NoError)
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}

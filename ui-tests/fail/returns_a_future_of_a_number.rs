use rust_supervisor::prelude::*;

#[child]
fn worker(_: TaskContext) -> impl Future<Output = u64> + Send {
    std::future::ready(1)
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}

use rust_supervisor::prelude::*;

#[derive(Debug, Failure)]
#[failure(timeout)]
struct Slow;

impl std::fmt::Display for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("slow")
    }
}

impl std::error::Error for Slow {}

#[child(classify(Slow))]
async fn worker(_: TaskContext) -> Result<(), String> {
    Ok(())
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}

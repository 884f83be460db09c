use rust_supervisor::prelude::*;

struct Service;

impl Service {
    #[child]
    async fn run(self, _: TaskContext) {}
}

fn main() {}

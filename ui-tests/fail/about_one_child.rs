use rust_supervisor::prelude::*;

#[child(role(servise), enabled = 1, tags())]
async fn wrong(_: TaskContext) {}

#[child(tags("a", "b", "a"), enabled = "no")]
async fn twice(_: TaskContext) {}

#[child(role(service), probe_after = "1m")]
async fn escalates(_: TaskContext) {}

#[supervisor(defaults(role(job), enabled = false, tags("everywhere")))]
struct App {
    #[child(role(sidecar), significant)]
    escalates: escalates,
}

fn main() {}

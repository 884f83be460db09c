use rust_supervisor::prelude::*;

#[child]
async fn a(_: TaskContext) {}

#[supervisor]
struct Tuple(#[child(restart(transient))] a);

#[supervisor]
enum Choice {
    #[child(restart(transient))]
    A(a),
}

fn main() {}

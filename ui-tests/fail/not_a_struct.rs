use rust_supervisor::prelude::*;

#[child]
async fn a(_: TaskContext) {}

#[supervisor]
struct Tuple(a);

#[supervisor]
enum Choice {
    A(a),
}

fn main() {}

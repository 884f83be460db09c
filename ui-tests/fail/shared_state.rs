use rust_supervisor::prelude::*;

struct NoClone;

#[derive(SharedState)]
struct Twice {
    first: String,
    second: String,
    #[state(skp)]
    third: u8,
}

#[derive(SharedState)]
struct Other {
    value: NoClone,
}

#[derive(SharedState)]
enum Choice {
    A,
}

fn main() {}

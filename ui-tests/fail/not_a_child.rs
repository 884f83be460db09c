use rust_supervisor::prelude::*;

struct Thing;

#[supervisor]
struct App {
    thing: Thing,
}

fn main() {}

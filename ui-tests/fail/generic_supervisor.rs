use rust_supervisor::prelude::*;

#[supervisor]
struct App<T> {
    child: T,
}

fn main() {}

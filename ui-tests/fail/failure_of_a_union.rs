use rust_supervisor::prelude::*;

#[derive(Failure)]
#[failure(timeout)]
union NoSchema {
    a: u8,
}

fn main() {}

use rust_supervisor::prelude::*;

#[derive(Failure)]
#[failure]
struct NoSchema;

fn main() {}

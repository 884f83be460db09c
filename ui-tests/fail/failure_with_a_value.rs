use rust_supervisor::prelude::*;

#[derive(Failure)]
#[failure(timeout = "5s")]
struct NoSchema;

fn main() {}

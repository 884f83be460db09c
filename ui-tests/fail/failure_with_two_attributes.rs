use rust_supervisor::prelude::*;

#[derive(Failure)]
#[failure(timeout)]
#[failure(fatal_bug)]
struct NoSchema;

fn main() {}

use rust_supervisor::prelude::*;

#[derive(Failure)]
#[failure(timeout, fatal_bug)]
struct NoSchema;

fn main() {}

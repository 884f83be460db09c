use rust_supervisor::prelude::*;

#[derive(Failure)]
#[failure(annoying)]
struct NoSchema;

fn main() {}

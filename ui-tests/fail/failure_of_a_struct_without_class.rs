use rust_supervisor::prelude::*;

#[derive(Failure)]
struct NoSchema;

fn main() {}

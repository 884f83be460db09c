use rust_supervisor::prelude::*;

#[child]
struct Worker;

fn main() {}

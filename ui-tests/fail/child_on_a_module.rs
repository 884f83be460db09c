use rust_supervisor::prelude::*;

#[child]
mod worker {}

fn main() {}

use rust_supervisor::prelude::*;

#[child]
const WORKER: fn() = || {};

fn main() {}

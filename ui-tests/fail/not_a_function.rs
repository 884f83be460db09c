use rust_supervisor::prelude::*;

#[child]
struct Ledger;

#[child(restart(permanent))]
const LIMIT: u32 = 5;

fn main() {}

use rust_supervisor::prelude::*;

#[child]
async fn takes_nothing() {}

#[child(blocking)]
fn takes_nothing_either() {}

fn main() {}

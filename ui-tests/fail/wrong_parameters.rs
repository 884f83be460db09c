use rust_supervisor::prelude::*;

struct Db;

#[child]
async fn takes_a_value(_: TaskContext, _: Db) {}

#[child]
async fn takes_the_wrong_context(_: BlockingContext) {}

#[child(blocking)]
fn takes_the_other_wrong_context(_: TaskContext) {}

fn main() {}

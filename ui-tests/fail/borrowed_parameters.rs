use rust_supervisor::prelude::*;

#[child]
async fn takes_a_reference(_: &TaskContext) {}

#[child]
async fn takes_anything(_: TaskContext, _: impl Clone) {}

#[child]
async fn has_a_lifetime<'a>(_: TaskContext) {}

fn main() {}

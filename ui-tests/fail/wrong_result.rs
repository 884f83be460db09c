use rust_supervisor::prelude::*;

struct NoError;

#[child]
async fn a_number(_: TaskContext) -> u64 {
    1
}

#[child]
async fn no_error(_: TaskContext) -> Result<(), NoError> {
    Ok(())
}

#[child(blocking)]
fn an_option(_: BlockingContext) -> Option<()> {
    None
}

#[supervisor]
struct App {
    a_number: a_number,
}

fn main() {}

use rust_supervisor::prelude::*;

#[derive(Failure)]
enum LedgerError {
    #[failure(timeout)]
    Slow,
    NoSchema,
}

fn main() {}

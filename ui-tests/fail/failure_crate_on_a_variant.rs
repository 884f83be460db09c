use rust_supervisor::prelude::*;

#[derive(Failure)]
enum LedgerError {
    #[failure(timeout, crate = a::b)]
    Slow,
}

fn main() {}

use rust_supervisor::prelude::*;

#[derive(Failure)]
#[failure(source)]
enum LedgerError {
    Slow(Inner),
}

#[derive(Failure)]
#[failure(timeout)]
struct Inner;

fn main() {}

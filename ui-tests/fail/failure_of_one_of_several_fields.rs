use rust_supervisor::prelude::*;

#[derive(Failure)]
enum LedgerError {
    #[failure(source)]
    Slow { table: u8, inner: Inner },
}

#[derive(Failure)]
#[failure(timeout)]
struct Inner;

fn main() {}

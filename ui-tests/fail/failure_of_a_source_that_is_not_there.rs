use rust_supervisor::prelude::*;

#[derive(Failure)]
enum LedgerError {
    #[failure(source)]
    Slow,
}

fn main() {}

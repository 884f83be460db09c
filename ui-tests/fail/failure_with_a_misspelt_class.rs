use rust_supervisor::prelude::*;

#[derive(Failure)]
enum LedgerError {
    #[failure(fatal_confg)]
    NoSchema,
}

fn main() {}

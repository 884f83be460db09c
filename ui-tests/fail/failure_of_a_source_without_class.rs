use rust_supervisor::prelude::*;

#[derive(Failure)]
enum LedgerError {
    #[failure(source)]
    Io(std::io::Error),
}

fn main() {}

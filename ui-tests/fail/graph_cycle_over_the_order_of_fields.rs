use payments::{Payments, storage};
use rust_supervisor::prelude::*;

#[supervisor(state = payments::Diary)]
struct App {
    payments: Payments,
    pool: storage::pool,
}

fn main() {}

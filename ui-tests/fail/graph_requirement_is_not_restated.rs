use payments::Payments;
use rust_supervisor::prelude::*;

#[supervisor(state = payments::Diary)]
struct Inner {
    payments: Payments,
}

fn main() {}

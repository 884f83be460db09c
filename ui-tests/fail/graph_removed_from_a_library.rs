// What `reports::daily` depends on is in no supervisor any more.
use reports::Reports;
use rust_supervisor::prelude::*;

#[supervisor(state = payments::Diary)]
struct App {
    pool: payments::storage::pool,
    reports: Reports,
}

fn main() {}

//! A library whose children depend on those of another one.

use payments::Diary;
use rust_supervisor::prelude::*;

/// Sums up the ledger once a day.
#[child(depends_on(payments::ledger))]
pub async fn daily(ctx: TaskContext, State(diary): State<Diary>) {
    diary.write("daily");
    ctx.stopped().await;
}

/// All reports; the program around them has the ledger.
#[supervisor(requires(payments::ledger))]
pub struct Reports {
    /// The daily one.
    pub daily: daily,
}

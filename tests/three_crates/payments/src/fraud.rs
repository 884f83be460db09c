//! Looks for fraud.

use rust_supervisor::prelude::*;

use crate::Diary;

/// Scores payments.
#[child]
pub async fn scorer(ctx: TaskContext, State(diary): State<Diary>) {
    diary.write("scorer");
    ctx.stopped().await;
}

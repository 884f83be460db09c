//! Where payments are kept.

use rust_supervisor::prelude::*;

use crate::Diary;

/// Connects, and is ready then.
#[child(readiness(explicit), start_timeout = "10s")]
pub async fn pool(ctx: TaskContext, State(diary): State<Diary>) {
    if !ctx.sleep(Duration::from_secs(1)).await {
        return;
    }
    diary.write("pool");
    ctx.ready();
    ctx.stopped().await;
}

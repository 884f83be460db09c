//! The subtree of a library starts by itself, or under a host with stubs of a test.
#![deny(warnings)]

use payments::{Diary, Payments};
use reports::Reports;
use rust_supervisor::prelude::*;

/// In the place of what is not tested.
#[child]
async fn stub(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(requires(payments::storage::pool, payments::ledger))]
struct Host {
    stub: stub,
    payments: Payments,
    reports: Reports,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), SupervisorError> {
    let diary = Diary::default();
    let reports = Reports::start(diary.clone()).await?;
    assert_eq!(reports.daily.path().as_str(), "/root/daily");
    assert!(reports.shutdown(("test", "done")).await?.is_clean());
    let host = Host::start(diary).await?;
    assert_eq!(host.reports.daily.path().as_str(), "/root/reports/daily");
    assert!(host.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}

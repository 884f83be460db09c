//! An application that hosts the subtrees of two libraries, one of which depends on the other.

use payments::{Diary, Payments, storage};
use reports::Reports;
use rust_supervisor::prelude::*;

/// What the children of all three crates share.
#[derive(Clone, Debug, Default, SharedState)]
pub struct Shop {
    /// What they say.
    pub diary: Diary,
}

/// Stops the scorer of a library, by a handle that the compiler resolved.
///
/// # Errors
///
/// What the command answers.
#[child(restart(transient))]
pub async fn auditor(
    _: TaskContext,
    State(diary): State<Diary>,
    scorer: Handle<payments::fraud::scorer>,
) -> Result<(), SupervisorError> {
    scorer.stop(by("the auditor").because("it has seen enough")).await?;
    diary.write("audited");
    Ok(())
}

/// The whole application.
#[supervisor(strategy(one_for_one), state = Shop)]
pub struct App {
    /// Has what both libraries need.
    pub pool: storage::pool,
    /// The subtree of the first library.
    pub payments: Payments,
    /// The subtree of the second.
    pub reports: Reports,
    /// Its own.
    pub auditor: auditor,
}

/// The same, with what is needed declared last and everything started at once.
#[supervisor(start(parallel), state = Shop)]
pub struct AtOnce {
    /// Whatever depends on the pool is stopped with it.
    #[child(depends_on(payments::ledger), on_dependency_restart(restart))]
    pub reports: Reports,
    /// The subtree of the first library.
    pub payments: Payments,
    /// Has what both libraries need.
    pub pool: storage::pool,
}

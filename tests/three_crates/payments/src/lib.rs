//! A library that owns a subtree and knows nothing of the program that will host it.

pub mod fraud;
pub mod storage;

use std::sync::{Arc, Mutex};

use rust_supervisor::prelude::*;

/// What the children say, in the order in which they say it.
#[derive(Clone, Debug, Default)]
pub struct Diary(Arc<Mutex<Vec<&'static str>>>);

impl Diary {
    /// Adds a line.
    ///
    /// # Panics
    ///
    /// When another writer panicked.
    pub fn write(&self, line: &'static str) {
        self.0.lock().expect("no writer panics").push(line);
    }

    /// All that was written.
    ///
    /// # Panics
    ///
    /// When a writer panicked.
    pub fn read(&self) -> Vec<&'static str> {
        self.0.lock().expect("no writer panics").clone()
    }
}

/// Writes the ledger.
#[child(restart(transient), depends_on(storage::pool))]
pub async fn ledger(ctx: TaskContext, State(diary): State<Diary>) {
    diary.write("ledger");
    ctx.stopped().await;
}

/// All about payments; the program around them has the storage.
#[supervisor(strategy(rest_for_one), intensity(max = 3, within = "10s"), requires(storage::pool))]
pub struct Payments {
    /// The ledger.
    pub ledger: ledger,
    /// Looks at what the ledger says.
    #[child(after(ledger), restart(permanent))]
    pub fraud: fraud::scorer,
}

//! What a tree can do is in a trait, so that a struct may have methods of these names.
#![deny(warnings)]

use rust_supervisor::prelude::*;

#[child]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
#[derive(Clone, PartialEq, Eq, Hash)]
struct App {
    ledger: ledger,
    // Names of methods, too.
    handle: ledger_again,
    path: ledger_of_the_path,
}

#[child]
async fn ledger_again(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn ledger_of_the_path(ctx: TaskContext) {
    ctx.stopped().await;
}

impl App {
    async fn start(name: &str) -> Result<Self, SupervisorError> {
        assert_eq!(name, "of its own");
        <Self as SupervisionTree>::start(()).await
    }

    async fn shutdown(self) -> Result<bool, SupervisorError> {
        let report = SupervisionTree::shutdown(&self, ("test", "done")).await?;
        Ok(report.is_clean())
    }

    fn handle(&self) -> &Handle<ledger_again> {
        &self.handle
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start("of its own").await?;
    assert_eq!(app.handle().path().as_str(), "/root/handle");
    assert_eq!(app.path.path().as_str(), "/root/path");
    assert!(app.shutdown().await?);
    Ok(())
}

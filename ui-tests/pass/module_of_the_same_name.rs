//! A module and the type of a child share a namespace: name the child through its module.
use rust_supervisor::prelude::*;

mod ledger {
    use rust_supervisor::prelude::*;

    /// `ledger::run`
    #[child]
    pub async fn run(ctx: TaskContext) {
        ctx.stopped().await;
    }
}

mod audit {
    use rust_supervisor::prelude::*;

    #[child(multiple)]
    pub async fn audit(ctx: TaskContext) {
        ctx.stopped().await;
    }
}

use audit::audit as auditor;

#[supervisor]
struct App {
    ledger: ledger::run,
    audit: audit::audit,
    auditor: auditor,
}

fn main() {
    drop(App::start(()));
}

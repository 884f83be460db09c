#![deny(warnings)]

use std::collections::HashSet;

use rust_supervisor::prelude::*;

#[child]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Derived {
    ledger: ledger,
}

#[supervisor]
struct App {
    derived: Derived,
    ledger: ledger,
}

async fn uses(app: App) -> Result<(), SupervisorError> {
    app.derived.ledger.restart(by("alice").because("schema fixed")).await?;
    app.derived.ledger.stop(("alice", String::from("schema fixed"))).await?;
    app.restart(App::DERIVED.at(Derived::LEDGER), ("alice", "again")).await?;
    let _: &rust_supervisor::control::handle::SupervisorHandle = app.handle();
    let seen: HashSet<Handle<ledger>> = [app.ledger.clone()].into();
    let _ = seen.contains(&app.derived.ledger);
    Ok(())
}

fn is_send_and_sync<T: Send + Sync + Clone + Eq + std::fmt::Debug>() {}

fn main() {
    is_send_and_sync::<App>();
    is_send_and_sync::<Handle<ledger>>();
    let _ = uses;
}

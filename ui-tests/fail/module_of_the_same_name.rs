use rust_supervisor::prelude::*;

mod ledger {
    use rust_supervisor::prelude::*;

    #[child]
    pub async fn ledger(ctx: TaskContext) {
        ctx.stopped().await;
    }
}

// Name it `ledger::ledger`, or call the function `run`: then it is `ledger::run`.
use ledger::ledger;

#[supervisor]
struct App {
    ledger: ledger,
}

fn main() {
    drop(App::start(()));
}

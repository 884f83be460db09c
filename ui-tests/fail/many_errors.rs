use rust_supervisor::prelude::*;

#[child(
    restart(permanant),
    backof(initial = "1s"),
    backoff(initial = "10s", max = "1s", jitter = 1.5, facter = 2, factor = 0.5),
    restart_limit(max = 3, within = "0s"),
    shutdown(grace = "10"),
    start_timeout = "5 sec",
    restart(transient),
)]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    ledger: ledger,
}

fn main() {
    drop(App::start(()));
}

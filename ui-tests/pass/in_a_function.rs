#![deny(warnings)]

use rust_supervisor::prelude::*;

fn main() {
    const PERIOD: Duration = Duration::from_secs(1);

    #[child(multiple, start_timeout = PERIOD.saturating_mul(2), shutdown(grace = PERIOD))]
    async fn local(ctx: TaskContext) {
        ctx.stopped().await;
    }

    #[supervisor]
    struct Local {
        local: local,
        again: local,
    }

    #[supervisor]
    struct Empty {}

    fn send<T: Send>(_: &T) {}
    let start = Local::start(());
    send(&start);
    drop((start, Empty::start("any state")));
    // The function and the type side by side.
    let (ctx, _) = TaskContext::for_test();
    drop(local(ctx));
}

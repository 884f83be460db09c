use rust_supervisor::prelude::*;

#[child(restart(permanent), backoff(initial = "100ms", max = "5s"))]
async fn greeter(ctx: TaskContext) -> Result<(), String> {
    if !ctx.sleep(Duration::from_secs(1)).await {
        return Ok(());
    }
    Err("lost my voice".into())
}

#[supervisor(strategy(one_for_one), intensity(max = 5, within = "2s"))]
struct App {
    greeter: greeter,
}

async fn run() -> Result<ShutdownReport, SupervisorError> {
    App::start(()).await?.run_until_signal().await
}

fn main() {
    drop(run());
}

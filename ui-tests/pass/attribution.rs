//! Who asks and why, in every way to say it.
use rust_supervisor::prelude::*;
use rust_supervisor::tree::handle::{Attribution, IntoAttribution};

#[child]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    worker: worker,
}

fn why() -> impl IntoAttribution {
    ("somebody", String::from("some reason"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(()).await?;
    app.worker.restart(by("alice").because("it hangs")).await?;
    app.worker.pause(by(String::from("alice")).because(format!("{} reasons", 2))).await?;
    app.worker.resume(("alice", "enough")).await?;
    app.worker.stop(why()).await?;
    let attribution: Attribution = ("alice", "again").into();
    // The future borrows nothing: it can be spawned.
    let start = app.worker.start(attribution.clone());
    tokio::spawn(start).await.expect("it does not panic")?;
    app.shutdown(attribution).await?;
    Ok(())
}

use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    worker: worker,
}

async fn restart(app: App) -> Result<(), SupervisorError> {
    app.workr.restart(by("me").because("it hangs")).await?;
    Ok(())
}

fn main() {
    drop(restart);
}

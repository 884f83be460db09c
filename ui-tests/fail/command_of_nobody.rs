use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    worker: worker,
}

async fn shutdown(app: App) -> Result<(), SupervisorError> {
    app.shutdown("enough").await?;
    Ok(())
}

fn main() {
    drop(shutdown);
}

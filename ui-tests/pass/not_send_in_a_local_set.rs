//! What is not `Send` goes into a blocking child with a `LocalSet`.
use std::rc::Rc;

use rust_supervisor::prelude::*;
use tokio::task::{LocalSet, spawn_local};

#[child(blocking)]
fn local(ctx: BlockingContext) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let shared = Rc::new(ctx.stop_token());
        let stop = Rc::clone(&shared);
        spawn_local(async move { stop.cancelled().await }).await
    })?;
    Ok(())
}

#[supervisor]
struct App {
    local: local,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(()).await?;
    assert!(app.shutdown(by("test").because("done")).await?.is_clean());
    Ok(())
}

//! Classes of what a wrapper hides.
use std::error::Error;
use std::fmt;

use rust_supervisor::prelude::*;
use rust_supervisor::task::exit::Exit;

#[derive(Debug, thiserror::Error, Failure)]
#[error("slow")]
#[failure(timeout)]
struct Slow;

#[derive(Debug, thiserror::Error, Failure)]
#[error("no schema")]
#[failure(fatal_config)]
struct NoSchema;

#[derive(Debug)]
struct Wrapper(Slow);

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for Wrapper {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[child(on_limit(stop), restart_limit(max = 0, within = "1s"), classify(NoSchema, self::Slow))]
async fn hidden(_: TaskContext) -> Result<(), Box<dyn Error + Send + Sync>> {
    Err(Box::new(Wrapper(Slow)))
}

#[child(blocking, on_limit(stop), restart_limit(max = 0, within = "1s"), classify(Slow))]
fn blocking(_: BlockingContext) -> Result<TaskResult, Wrapper> {
    Err(Wrapper(Slow))
}

#[supervisor(intensity(max = 9, within = "1s"))]
struct App {
    hidden: hidden,
    blocking: blocking,
}

async fn class<C>(child: &Handle<C>) -> TaskFailureKind {
    loop {
        let state = child.state().await.expect("it is known");
        if let Some(Exit::Failed(failure)) = state.last_exits.last().map(|last| &last.exit) {
            assert_eq!(failure.chain(), "wrapped: slow");
            return failure.kind();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(()).await?;
    assert_eq!(class(&app.hidden).await, TaskFailureKind::Timeout);
    assert_eq!(class(&app.blocking).await, TaskFailureKind::Timeout);
    Ok(())
}

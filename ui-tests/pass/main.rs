//! The report is the exit code.

use rust_supervisor::prelude::*;

#[child(restart(transient), significant)]
async fn job(_: TaskContext) -> Result<(), std::num::ParseIntError> {
    "5".parse::<u32>().map(drop)
}

#[supervisor(auto_shutdown(any_significant))]
struct App {
    job: job,
}

#[tokio::main]
async fn main() -> Result<ShutdownReport, SupervisorError> {
    App::start(()).await?.run_until_signal().await
}

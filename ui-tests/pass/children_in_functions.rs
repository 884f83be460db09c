//! Children and errors that are declared where they are needed.
use rust_supervisor::prelude::*;

async fn one() -> Result<(), SupervisorError> {
    #[derive(Debug, Failure)]
    #[failure(timeout)]
    struct Slow;

    impl std::fmt::Display for Slow {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("slow")
        }
    }

    impl std::error::Error for Slow {}

    #[child]
    async fn worker(ctx: TaskContext) -> Result<(), Slow> {
        ctx.stopped().await;
        Err(Slow)
    }

    #[supervisor]
    struct App {
        worker: worker,
    }

    let app = App::start(()).await?;
    assert!(app.shutdown(("test", "done")).await?.rows.len() == 1);
    Ok(())
}

struct Service;

impl Service {
    async fn two(&self) -> Result<(), SupervisorError> {
        #[child]
        async fn worker<T: Default + Send + 'static>(ctx: TaskContext) {
            let value = T::default();
            ctx.stopped().await;
            drop(value);
        }

        #[supervisor]
        struct App {
            worker: worker<String>,
        }

        App::start(()).await?.shutdown(("test", "done")).await?;
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    one().await?;
    Service.two().await
}

//! What cannot be cloned is lent to one run at a time.
use rust_supervisor::prelude::*;
use tokio::sync::{mpsc, oneshot};

struct Job(u32);

#[derive(SharedState)]
struct AppState {
    jobs: Lendable<mpsc::Receiver<Job>>,
    done: Lendable<Option<oneshot::Sender<u32>>>,
}

#[child(backoff(initial = "1ms", max = "1ms"))]
async fn worker(
    ctx: TaskContext,
    mut jobs: Lease<mpsc::Receiver<Job>>,
    mut done: Lease<Option<oneshot::Sender<u32>>>,
) {
    let mut sum = 0;
    while let Some(Some(Job(number))) = ctx.until_stopped(jobs.recv()).await {
        assert_ne!(number, 13, "an unlucky job");
        sum += number;
        if number == 0 {
            done.take().expect("the first zero").send(sum).expect("the test waits");
        }
    }
}

#[supervisor(state = AppState)]
struct App {
    worker: worker,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    std::panic::set_hook(Box::new(|_| {}));
    let (sender, receiver) = mpsc::channel(8);
    let (done, sum) = oneshot::channel();
    let state = AppState { jobs: Lendable::new(receiver), done: Some(done).into() };
    let _app = App::start(state).await?;
    for number in [1, 13, 2, 3, 0] {
        assert!(sender.send(Job(number)).await.is_ok(), "the receiver is never lost");
    }
    assert_eq!(sum.await.expect("the worker sends it"), 5);
    Ok(())
}

//! Values that one run at a time has to itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rust_supervisor::prelude::*;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::tree::state::Provide;
use tokio::sync::mpsc;

type Jobs = mpsc::Receiver<&'static str>;

#[derive(SharedState)]
struct AppState {
    jobs: Lendable<Jobs>,
    done: Arc<AtomicU32>,
}

#[child(backoff(initial = "1ms", max = "1ms", jitter = 0), shutdown(grace = "1ms"))]
async fn worker(ctx: TaskContext, mut jobs: Lease<Jobs>, State(done): State<Arc<AtomicU32>>) {
    loop {
        match jobs.recv().await {
            Some("panic") => panic!("a bad job"),
            Some("stuck") => std::future::pending().await,
            Some("spawn") => {
                ctx.spawn(async move {
                    let _until_the_end = jobs;
                    std::future::pending::<()>().await;
                });
                return;
            }
            Some(_) => done.fetch_add(1, Ordering::SeqCst),
            None => return,
        };
    }
}

#[supervisor(intensity(max = 100, within = "1s"), state = AppState)]
struct App {
    worker: worker,
}

/// A tree, the sending end, and how many jobs were done.
async fn start() -> (App, mpsc::Sender<&'static str>, Arc<AtomicU32>) {
    let (sender, receiver) = mpsc::channel(8);
    let done = Arc::<AtomicU32>::default();
    let state = AppState { jobs: Lendable::new(receiver), done: Arc::clone(&done) };
    (App::start(state).await.expect("it starts"), sender, done)
}

async fn settled() {
    tokio::time::sleep(Duration::from_mins(1)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_lent_comes_back_after_a_panic_and_nothing_else_is_lost() {
    let (app, jobs, done) = start().await;
    for job in ["a", "panic", "b", "panic", "c"] {
        jobs.send(job).await.unwrap();
    }

    settled().await;

    assert_eq!(done.load(Ordering::SeqCst), 3);
    assert_eq!(app.worker.state().await.unwrap().generation.0, 3);
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_when_a_run_is_aborted() {
    let (app, jobs, done) = start().await;
    jobs.send("stuck").await.unwrap();
    jobs.send("a").await.unwrap();
    settled().await;

    app.worker.restart(by("test").because("it is stuck")).await.unwrap();

    settled().await;
    assert_eq!(done.load(Ordering::SeqCst), 1);
    assert_eq!(app.worker.state().await.unwrap().lifecycle, Lifecycle::Up);
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_from_what_the_run_has_spawned() {
    let (app, jobs, done) = start().await;
    jobs.send("spawn").await.unwrap();
    jobs.send("a").await.unwrap();

    settled().await;

    assert_eq!(done.load(Ordering::SeqCst), 1);
    assert_eq!(app.worker.state().await.unwrap().generation.0, 2);
}

#[child(blocking, restart(temporary))]
fn blocking_worker(_: BlockingContext, jobs: Lease<Vec<u8>>) {
    assert!(jobs.is_empty(), "so that it panics the second time");
}

#[tokio::test]
async fn a_blocking_run_has_it_too() {
    #[supervisor]
    struct Tree {
        blocking_worker: blocking_worker,
    }

    let numbers = Lendable::new(vec![1_u8]);
    let tree = Tree::start(numbers.clone()).await.unwrap();
    while numbers.lend().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(numbers.lend().unwrap().as_slice(), [1]);
    drop(tree);
}

#[child]
async fn first(ctx: TaskContext, _jobs: Lease<Jobs>) {
    ctx.stopped().await;
}

#[child]
async fn second(ctx: TaskContext, _jobs: Lease<Jobs>) {
    ctx.stopped().await;
}

/// A state that does not say what is where, so that the compiler cannot compare.
struct ByHand(Lendable<Jobs>);

impl Provide<Lendable<Jobs>> for ByHand {
    fn provide(&self) -> Lendable<Jobs> {
        self.0.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn two_children_that_want_the_same_do_not_start_and_both_are_named() {
    #[supervisor]
    struct Tree {
        first: first,
        second: second,
    }

    let (_sender, receiver) = mpsc::channel(8);
    let error = Tree::start(ByHand(Lendable::new(receiver))).await.unwrap_err();

    let text = format!("{error:?}");
    assert!(text.contains("`/root/second` cannot take"), "{text}");
    assert!(text.contains("`/root/first` holds it"), "{text}");
}

#[child(on_limit(stop), restart(permanent))]
async fn leaky(_: TaskContext, jobs: Lease<Jobs>) {
    std::mem::forget(jobs);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_gives_it_away_for_good_says_so_and_is_not_tried_again() {
    #[supervisor]
    struct Tree {
        leaky: leaky,
    }

    let (_sender, receiver) = mpsc::channel(8);
    let tree = Tree::start(Lendable::<Jobs>::new(receiver)).await.unwrap();

    settled().await;

    let state = tree.leaky.state().await.unwrap();
    assert_eq!(state.lifecycle, Lifecycle::Down);
    let last = state.last_exits.last().unwrap().exit.to_string();
    assert!(last.contains("its run 1 has ended and still holds it"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_test_calls_the_function_with_a_lease_of_its_own() {
    let (sender, receiver) = mpsc::channel(8);
    sender.send("a").await.unwrap();
    drop(sender);
    let (ctx, _run) = TaskContext::for_test();
    let done = Arc::<AtomicU32>::default();

    worker(ctx, Lease::from(receiver), State(Arc::clone(&done))).await;

    assert_eq!(done.load(Ordering::SeqCst), 1);
}

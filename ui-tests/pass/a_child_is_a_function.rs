//! A child is a function that a test calls.
use rust_supervisor::prelude::*;

#[child(readiness(explicit), health(stale_after = "5s"))]
async fn ticker(ctx: TaskContext, State(first): State<u32>) -> Result<u32_, String> {
    let mut ticks = first;
    ctx.ready();
    ctx.heartbeat();
    while ctx.sleep(Duration::from_secs(1)).await {
        ticks += 1;
    }
    if ticks > 100 { Err(format!("{ticks} are too many")) } else { Ok(()) }
}

#[allow(non_camel_case_types)]
type u32_ = ();

#[child(blocking)]
fn crunch(ctx: BlockingContext) -> bool_ {
    ctx.ready();
    while ctx.sleep(Duration::from_millis(1)) {}
}

#[allow(non_camel_case_types)]
type bool_ = ();

#[supervisor]
struct App {
    ticker: ticker,
    crunch: crunch,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (ctx, run) = TaskContext::for_test();
    let clone = ctx.clone();
    assert!(!clone.is_stopping());
    assert_eq!(clone.path().as_str(), "/root/test");
    assert_eq!(clone.generation().0, 1);
    assert_eq!(ctx.until_stopped(async { 7 }).await, Some(7));
    let token = ctx.stop_token();
    let spawned = ctx.clone();
    ctx.spawn(async move { spawned.stopped().await });
    let ticking = tokio::spawn(ticker(ctx, State(99)));
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert!(run.is_ready() && run.has_sent_heartbeat() && !token.is_cancelled());
    run.stop();
    assert_eq!(ticking.await.expect("it does not panic"), Err("102 are too many".to_owned()));
    assert!(token.is_cancelled() && clone.is_stopping());
    assert_eq!(clone.until_stopped(std::future::pending::<()>()).await, None);
    assert!(clone.supervisor().current_state().await.is_err(), "there is no tree");

    let (ctx, run) = BlockingContext::for_test();
    run.stop();
    crunch(ctx);
    assert!(run.is_ready());
    drop(App::start(1_u32));
}

//! Children of other crates as members, beside those that their own crate places.
#![deny(warnings)]

use payments::{Diary, fraud, storage};
use rust_supervisor::prelude::*;

#[supervisor(state = Diary)]
struct App {
    pool: storage::pool,
    #[child(max_children = 2, restart(temporary))]
    spares: Pool<fraud::scorer>,
    #[child(count = 2)]
    scorers: Many<payments::fraud::scorer>,
    // It needs the pool, which stands in this tree, and so does each of them.
    #[child(after(pool))]
    ledgers: Pool<payments::ledger>,
    #[cfg(any())]
    gone: Pool<nowhere::at_all>,
    ledger: payments::ledger,
    reports: Pool<reports::daily>,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let diary = Diary::default();
    let app = App::start(diary.clone()).await?;
    let scorer: Handle<fraud::scorer> = app.spares.spawn("a", ()).await?;
    assert_eq!(scorer.path().as_str(), "/root/spares/a");
    app.ledgers.spawn_next(()).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let lines = diary.read();
    let said = |line: &str| lines.iter().filter(|it| **it == line).count();
    assert_eq!((said("pool"), said("scorer"), said("ledger")), (1, 3, 2));
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}

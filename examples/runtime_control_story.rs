//! An evening of an operator: a running tree is looked at, paused, mended, extended and ended.
//!
//! Every step prints what was asked, what came of it, and checks it.
//!
//! `cargo run --example runtime_control_story`

use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::{io, sync::Arc};

use rust_supervisor::prelude::*;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::factory::service_fn;
use supervisor_examples::prices;

/// What the whole service shares.
#[derive(Clone)]
struct Market {
    service: SocketAddr,
    collected: Arc<AtomicU64>,
    /// What the audit finds wrong, until somebody mends it.
    books_are_wrong: Arc<AtomicBool>,
}

/// Asks for a price again and again.
#[child(backoff(initial = "10ms", max = "50ms"))]
async fn collector(ctx: TaskContext, State(market): State<Market>) -> io::Result<()> {
    while ctx.sleep(Duration::from_millis(10)).await {
        prices::ask(market.service, "price").await?;
        market.collected.fetch_add(1, Relaxed);
    }
    Ok(())
}

/// Keeps what it has collected together with the collector: one without the other is no use.
#[child]
async fn archive(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(strategy(one_for_all))]
struct Prices {
    collector: collector,
    archive: archive,
}

/// Fails as long as the books are wrong, and has a limit of its own for that.
#[child(
    restart(permanent),
    backoff(initial = "10ms", max = "20ms", reset_after = "50ms"),
    restart_limit(max = 2, within = "60s")
)]
async fn audit(ctx: TaskContext, State(market): State<Market>) -> Result<(), String> {
    while ctx.sleep(Duration::from_millis(10)).await {
        if market.books_are_wrong.load(Relaxed) {
            return Err("the books do not balance".into());
        }
    }
    Ok(())
}

#[supervisor(state = Market)]
struct App {
    prices: Prices,
    audit: audit,
}

fn step(title: &str) {
    println!("\n-- {title}");
}

#[tokio::main]
async fn main() -> Result<ShutdownReport, Box<dyn Error>> {
    let market = Market {
        service: prices::open().await?,
        collected: Arc::default(),
        books_are_wrong: Arc::default(),
    };
    let app = App::start(market.clone()).await?;
    let alice = |reason: &str| by("alice").because(reason);

    step("everything is up");
    println!("{}", app.handle().current_state().await?);

    step("pause: the collector rests, and nothing but a resume wakes it");
    app.prices.collector.pause(alice("the exchange asks for quiet")).await?;
    let before = market.collected.load(Relaxed);
    app.prices.archive.restart(alice("a new disk")).await?;
    app.restart(App::PRICES, alice("the whole subtree")).await?;
    let collector = app.prices.collector.state().await?;
    println!("after its supervisor was restarted, the collector is {}", collector.lifecycle);
    assert_eq!(collector.lifecycle, Lifecycle::Paused);
    assert_eq!(market.collected.load(Relaxed), before);
    let refused = app.prices.collector.restart(alice("by mistake")).await;
    println!("a restart is refused: {}", refused.expect_err("it is paused"));

    step("resume: it collects again");
    app.prices.collector.resume(alice("the exchange is fine")).await?;
    while market.collected.load(Relaxed) == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("{} prices more", market.collected.load(Relaxed) - before);

    step("a failing child uses up its own limit, and is quarantined");
    market.books_are_wrong.store(true, Relaxed);
    let audit = loop {
        let audit = app.audit.state().await?;
        if audit.lifecycle == Lifecycle::Quarantined {
            break audit;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let (last, decision) = (audit.last_exit(), audit.last_decision);
    println!("last exit: {}", last.ok_or("it has failed")?);
    println!("decision:  {}", decision.ok_or("that was decided")?);
    assert_eq!(app.prices.collector.state().await?.lifecycle, Lifecycle::Up);

    step("mend the cause, make its limit whole, restart it");
    market.books_are_wrong.store(false, Relaxed);
    app.audit.reset_budget(alice("the books are mended")).await?;
    let outcome = app.audit.restart(alice("the books are mended")).await?;
    println!("{} is up as run {}", outcome.path, outcome.generation);
    assert_eq!(outcome.lifecycle, Some(Lifecycle::Up));

    step("add a child while the tree runs, and remove it for good");
    let tape = service_fn(async |ctx: TaskContext| {
        while ctx.sleep(Duration::from_millis(50)).await { /* writes the tape */ }
    });
    let added = app
        .handle()
        .add_child("/root/prices", ChildSpec::new("tape", tape), "alice", "for the regulator")
        .await?;
    println!("{} was added", added.path);
    app.handle().remove_child(&added.path, "alice", "the regulator is content").await?;
    let refused = app.handle().restart_child(&added.path, "alice", "by mistake").await;
    println!("now it is unknown: {}", refused.expect_err("it was removed"));

    step("the end, youngest first");
    let report = app.shutdown(alice("the evening is over")).await?;
    println!("{report}");
    assert!(report.is_clean());
    Ok(report)
}

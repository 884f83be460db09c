//! How a failure climbs a tree until it is where it can be cured, and no further.
//!
//! The price service moves to another port. The collector fails, and a restart does not help: it
//! asks again where discovery once found the service. So its supervisor gives up, which is what its
//! own supervisor cures it of, with a fresh start of both. The till beside them never notices.
//!
//! `cargo run --example supervisor_tree_story`

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rust_supervisor::event::EventKind;
use rust_supervisor::prelude::*;
use supervisor_examples::prices;
use tokio::sync::watch;

/// What the whole service shares.
#[derive(Clone)]
struct Market {
    /// Where the service really is: what a name server would say.
    directory: Arc<Mutex<SocketAddr>>,
    /// Where discovery has found it.
    found: Arc<Mutex<Option<SocketAddr>>>,
    prices: watch::Sender<u32>,
}

/// Looks once, when it starts, where the service is.
#[child(readiness(explicit))]
async fn discovery(ctx: TaskContext, State(market): State<Market>) {
    let address = *market.directory.lock().unwrap_or_else(PoisonError::into_inner);
    *market.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    ctx.ready();
    ctx.stopped().await;
}

/// Collects prices from where discovery has found the service.
#[child(backoff(initial = "10ms", max = "50ms"))]
async fn collector(ctx: TaskContext, State(market): State<Market>) -> io::Result<()> {
    while ctx.sleep(Duration::from_millis(10)).await {
        let found = *market.found.lock().unwrap_or_else(PoisonError::into_inner);
        let address = found.ok_or_else(|| io::Error::other("nobody has found the service"))?;
        prices::ask(address, "price").await?;
        market.prices.send_modify(|prices| *prices += 1);
    }
    Ok(())
}

/// What belongs together: two restarts in a second may be bad luck, a third one is not.
#[supervisor(intensity(max = 2, within = "1s"), backoff(initial = "20ms", max = "100ms"))]
struct Feed {
    discovery: discovery,
    collector: collector,
}

/// Sells. It has nothing to do with where prices come from.
#[child]
async fn till(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(state = Market)]
struct Shop {
    feed: Feed,
    till: till,
}

/// Waits until there are new prices.
async fn new_prices(prices: &mut watch::Receiver<u32>) -> Result<(), watch::error::RecvError> {
    let known = *prices.borrow_and_update();
    prices.wait_for(|prices| *prices > known + 2).await.map(drop)
}

#[tokio::main]
async fn main() -> Result<ShutdownReport, Box<dyn Error>> {
    let (sender, mut prices_seen) = watch::channel(0);
    let market = Market {
        directory: Arc::new(Mutex::new(prices::open().await?)),
        found: Arc::default(),
        prices: sender,
    };
    let shop = Shop::start(market.clone()).await?;
    new_prices(&mut prices_seen).await?;
    println!("{}\n", shop.handle().current_state().await?);

    println!("the service moves, and nobody has told discovery:");
    let mut events = shop.handle().subscribe_events();
    let moved = prices::open().await?;
    *market.directory.lock().unwrap_or_else(PoisonError::into_inner) = moved;
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    *market.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(nobody);
    while let Some(event) = events.next().await {
        println!("{event}");
        if matches!(event.kind, EventKind::Ready) && event.path.as_str() == "/root/feed" {
            break;
        }
    }
    new_prices(&mut prices_seen).await?;

    println!("\nwhat its supervisor knew when it gave up:");
    let summaries = shop.handle().summaries();
    let summary = summaries.first().ok_or("a meltdown leaves a summary")?;
    println!("{}", summary.cause);
    for link in summary.causal_chain() {
        println!("  {} gave up over {}: {}", link.supervisor, link.child, link.exit);
    }

    println!("\n{}\n", shop.handle().current_state().await?);
    assert_eq!(shop.feed.discovery.state().await?.generation.0, 2, "it has looked again");
    assert_eq!(shop.till.state().await?.generation.0, 1, "it was never touched");
    Ok(shop.shutdown(by("the story").because("it is told")).await?)
}

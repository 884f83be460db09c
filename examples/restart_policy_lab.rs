//! One outage, five restart policies: how hard does each knock at a service that is down, and how
//! soon does it have prices again when the service is back?
//!
//! Each policy has a collector and a tree of its own, all live through the same outage of 600 ms,
//! and what is printed is what they did.
//!
//! `cargo run --example restart_policy_lab`

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::prelude::TaskContext;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::factory::service_fn;
use supervisor_examples::prices;
use tokio::sync::watch;
use tokio::time::sleep;

const OUTAGE: Duration = Duration::from_millis(600);

/// What one collector has seen of the outage.
#[derive(Default)]
struct Notes {
    knocks: u32,
    has_prices_since: Option<Instant>,
}

/// Asks for prices until it is asked to stop. Where the service is changes with the outage: while
/// it is down there is nobody at its address.
async fn collect(
    ctx: TaskContext,
    service: watch::Receiver<Option<SocketAddr>>,
    notes: Arc<Mutex<Notes>>,
) -> io::Result<()> {
    while ctx.sleep(Duration::from_millis(5)).await {
        let known = *service.borrow();
        let asked = match known {
            Some(address) => prices::ask(address, "price").await.map(drop),
            None => prices::ask(SocketAddr::from(([127, 0, 0, 1], 1)), "price").await.map(drop),
        };
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        match (known, &asked) {
            (None, _) => (notes.knocks, notes.has_prices_since) = (notes.knocks + 1, None),
            (Some(_), Ok(())) => drop(notes.has_prices_since.get_or_insert_with(Instant::now)),
            (Some(_), Err(_)) => {}
        }
        asked?;
    }
    Ok(())
}

/// Gives a child a policy.
type Policy = fn(ChildSpec) -> ChildSpec;

/// The policies of the lab. Change one, or add yours.
fn policies() -> Vec<(&'static str, Policy)> {
    vec![
        ("at once, always", |child| child.backoff(Backoff::new(Duration::ZERO, Duration::ZERO))),
        ("every 50 ms", |child| {
            let wait = Duration::from_millis(50);
            child.backoff(Backoff::new(wait, wait).jitter(0.0))
        }),
        ("10 ms, doubling up to 200 ms", |child| {
            child.backoff(Backoff::new(Duration::from_millis(10), Duration::from_millis(200)))
        }),
        ("3 restarts, then quarantined", |child| {
            let wait = Duration::from_millis(10);
            child.backoff(Backoff::new(wait, wait)).restart_limit(3, Duration::from_mins(1))
        }),
        ("the same, tried again every 250 ms", |child| {
            let wait = Duration::from_millis(10);
            child
                .backoff(Backoff::new(wait, wait))
                .restart_limit(3, Duration::from_mins(1))
                .probe_after(Duration::from_millis(250))
        }),
    ]
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = prices::open().await?;
    let (set_service, service) = watch::channel(Some(address));
    let mut trees = Vec::new();
    for (name, policy) in policies() {
        let notes = Arc::new(Mutex::new(Notes::default()));
        let (service, kept) = (service.clone(), Arc::clone(&notes));
        let run = move |ctx| collect(ctx, service.clone(), Arc::clone(&kept));
        let collector = policy(ChildSpec::new("collector", service_fn(run)));
        // So roomy that only the policy of the child matters.
        let tree = SupervisorSpec::root().intensity(100_000, Duration::from_mins(1));
        trees.push((name, notes, Supervisor::start(tree.child(collector)).await?));
    }

    sleep(Duration::from_millis(100)).await;
    set_service.send_replace(None);
    sleep(OUTAGE).await;
    let back = Instant::now();
    set_service.send_replace(Some(address));
    sleep(OUTAGE).await;

    println!("What each policy made of an outage of {OUTAGE:?}\n");
    println!("{:<36}{:<9}{:<22}the collector in the end", "", "knocks", "prices again after");
    for (name, notes, handle) in trees {
        let collector = handle.state_of("/root/collector").await?;
        {
            let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            let after = notes.has_prices_since.map(|since| since.saturating_duration_since(back));
            let after = after.map_or_else(|| "never".to_owned(), |after| format!("{after:.0?}"));
            let in_the_end = format!("{} {}", collector.lifecycle, collector.generation);
            println!("{name:<36}{:<9}{after:<22}{in_the_end}", notes.knocks);
        }
        handle.shutdown_tree("the lab", "all is measured").await?;
    }
    println!(
        "\nA short wait is back soon and knocks hard; a limit spares the service, and needs a"
    );
    println!("probe, or somebody, to come back at all.");
    Ok(())
}

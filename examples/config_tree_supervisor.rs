//! A shop for one short shift: a tree of three levels that a YAML file tunes, in a program that can
//! check the file, draw the tree and explain each value.
//!
//! `cargo run --example config_tree_supervisor` runs the shift, `-- --help` says what else it can
//! do: `-- check FILE`, `-- tree`, `-- explain /root/payments/books/ledger`.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use confique::Config;
use rust_supervisor::cli::Program;
use rust_supervisor::config::duration::HumanDuration;
use rust_supervisor::prelude::*;
use schemars::JsonSchema;

/// How the ledger writes.
#[derive(Config, JsonSchema)]
struct Batches {
    /// How many payments are written at once, at most.
    #[config(default = 10)]
    size: u64,
    /// What the books are signed with. It is shown nowhere.
    #[config(default = "")]
    signing_key: Secret<String>,
}

/// Writes down what has been paid.
#[child(shutdown(grace = "1s"))]
async fn ledger(ctx: TaskContext, settings: Settings<Batches>, State(paid): State<Arc<AtomicU64>>) {
    while ctx.sleep(Duration::from_millis(200)).await {
        let batch = paid.load(Relaxed).min(settings.size);
        paid.fetch_sub(batch, Relaxed);
        let signed = if settings.signing_key.expose().is_empty() { "unsigned" } else { "signed" };
        println!("ledger:   {batch} payments, {signed}");
    }
}

/// Keeps what the ledger has written.
#[child]
async fn archive(ctx: TaskContext) {
    ctx.stopped().await;
}

/// Talks to the bank, which hangs up on its first connection.
#[child(role(service))]
async fn gateway(ctx: TaskContext) -> io::Result<()> {
    if ctx.generation().0 == 1 && ctx.sleep(Duration::from_millis(300)).await {
        return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the bank has hung up"));
    }
    ctx.stopped().await;
    Ok(())
}

/// A customer, who pays now and then and leaves with a full basket.
#[child(restart(temporary))]
async fn session(ctx: TaskContext, Args(basket): Args<u64>, State(paid): State<Arc<AtomicU64>>) {
    for _ in 0..basket {
        if !ctx.sleep(Duration::from_millis(50)).await {
            return;
        }
        paid.fetch_add(1, Relaxed);
    }
}

/// How long the shop is open, and for whom.
#[derive(Config, JsonSchema)]
struct Hours {
    /// How long it is open.
    #[config(default = "10m")]
    open: HumanDuration,
    /// How many customers come.
    #[config(default = 1)]
    customers: u64,
}

/// Lets the customers in, and closes the shop: its end is that of the tree.
#[child(restart(transient), significant)]
async fn shift(ctx: TaskContext, settings: Settings<Hours>) -> Result<(), SupervisorError> {
    for customer in 1..=settings.customers {
        let why = "the shop is open";
        let shop = ctx.supervisor();
        shop.spawn_next_member("/root/sessions", 5 * customer, "shift", why).await?;
    }
    if ctx.sleep(settings.open.0).await {
        println!("shift:    the shop is closed");
    }
    Ok(())
}

/// Restarted together: an archive of half a ledger is none.
#[supervisor(strategy(one_for_all))]
struct Books {
    ledger: ledger,
    archive: archive,
}

#[supervisor]
struct Payments {
    books: Books,
    gateway: gateway,
}

#[supervisor(auto_shutdown(any_significant), state = Arc<AtomicU64>)]
struct Shop {
    payments: Payments,
    #[child(max_children = 10, from_config)]
    sessions: Pool<session>,
    shift: shift,
}

#[tokio::main]
async fn main() -> ExitCode {
    let shop = Shop::builder(Arc::default()).config_file("examples/config/config_tree.yaml");
    Program::new(shop).main().await
}

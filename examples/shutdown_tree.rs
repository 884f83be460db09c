//! Closing time: a shop is shut down while an order is in flight, and loses none.
//!
//! The last child is stopped first. The counter takes no new orders and finishes what it has begun;
//! the ledger is older, so it is still there to write that down, and then closes its book. The
//! billboard does not listen, and is aborted when its grace is over. The report says all of it.
//!
//! `cargo run --example shutdown_tree`

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rust_supervisor::prelude::*;
use rust_supervisor::report::RowEnd;
use rust_supervisor::task::exit::Exit;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// What the shop shares.
#[derive(Clone)]
struct Shop {
    book: PathBuf,
    door: Arc<TcpListener>,
    /// From the counter to the ledger.
    orders: mpsc::UnboundedSender<u8>,
    to_write: Arc<Mutex<mpsc::UnboundedReceiver<u8>>>,
}

/// Writes every order into a book. When it is asked to stop it writes what is left, and closes it.
#[child]
async fn ledger(ctx: TaskContext, State(shop): State<Shop>) -> io::Result<()> {
    let mut book = File::create(&shop.book).await?;
    let mut orders = shop.to_write.lock().await;
    while let Some(Some(order)) = ctx.until_stopped(orders.recv()).await {
        book.write_all(format!("order {order}\n").as_bytes()).await?;
    }
    while let Ok(order) = orders.try_recv() {
        book.write_all(format!("order {order}\n").as_bytes()).await?;
    }
    book.sync_all().await
}

/// Takes orders. What it has begun it finishes, also when it is asked to stop meanwhile.
#[child(shutdown(grace = "2s"))]
async fn counter(ctx: TaskContext, State(shop): State<Shop>) -> io::Result<()> {
    let mut packing = JoinSet::new();
    while let Some(accepted) = ctx.until_stopped(shop.door.accept()).await {
        packing.spawn(pack(accepted?.0, shop.orders.clone()));
        while packing.try_join_next().is_some() { /* those that are done */ }
    }
    println!("the counter takes no more orders, and packs {} more", packing.len());
    packing.join_all().await;
    Ok(())
}

async fn pack(mut customer: TcpStream, ledger: mpsc::UnboundedSender<u8>) {
    let Ok(order) = customer.read_u8().await else { return };
    tokio::time::sleep(Duration::from_millis(150)).await;
    // Down to the ledger first, and only then is it promised to the customer.
    if ledger.send(order).is_ok() {
        drop(customer.write_u8(order).await);
    }
}

/// Never looks up.
#[child(shutdown(grace = "50ms"))]
async fn billboard(_ctx: TaskContext) {
    std::future::pending::<()>().await;
}

#[supervisor(state = Shop, shutdown(budget = "10s"))]
struct Store {
    ledger: ledger,
    counter: counter,
    billboard: billboard,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (orders, to_write) = mpsc::unbounded_channel();
    let book = std::env::temp_dir().join(format!("shutdown-tree-{}.txt", std::process::id()));
    let door = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
    let to_write = Arc::new(Mutex::new(to_write));
    let shop = Shop { book: book.clone(), door: Arc::clone(&door), orders, to_write };
    let store = Store::start(shop).await?;

    let mut customer = TcpStream::connect(door.local_addr()?).await?;
    customer.write_u8(7).await?;
    tokio::time::sleep(Duration::from_millis(30)).await;
    println!("order 7 is being packed, and the shop closes");

    let (report, promised) =
        tokio::join!(store.shutdown(by("the clock").because("closing time")), customer.read_u8());
    let report = report?;
    println!("the customer was promised order {}", promised?);

    let written = std::fs::read_to_string(&book)?;
    std::fs::remove_file(&book)?;
    print!("in the book: {written}");
    assert_eq!(written, "order 7\n");

    println!("\n{report}");
    println!("\nas the result of `main` this report is the exit code {}", report.exit_code());
    let order: Vec<_> = report.rows.iter().map(|row| row.path.name()).collect();
    assert_eq!(order, ["billboard", "counter", "ledger"], "the youngest first");
    assert!(matches!(report.rows[0].end, RowEnd::Ended(Exit::Aborted)));
    assert!(report.rows[1].is_clean() && report.rows[2].is_clean());
    Ok(())
}

//! A payments worker: customers pay, a gateway clears their payments with a bank that hangs up now
//! and then, and what is cleared is written into books.
//!
//! `cargo run --example demo -- --config examples/config/supervisor.yaml` runs it until Ctrl-C, with
//! its tree behind a socket: look at it with `supctl`. Nothing in it follows a script: the bank is a
//! TCP server of its own with bad manners, and the tree does what its policies say.

mod bank;
mod books;
mod customers;
mod gateway;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use rust_supervisor::cli::Program;
use rust_supervisor::prelude::*;
use tokio::sync::mpsc;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use books::Books;
use customers::{door, session};

/// What somebody wants to pay.
struct Payment {
    customer: String,
    cents: u64,
}

/// A payment that the bank has agreed to.
struct Receipt {
    customer: String,
    cents: u64,
    number: u64,
}

/// What the children share. The channels outlive the restarts of those who read them.
#[derive(SharedState)]
struct Worker {
    bank: bank::Branch,
    folder: books::Folder,
    pay: mpsc::Sender<Payment>,
    payments: Lendable<mpsc::Receiver<Payment>>,
    write: mpsc::Sender<Receipt>,
    receipts: Lendable<mpsc::Receiver<Receipt>>,
}

impl Worker {
    fn open() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("payments-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let (pay, payments) = mpsc::channel(256);
        let (write, receipts) = mpsc::channel(256);
        Ok(Self {
            bank: bank::Branch::open()?,
            folder: books::Folder(Arc::new(folder)),
            pay,
            payments: Lendable::new(payments),
            write,
            receipts: Lendable::new(receipts),
        })
    }
}

/// A gateway that is restarted again and again takes only the clearing with it.
#[supervisor(strategy(rest_for_one), intensity(max = 10, within = "30s"))]
struct Clearing {
    bank: bank::bank,
    gateway: gateway::gateway,
}

/// The whole worker. Whatever the configuration file says is laid over it.
#[supervisor(state = Worker)]
struct Payments {
    books: Books,
    clearing: Clearing,
    #[child(from_config, max_children = 40)]
    sessions: Pool<session>,
    door: door,
}

#[tokio::main]
async fn main() -> ExitCode {
    // To the terminal, and to whoever asks at the socket.
    let terminal = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false);
    let log = tracing_subscriber::registry().with(terminal.with_filter(LevelFilter::INFO));
    // There are sockets on Unix only.
    #[cfg(unix)]
    let log = log.with(rust_supervisor::ipc::logs::LogLayer::new());
    log.init();
    let worker = match Worker::open() {
        Ok(worker) => worker,
        Err(error) => {
            eprintln!("the worker cannot be opened: {error}");
            return ExitCode::FAILURE;
        }
    };
    let folder: PathBuf = worker.folder.0.to_path_buf();
    let code = Program::new(Payments::builder(worker)).main().await;
    // The books of a demo are nobody's. Where they cannot be taken away they lie in the temporary folder.
    drop(std::fs::remove_dir_all(folder));
    code
}

//! A service that can be watched: `/readyz`, `/livez`, and `/metrics` for Prometheus.
//!
//! `cargo run --example observability_probe` starts it, asks it what a watcher would ask while a
//! child of it fails, and ends. With an address, such as
//! `cargo run --example observability_probe 127.0.0.1:8080`, it goes on until Ctrl-C.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use axum::Router;
use axum::extract;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::prelude::*;
use supervisor_examples::prices;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the whole service shares.
#[derive(Clone)]
struct Shop {
    /// Where prices are asked for.
    prices: SocketAddr,
    /// Where watchers ask. It stays open over restarts of the child that answers them.
    watch: Arc<std::net::TcpListener>,
    /// Whether the exchange is closed, so that no price can be had.
    is_closed: Arc<AtomicBool>,
    prometheus: PrometheusHandle,
}

/// Keeps the prices up to date. Without it the shop sells nothing.
#[child(criticality(critical), backoff(initial = "50ms", max = "200ms"))]
async fn collector(ctx: TaskContext, State(shop): State<Shop>) -> io::Result<()> {
    while ctx.sleep(Duration::from_millis(10)).await {
        if shop.is_closed.load(Relaxed) {
            return Err(io::Error::other("the exchange is closed"));
        }
        prices::ask(shop.prices, "price").await?;
    }
    Ok(())
}

/// Answers whoever watches.
#[child(readiness(explicit))]
async fn watch(ctx: TaskContext, State(shop): State<Shop>) -> io::Result<()> {
    let listener = TcpListener::from_std(shop.watch.try_clone()?)?;
    let prometheus = shop.prometheus;
    let app = Router::new()
        .route("/readyz", get(readyz))
        .route("/livez", get(livez))
        .route("/metrics", get(async move || prometheus.render()))
        .with_state(ctx.supervisor());
    ctx.ready();
    axum::serve(listener, app).with_graceful_shutdown(async move { ctx.stopped().await }).await
}

async fn readyz(extract::State(handle): extract::State<SupervisorHandle>) -> (StatusCode, String) {
    let readiness = handle.readiness().await;
    (status(readiness.is_ready()), readiness.to_string())
}

async fn livez(extract::State(handle): extract::State<SupervisorHandle>) -> (StatusCode, String) {
    let liveness = handle.liveness().await;
    (status(liveness.is_alive()), liveness.to_string())
}

fn status(is_well: bool) -> StatusCode {
    if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

#[supervisor(strategy(one_for_one), state = Shop)]
struct Watched {
    watch: watch,
    collector: collector,
}

/// Asks the service for a page, as a watcher would: the status, and what it says.
async fn ask(service: SocketAddr, page: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(service).await?;
    let request = format!("GET {page} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok((status.unwrap_or_default(), body.to_owned()))
}

/// Asks until the status is the one that is expected.
async fn ask_until(service: SocketAddr, page: &str, expected: u16) -> io::Result<String> {
    loop {
        let (status, body) = ask(service, page).await?;
        if status == expected {
            println!("GET {page}: {status} {body}");
            return Ok(body);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::main]
async fn main() -> Result<ShutdownReport, Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let watch = std::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    watch.set_nonblocking(true)?;
    let service = watch.local_addr()?;
    // Before the tree is started: what is told before has nobody to listen.
    let prometheus = PrometheusBuilder::new().install_recorder()?;
    let shop = Shop {
        prices: prices::open().await?,
        watch: Arc::new(watch),
        is_closed: Arc::default(),
        prometheus,
    };
    let app = Watched::start(shop.clone()).await?;
    if address.is_some() {
        println!("http://{service}/readyz, /livez, /metrics; Ctrl-C ends it");
        return Ok(app.run_until_signal().await?);
    }

    ask_until(service, "/readyz", 200).await?;
    shop.is_closed.store(true, Relaxed);
    let reason = ask_until(service, "/readyz", 503).await?;
    assert!(reason.contains("the critical child `/root/collector` is restarting"), "{reason}");
    ask_until(service, "/livez", 200).await?;
    println!("\n{}\n", app.collector.why().await?);

    shop.is_closed.store(false, Relaxed);
    ask_until(service, "/readyz", 200).await?;
    let (_, metrics) = ask(service, "/metrics").await?;
    for line in metrics.lines().filter(|line| line.contains("/root/collector")) {
        println!("{line}");
    }
    assert!(metrics.contains("supervisor_child_up{path=\"/root/collector\"} 1"), "{metrics}");
    assert!(metrics.contains("supervisor_restarts_total{path=\"/root/collector\"}"), "{metrics}");
    assert!(metrics.contains("# TYPE supervisor_backoff_seconds summary"), "{metrics}");
    Ok(app.shutdown(by("the example").because("all is seen")).await?)
}

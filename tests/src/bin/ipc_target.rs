//! A small target for clients of other languages: `ipc_target CONFIG` starts a tree with the socket
//! that the configuration names, and runs until a signal or a command ends it.

use std::time::Duration;

use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::member::member_fn;

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    use rust_supervisor::ipc::logs::LogLayer;
    use tracing_subscriber::layer::SubscriberExt;

    let Some(config) = std::env::args().nth(1) else {
        anyhow::bail!("usage: ipc_target CONFIG");
    };
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(LogLayer::new()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let handle = Supervisor::builder(tree()).config_file(config).start().await?;
        println!("ready");
        handle.run_until_signal().await?;
        Ok(())
    })
}

#[cfg(not(unix))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("there are sockets on Unix only")
}

fn tree() -> SupervisorSpec {
    let parked =
        |id: &str| ChildSpec::new(id, service_fn(async |ctx: TaskContext| ctx.stopped().await));
    let talking = service_fn(async |ctx: TaskContext| {
        let mut n = 0_u64;
        while ctx.sleep(Duration::from_millis(50)).await {
            n += 1;
            tracing::info!(n, "still here");
        }
    });
    let stubborn = service_fn(async |ctx: TaskContext| {
        ctx.stopped().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    let session = member_fn(async |ctx: TaskContext, _: u64| ctx.stopped().await);
    SupervisorSpec::root()
        .child(parked("till"))
        .child(
            SupervisorSpec::new("stock")
                .child(parked("shelf"))
                .child(ChildSpec::new("scale", talking).depends_on("shelf")),
        )
        .child(ChildSpec::new("slow", stubborn))
        .child(parked("clerk"))
        .child(SupervisorSpec::pool("sessions").members(session).from_config::<u64>())
}

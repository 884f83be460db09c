//! An incident, taken home: a tree fails, its recording is replayed, and other policies are tried
//! on the same history.
//!
//! Without arguments it makes a recording of its own. With a file it replays that:
//!
//! ```text
//! cargo run --example diagnostic_replay -- incident.jsonl
//! cargo run --example diagnostic_replay -- incident.jsonl 5 60
//! cargo run --example diagnostic_replay -- incident.jsonl patient.yaml
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::record::Recording;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;

/// The bank restarts its server: the first four connections are reset after a moment.
async fn connection(ctx: TaskContext) -> Result<(), String> {
    if ctx.generation().0 <= 4 && ctx.sleep(Duration::from_millis(40)).await {
        return Err(format!("connection {} reset by the bank", ctx.generation().0));
    }
    ctx.stopped().await;
    Ok(())
}

/// The incident: 3 restarts within 10 s were too few.
async fn incident(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let wait = Duration::from_millis(50);
    let spec = SupervisorSpec::root()
        .intensity(3, Duration::from_secs(10))
        .child(ChildSpec::new("ledger", service_fn(async |ctx: TaskContext| ctx.stopped().await)))
        .child(ChildSpec::new("bank", service_fn(connection)).backoff(Backoff::new(wait, wait)));
    let handle = Supervisor::builder(spec).record(file).start().await?;
    println!("what happened:\n{}\n", handle.join().await?);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let given = args.next().map(PathBuf::from);
    let policy = args.next().unwrap_or_else(|| "5".to_owned());
    let within = Duration::from_secs(args.next().map_or(Ok(60), |within| within.parse())?);

    let file = given.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("diagnostic-replay-{}.jsonl", std::process::id()))
    });
    if given.is_none() {
        incident(&file).await?;
    }

    let recording = Recording::read(&file)?;
    println!("replayed, decision by decision:\n{}", recording.replay()?);

    let other = if let Ok(max) = policy.parse() {
        println!("what would {max} within {within:?} have done?");
        recording.what_if(|spec| spec.intensity(max, within))?
    } else {
        println!("what would `{policy}` have done?");
        recording.what_if_config_file(policy)?
    };
    println!("{other}");

    if given.is_none() {
        std::fs::remove_file(file)?;
    }
    Ok(())
}

//! A service with an audit, for tests that kill it, or its disk: `audited FILE ON_FAILURE COMMANDS`.
//!
//! It restarts its child COMMANDS times and says on a line of its own how each came out, as soon
//! as it knows. Then it shuts down and says how its audit stands.

use std::io::{self, Write as _};

use rust_supervisor::audit::{AuditLog, OnAuditFailure};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use supervisor_tests::{BY, parked};

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [file, on_failure, commands] = &*args else {
        return Err("usage: audited FILE refuse|go_on COMMANDS".into());
    };
    let on_failure = match &**on_failure {
        "refuse" => OnAuditFailure::Refuse,
        "go_on" => OnAuditFailure::GoOn,
        other => return Err(format!("neither `refuse` nor `go_on`: `{other}`").into()),
    };
    let spec = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let audit = AuditLog::new(file).on_failure(on_failure);
    let handle = Supervisor::builder(spec).audit(audit).start().await?;
    for number in 1..=commands.parse::<u64>()? {
        match handle.restart_child("/root/a", BY, &format!("number {number}")).await {
            Ok(outcome) => say(&format!("{number} ok {}", outcome.generation.0))?,
            Err(error) => say(&format!("{number} {}", format!("{error:?}").replace('\n', " ")))?,
        }
    }
    let generation = handle.state_of("/root/a").await?.generation.0;
    handle.shutdown_tree(BY, "enough").await?;
    let status = handle.audit_status().ok_or("there is an audit")?;
    let (missing, refused) = (status.missing, status.refused);
    say(&format!("generation={generation} missing={missing} refused={refused}"))?;
    Ok(())
}

//! What follows when a child fails, policy by policy, in trees made by hand.
//!
//! `cargo run --example restart_policies`

use rust_supervisor::event::EventKind;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::failure::{OnLimit, TaskFailureKind};
use rust_supervisor::policy::restart::{Restart, Strategy};
use rust_supervisor::prelude::*;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::service_fn;

/// Runs until it is asked to stop.
async fn steady(ctx: TaskContext) {
    ctx.stopped().await;
}

/// Fails in each of its first `times` runs.
fn failing(times: u64, kind: TaskFailureKind) -> ChildSpec {
    let run = move |ctx: TaskContext| async move {
        if ctx.generation().0 > times {
            ctx.stopped().await;
        } else if ctx.sleep(Duration::from_millis(20)).await {
            return Err(TaskFailure::new(kind, "no answer"));
        }
        Ok(())
    };
    ChildSpec::new("failing", service_fn(run))
}

async fn show(title: &str, tree: SupervisorSpec) -> Result<(), SupervisorError> {
    println!("\n{title}");
    let mut builder = Supervisor::builder(tree).seed(1);
    let mut events = builder.subscribe_events();
    let handle = builder.start().await?;
    // The story of each takes less; a tree that has ended by itself does not mind.
    tokio::time::sleep(Duration::from_millis(500)).await;
    println!("{}", handle.current_state().await?);
    let report = handle.shutdown_tree("restart_policies", "next").await?;
    while let Some(event) = events.next().await {
        if matches!(event.kind, EventKind::Decided { .. } | EventKind::Meltdown { .. }) {
            println!("{event}");
        }
    }
    println!("exit code {}", report.exit_code());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), SupervisorError> {
    let backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));
    let gone = |times| failing(times, TaskFailureKind::ExternalDependency);
    let flaky = |times| gone(times).backoff(backoff);
    let older = || ChildSpec::new("older", service_fn(steady));
    let younger = || ChildSpec::new("younger", service_fn(steady));

    let tree = SupervisorSpec::root().child(older()).child(flaky(2)).child(younger());
    show("one_for_one: only the child that failed is restarted", tree).await?;

    let tree = SupervisorSpec::root().child(older()).child(flaky(2)).child(younger());
    let tree = tree.strategy(Strategy::RestForOne);
    show("rest_for_one: and those declared after it", tree).await?;

    let tree = SupervisorSpec::root().child(gone(9).restart(Restart::Temporary)).child(younger());
    show("temporary: it is forgotten", tree).await?;

    let limited = flaky(9).restart_limit(2, Duration::from_secs(10));
    let tree = SupervisorSpec::root().child(limited.clone()).child(younger());
    show("a limit of its own: it is quarantined, the sibling goes on", tree).await?;

    let tree = SupervisorSpec::root().child(limited.on_limit(OnLimit::Escalate)).child(younger());
    show("the same, escalated: the root melts down", tree).await?;

    let tree = SupervisorSpec::root().child(failing(9, TaskFailureKind::FatalConfig));
    show("a fatal failure: another run would fail the same way", tree).await?;

    let tree = SupervisorSpec::root().child(flaky(9)).intensity(3, Duration::from_secs(10));
    show("no limit of its own: it uses up the supervisor's intensity", tree).await
}

//! Each failure under each policy, and what followed: tables of what really happened.
//!
//! A collector asks a price service over TCP, and can go wrong in several ways. Every cell of a
//! table is a tree of its own that has run for a second and a half.
//!
//! `cargo run --example policy_failure_matrix`

use std::error::Error;
use std::io;
use std::net::{AddrParseError, SocketAddr};
use std::num::ParseFloatError;

use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::dependency::OnDependencyRestart;
use rust_supervisor::policy::failure::OnLimit;
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass};
use rust_supervisor::policy::restart::{Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::prelude::*;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::{ChildState, Lifecycle};
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::service_fn;
use supervisor_examples::prices;
use tokio::time::{error::Elapsed, sleep, timeout};

/// What can be wrong with a collection. The variant says which class of failure it is.
#[derive(Debug, thiserror::Error)]
enum CollectError {
    #[error("`{said}` is no price")]
    NoPrice { said: String, source: ParseFloatError },
    #[error("the service cannot be reached")]
    Unreachable(#[from] io::Error),
    #[error("the service does not answer")]
    Silent(#[from] Elapsed),
    #[error("`{setting}` is no address")]
    BadSetting { setting: String, source: AddrParseError },
}

impl Failure for CollectError {
    fn kind(&self) -> TaskFailureKind {
        match self {
            Self::NoPrice { .. } => TaskFailureKind::Recoverable,
            Self::Unreachable(_) => TaskFailureKind::ExternalDependency,
            Self::Silent(_) => TaskFailureKind::Timeout,
            Self::BadSetting { .. } => TaskFailureKind::FatalConfig,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    Finished,
    GarbageTwice,
    Garbage,
    Refused,
    Silence,
    BadSetting,
    Panic,
    Stuck,
}

const TROUBLES: [(Trouble, &str); 8] = [
    (Trouble::Finished, "none, it has finished"),
    (Trouble::GarbageTwice, "recoverable, twice"),
    (Trouble::Garbage, "recoverable, always"),
    (Trouble::Refused, "external_dependency"),
    (Trouble::Silence, "timeout"),
    (Trouble::BadSetting, "fatal_config"),
    (Trouble::Panic, "panic"),
    (Trouble::Stuck, "heartbeats stop"),
];

/// Collects prices until it is asked to stop, or into trouble.
async fn collect(
    ctx: TaskContext,
    service: SocketAddr,
    trouble: Trouble,
) -> Result<(), CollectError> {
    let setting = match trouble {
        Trouble::BadSetting => "prices:http".to_owned(),
        Trouble::Refused => "127.0.0.1:1".to_owned(),
        _ => service.to_string(),
    };
    let address: SocketAddr =
        setting.parse().map_err(|source| CollectError::BadSetting { setting, source })?;
    let mut collected: Vec<f64> = Vec::new();
    while ctx.sleep(Duration::from_millis(5)).await {
        let question = match trouble {
            Trouble::Garbage => "news",
            Trouble::GarbageTwice if ctx.generation().0 <= 2 => "news",
            Trouble::Silence => "silence",
            Trouble::Finished if collected.len() == 3 => return Ok(()),
            Trouble::Stuck if collected.len() == 3 => std::future::pending().await,
            _ => "price",
        };
        let asked = prices::ask(address, question);
        let said = timeout(Duration::from_millis(50), asked).await??;
        let price = said.parse().map_err(|source| CollectError::NoPrice { said, source })?;
        collected.push(price);
        if trouble == Trouble::Panic {
            let end = collected.len();
            collected.swap(0, end); // off by one
        }
        ctx.heartbeat();
    }
    Ok(())
}

/// A collector that has to send heartbeats, and is told apart by its troubles.
fn collector(service: SocketAddr, trouble: Trouble) -> ChildSpec {
    let run =
        move |ctx| async move { collect(ctx, service, trouble).await.map_err(TaskFailure::from) };
    ChildSpec::new("collector", service_fn(run))
        .health(Duration::from_millis(20), Duration::from_millis(200))
        .grace(Grace::After(Duration::from_millis(20)))
}

/// The same, waiting a little between its restarts, of which it may have three.
fn limited(service: SocketAddr, trouble: Trouble) -> ChildSpec {
    let wait = Backoff::new(Duration::from_millis(5), Duration::from_millis(20));
    collector(service, trouble).backoff(wait).restart_limit(3, Duration::from_mins(1))
}

fn steady(id: &str) -> ChildSpec {
    ChildSpec::new(id, service_fn(async |ctx: TaskContext| ctx.stopped().await))
}

/// Runs the tree for a while, and says of each of these paths what has become of it.
async fn observe<const N: usize>(
    tree: SupervisorSpec,
    paths: [&str; N],
) -> Result<[String; N], SupervisorError> {
    let handle = Supervisor::start(tree).await?;
    sleep(Duration::from_millis(1500)).await;
    let state = handle.current_state().await?;
    // A tree that has ended by itself does not mind.
    handle.shutdown_tree("policy_failure_matrix", "seen enough").await?;
    Ok(paths.map(|path| state.get(path).map_or_else(|| "gone".to_owned(), became)))
}

fn became(child: &ChildState) -> String {
    let runs = match child.generation.0 {
        1 => "1 run".to_owned(),
        runs => format!("{runs} runs"),
    };
    match (child.lifecycle, child.last_decision) {
        (Lifecycle::Up, _) if child.restarts == 0 => "not touched".to_owned(),
        (Lifecycle::Quarantined, Some(decision)) => {
            format!("{runs}, quarantined ({})", decision.rule())
        }
        (lifecycle, _) => format!("{runs}, {lifecycle}"),
    }
}

/// A tree of its own that can take many restarts, so that only the child's policy matters.
fn roomy(child: ChildSpec) -> SupervisorSpec {
    SupervisorSpec::root().intensity(1000, Duration::from_mins(1)).child(child)
}

/// Which failure asks for a restart, by restart type.
async fn failures(service: SocketAddr) -> Result<(), Box<dyn Error>> {
    println!("What becomes of the collector, by what is wrong with it (restart_limit: 3 in 60s)\n");
    println!("{:<23}{:<50}{:<50}temporary", "", "permanent", "transient");
    let rows = TROUBLES.map(|(trouble, name)| {
        let permanent = roomy(limited(service, trouble).restart(Restart::Permanent));
        let transient = roomy(limited(service, trouble).restart(Restart::Transient));
        let temporary = roomy(collector(service, trouble).restart(Restart::Temporary));
        let cells = [permanent, transient, temporary]
            .map(|tree| tokio::spawn(observe(tree, ["/root/collector"])));
        (name, cells)
    });
    for (name, [permanent, transient, temporary]) in rows {
        let ([permanent], [transient], [temporary]) =
            (permanent.await??, transient.await??, temporary.await??);
        println!("{name:<23}{permanent:<50}{transient:<50}{temporary}");
    }
    Ok(())
}

/// What follows when a child has used up its own limit.
async fn limits(service: SocketAddr) -> Result<(), Box<dyn Error>> {
    println!("\n\nWhat follows when its limit is spent, for others too\n");
    println!("{:<23}{:<50}{:<23}beside the group", "", "the collector", "its sibling");
    let choices = [OnLimit::Quarantine, OnLimit::Stop, OnLimit::Escalate, OnLimit::ShutdownTree];
    let rows = choices.map(|on_limit| {
        let failing = limited(service, Trouble::Refused).on_limit(on_limit);
        let group = SupervisorSpec::new("group")
            .restart(Restart::Temporary)
            .child(failing)
            .child(steady("sibling"));
        let tree = SupervisorSpec::root().child(group).child(steady("other"));
        let paths = ["/root/group/collector", "/root/group/sibling", "/root/other"];
        (on_limit, tokio::spawn(observe(tree, paths)))
    });
    for (on_limit, row) in rows {
        let [collector, sibling, other] = row.await??;
        println!("{:<23}{collector:<50}{sibling:<23}{other}", on_limit.to_string());
    }
    Ok(())
}

/// Whom a failure concerns besides the child.
async fn strategies(service: SocketAddr) -> Result<(), Box<dyn Error>> {
    println!("\n\nWho is restarted when the collector fails twice\n");
    println!("{:<23}{:<23}{:<23}younger", "", "older", "the collector");
    let choices = [Strategy::OneForOne, Strategy::RestForOne, Strategy::OneForAll];
    let rows = choices.map(|strategy| {
        let tree = SupervisorSpec::root()
            .strategy(strategy)
            .child(steady("older"))
            .child(limited(service, Trouble::GarbageTwice))
            .child(steady("younger"));
        let paths = ["/root/older", "/root/collector", "/root/younger"];
        (strategy, tokio::spawn(observe(tree, paths)))
    });
    for (strategy, row) in rows {
        let [older, collector, younger] = row.await??;
        println!("{:<23}{older:<23}{collector:<23}{younger}", strategy.to_string());
    }
    Ok(())
}

/// Why a child should have a limit of its own.
async fn budgets(service: SocketAddr) -> Result<(), Box<dyn Error>> {
    println!("\n\nWhose budget a child uses up that always fails (intensity: 5 in 60s)\n");
    println!("{:<23}{:<50}its sibling", "", "the collector");
    let root = || SupervisorSpec::root().intensity(5, Duration::from_mins(1));
    let wait = Backoff::new(Duration::from_millis(5), Duration::from_millis(20));
    let shared = collector(service, Trouble::Refused).backoff(wait);
    let own = limited(service, Trouble::Refused);
    let rows = [("the supervisor's", shared), ("its own, of 3", own)].map(|(name, child)| {
        let tree = root().child(child).child(steady("sibling"));
        (name, tokio::spawn(observe(tree, ["/root/collector", "/root/sibling"])))
    });
    for (name, row) in rows {
        let [collector, sibling] = row.await??;
        println!("{name:<23}{collector:<50}{sibling}");
    }
    Ok(())
}

/// One class of failure may have a wait and a limit of its own.
async fn classes(service: SocketAddr) -> Result<(), Box<dyn Error>> {
    println!("\n\nWhich limit counts (3 in 60s, for external_dependency 8)\n");
    println!("{:<23}the collector", "");
    let often = ClassPatch::NONE.restart_limit(8, Duration::from_mins(1));
    let rows = [("recoverable", Trouble::Garbage), ("external_dependency", Trouble::Refused)];
    let rows = rows.map(|(name, trouble)| {
        let child = limited(service, trouble).on_failure(FailureClass::ExternalDependency, often);
        (name, tokio::spawn(observe(roomy(child), ["/root/collector"])))
    });
    for (name, row) in rows {
        let [collector] = row.await??;
        println!("{name:<23}{collector}");
    }
    Ok(())
}

/// What becomes of a child while the one that it depends on is restarted.
async fn dependencies(service: SocketAddr) -> Result<(), Box<dyn Error>> {
    println!("\n\nWho follows when the collector fails twice\n");
    println!("{:<23}{:<23}what depends on it", "on_dependency_restart", "the collector");
    let choices = [OnDependencyRestart::Keep, OnDependencyRestart::Restart];
    let rows = choices.map(|choice| {
        let dependant = steady("dependant").depends_on("collector").on_dependency_restart(choice);
        let tree = roomy(limited(service, Trouble::GarbageTwice)).child(dependant);
        (choice, tokio::spawn(observe(tree, ["/root/collector", "/root/dependant"])))
    });
    for (choice, row) in rows {
        let [collector, dependant] = row.await??;
        println!("{:<23}{collector:<23}{dependant}", choice.to_string());
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Panics are part of the story; their usual message would be printed into the tables.
    std::panic::set_hook(Box::new(|_| {}));
    let service = prices::open().await?;
    failures(service).await?;
    limits(service).await?;
    strategies(service).await?;
    budgets(service).await?;
    classes(service).await?;
    dependencies(service).await
}

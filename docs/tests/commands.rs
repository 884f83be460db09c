//! The table state × command of the book says what commands answer: it is read from the page, and
//! every cell is tried.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::control::outcome::CommandOutcome;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::Readiness;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{blocking_fn, service_fn};
use tokio::time::{Instant, sleep, timeout};

const PAGE: &str = include_str!("../en/src/commands.md");
const SECOND: Duration = Duration::from_secs(1);

/// Where the child is that everything is tried on.
const X: &str = "/root/above/x";

#[tokio::test(start_paused = true)]
async fn every_cell_of_the_table_is_true() {
    let mut lines = PAGE.lines();
    let mut tried = 0;
    while let Some(header) = lines.by_ref().find(|line| line.starts_with("| state |")) {
        let header = cells(header);
        for row in lines.by_ref().skip(1).take_while(|line| line.starts_with('|')) {
            let row = cells(row);
            let state = row[0];
            for (command, cell) in header.iter().zip(&row).skip(1) {
                let found = answer(state, command.trim_matches('`')).await;
                let fits = fits(cell, &found);
                assert!(fits, "{state}, {command}: the page says {cell}, it is {found}");
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 11 * 9);
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// Whether what was found is what a cell says, which may say more about it.
fn fits(cell: &str, found: &str) -> bool {
    match found {
        "at once ok" => cell.starts_with("ok"),
        "later ok" => cell.starts_with("*ok*") || cell.starts_with("(waits"),
        // It waited, and was answered by what it then found.
        "later Running" => cell.starts_with("(waits"),
        error => {
            let name = error.strip_prefix("at once ").unwrap_or(error);
            cell.starts_with(&format!("`{name}`"))
        }
    }
}

/// Brings a child into `state`, gives it the command, and says when the answer came and which.
async fn answer(state: &str, command: &str) -> String {
    let Stage { handle, release } = stage(state).await;
    let before = Instant::now();
    let answer = timeout(60 * SECOND, give(&handle, command)).await;
    let when = if before.elapsed().is_zero() { "at once" } else { "later" };
    let what = match answer.as_ref().map(Result::as_ref) {
        Err(_) => "never".to_owned(),
        Ok(Ok(_)) => "ok".to_owned(),
        Ok(Err(SupervisorError::Running { .. })) => "Running".to_owned(),
        Ok(Err(SupervisorError::Restarting { .. })) => "Restarting".to_owned(),
        Ok(Err(SupervisorError::Waiting { .. })) => "Waiting".to_owned(),
        Ok(Err(SupervisorError::Disabled { .. })) => "Disabled".to_owned(),
        Ok(Err(SupervisorError::Paused { .. })) => "Paused".to_owned(),
        Ok(Err(SupervisorError::Quarantined { .. })) => "Quarantined".to_owned(),
        Ok(Err(SupervisorError::Unjoinable { .. })) => "Unjoinable".to_owned(),
        Ok(Err(error)) => error.to_string(),
    };
    drop(release);
    handle.shutdown_now("test", "done").await.expect("a report");
    format!("{when} {what}")
}

async fn give(handle: &SupervisorHandle, command: &str) -> Result<CommandOutcome, SupervisorError> {
    match command {
        "start_child" => handle.start_child(X, "test", "a cell").await,
        "stop_child" => handle.stop_child(X, "test", "a cell").await,
        "restart_child" => handle.restart_child(X, "test", "a cell").await,
        "delete_child" => handle.delete_child(X, "test", "a cell").await,
        "remove_child" => handle.remove_child(X, "test", "a cell").await,
        "pause_child" => handle.pause_child(X, "test", "a cell").await,
        "quarantine_child" => handle.quarantine_child(X, "test", "a cell").await,
        "resume_child" => handle.resume_child(X, "test", "a cell").await,
        "reset_budget" => handle.reset_budget(X, "test", "a cell").await,
        unknown => panic!("the page has a column `{unknown}`"),
    }
}

/// A tree in which `x` is in the wanted state.
struct Stage {
    handle: SupervisorHandle,
    /// Lets a thread go that cannot be ended otherwise.
    release: mpsc::Sender<()>,
}

async fn stage(state: &str) -> Stage {
    let (release, hold) = mpsc::channel::<()>();
    // Needs a second to become ready and a second to stop.
    let slow = service_fn(async |ctx: TaskContext| {
        sleep(SECOND).await;
        ctx.ready();
        ctx.stopped().await;
        sleep(SECOND).await;
    });
    let slow = |id| ChildSpec::new(id, slow.clone()).readiness(Readiness::Explicit);
    // The first run is ready and fails at once, a later one needs a second.
    let failing = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 > 1 {
            sleep(SECOND).await;
        }
        ctx.ready();
        Err::<(), _>("boom")
    });
    let failing = ChildSpec::new("x", failing)
        .readiness(Readiness::Explicit)
        .backoff(Backoff::new(20 * SECOND, 20 * SECOND));
    let x = match state {
        "restarting" => failing,
        "quarantined" => failing.restart_limit(0, Duration::ZERO),
        "unjoinable" => {
            let hold = Arc::new(Mutex::new(hold));
            let work = move |_: BlockingContext| drop(hold.lock().map(|hold| hold.recv()));
            ChildSpec::new("x", blocking_fn(work)).grace(Grace::After(SECOND))
        }
        "waiting: for a dependency" => slow("x").depends_on("older"),
        "disabled" => slow("x").disabled(),
        _ => slow("x"),
    };
    let above = SupervisorSpec::new("above").child(slow("older")).child(x);
    let handle = Supervisor::start(SupervisorSpec::root().child(above)).await.expect("it starts");
    let background = |path: &'static str, is_start| {
        let handle = handle.clone();
        tokio::spawn(async move {
            if is_start {
                handle.start_child(path, "test", "stage").await
            } else {
                handle.stop_child(path, "test", "stage").await
            }
        })
    };
    match state {
        "up" | "restarting" | "quarantined" | "disabled" => {}
        "stopping" => drop(background(X, false)),
        "down" => drop(handle.stop_child(X, "test", "stage").await.expect("it stops")),
        "paused" => drop(handle.pause_child(X, "test", "stage").await.expect("it is paused")),
        "waiting: for a dependency" => {
            handle.stop_child("/root/above/older", "test", "stage").await.expect("it stops");
            handle.restart_child(X, "test", "stage").await.expect("it waits");
        }
        "unjoinable" => {
            let error = handle.stop_child(X, "test", "stage").await;
            assert!(matches!(error, Err(SupervisorError::Unjoinable { .. })), "{error:?}");
        }
        "starting" => {
            handle.stop_child(X, "test", "stage").await.expect("it stops");
            drop(background(X, true));
        }
        "waiting: its turn has not come" => {
            handle.stop_child("/root/above", "test", "stage").await.expect("it stops");
            drop(background("/root/above", true));
        }
        unknown => panic!("the page has a row `{unknown}`"),
    }
    sleep(Duration::from_millis(10)).await;
    let found = handle.state_of(X).await.expect("it is known").lifecycle.to_string();
    let word = state.split(':').next().expect("a word");
    assert_eq!(found, word, "the stage is wrong");
    Stage { handle, release }
}

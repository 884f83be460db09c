//! What is said, in its order, under a paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ServiceManager;
use crate::control::handle::SupervisorHandle;
use crate::policy::failure::Criticality;
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

/// Writes down what is said.
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn by(watchdog: Option<Duration>) -> (Self, Arc<ServiceManager>) {
        let words = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&words);
        let manager = ServiceManager::new(watchdog, move |said| {
            let said = said.iter().map(ToString::to_string);
            heard.lock().unwrap().extend(said.map(|word| word.trim_end().to_owned()));
        });
        (Self(words), Arc::new(manager))
    }

    /// What was said since it was asked last.
    fn since(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// How often the watchdog was fed since it was asked last.
    fn fed(&self) -> usize {
        self.since().iter().filter(|word| *word == "WATCHDOG=1").count()
    }
}

fn follow(manager: &Arc<ServiceManager>, handle: &SupervisorHandle) {
    let (manager, handle) = (Arc::clone(manager), SupervisorHandle::weak_of(handle));
    tokio::spawn(async move { manager.follow(&handle).await });
}

fn parked(id: &str) -> ChildSpec {
    ChildSpec::new(id, service_fn(async |ctx: TaskContext| ctx.stopped().await))
}

/// Long enough for whatever is to be said.
async fn a_while() {
    tokio::time::sleep(Duration::from_secs(3)).await;
}

#[tokio::test(start_paused = true)]
async fn ready_is_said_once_when_the_critical_children_are_and_the_status_when_it_changes() {
    let db = parked("db").criticality(Criticality::Critical);
    let tree = SupervisorSpec::root().child(db).child(parked("mail"));
    let handle = Supervisor::start(tree).await.unwrap();
    let (heard, manager) = Heard::by(None);
    handle.quarantine_child("/root/db", "test", "because").await.unwrap();
    follow(&manager, &handle);
    a_while().await;
    let lost = "not ready: the critical child `/root/db` is quarantined";
    assert_eq!(heard.since(), [format!("STATUS={lost}; 1 of 2 children up, 1 quarantined")]);
    handle.resume_child("/root/db", "test", "because").await.unwrap();
    a_while().await;
    assert_eq!(heard.since(), ["READY=1", "STATUS=ready; 2 of 2 children up"]);
    handle.stop_child("/root/mail", "test", "because").await.unwrap();
    handle.stop_child("/root/db", "test", "because").await.unwrap();
    handle.start_child("/root/db", "test", "because").await.unwrap();
    a_while().await;
    assert_eq!(heard.since(), ["STATUS=ready; 1 of 2 children up, 1 down"]);
    let report = handle.shutdown_tree("test", "done").await.unwrap();
    manager.tree_has_ended(&report);
    let said = heard.since();
    assert_eq!(said.iter().filter(|word| *word == "STOPPING=1").count(), 1, "{said:?}");
    assert_eq!(said.last().unwrap(), "STATUS=shutdown, asked for by test: done");
}

#[tokio::test(start_paused = true)]
async fn a_storm_is_told_of_once_a_second() {
    let flaky = service_fn(async |ctx: TaskContext| {
        let _: bool = ctx.sleep(Duration::from_millis(1)).await;
        Err::<(), _>("out of luck")
    });
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, Duration::from_secs(1))
        .child(ChildSpec::new("flaky", flaky));
    let handle = Supervisor::start(tree).await.unwrap();
    let (heard, manager) = Heard::by(None);
    follow(&manager, &handle);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let said = heard.since();
    assert!(said.len() < 15, "{said:?}");
    handle.shutdown_tree("test", "done").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_is_fed_twice_in_its_time_while_the_tree_answers() {
    let handle = Supervisor::start(SupervisorSpec::root().child(parked("a"))).await.unwrap();
    let (heard, manager) = Heard::by(Some(Duration::from_secs(20)));
    follow(&manager, &handle);
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(heard.fed(), 6);
    handle.shutdown_tree("test", "done").await.unwrap();
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(heard.fed(), 0);
}

#[test]
fn a_tree_that_does_not_answer_starves_the_watchdog() {
    let paused = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().unwrap()
    };
    let (of_the_tree, of_the_manager) = (paused(), paused());
    let tree = SupervisorSpec::root().child(parked("a"));
    let handle = of_the_tree.block_on(Supervisor::start(tree)).unwrap();
    let (heard, manager) = Heard::by(Some(Duration::from_secs(20)));
    // Meanwhile nobody polls the tree.
    of_the_manager.block_on(async {
        follow(&manager, &handle);
        tokio::time::sleep(Duration::from_mins(5)).await;
    });
    assert_eq!(heard.fed(), 0);
    of_the_tree.block_on(handle.shutdown_tree("test", "done")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_watchdog_nothing_is_fed() {
    let handle = Supervisor::start(SupervisorSpec::root().child(parked("a"))).await.unwrap();
    let (heard, manager) = Heard::by(None);
    follow(&manager, &handle);
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(heard.since(), ["READY=1", "STATUS=ready; 1 of 1 children up"]);
    handle.shutdown_tree("test", "done").await.unwrap();
}

use rust_supervisor::config::environment::Environment;
use rust_supervisor::policy::restart::Strategy;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use supervisor_tests::{BY, WHY, drain, end_clean, every, ms, parked};
use tokio::time::sleep;

/// Takes 200 ms to stop.
fn slow() -> TaskFactory {
    service_fn(async |ctx: TaskContext| {
        ctx.stopped().await;
        sleep(ms(200)).await;
    })
}

fn fails_once() -> TaskFactory {
    service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 && ctx.sleep(ms(50)).await {
            return Err("once");
        }
        ctx.stopped().await;
        Ok(())
    })
}

/// `slow` is stopped by a round, disabled, and enabled again before it is gone. It was started
/// while the round had still to stop `quiet`, and stopped again at once.
#[tokio::test(start_paused = true)]
async fn a_child_enabled_in_the_middle_of_a_round_waits_for_its_turn() {
    let file = std::env::temp_dir().join(format!("enabled-in-a-round-{}.yaml", std::process::id()));
    let say = |text: &str| std::fs::write(&file, text).unwrap();
    say("");
    let tree = SupervisorSpec::root()
        .strategy(Strategy::OneForAll)
        .child(ChildSpec::new("flaky", fails_once()).backoff(every(ms(0))))
        .child(ChildSpec::new("quiet", parked()))
        .child(ChildSpec::new("slow", slow()).grace(Grace::After(ms(1_000))));
    let builder = Supervisor::builder(tree).config_file(&file).environment(Environment::none());
    let handle = builder.start().await.unwrap();
    let mut events = handle.subscribe_events();
    sleep(ms(100)).await;
    say("supervisor: { children: { slow: { enabled: false } } }");
    handle.reload(BY, WHY).await.unwrap();
    say("");
    handle.reload(BY, WHY).await.unwrap();
    sleep(ms(1_000)).await;
    let ready: Vec<_> = drain(&mut events)
        .iter()
        .filter(|event| event.kind.name() == "starting")
        .map(|event| format!("{} {}", event.path.name(), event.generation))
        .collect();
    assert_eq!(ready, ["flaky #2", "quiet #2", "slow #2"]);
    end_clean(&handle).await;
    drop(std::fs::remove_file(file));
}

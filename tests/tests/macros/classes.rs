//! Roles, tags, classes of failure, and what is not enabled.

use super::*;

/// Cannot reach the bank, after each second.
#[child(
    role(job),
    tags("money", "eu"),
    on_failure(
        external_dependency(
            backoff(initial = "3s", max = "9s", jitter = 0),
            restart_limit(max = 1, within = "1m")
        ),
        panic(restart_limit(max = 0, within = "1m"))
    )
)]
async fn bank(ctx: TaskContext) -> Result<(), TaskFailure> {
    if ctx.sleep(Duration::from_secs(1)).await {
        return Err(TaskFailure::new(TaskFailureKind::ExternalDependency, "no bank"));
    }
    Ok(())
}

const IS_ON: bool = cfg!(not(test));

#[child(enabled = IS_ON)]
async fn off(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(tags("all"), defaults(role(sidecar)))]
struct Classes {
    bank: bank,
    #[child(tags("other"), on_failure(external_dependency(backoff(initial = "5s"))))]
    slower: bank,
    off: off,
    #[child(enabled = true)]
    on: off,
    #[child(enabled = false)]
    inner: InnerClasses,
}

#[supervisor(tags("function"), role(service))]
struct InnerClasses {
    greeter: parked_child,
}

#[child]
async fn parked_child(ctx: TaskContext) {
    ctx.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_class_of_failure_waits_and_is_limited_as_the_attribute_says() {
    let app = Classes::start(()).await.unwrap();
    let lives = async |handle: &Handle<bank>| {
        let state = handle.state().await.unwrap();
        (state.generation.0, state.lifecycle)
    };
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    assert_eq!(lives(&app.bank).await, (2, Lifecycle::Up));
    assert_eq!(lives(&app.slower).await, (1, Lifecycle::Restarting));
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    let state = app.bank.state().await.unwrap();
    // By its function a job, and by the defaults around it nothing more: so it is quarantined,
    // and what is said about the role around it is weaker.
    assert_eq!(state.lifecycle, Lifecycle::Quarantined, "{state:?}");
    let decision = state.last_decision.unwrap();
    assert_eq!(decision.rule(), Rule::ClassLimit(FailureClass::ExternalDependency));
    assert_eq!(app.slower.state().await.unwrap().generation.0, 2, "the field's first wait is 5 s");
}

#[tokio::test(start_paused = true)]
async fn tags_are_seen_in_the_state_and_a_field_replaces_them() {
    let app = Classes::start(()).await.unwrap();
    let tags = async |path: &str| app.handle().state_of(path).await.unwrap().tags.to_string();
    assert_eq!(tags("/root").await, "all");
    assert_eq!(tags("/root/bank").await, "money, eu");
    assert_eq!(tags("/root/slower").await, "other");
    assert_eq!(tags("/root/inner").await, "function");
    assert_eq!(tags("/root/off").await, "");
    assert!(app.bank.state().await.unwrap().tags.contains("eu"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_enabled_answers_that_it_is_disabled() {
    let app = Classes::start(()).await.unwrap();
    assert_eq!(app.off.state().await.unwrap().lifecycle, Lifecycle::Disabled);
    assert_eq!(app.inner.greeter.state().await.unwrap().lifecycle, Lifecycle::Disabled);
    assert_ne!(app.on.state().await.unwrap().lifecycle, Lifecycle::Disabled);
    let error = app.off.restart(by("test").because("to see")).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Disabled { .. }), "{error}");
    let error = app.inner.greeter.wait_until_ready().await.unwrap_err();
    let SupervisorError::Disabled { path } = error else { panic!("{error}") };
    assert_eq!(path.as_str(), "/root/inner", "that one is the reason");
}

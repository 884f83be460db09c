use super::*;
use crate::policy::backoff::Backoff;
use crate::policy::on_failure::OnFailurePatch;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn broken(findings: &[Finding]) -> Vec<PolicyFault> {
    findings.iter().copied().flatten().collect()
}

#[test]
fn a_wait_begins_at_its_ceiling_or_below_it() {
    let said = |initial, max| BackoffPatch { initial, max, ..BackoffPatch::NONE };
    assert_eq!(broken(&wait(&said(Some(SECOND), Some(SECOND)))), []);
    assert_eq!(broken(&wait(&said(Some(MILLI), Some(SECOND)))), []);
    assert_eq!(broken(&wait(&said(Some(SECOND), None))), []);
    let fault = PolicyFault::InitialAboveMax { initial: SECOND, max: MILLI };
    assert_eq!(broken(&wait(&said(Some(SECOND), Some(MILLI)))), [fault]);
}

#[test]
fn a_wait_does_not_shrink_and_jitter_is_a_share_of_it() {
    let factor = |factor| BackoffPatch { factor: Some(factor), ..BackoffPatch::NONE };
    let jitter = |jitter| BackoffPatch { jitter: Some(jitter), ..BackoffPatch::NONE };
    for fine in [factor(1.0), factor(1e9), jitter(0.0), jitter(0.5), jitter(1.0)] {
        assert_eq!(broken(&wait(&fine)), [], "{fine:?}");
    }
    for refused in [0.99, -2.0, f64::INFINITY, f64::NAN] {
        assert!(matches!(broken(&wait(&factor(refused)))[..], [PolicyFault::Factor(_)]));
    }
    for refused in [-0.01, 1.01, f64::INFINITY, f64::NAN] {
        assert!(matches!(broken(&wait(&jitter(refused)))[..], [PolicyFault::Jitter(_)]));
    }
}

#[test]
fn a_limit_above_zero_needs_a_window_and_both_of_its_halves() {
    let limit = |max, within| Some(Limit::new(max, within));
    let zero = PolicyFault::ZeroWindow { key: "restart_limit", max: 1 };
    assert_eq!(window("restart_limit", None), None);
    assert_eq!(window("restart_limit", limit(0, Duration::ZERO)), None);
    assert_eq!(window("restart_limit", limit(1, MILLI)), None);
    assert_eq!(window("restart_limit", limit(1, Duration::ZERO)), Some(zero));
    let said = |max, within| LimitPatch { max, within };
    assert_eq!(whole(said(None, None)), None);
    assert_eq!(whole(said(Some(1), Some(SECOND))), None);
    assert_eq!(whole(said(Some(1), Some(Duration::ZERO))), Some(zero));
    let half = |missing| Some(PolicyFault::HalfLimit { missing });
    assert_eq!(whole(said(Some(1), None)), half("within"));
    assert_eq!(whole(said(None, Some(SECOND))), half("max"));
}

#[test]
fn nothing_is_done_in_no_time() {
    assert_eq!(some_time("start_timeout", None), None);
    assert_eq!(some_time("start_timeout", Some(Duration::from_nanos(1))), None);
    let zero = PolicyFault::Zero("start_timeout");
    assert_eq!(some_time("start_timeout", Some(Duration::ZERO)), Some(zero));
}

#[test]
fn a_run_has_a_millisecond_at_least_to_end_and_another_to_go() {
    let short = Duration::from_nanos(999_999);
    let said = |grace, abort_wait| ShutdownPatch { grace, abort_wait };
    let after = |grace| Some(Grace::After(grace));
    assert_eq!(broken(&stop(said(None, None))), []);
    assert_eq!(broken(&stop(said(after(MILLI), Some(MILLI)))), []);
    let both = [PolicyFault::Grace(short), PolicyFault::AbortWait(short)];
    assert_eq!(broken(&stop(said(after(short), Some(short)))), both);
}

#[test]
fn a_grace_may_be_as_long_as_the_budget_around_it() {
    assert_eq!(beyond(None, SECOND), None);
    assert_eq!(beyond(Some(Grace::After(SECOND)), SECOND), None);
    assert_eq!(beyond(Some(Grace::After(SECOND)), MILLI), Some((SECOND, MILLI)));
}

#[test]
fn a_heartbeat_comes_before_it_is_missed_and_both_are_said() {
    let said = |heartbeat, stale_after| HealthPatch { heartbeat, stale_after };
    assert_eq!(heartbeats(said(None, None)), None);
    assert_eq!(heartbeats(said(Some(MILLI), Some(SECOND))), None);
    let rare = PolicyFault::HeartbeatTooRare { heartbeat: SECOND, stale_after: SECOND };
    assert_eq!(heartbeats(said(Some(SECOND), Some(SECOND))), Some(rare));
    let zero = PolicyFault::Zero("stale_after");
    assert_eq!(heartbeats(said(None, Some(Duration::ZERO))), Some(zero));
    let half = |missing| Some(PolicyFault::HalfHealth { missing });
    assert_eq!(half_health(said(None, None)), None);
    assert_eq!(half_health(said(Some(MILLI), Some(SECOND))), None);
    assert_eq!(half_health(said(Some(MILLI), None)), half("stale_after"));
    assert_eq!(half_health(said(None, Some(SECOND))), half("heartbeat"));
}

#[test]
fn what_is_never_restarted_has_no_use_for_policies_about_restarts() {
    let none = PolicyPatch::NONE;
    let class = ClassPatch::NONE.restart_limit(1, SECOND);
    let classes = OnFailurePatch::NONE.on(FailureClass::ALL[0], class);
    let said = [
        ("backoff", PolicyPatch { backoff: Backoff::NONE.into(), ..none }),
        ("restart_limit", PolicyPatch { restart_limit: Some(Limit::DEFAULT), ..none }),
        ("on_failure", PolicyPatch { on_failure: classes, ..none }),
        ("probe_after", PolicyPatch { probe_after: Some(SECOND), ..none }),
        (
            "on_dependency_restart",
            PolicyPatch { on_dependency_restart: Some(OnDependencyRestart::Restart), ..none },
        ),
    ];
    for (key, said) in said {
        let fault = PolicyFault::Temporary(key);
        assert_eq!(broken(&temporary(&said, Restart::Temporary)), [fault]);
        assert_eq!(broken(&temporary(&said, Restart::Transient)), []);
    }
    let keeps = PolicyPatch { on_dependency_restart: Some(OnDependencyRestart::Keep), ..none };
    assert_eq!(broken(&temporary(&keeps, Restart::Temporary)), []);
}

#[test]
fn only_what_is_quarantined_is_probed() {
    let said = PolicyPatch { probe_after: Some(SECOND), ..PolicyPatch::NONE };
    assert_eq!(probe(&said, OnLimit::Quarantine), None);
    assert_eq!(probe(&PolicyPatch::NONE, OnLimit::Stop), None);
    let fault = PolicyFault::ProbeWithoutQuarantine(OnLimit::Stop);
    assert_eq!(probe(&said, OnLimit::Stop), Some(fault));
}

#[test]
fn what_is_significant_can_end_and_somebody_looks_at_it() {
    let around = |auto_shutdown, is_pool| Around { auto_shutdown, is_pool };
    let any = around(AutoShutdown::AnySignificant, false);
    let never = around(AutoShutdown::Never, false);
    let pool = around(AutoShutdown::Never, true);
    assert_eq!(broken(&significance(false, Restart::Permanent, pool)), []);
    assert_eq!(broken(&significance(true, Restart::Transient, any)), []);
    let permanent = PolicyFault::SignificantPermanent;
    assert_eq!(broken(&significance(true, Restart::Permanent, any)), [permanent]);
    let unseen = PolicyFault::SignificantUnderNever;
    assert_eq!(broken(&significance(true, Restart::Temporary, never)), [unseen]);
    let member = PolicyFault::SignificantInPool;
    assert_eq!(broken(&significance(true, Restart::Permanent, pool)), [member]);
}

#[test]
fn each_rule_about_a_value_is_asked_at_one_place() {
    let none = PolicyPatch::NONE;
    assert_eq!(at_one_place(&none), None);
    let backoff = |said| PolicyPatch { backoff: said, ..none };
    let wait = BackoffPatch { initial: Some(SECOND), max: Some(MILLI), ..BackoffPatch::NONE };
    let zero = Duration::ZERO;
    let half = LimitPatch { max: Some(1), within: None };
    let class = ClassPatch { restart_limit: half, ..ClassPatch::NONE };
    let last = FailureClass::ALL[FailureClass::ALL.len() - 1];
    let on_failure = OnFailurePatch::NONE.on(last, class);
    let grace = ShutdownPatch { grace: Some(Grace::After(zero)), ..none.shutdown };
    let abort_wait = ShutdownPatch { abort_wait: Some(zero), ..none.shutdown };
    let stale_after = HealthPatch { stale_after: Some(zero), ..none.health };
    let refused = [
        (backoff(wait), PolicyFault::InitialAboveMax { initial: SECOND, max: MILLI }),
        (
            backoff(BackoffPatch { factor: Some(0.5), ..BackoffPatch::NONE }),
            PolicyFault::Factor(0.5),
        ),
        (
            backoff(BackoffPatch { jitter: Some(2.0), ..BackoffPatch::NONE }),
            PolicyFault::Jitter(2.0),
        ),
        (
            PolicyPatch { restart_limit: Some(Limit::new(1, zero)), ..none },
            PolicyFault::ZeroWindow { key: "restart_limit", max: 1 },
        ),
        (PolicyPatch { start_timeout: Some(zero), ..none }, PolicyFault::Zero("start_timeout")),
        (PolicyPatch { probe_after: Some(zero), ..none }, PolicyFault::Zero("probe_after")),
        (PolicyPatch { shutdown: grace, ..none }, PolicyFault::Grace(zero)),
        (PolicyPatch { shutdown: abort_wait, ..none }, PolicyFault::AbortWait(zero)),
        (PolicyPatch { health: stale_after, ..none }, PolicyFault::Zero("stale_after")),
        (PolicyPatch { on_failure, ..none }, PolicyFault::HalfLimit { missing: "within" }),
    ];
    for (said, fault) in refused {
        assert_eq!(at_one_place(&said), Some(fault));
        let panic = std::panic::catch_unwind(|| check(&said)).expect_err("it is refused");
        let text = panic.downcast_ref::<String>().map(String::as_str);
        assert_eq!(text.or(panic.downcast_ref::<&str>().copied()), Some(fault.text()));
    }
    check(&none);
    let fine = OnFailurePatch::NONE.on(last, ClassPatch::NONE.restart_limit(1, SECOND));
    check(&PolicyPatch { on_failure: fine, ..none });
}

#[test]
fn what_takes_no_time_is_named_in_the_message_of_the_compiler() {
    for key in ["start_timeout", "stale_after", "probe_after", "shutdown budget"] {
        assert!(PolicyFault::Zero(key).text().starts_with(&format!("`{key}` is zero")), "{key}");
    }
}

#[test]
fn half_of_what_is_expected_of_a_child_says_something() {
    assert!(HealthPatch::NONE.heartbeat(SECOND).says_something());
    assert!(HealthPatch::NONE.stale_after(SECOND).says_something());
    assert!(!HealthPatch::NONE.says_something());
}

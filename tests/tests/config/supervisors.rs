//! What is said about supervisors, and about the end of the tree.

use std::time::Duration;

use rust_supervisor::policy::restart::{Readiness, Restart};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::factory::TaskFactory;

use crate::policies::nest;
use crate::stage::{brief, check, flaky, jitter, ms, parked, slow, stubborn, stuck};

/// A key of a supervisor, what it is set to, its first child, the window of its intensity in code,
/// and what happens then, where `ROOT` is its path.
type SupervisorCase = (&'static str, &'static str, fn() -> TaskFactory, Duration, &'static str);

#[tokio::test(start_paused = true)]
async fn every_key_of_a_supervisor_works_at_the_root_and_below() {
    let pair = |spec: SupervisorSpec, task: TaskFactory| {
        spec.child(ChildSpec::new("t", task).restart(Restart::Transient).backoff(jitter(0.0)))
            .child(ChildSpec::new("u", parked()))
    };
    // Both say after two seconds that they are ready.
    let both = |spec: SupervisorSpec| {
        let slow = ChildSpec::new("t", slow()).readiness(Readiness::Explicit);
        spec.child(slow.clone()).child(slow.with_id("u"))
    };
    let cases: [SupervisorCase; 6] = [
        ("start", "parallel", slow, ms(30_000), "start took 2000 ms"),
        ("strategy", "one_for_all", flaky, ms(30_000), "1100 ms  ROOT/u #2  starting"),
        ("strategy", "rest_for_one", flaky, ms(30_000), "1100 ms  ROOT/u #2  starting"),
        ("intensity.max", "0", flaky, ms(30_000), "1000 ms  ROOT #1  meltdown over ROOT/t"),
        ("intensity.within", "1m", flaky, ms(1), " ROOT #1  meltdown over ROOT/t"),
        (
            "auto_shutdown",
            "any_significant",
            brief,
            ms(30_000),
            "1000 ms  ROOT #1  ends, because ROOT/t",
        ),
    ];
    for (key, value, task, within, expected) in cases {
        for (place, root) in
            [(&["supervisor"][..], "/root"), (&["supervisor", "children", "in"], "/root/in")]
        {
            let is_significant = key == "auto_shutdown";
            let around = SupervisorSpec::root().intensity(5, within);
            let inner = SupervisorSpec::new("in").intensity(5, within);
            let mark = |spec: SupervisorSpec| {
                if key == "start" {
                    return both(spec);
                }
                let task = ChildSpec::new("s", task()).restart(Restart::Transient);
                if is_significant { spec.child(task.with_id("t").significant()) } else { spec }
            };
            let tree = match (is_significant || key == "start", root) {
                (true, "/root") => mark(around),
                (true, _) => around.child(mark(inner)),
                (false, "/root") => pair(around, task()),
                (false, _) => around.child(pair(inner, task())),
            };
            check(tree, &nest(place, key, value), &expected.replace("ROOT", root)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_about_a_supervisor_as_a_child_works_too() {
    let failing = || {
        let inner = SupervisorSpec::new("in").intensity(0, ms(0)).restart(Restart::Transient);
        let inner = inner.backoff(jitter(0.0)).child(ChildSpec::new("t", flaky()));
        SupervisorSpec::root().child(inner)
    };
    let hanging = || {
        SupervisorSpec::root()
            .child(SupervisorSpec::new("in").child(ChildSpec::new("t", stubborn())))
    };
    // It does not end by an abort either.
    let deaf = || {
        let inner = SupervisorSpec::new("in").grace(Grace::After(ms(1_000)));
        SupervisorSpec::root().child(inner.child(ChildSpec::new("t", stuck())))
    };
    let cases: [(&dyn Fn() -> SupervisorSpec, _, _, _); 6] = [
        (&failing, "restart", "temporary", "/root/in #1  removed"),
        (&failing, "backoff.initial", "3s", "4000 ms  /root/in #2  starting"),
        (&failing, "restart_limit", "{max: 0, within: 1s}", "/root/in #1  decision: quarantine"),
        (&failing, "meltdown", "shutdown", "/root/in #1  decision: do not restart"),
        (&hanging, "shutdown.grace", "1s", "21000 ms  /root/in #1  is aborted"),
        (&deaf, "shutdown.abort_wait", "3s", "24000 ms  /root/in/t #1  cannot be ended"),
    ];
    for (tree, key, value, expected) in cases {
        check(tree(), &nest(&["supervisor", "children", "in"], key, value), expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_durations_do_no_harm() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("t", flaky()));
    let yaml = "
policy:
  backoff: { initial: 1000y, max: 1000y, factor: 1000000, jitter: 0, reset_after: 1000y }
  restart_limit: { max: 4294967295, within: 1000y }
  start_timeout: 1000y
shutdown: { grace: 1000y, abort_wait: 1000y, budget: 1000y }
supervisor: { intensity: { max: 4294967295, within: 1000y } }
";
    check(tree, yaml, "decision: restart after 365250d").await;
}

#[tokio::test(start_paused = true)]
async fn the_budget_ends_the_shutdown_of_the_tree() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("t", stubborn()));
    check(tree, "shutdown: {budget: 2s}", "22000 ms  /root #1  all that is left is aborted").await;
}

//! What can be known of a tree, from the first minute: events from where one left off, why a child
//! is in its state, and a summary of what went wrong.

use std::sync::Arc;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::control::stream::{EventFilter, EventStream};
use rust_supervisor::event::{Event, EventTag, ForceCause};
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::failure::Criticality::Critical;
use rust_supervisor::policy::failure::{OnLimit, TaskFailureKind};
use rust_supervisor::policy::restart::{Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::probe::{NotAlive, NotReady};
use rust_supervisor::report::EndCause;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::{Lifecycle, ReadinessStatus};
use rust_supervisor::summary::{RunSummary, SummaryCause};
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use supervisor_tests::{
    BY, WHY, drain, end_clean, every, failing, lines, ms, parked, poll_once, stubborn,
};
use tokio::time::sleep;

fn path(text: &str) -> ChildPath {
    ChildPath::parse(text).expect("a path")
}

fn sequences(events: &[Arc<Event>]) -> Vec<u64> {
    events.iter().map(|event| event.sequence).collect()
}

async fn rest(mut events: EventStream) -> Vec<Arc<Event>> {
    let mut rest = Vec::new();
    while let Some(event) = events.next().await {
        rest.push(event);
    }
    rest
}

/// Runs for a second and then fails, with a cause.
fn unlucky() -> TaskFactory {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot reach the bank")]
    struct Unreachable(#[source] std::io::Error);

    service_fn(async |ctx: TaskContext| -> Result<(), TaskFailure> {
        if !ctx.sleep(ms(1_000)).await {
            return Ok(());
        }
        let cause = std::io::Error::other("connection refused");
        Err(TaskFailure::new(TaskFailureKind::ExternalDependency, Unreachable(cause)))
    })
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_goes_on_from_where_it_left_off_without_a_gap_and_without_a_repetition() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    for _ in 0..10 {
        handle.restart_child("/root/a", BY, WHY).await.unwrap();
    }
    let all = sequences(&handle.journal());
    assert_eq!(all[0], 1);
    let half = all[all.len() / 2];
    let stream = handle.subscribe(EventFilter::ALL.from_sequence(half));
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    end_clean(&handle).await;
    let last = handle.journal().last().unwrap().sequence;
    assert!(last > half + 30);
    assert_eq!(sequences(&rest(stream).await), (half..=last).collect::<Vec<_>>());

    // After the end too, and from what has not happened yet nothing comes.
    let late = handle.subscribe(EventFilter::ALL.from_sequence(last));
    assert_eq!(sequences(&rest(late).await), [last]);
    assert!(rest(handle.subscribe(EventFilter::ALL.from_sequence(last + 1))).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_comes_in_the_middle_of_it_all_misses_nothing() {
    let mut tree = SupervisorSpec::root().intensity(u32::MAX, ms(1));
    for n in 0..10 {
        tree = tree.child(ChildSpec::new(format!("c{n}"), failing()).backoff(every(ms(1))));
    }
    let builder = Supervisor::builder(tree).event_capacity(1 << 16).journal_capacity(1 << 16);
    let handle = builder.start().await.unwrap();
    for _ in 0..200 {
        let mut stream = handle.subscribe(EventFilter::ALL.from_sequence(1));
        let mut expected = 1;
        for _ in 0..handle.journal().len() + 5 {
            assert_eq!(stream.next().await.unwrap().sequence, expected);
            expected += 1;
        }
        assert_eq!(stream.missed(), 0);
        if expected > 5_000 {
            break;
        }
    }
    handle.shutdown_tree(BY, WHY).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_the_journal_has_no_more_is_counted_and_what_it_has_is_not() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let builder = Supervisor::builder(tree).journal_capacity(20).event_capacity(8);
    let handle = builder.start().await.unwrap();
    for _ in 0..10 {
        handle.restart_child("/root/a", BY, WHY).await.unwrap();
    }
    let first = handle.journal()[0].sequence;
    assert!(first > 20);
    let mut stream = handle.subscribe(EventFilter::ALL.from_sequence(5));
    assert_eq!(stream.missed(), first - 5);
    // What is sent while nobody reads is more than there is room for.
    for _ in 0..4 {
        handle.restart_child("/root/a", BY, WHY).await.unwrap();
    }
    let seen = sequences(&drain(&mut stream));
    let last = handle.journal().last().unwrap().sequence;
    assert_eq!(seen.len(), 28);
    assert_eq!((seen[0], seen[27]), (first, last));
    assert_eq!(stream.missed(), last - 5 + 1 - 28, "each event is either read or missed");
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_filter_lets_through_what_it_names_and_nothing_else() {
    let inner = SupervisorSpec::new("in")
        .child(ChildSpec::new("a", unlucky()).backoff(every(ms(100))))
        .child(ChildSpec::new("b", unlucky()).backoff(every(ms(100))));
    let tree = SupervisorSpec::root().child(inner).child(ChildSpec::new("inn", unlucky()));
    let handle = Supervisor::start(tree).await.unwrap();
    let mut below = handle.subscribe(EventFilter::ALL.below(path("/root/in")));
    let kinds = EventFilter::ALL.kind(EventTag::Exited).kind(EventTag::Ready);
    let mut kinds = handle.subscribe(kinds.below(path("/root/in/a")).below(path("/root/in/b")));
    sleep(ms(1_500)).await;
    let below = drain(&mut below);
    assert_eq!(below.len(), 8);
    assert!(below.iter().all(|event| event.path.is_within(&path("/root/in"))));
    assert_eq!(
        lines(&drain(&mut kinds)),
        [
            "1000 /root/in/a#1 exited",
            "1000 /root/in/b#1 exited",
            "1100 /root/in/a#2 ready",
            "1100 /root/in/b#2 ready",
        ]
    );
    end_clean(&handle).await;
}

#[tokio::test]
async fn a_thousand_stuck_subscribers_cost_the_quick_one_nothing() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = Supervisor::builder(tree).event_capacity(64).start().await.unwrap();
    let stuck: Vec<_> = (0..1_000).map(|_| handle.subscribe_events()).collect();
    let mut quick = handle.subscribe_events();
    let mut seen = Vec::new();
    for _ in 0..1_000 {
        handle.restart_child("/root/a", BY, WHY).await.unwrap();
        seen.extend(sequences(&drain(&mut quick)));
    }
    assert_eq!(quick.missed(), 0);
    assert_eq!(seen.len(), 5_000);
    assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1));
    for mut stuck in stuck {
        assert_eq!(drain(&mut stuck).len(), 64);
        assert_eq!(stuck.missed(), 5_000 - 64);
    }
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn one_failure_and_what_follows_from_it_have_one_correlation() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", unlucky()).backoff(every(ms(700))))
        .child(ChildSpec::new("b", unlucky()).backoff(every(ms(300))));
    let handle = Supervisor::start(tree).await.unwrap();
    let mut events = handle.subscribe_events();
    sleep(ms(1_900)).await;
    let events = drain(&mut events);
    for name in ["a", "b"] {
        let of_one: Vec<_> = events.iter().filter(|event| event.path.name() == name).collect();
        assert_eq!(of_one.len(), 4, "{events:?}");
        let first = of_one[0].sequence;
        assert!(of_one.iter().all(|event| event.correlation.0 == first), "{of_one:?}");
    }
    end_clean(&handle).await;
}

async fn why(handle: &SupervisorHandle, path: &str) -> String {
    handle.why(path).await.expect("an answer").to_string()
}

#[tokio::test(start_paused = true)]
async fn why_a_child_waits_is_said_with_its_failure_the_rule_and_what_is_left() {
    let child =
        ChildSpec::new("a", unlucky()).backoff(every(ms(5_000))).restart_limit(3, ms(60_000));
    let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
    sleep(ms(3_000)).await;
    assert_eq!(
        why(&handle, "/root/a").await,
        "`/root/a` #1 has been restarting for 2.0s.\n\
         Its latest run #1 ended 2.0s ago: failed: cannot reach the bank: connection refused.\n\
         The decision was: restart after 5s (it is permanent).\n\
         Run #2 starts in 3.0s.\n\
         Of its own limit 2 of 3 restarts within 1m are left.\n\
         Of the intensity of `/root` 4 of 5 restarts within 30s are left."
    );
    sleep(ms(20_000)).await;
    let said = why(&handle, "/root/a").await;
    assert!(said.contains("quarantine (its restart limit is spent)"), "{said}");
    assert!(said.contains("Of its own limit 0 of 3 restarts"), "{said}");
    assert!(said.contains("until it is resumed or restarted"), "{said}");
    end_clean(&handle).await;
    // As it was, also after the end.
    assert!(why(&handle, "/root/a").await.contains("quarantine"));
    let error = handle.why("/root/b").await.unwrap_err().to_string();
    assert!(error.contains("/root/a"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_paused_a_child_is_said_though_others_have_asked_for_something_since() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.pause_child("/root/a", "alice", "the schema is being fixed").await.unwrap();
    sleep(ms(1_000)).await;
    handle.reset_budget("/root/a", "bob", "just in case").await.unwrap();
    let said = why(&handle, "/root/a").await;
    assert!(
        said.contains("alice asked for it with pause_child 1.0s ago: the schema is being fixed."),
        "{said}"
    );
    let state = handle.state_of("/root/a").await.unwrap();
    let held = state.held_by.unwrap();
    assert!(held.is_to_run);
    assert_eq!(&*held.command.unwrap().requested_by, "alice");
    assert_eq!(&*state.last_command.unwrap().requested_by, "bob");
    handle.resume_child("/root/a", BY, WHY).await.unwrap();
    assert_eq!(handle.state_of("/root/a").await.unwrap().held_by, None);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn who_started_a_child_again_is_said_until_it_starts_for_another_reason() {
    // Its second run fails; the others take a while to stop, so they end after they were told to.
    let slow = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 2 && ctx.sleep(ms(10_000)).await {
            return Err("broken");
        }
        ctx.stopped().await;
        sleep(ms(500)).await;
        Ok(())
    });
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", slow).backoff(every(ms(1))));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.restart_child("/root/a", "alice", "it hangs").await.unwrap();
    let said = why(&handle, "/root/a").await;
    let alice = "alice asked for it with restart_child 500.0ms ago: it hangs.";
    assert!(said.contains("It runs.") && said.contains(alice), "{said}");
    sleep(ms(11_000)).await;
    let said = why(&handle, "/root/a").await;
    assert!(said.contains("`/root/a` #3 has been up") && !said.contains("alice"), "{said}");
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn who_started_a_child_that_waits_for_another_is_said() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("first", parked()))
        .child(ChildSpec::new("second", parked()).depends_on("first"));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.stop_child("/root/first", BY, WHY).await.unwrap();
    let mut restart = std::pin::pin!(handle.restart_child("/root/second", "alice", "it hangs"));
    assert!(poll_once(restart.as_mut()).is_pending());
    sleep(ms(1_000)).await;
    let said = why(&handle, "/root/second").await;
    assert!(said.contains("as soon as `/root/first` is ready"), "{said}");
    assert!(said.contains("alice asked for it with restart_child"), "{said}");
    handle.shutdown_tree(BY, WHY).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_out_until_its_trial_says_so() {
    let child = ChildSpec::new("a", failing())
        .backoff(every(ms(1)))
        .restart_limit(1, ms(60_000))
        .probe_after(ms(5_000));
    let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
    sleep(ms(1_000)).await;
    let said = why(&handle, "/root/a").await;
    assert!(said.contains("until its trial, if nobody starts it before."), "{said}");
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn why_a_child_is_down_is_its_own_end_a_command_or_the_supervisor_above() {
    let done = ChildSpec::new("done", service_fn(async |_: TaskContext| {}));
    let inner = SupervisorSpec::new("in").child(ChildSpec::new("deep", parked()));
    let ignores = service_fn(async |_: TaskContext| rust_supervisor::prelude::TaskResult::Ignored);
    let tree = SupervisorSpec::root()
        .child(done.restart(Restart::Transient))
        .child(ChildSpec::new("stopped", parked()))
        .child(ChildSpec::new("idle", ignores).readiness(Readiness::Explicit))
        .child(inner);
    let handle = Supervisor::start(tree).await.unwrap();
    handle.stop_child("/root/stopped", "bob", "for the night").await.unwrap();
    handle.stop_child("/root/in", "bob", "for the night").await.unwrap();
    for (path, part) in [
        ("/root/done", "do not restart (it is transient and ended normally)"),
        ("/root/stopped", "bob asked for it with stop_child"),
        ("/root/idle", "nothing for it to do here"),
        ("/root/in", "bob asked for it with stop_child"),
        ("/root/in/deep", "The supervisor `/root/in` above it is down."),
    ] {
        let said = why(&handle, path).await;
        assert!(said.contains("has been down for") && said.contains(part), "{path}: {said}");
    }
    assert!(why(&handle, "/root").await.contains("It runs."));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn why_a_child_is_on_its_way_says_what_is_waited_for() {
    let tree = SupervisorSpec::root()
        .strategy(Strategy::OneForAll)
        .child(ChildSpec::new("slow", stubborn()).grace(Grace::After(ms(9_000))))
        .child(ChildSpec::new("bad", unlucky()).backoff(every(ms(20_000))));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(2_000)).await;
    let said = why(&handle, "/root/slow").await;
    assert!(said.contains("It was asked to stop and has not ended yet."), "{said}");
    sleep(ms(10_000)).await;
    let said = why(&handle, "/root/slow").await;
    assert!(said.contains("Run #2 starts in 9.0s."), "{said}");
    handle.stop_child("/root/bad", BY, WHY).await.unwrap();
    handle.restart_child("/root/slow", BY, WHY).await.unwrap();

    let later = ChildSpec::new("later", parked());
    let group = SupervisorSpec::new("in")
        .child(ChildSpec::new("waits", parked()).readiness(Readiness::Explicit))
        .child(later);
    let mut add = std::pin::pin!(handle.add_child("/root", group, BY, WHY));
    assert!(poll_once(add.as_mut()).is_pending());
    sleep(ms(1_000)).await;
    for (path, part) in [
        ("/root/in/waits", "has not said that it is ready"),
        ("/root/in/later", "its supervisor `/root/in` is starting"),
    ] {
        let said = why(&handle, path).await;
        assert!(said.contains(part), "{said}");
    }
    handle.shutdown_tree(BY, WHY).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_state_of_a_child_has_all_there_is_to_know() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", unlucky()).backoff(every(ms(100))).restart_limit(5, ms(9_000)))
        .child(ChildSpec::new("once", failing()).restart(Restart::Temporary));
    let handle = Supervisor::start(tree).await.unwrap();
    let first = handle.current_state().await.unwrap();
    assert_eq!(first.get("/root/a").unwrap().readiness(), ReadinessStatus::Ready);
    sleep(ms(1_050)).await;
    let second = handle.current_state().await.unwrap();
    let a = second.get("/root/a").unwrap();
    assert_eq!((a.lifecycle, a.readiness()), (Lifecycle::Restarting, ReadinessStatus::NotReady));
    assert_eq!((a.since, a.due), (ms(1_000), Some(ms(1_100))));
    assert_eq!(a.limits[0].left(), 4);
    assert_eq!(a.last_decision_at, Some(ms(1_000)));
    assert_eq!(a.last_failure.as_ref().unwrap().generation.0, 1);
    // The earlier answer is a value: it does not change with the tree.
    assert_eq!(first.get("/root/a").unwrap().lifecycle, Lifecycle::Up);
    // One child alone is the same as the child in the tree.
    let alone = handle.state_of("/root/a").await.unwrap();
    assert_eq!(format!("{alone:?}"), format!("{a:?}"));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_quiet_childs_failure_is_not_pushed_out_by_what_came_since() {
    let once = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            return Err("once");
        }
        Ok(())
    });
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("a", once).backoff(every(ms(1))));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(1_000)).await;
    let state = handle.state_of("/root/a").await.unwrap();
    assert!(state.last_exits.iter().all(|record| record.exit.word() == "succeeded"));
    assert_eq!(state.last_failure.unwrap().generation.0, 1);
    assert!(why(&handle, "/root/a").await.contains("Its latest failure was run #1"));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_meltdown_leaves_a_summary_with_its_causes_its_events_and_its_state() {
    let inner = SupervisorSpec::new("in")
        .intensity(1, ms(60_000))
        .child(ChildSpec::new("quiet", parked()))
        .child(ChildSpec::new("bad", unlucky()).backoff(every(ms(0))));
    let tree = SupervisorSpec::root().child(inner.backoff(every(ms(60_000))));
    let handle = Supervisor::start(tree).await.unwrap();
    assert!(handle.summaries().is_empty());
    sleep(ms(5_000)).await;
    let summaries = handle.summaries();
    let [summary] = summaries.as_slice() else { panic!("{summaries:?}") };
    let RunSummary { scope, restarts, failures, recent_events, state, .. } = &**summary;
    assert_eq!((scope.as_str(), *restarts), ("/root/in", 1));
    assert!(matches!(summary.cause, SummaryCause::Meltdown(_)), "{summary}");
    assert_eq!(summary.causal_chain()[0].child.as_str(), "/root/in/bad");
    assert!(failures.iter().any(|failure| failure.path.as_str() == "/root/in/bad"
        && failure.causes == ["cannot reach the bank", "connection refused"]));
    assert!(recent_events.iter().any(|event| event.kind.tag() == EventTag::Meltdown));
    assert!(recent_events.iter().all(|event| event.path.is_within(scope)));
    let paths: Vec<_> = state.iter().map(|child| child.path.as_str()).collect();
    assert_eq!(paths, ["/root/in", "/root/in/quiet", "/root/in/bad"]);
    assert!(summary.to_string().contains("    connection refused\n"), "{summary}");
    end_clean(&handle).await;
    let last = handle.summaries().pop().unwrap();
    assert!(matches!(last.cause, SummaryCause::Ended(EndCause::Requested { .. })), "{last}");
}

#[tokio::test(start_paused = true)]
async fn an_escalation_and_a_forced_shutdown_leave_a_summary_too() {
    let inner = SupervisorSpec::new("in").backoff(every(ms(60_000))).child(
        ChildSpec::new("bad", unlucky()).restart_limit(0, ms(1)).on_limit(OnLimit::Escalate),
    );
    let tree = SupervisorSpec::root()
        .shutdown_budget(ms(1_000))
        .child(inner)
        .child(ChildSpec::new("stubborn", stubborn()).grace(Grace::Infinite));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(5_000)).await;
    handle.shutdown_tree(BY, WHY).await.unwrap();
    let summaries = handle.summaries();
    let causes: Vec<_> = summaries.iter().map(|summary| &summary.cause).collect();
    assert!(
        matches!(
            causes.as_slice(),
            [
                SummaryCause::Escalation(_),
                SummaryCause::ShutdownForced { cause: ForceCause::BudgetSpent },
                SummaryCause::Ended(_)
            ]
        ),
        "{causes:?}"
    );
    assert_eq!(summaries[1].scope.as_str(), "/root");
    let stubborn = summaries[1].state.iter().find(|child| child.path.name() == "stubborn");
    assert_eq!(stubborn.unwrap().lifecycle, Lifecycle::Stopping, "it has not ended yet");
}

#[tokio::test(start_paused = true)]
async fn the_summaries_of_a_tree_that_melts_again_and_again_are_bounded() {
    let inner = SupervisorSpec::new("in").intensity(0, ms(1)).backoff(every(ms(1)));
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(inner.child(ChildSpec::new("bad", unlucky())));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(60_000)).await;
    assert_eq!(handle.summaries().len(), 16);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_ready_while_its_critical_children_are_and_alive_until_it_has_ended() {
    let inner =
        SupervisorSpec::new("in").child(ChildSpec::new("db", parked()).criticality(Critical));
    let tree = SupervisorSpec::root()
        .child(inner)
        .child(ChildSpec::new("extra", parked()))
        .child(ChildSpec::new("stubborn", stubborn()).grace(Grace::After(ms(5_000))));
    let handle = Supervisor::start(tree).await.unwrap();
    assert!(handle.readiness().await.is_ready());
    assert_eq!(handle.readiness().await.to_string(), "ready");
    handle.stop_child("/root/extra", BY, WHY).await.unwrap();
    assert!(handle.readiness().await.is_ready(), "the program can do without");
    handle.pause_child("/root/in/db", BY, WHY).await.unwrap();
    let not_ready = handle.readiness().await;
    assert_eq!(not_ready.to_string(), "the critical child `/root/in/db` is paused");
    assert!(handle.liveness().await.is_alive(), "it can still be told what to do");
    handle.resume_child("/root/in/db", BY, WHY).await.unwrap();
    assert!(handle.readiness().await.is_ready());

    let ending = {
        let handle = handle.clone();
        tokio::spawn(async move { handle.shutdown_tree(BY, WHY).await })
    };
    sleep(ms(1_000)).await;
    assert_eq!(handle.readiness().await.reasons, [NotReady::ShuttingDown]);
    assert_eq!(handle.liveness().await.to_string(), "alive");
    ending.await.unwrap().unwrap();
    assert_eq!(handle.liveness().await.reason, Some(NotAlive::Ended));
    assert_eq!(handle.readiness().await.reasons, [NotReady::ShuttingDown]);
}

#[test]
fn a_tree_whose_runtime_is_gone_is_neither_alive_nor_ready() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let gone = runtime();
    let handle = gone.block_on(Supervisor::start(SupervisorSpec::root())).unwrap();
    drop(gone);
    runtime().block_on(async {
        assert_eq!(handle.liveness().await.reason, Some(NotAlive::Gone));
        assert_eq!(handle.readiness().await.reasons, [NotReady::NotAlive(NotAlive::Gone)]);
    });
}

#[test]
fn a_tree_that_does_not_answer_is_not_alive() {
    let builder = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    // Nobody turns the wheel of the runtime that the tree lives on.
    let asleep = builder();
    let handle = asleep.block_on(Supervisor::start(SupervisorSpec::root())).unwrap();
    builder().block_on(async {
        tokio::time::pause();
        assert!(matches!(handle.liveness().await.reason, Some(NotAlive::Silent { .. })));
        let reasons = handle.readiness().await.reasons;
        assert!(
            matches!(&reasons[..], [NotReady::NotAlive(NotAlive::Silent { .. })]),
            "{reasons:?}"
        );
    });
}

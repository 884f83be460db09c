//! What observers see: everything, in order, and never at the cost of the tree.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rust_supervisor::audit::{AuditLog, OnAuditFailure};
use rust_supervisor::control::stream::EventStream;
use rust_supervisor::event::form::{self, EventForm};
use rust_supervisor::event::{Event, EventKind, EventTag};
use rust_supervisor::policy::dependency::OnDependencyRestart;
use rust_supervisor::policy::restart::{AutoShutdown, Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::prelude::TaskResult;
use rust_supervisor::record::RecordLog;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use serde_json::json;
use supervisor_tests::{
    BY, Gate, WHY, deaf, drain, end_clean, every, failing, lines, ms, parked, stubborn,
};
use tokio::time::sleep;

/// All that is still to come, up to the end of the tree.
async fn rest(events: &mut EventStream) -> Vec<Arc<Event>> {
    let mut rest = Vec::new();
    while let Some(event) = events.next().await {
        rest.push(event);
    }
    rest
}

fn assert_gapless(events: &[Arc<Event>]) {
    for pair in events.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence + 1, "{} {}", pair[0], pair[1]);
        assert!(pair[0].uptime <= pair[1].uptime);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_reads_like_what_happened() {
    let runs = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&runs);
    let flaky = service_fn(move |ctx: TaskContext| {
        let is_first = counts.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if is_first && ctx.sleep(ms(1_000)).await {
                return Err("lost my voice");
            }
            ctx.stopped().await;
            Ok(())
        }
    });
    let tree = SupervisorSpec::root()
        .strategy(Strategy::RestForOne)
        .child(ChildSpec::new("older", parked()))
        .child(ChildSpec::new("flaky", flaky).backoff(every(ms(100))))
        .child(ChildSpec::new("b", parked()))
        .child(SupervisorSpec::new("inner").child(ChildSpec::new("c", parked())));
    let handle = Supervisor::start(tree).await.unwrap();
    let mut events = handle.subscribe_events();
    sleep(ms(10_000)).await;
    let restart = drain(&mut events);
    assert_eq!(
        lines(&restart),
        [
            "1000 /root/flaky#1 exited",
            "1000 /root/flaky#1 decided",
            "1000 /root#1 round_started",
            "1000 /root/inner#1 stop_requested",
            "1000 /root/inner/c#1 stop_requested",
            "1000 /root/inner/c#1 exited",
            "1000 /root/inner#1 exited",
            "1000 /root/b#1 stop_requested",
            "1000 /root/b#1 exited",
            "1100 /root/flaky#2 starting",
            "1100 /root/flaky#2 ready",
            "1100 /root/b#2 starting",
            "1100 /root/b#2 ready",
            "1100 /root/inner#2 starting",
            "1100 /root/inner/c#2 starting",
            "1100 /root/inner/c#2 ready",
            "1100 /root/inner#2 ready",
        ]
    );
    assert_eq!(
        restart[1].to_string(),
        "  1000 ms  /root/flaky #1  decision: restart after 100ms (it is permanent)"
    );
    let state = handle.current_state().await.unwrap().to_string();
    assert!(
        state.contains("\n  flaky                  up          #2   1 restart; last exit: failed: lost my voice\n"),
        "{state}"
    );
    end_clean(&handle).await;
    let end = rest(&mut events).await;
    assert_eq!(end.first().unwrap().kind.name(), "shutdown_requested");
    assert_eq!(end.last().unwrap().kind.name(), "ended");
    assert_gapless(&[restart, end].concat());
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_after_the_last_event_and_every_subscriber_sees_the_same() {
    let handle = Supervisor::start(SupervisorSpec::root().child(ChildSpec::new("a", parked())))
        .await
        .unwrap();
    let (mut first, mut second) = (handle.subscribe_events(), handle.subscribe_events());
    // One that goes takes nothing from the others.
    drop(handle.subscribe_events());
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    end_clean(&handle).await;
    let (first, second) = (rest(&mut first).await, rest(&mut second).await);
    assert_gapless(&first);
    assert_eq!(lines(&first), lines(&second));
    assert!(matches!(first.last().unwrap().kind, EventKind::Ended { is_clean: true }));
    let mut late = handle.subscribe_events();
    assert!(late.next().await.is_none() && late.try_next().is_none());
    assert_eq!(late.missed(), 0);
}

#[tokio::test(start_paused = true)]
async fn events_carry_the_command_that_caused_them() {
    let handle = Supervisor::start(SupervisorSpec::root()).await.unwrap();
    let mut events = handle.subscribe_events();
    handle.add_child("/root", ChildSpec::new("a", parked()), BY, WHY).await.unwrap();
    handle.wait_until_ready("/root/a").await.unwrap();
    handle.stop_child("/root/a", "somebody else", "for fun").await.unwrap();
    let seen = drain(&mut events);
    let kind = |name| seen.iter().filter(move |event| event.kind.name() == name);
    let commanded: Vec<_> = kind("commanded").map(ToString::to_string).collect();
    assert!(commanded[0].ends_with("/root #1  add_child a, asked for by test: because"));
    assert!(
        commanded[1].ends_with("/root/a #1  stop_child, asked for by somebody else: for fun"),
        "{commanded:?}"
    );
    for name in ["added", "starting", "ready"] {
        let event = kind(name).next().unwrap();
        assert_eq!(event.command, kind("commanded").next().unwrap().command, "{event}");
    }
    assert!(kind("commanded").all(|event| event.command.is_some()));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_lags_is_told_how_much_it_missed_and_slows_nobody() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = Supervisor::builder(tree).event_capacity(16).start().await.unwrap();
    let mut slow = handle.subscribe_events();
    let mut quick = handle.subscribe_events();
    let (mut seen, began) = (Vec::new(), tokio::time::Instant::now());
    for _ in 0..100 {
        handle.restart_child("/root/a", BY, WHY).await.unwrap();
        seen.extend(drain(&mut quick));
    }
    assert_eq!(began.elapsed(), ms(0));
    assert_eq!(quick.missed(), 0);
    assert_gapless(&seen);
    assert_eq!(seen.len(), 500);

    assert_eq!(slow.missed(), 0, "it has not looked yet");
    let kept = drain(&mut slow);
    assert_eq!(kept.len(), 16);
    assert_eq!(slow.missed(), 484);
    assert_gapless(&kept);
    assert_eq!(kept.last().unwrap().sequence, seen.last().unwrap().sequence);
    assert_eq!(kept[0].sequence, seen[0].sequence + slow.missed());

    // And goes on with what comes next.
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    let more = drain(&mut slow);
    assert_eq!((more.len(), slow.missed()), (5, 484));
    end_clean(&handle).await;
}

/// The form says the same as the event, and what is written is read again as it was.
fn assert_form(event: &Event) {
    let text = serde_json::to_string(event).expect("it is written");
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is read");
    assert_eq!(value["type"], event.kind.name(), "{text}");
    assert_eq!(value["path"], event.path.as_str(), "{text}");
    assert_eq!(value["sequence"], event.sequence, "{text}");
    assert_eq!(value["correlation"], event.correlation.0, "{text}");
    assert_eq!(value.get("command").is_some(), event.command.is_some(), "{text}");
    if let EventKind::Exited { exit } = &event.kind {
        assert_eq!(value["exit"]["outcome"], exit.word(), "{text}");
    }
    let form: EventForm = serde_json::from_str(&text).expect("it is read");
    assert_eq!(form, EventForm::from(event), "{text}");
}

#[test]
fn the_schema_of_events_is_the_one_that_is_written_down() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/event.schema.json");
    let schema = form::schema();
    assert_eq!(schema["$id"], form::SCHEMA_ID);
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(written, text, "run the test again with BLESS=1");
    for tag in EventTag::ALL {
        assert!(text.contains(&format!("\"const\": \"{tag}\"")), "{tag} is not in it");
    }
}

#[tokio::test]
async fn every_kind_of_event_comes_about() {
    let all: BTreeSet<_> = EventTag::ALL.iter().map(|tag| tag.name()).collect();
    let gate = Gate::default();
    let _open = gate.open_on_drop();
    let folder = std::env::temp_dir().join(format!("events-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("events.yaml");
    std::fs::write(&file, "").unwrap();
    let audit = folder.join("later").join("audit.jsonl");
    let mut builder = Supervisor::builder(SupervisorSpec::root())
        .config_file(&file)
        .audit(AuditLog::new(audit).on_failure(OnAuditFailure::GoOn))
        .record(RecordLog::in_folder(&folder).max_bytes(2_000));
    let mut events = builder.subscribe_events();
    let handle = builder.start().await.unwrap();
    std::fs::create_dir(folder.join("later")).unwrap();
    std::fs::write(&file, "supervisor: { intensity: { max: 9 } }").unwrap();
    handle.reload(BY, WHY).await.unwrap();

    let ignores = service_fn(async |_: TaskContext| TaskResult::Ignored);
    let ignores = ChildSpec::new("ignores", ignores).readiness(Readiness::Explicit);
    let answer = handle.add_child("/root", ignores, BY, WHY).await.unwrap();
    assert!(answer.is_ignored);
    let fails = ChildSpec::new("fails", failing()).readiness(Readiness::Explicit);
    assert!(handle.add_child("/root", fails, BY, WHY).await.is_err());
    let deaf = ChildSpec::new("deaf", deaf(&gate)).grace(Grace::After(ms(1))).abort_wait(ms(1));
    handle.add_child("/root", deaf, BY, WHY).await.unwrap();
    assert!(handle.stop_child("/root/deaf", BY, WHY).await.is_err());
    let silent = ChildSpec::new("silent", parked()).restart(Restart::Temporary);
    handle.add_child("/root", silent.health(ms(1), ms(2)), BY, WHY).await.unwrap();
    let stubborn = ChildSpec::new("stubborn", stubborn()).grace(Grace::After(ms(1)));
    handle.add_child("/root", stubborn, BY, WHY).await.unwrap();
    handle.remove_child("/root/stubborn", BY, WHY).await.unwrap();
    let melts = SupervisorSpec::new("melts")
        .strategy(Strategy::OneForAll)
        .intensity(1, ms(60_000))
        .restart(Restart::Temporary)
        .child(ChildSpec::new("flaky", failing()).backoff(every(ms(0))));
    handle.add_child("/root", melts, BY, WHY).await.unwrap();
    handle.add_child("/root", ChildSpec::new("held", parked()), BY, WHY).await.unwrap();
    handle.pause_child("/root/held", BY, WHY).await.unwrap();
    handle.quarantine_child("/root/held", BY, WHY).await.unwrap();
    handle.reset_budget("/root/held", BY, WHY).await.unwrap();
    handle.resume_child("/root/held", BY, WHY).await.unwrap();
    let reaction = OnDependencyRestart::Restart;
    let follower = ChildSpec::new("follower", parked()).depends_on("held");
    let follower = follower.on_dependency_restart(reaction);
    handle.add_child("/root", follower, BY, WHY).await.unwrap();
    handle.restart_child("/root/held", BY, WHY).await.unwrap();
    let probed = ChildSpec::new("probed", failing()).restart_limit(0, ms(0)).probe_after(ms(1));
    handle.add_child("/root", probed, BY, WHY).await.unwrap();
    let job = ChildSpec::new("job", service_fn(async |_: TaskContext| {}));
    let ends = SupervisorSpec::new("ends")
        .auto_shutdown(AutoShutdown::AllSignificant)
        .restart(Restart::Temporary)
        .child(job.restart(Restart::Transient).significant());
    handle.add_child("/root", ends, BY, WHY).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    while handle.state_of("/root/ends").await.is_ok()
        || handle.state_of("/root/melts").await.is_ok()
        || handle.state_of("/root/silent").await.is_ok()
        || handle.state_of("/root/probed").await.unwrap().generation.0 < 2
    {
        tokio::task::yield_now().await;
    }
    handle.shutdown_now(BY, WHY).await.unwrap();

    let seen = rest(&mut events).await;
    assert_gapless(&seen);
    let names: BTreeSet<_> = seen.iter().map(|event| event.kind.name()).collect();
    assert_eq!(names, all, "a kind that nothing here brings about");
    assert!(seen.iter().all(|event| !event.to_string().is_empty()));
    for event in seen {
        assert_form(&event);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_end_by_force_says_who_wanted_it() {
    let tree = || {
        let stubborn = ChildSpec::new("a", stubborn()).grace(Grace::Infinite);
        SupervisorSpec::root().shutdown_budget(ms(1_000)).child(stubborn)
    };
    for (is_asked, json, text) in [
        (false, json!({ "cause": "budget_spent" }), "is aborted, its budget is spent"),
        (
            true,
            json!({ "cause": "requested", "requested_by": "carol", "reason": "no time" }),
            "is aborted, asked for by carol: no time",
        ),
    ] {
        let handle = Supervisor::start(tree()).await.unwrap();
        let mut events = handle.subscribe_events();
        let asked = handle.clone();
        let asked = tokio::spawn(async move { asked.shutdown_tree(BY, WHY).await });
        sleep(ms(500)).await;
        if is_asked {
            handle.shutdown_now("carol", "no time").await.unwrap();
        }
        asked.await.unwrap().unwrap();
        let seen = rest(&mut events).await;
        let forced: Vec<_> =
            seen.iter().filter(|it| it.kind.tag() == EventTag::ShutdownForced).collect();
        assert_eq!(forced.len(), 1);
        assert!(forced[0].to_string().ends_with(text), "{}", forced[0]);
        assert_eq!(serde_json::to_value(&**forced[0]).unwrap()["force"], json);
        let summary = handle.summaries()[0].to_string();
        assert!(summary.contains("the shutdown is ended by force, "), "{summary}");
    }
}

#[tokio::test(start_paused = true)]
async fn beside_a_thousand_stuck_subscribers_a_fast_one_loses_nothing_and_the_tree_waits_for_none()
{
    let restarts = 500;
    let story = async |stuck: usize| {
        let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
        let handle = Supervisor::builder(tree).event_capacity(16).start().await.unwrap();
        let stuck: Vec<_> = (0..stuck).map(|_| handle.subscribe_events()).collect();
        let mut fast = handle.subscribe_events();
        let reader = tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(event) = fast.next().await {
                seen.push(event);
            }
            (seen, fast.missed())
        });
        for _ in 0..restarts {
            handle.restart_child("/root/a", BY, WHY).await.unwrap();
        }
        end_clean(&handle).await;
        let (seen, missed) = reader.await.unwrap();
        assert_eq!(missed, 0);
        assert_gapless(&seen);
        // They hold what there is room for and nothing else.
        for mut stream in stuck {
            let kept = drain(&mut stream);
            assert_eq!(kept.len(), 16);
            assert_eq!(stream.missed() + 16, seen.len() as u64);
        }
        lines(&seen)
    };
    let (alone, among_them) = (story(0).await, story(1_000).await);
    assert_eq!(alone.len(), restarts * 5 + 6);
    // The same events at the same moments: nobody was waited for.
    assert_eq!(alone, among_them);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_holds_with_threads_too() {
    let mut tree = SupervisorSpec::root().intensity(u32::MAX, ms(1));
    for n in 0..20 {
        tree = tree.child(ChildSpec::new(format!("c{n}"), failing()).backoff(every(ms(1))));
    }
    let handle = Supervisor::builder(tree).event_capacity(1 << 16).start().await.unwrap();
    let mut events = handle.subscribe_events();
    let mut seen = Vec::new();
    while seen.len() < 2_000 {
        seen.push(events.next().await.unwrap());
    }
    handle.shutdown_tree(BY, WHY).await.unwrap();
    seen.extend(rest(&mut events).await);
    assert_gapless(&seen);
    // What one child goes through is in order, whatever the others do meanwhile.
    let of_one = seen.iter().filter(|event| event.path.name() == "c7");
    let of_one: Vec<_> = of_one.map(|event| (event.generation, event.kind.name())).collect();
    for pair in of_one.windows(2) {
        assert!(pair[0].0 <= pair[1].0, "{pair:?}");
        if pair[1].1 == "starting" {
            assert_eq!(pair[0].1, "decided", "{pair:?}");
        }
    }
}

//! The metrics that are told, the table of them, and the page of the book: the same.

use std::collections::{BTreeMap, BTreeSet};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use metrics_util::{CompositeKey, MetricKind as Kind};
use rust_supervisor::audit::{AuditLog, OnAuditFailure};
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::metrics::{METRICS, Metric, MetricKind};
use rust_supervisor::policy::restart::{Readiness, Restart};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{
    BY, Gate, WHY, deaf, drain, end_clean, every, failing, ms, parked, stubborn,
};
use tokio::time::sleep;

/// What a recorder has been told: by name and labels, and what it was.
struct Told(BTreeMap<String, (Kind, DebugValue)>);

impl Told {
    fn by(snapshotter: &Snapshotter) -> Self {
        let told = snapshotter.snapshot().into_vec().into_iter();
        Self(told.map(|(key, _, _, value)| (name(&key), (key.kind(), value))).collect())
    }

    fn counter(&self, name: &str) -> u64 {
        match self.0.get(name) {
            Some((_, DebugValue::Counter(count))) => *count,
            other => panic!("{name}: {other:?} among {:?}", self.0.keys()),
        }
    }

    /// What is counted is whole.
    fn gauge(&self, name: &str) -> i64 {
        match self.0.get(name) {
            #[expect(clippy::cast_possible_truncation, reason = "a handful of children")]
            Some((_, DebugValue::Gauge(value))) => value.into_inner().round() as i64,
            other => panic!("{name}: {other:?} among {:?}", self.0.keys()),
        }
    }

    fn seconds(&self, name: &str) -> Vec<f64> {
        match self.0.get(name) {
            Some((_, DebugValue::Histogram(values))) => {
                values.iter().map(|v| v.into_inner()).collect()
            }
            other => panic!("{name}: {other:?} among {:?}", self.0.keys()),
        }
    }
}

fn name(key: &CompositeKey) -> String {
    let labels: Vec<_> =
        key.key().labels().map(|it| format!("{}={}", it.key(), it.value())).collect();
    format!("{}{{{}}}", key.key().name(), labels.join(","))
}

/// What is told on this thread goes to the recorder that is made here, until the guard is dropped.
fn record() -> (Snapshotter, impl Drop) {
    let recorder: &'static DebuggingRecorder = Box::leak(Box::default());
    (recorder.snapshotter(), metrics::set_default_local_recorder(recorder))
}

/// Does everything there is a metric for.
async fn eventful(gate: &Gate) -> SupervisorHandle {
    let bad = ChildSpec::new("bad", failing()).backoff(every(ms(500))).restart_limit(2, ms(60_000));
    let melts = SupervisorSpec::new("melts").intensity(0, ms(1)).restart(Restart::Temporary);
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(bad)
        .child(melts.child(ChildSpec::new("worse", failing())))
        .child(ChildSpec::new("silent", parked()).health(ms(1), ms(2)).backoff(every(ms(60_000))))
        .child(ChildSpec::new("stubborn", stubborn()).grace(Grace::After(ms(250))));
    let handle = Supervisor::builder(tree).event_capacity(4).start().await.expect("it starts");
    let mut slow = handle.subscribe_events();
    let deaf = ChildSpec::new("deaf", deaf(gate)).grace(Grace::After(ms(1))).abort_wait(ms(1));
    handle.add_child("/root", deaf, BY, WHY).await.expect("it is added");
    assert!(handle.stop_child("/root/deaf", BY, WHY).await.is_err());
    let fails = ChildSpec::new("fails", failing()).readiness(Readiness::Explicit);
    assert!(handle.add_child("/root", fails, BY, WHY).await.is_err());
    handle.stop_child("/root/stubborn", BY, WHY).await.expect("it is stopped");
    sleep(ms(5_000)).await;
    drain(&mut slow);
    handle
}

#[tokio::test(start_paused = true)]
async fn the_table_has_what_is_told_and_nothing_else() {
    let (snapshotter, _guard) = record();
    let gate = Gate::default();
    let _open = gate.open_on_drop();
    let handle = eventful(&gate).await;
    let told = snapshotter.snapshot().into_vec();
    let mut seen = BTreeSet::new();
    for (key, _, description, _) in told {
        let name = key.key().name().to_owned();
        let metric = METRICS.iter().find(|metric| metric.name == name);
        let Some(Metric { kind, labels, help, .. }) = metric else {
            panic!("{name} is in no table")
        };
        let as_told = match key.kind() {
            Kind::Counter => MetricKind::Counter,
            Kind::Gauge => MetricKind::Gauge,
            Kind::Histogram => MetricKind::Histogram,
        };
        assert_eq!(as_told, *kind, "{name}");
        let found: Vec<_> = key.key().labels().map(|label| label.key().to_owned()).collect();
        assert_eq!(found, *labels, "{name}");
        assert_eq!(description.as_deref(), Some(*help), "{name}");
        seen.insert(name);
    }
    let table: BTreeSet<_> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    assert_eq!(seen, table, "each is told when there is cause");
    gate.open();
    handle.shutdown_tree(BY, WHY).await.unwrap();
}

#[test]
fn the_page_of_the_book_has_the_table() {
    let page = include_str!("../../docs/en/src/metrics.md");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `supervisor_")).collect();
    let table: Vec<_> = METRICS
        .iter()
        .map(|Metric { name, kind, labels, help, .. }| {
            let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
            let kind = format!("{kind:?}").to_lowercase();
            format!("| `{name}` | {kind} | {} | {help} |", labels.join(", "))
        })
        .collect();
    assert_eq!(rows.join("\n"), table.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn the_numbers_are_those_of_what_happened() {
    let (snapshotter, _guard) = record();
    let gate = Gate::default();
    let _open = gate.open_on_drop();
    let handle = eventful(&gate).await;
    let told = Told::by(&snapshotter);
    assert_eq!(told.counter("supervisor_starts_total{path=/root/bad}"), 3);
    assert_eq!(told.counter("supervisor_exits_total{path=/root/bad,exit=failed}"), 3);
    assert_eq!(told.counter("supervisor_restarts_total{path=/root/bad}"), 2);
    assert_eq!(told.counter("supervisor_quarantines_total{path=/root/bad}"), 1);
    assert_eq!(told.seconds("supervisor_backoff_seconds{path=/root/bad}"), [0.5, 0.5]);
    assert_eq!(told.counter("supervisor_meltdowns_total{path=/root/melts}"), 1);
    assert_eq!(told.counter("supervisor_commands_total{command=stop_child}"), 2);
    assert_eq!(told.seconds("supervisor_stop_duration_seconds{path=/root/stubborn}"), [0.25]);
    assert_eq!(told.gauge("supervisor_child_up{path=/root}"), 1);
    assert_eq!(told.gauge("supervisor_child_up{path=/root/bad}"), 0);
    assert_eq!(told.gauge("supervisor_children{lifecycle=quarantined}"), 1);
    assert_eq!(told.gauge("supervisor_children{lifecycle=unjoinable}"), 1);
    assert_eq!(told.gauge("supervisor_children{lifecycle=up}"), 1, "the root");
    gate.open();
    handle.shutdown_tree(BY, WHY).await.unwrap();
    let uptime = Told::by(&snapshotter).seconds("supervisor_run_uptime_seconds{path=/root}");
    assert_eq!(uptime.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn children_that_come_and_go_share_a_label_and_leave_the_count_as_it_was() {
    let (snapshotter, _guard) = record();
    let tree = SupervisorSpec::root().child(SupervisorSpec::pool("sessions"));
    let handle = Supervisor::start(tree).await.unwrap();
    for n in 0..100 {
        let session = SupervisorSpec::new(format!("s{n}"))
            .child(ChildSpec::new("reader", parked()))
            .child(ChildSpec::new("writer", parked()));
        if n % 2 == 0 {
            let one = ChildSpec::new(format!("t{n}"), parked());
            handle.add_child("/root", one, BY, WHY).await.unwrap();
        }
        handle.add_child("/root", session, BY, WHY).await.unwrap();
    }
    let told = Told::by(&snapshotter);
    assert_eq!(told.gauge("supervisor_child_up{path=/root/*}"), 350);
    assert_eq!(told.counter("supervisor_starts_total{path=/root/*}"), 350);
    let series = told.0.keys().filter(|name| name.starts_with("supervisor_starts_total"));
    assert_eq!(series.count(), 3, "{:?}", told.0.keys());
    for n in 0..100 {
        handle.remove_child(format!("/root/s{n}").as_str(), BY, WHY).await.unwrap();
    }
    let told = Told::by(&snapshotter);
    // This recorder begins from nothing whenever it is asked: it is what has changed since.
    assert_eq!(told.gauge("supervisor_child_up{path=/root/*}"), -300);
    assert_eq!(told.gauge("supervisor_children{lifecycle=up}"), 52);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_recorder_that_panics_is_no_concern_of_the_tree() {
    struct Nasty;
    impl metrics::Recorder for Nasty {
        fn describe_counter(
            &self,
            _: metrics::KeyName,
            _: Option<metrics::Unit>,
            _: metrics::SharedString,
        ) {
            panic!("no counter")
        }
        fn describe_gauge(
            &self,
            _: metrics::KeyName,
            _: Option<metrics::Unit>,
            _: metrics::SharedString,
        ) {
            panic!("no gauge")
        }
        fn describe_histogram(
            &self,
            _: metrics::KeyName,
            _: Option<metrics::Unit>,
            _: metrics::SharedString,
        ) {
            panic!("no histogram")
        }
        fn register_counter(
            &self,
            _: &metrics::Key,
            _: &metrics::Metadata<'_>,
        ) -> metrics::Counter {
            panic!("no counter")
        }
        fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
            panic!("no gauge")
        }
        fn register_histogram(
            &self,
            _: &metrics::Key,
            _: &metrics::Metadata<'_>,
        ) -> metrics::Histogram {
            panic!("no histogram")
        }
    }
    let _guard = metrics::set_default_local_recorder(&Nasty);
    let once = service_fn(async |ctx: TaskContext| {
        (ctx.generation().0 > 1).then_some(()).ok_or("once")?;
        ctx.stopped().await;
        Ok::<_, &'static str>(())
    });
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", once).backoff(every(ms(10))));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(1_000)).await;
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    assert_eq!(handle.state_of("/root/a").await.unwrap().generation.0, 3);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn each_reload_is_another_version_of_the_configuration() {
    let (snapshotter, _guard) = record();
    let file = std::env::temp_dir().join(format!("metrics-{}.yaml", std::process::id()));
    std::fs::write(&file, "").unwrap();
    let builder = Supervisor::builder(SupervisorSpec::root()).config_file(&file);
    let handle = builder.start().await.unwrap();
    assert_eq!(Told::by(&snapshotter).gauge("supervisor_config_version{}"), 1);
    std::fs::write(&file, "policy: { restart: transient }").unwrap();
    handle.reload(BY, WHY).await.unwrap();
    assert_eq!(Told::by(&snapshotter).gauge("supervisor_config_version{}"), 2);
    std::fs::write(&file, "policy: { restart: sometimes }").unwrap();
    handle.reload(BY, WHY).await.unwrap_err();
    // This recorder begins from nothing whenever it is asked: nothing was told.
    assert_eq!(Told::by(&snapshotter).gauge("supervisor_config_version{}"), 0);
    std::fs::remove_file(&file).unwrap();
    end_clean(&handle).await;
}

#[tokio::test]
async fn an_audit_that_fails_is_told() {
    let (snapshotter, _guard) = record();
    let folder = std::env::temp_dir().join(format!("metrics-{}", std::process::id()));
    let audit = AuditLog::new(folder.join("audit.jsonl")).on_failure(OnAuditFailure::GoOn);
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = Supervisor::builder(tree).audit(audit).start().await.unwrap();
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    assert_eq!(Told::by(&snapshotter).gauge("supervisor_audit_failing{}"), 1);
    std::fs::create_dir(&folder).unwrap();
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    assert_eq!(Told::by(&snapshotter).gauge("supervisor_audit_failing{}"), 0);
    end_clean(&handle).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

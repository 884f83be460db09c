//! Metrics out of facts. Without the feature `metrics` there is nothing of it.

#[cfg(feature = "metrics")]
pub(crate) use measured::{Meter, count_missed};
#[cfg(not(feature = "metrics"))]
pub(crate) use unmeasured::{Meter, count_missed};

#[cfg(not(feature = "metrics"))]
mod unmeasured {
    use crate::core::action::Fact;
    use crate::core::engine::Engine;
    use crate::core::time::Uptime;

    /// Measures nothing.
    #[derive(Debug)]
    pub(crate) struct Meter;

    #[expect(clippy::unused_self, reason = "they are those of the one that measures")]
    impl Meter {
        pub(crate) fn new() -> Self {
            Self
        }

        pub(crate) fn off() -> Self {
            Self
        }

        pub(crate) fn fact(&self, _: Uptime, _: &Fact) {}

        pub(crate) fn turn(&self, _: usize, _: &Engine) {}
    }

    pub(crate) fn count_missed(_: u64) {}
}

#[cfg(feature = "metrics")]
mod measured {
    use std::collections::{BTreeMap, BTreeSet};
    use std::ops::Bound;
    use std::sync::Arc;
    use std::time::SystemTime;

    use metrics::{counter, gauge, histogram};

    use crate::control::command::RELOAD;
    use crate::core::action::Fact;
    use crate::core::engine::Engine;
    use crate::core::time::Uptime;
    use crate::event::EventKind;
    use crate::id::ChildPath;
    use crate::metrics::{
        ABORTS, AUDIT_FAILING, BACKOFF, CHILD_UP, CHILDREN, COMMANDS, CONFIG_VERSION,
        EVENTS_MISSED, EXITS, MAILBOX_DEPTH, MELTDOWNS, QUARANTINES, RESTARTS, RUN_UPTIME, STALE,
        START_DURATION, START_FAILURES, START_TIME, STARTS, STOP_DURATION, UNJOINABLE, describe,
    };
    use crate::policy::decision::RestartDecision;
    use crate::state::Lifecycle;
    use crate::task::panic::contain;

    /// Makes metrics out of facts. The recorder is the application's own code: what it does wrong
    /// is contained.
    #[derive(Debug)]
    pub(crate) struct Meter {
        /// Nothing is told.
        is_off: bool,
        /// How many configurations have been put in place.
        config_version: u32,
        /// What is known of each child that has been started.
        children: BTreeMap<ChildPath, Child>,
        /// Those that were added while the tree runs.
        added: BTreeSet<ChildPath>,
        depth: Option<usize>,
        lifecycles: Vec<(Lifecycle, u32)>,
    }

    #[derive(Debug)]
    struct Child {
        label: Arc<str>,
        started_at: Uptime,
        up_since: Option<Uptime>,
        asked_at: Option<Uptime>,
    }

    impl Meter {
        pub(crate) fn new() -> Self {
            describe();
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            drop(contain(|| {
                gauge!(START_TIME).set(now.as_secs_f64());
                gauge!(CONFIG_VERSION).set(1);
                gauge!(AUDIT_FAILING).set(0);
            }));
            Self { is_off: false, ..Self::off() }
        }

        /// One that tells nothing.
        pub(crate) fn off() -> Self {
            let (children, added) = (BTreeMap::new(), BTreeSet::new());
            let (is_off, config_version, lifecycles) = (true, 1, Vec::new());
            Self { is_off, config_version, children, added, depth: None, lifecycles }
        }

        pub(crate) fn fact(&mut self, now: Uptime, fact: &Fact) {
            if self.is_off && !cfg!(plant_bug = "metrics_cannot_be_switched_off") {
                return;
            }
            drop(contain(|| self.count(now, fact)));
        }

        /// What is told of the tree as a whole, where it has changed.
        pub(crate) fn turn(&mut self, depth: usize, engine: &Engine) {
            if self.is_off {
                return;
            }
            drop(contain(|| {
                if self.depth.replace(depth) != Some(depth) {
                    gauge!(MAILBOX_DEPTH).set(number(depth));
                }
                for (n, &(lifecycle, count)) in engine.census().iter().enumerate() {
                    let known = self.lifecycles.get(n).copied();
                    if known != Some((lifecycle, count)) {
                        gauge!(CHILDREN, "lifecycle" => lifecycle.to_string())
                            .set(f64::from(count));
                    }
                }
                self.lifecycles.clear();
                self.lifecycles.extend_from_slice(engine.census());
            }));
        }

        fn count(&mut self, now: Uptime, fact: &Fact) {
            let Fact { path, kind, .. } = fact;
            match kind {
                EventKind::Added => {
                    self.added.insert(path.clone());
                }
                EventKind::Removed => self.forget(path),
                EventKind::Starting => {
                    // Those that were added below a supervisor are gone when it starts again.
                    self.forget_below(path);
                    let label = self.label(path);
                    counter!(STARTS, "path" => Arc::clone(&label)).increment(1);
                    let child = Child { label, started_at: now, up_since: None, asked_at: None };
                    self.children.insert(path.clone(), child);
                }
                EventKind::Commanded { command, .. } => {
                    if *command == RELOAD && !cfg!(plant_bug = "config_version_stands") {
                        self.config_version = self.config_version.saturating_add(1);
                        gauge!(CONFIG_VERSION).set(self.config_version);
                    }
                    counter!(COMMANDS, "command" => *command).increment(1);
                }
                _ => {}
            }
            let label = self.label(path);
            let child = self.children.get_mut(path);
            match kind {
                EventKind::Ready => {
                    if let Some(child) = child {
                        child.up_since = Some(now);
                        let took = now.since(child.started_at);
                        histogram!(START_DURATION, "path" => Arc::clone(&label)).record(took);
                        gauge!(CHILD_UP, "path" => label).increment(1);
                    }
                }
                EventKind::StartFailed { .. } => {
                    counter!(START_FAILURES, "path" => label).increment(1);
                }
                EventKind::StopRequested => {
                    if let Some(child) = child {
                        child.asked_at = Some(now);
                    }
                }
                EventKind::Exited { exit } => {
                    counter!(EXITS, "path" => Arc::clone(&label), "exit" => exit.word())
                        .increment(1);
                    let Some(child) = child else { return };
                    if let Some(since) = child.up_since.take() {
                        histogram!(RUN_UPTIME, "path" => Arc::clone(&label))
                            .record(now.since(since));
                        gauge!(CHILD_UP, "path" => Arc::clone(&label)).decrement(1);
                    }
                    if let Some(asked_at) = child.asked_at.take() {
                        histogram!(STOP_DURATION, "path" => label).record(now.since(asked_at));
                    }
                }
                EventKind::Decided { decision: RestartDecision::RestartAfter { delay, .. } } => {
                    counter!(RESTARTS, "path" => Arc::clone(&label)).increment(1);
                    histogram!(BACKOFF, "path" => label).record(*delay);
                }
                EventKind::Decided { decision: RestartDecision::Quarantine { .. } }
                | EventKind::Quarantined => {
                    counter!(QUARANTINES, "path" => label).increment(1);
                }
                EventKind::Meltdown { .. } => counter!(MELTDOWNS, "path" => label).increment(1),
                EventKind::Stale { .. } => counter!(STALE, "path" => label).increment(1),
                EventKind::Aborted => counter!(ABORTS, "path" => label).increment(1),
                EventKind::AuditFailing { .. } => gauge!(AUDIT_FAILING).set(1),
                EventKind::AuditRestored { .. } => gauge!(AUDIT_FAILING).set(0),
                EventKind::Unjoinable => counter!(UNJOINABLE, "path" => label).increment(1),
                _ => {}
            }
        }

        /// The path of a declared child; of one that was added, or stands below one that was, what
        /// it shares with the others that were added there.
        fn label(&self, path: &ChildPath) -> Arc<str> {
            if let Some(child) = self.children.get(path) {
                return Arc::clone(&child.label);
            }
            let above = std::iter::successors(Some(path.clone()), ChildPath::parent);
            let added = above.filter(|path| self.added.contains(path)).last();
            match added.and_then(|added| added.parent()) {
                Some(parent) => format!("{parent}/*").into(),
                None => path.as_str().into(),
            }
        }

        /// Lets go of a child that is no longer known, and of everything below it.
        fn forget(&mut self, path: &ChildPath) {
            self.forget_below(path);
            self.forget_one(path);
        }

        fn forget_below(&mut self, path: &ChildPath) {
            let below = format!("{path}/");
            let within = |known: &&ChildPath| known.as_str().starts_with(&below);
            let from = (Bound::Included(below.as_str()), Bound::Unbounded);
            let children = self.children.range::<str, _>(from).map(|(path, _)| path);
            let added = self.added.range::<str, _>(from);
            let mut gone: Vec<_> = children.take_while(within).cloned().collect();
            gone.extend(added.take_while(within).cloned());
            for path in gone {
                self.forget_one(&path);
            }
        }

        fn forget_one(&mut self, path: &ChildPath) {
            self.added.remove(path);
            if let Some(Child { label, up_since: Some(_), .. }) = self.children.remove(path) {
                gauge!(CHILD_UP, "path" => label).decrement(1);
            }
        }
    }

    pub(crate) fn count_missed(missed: u64) {
        drop(contain(|| counter!(EVENTS_MISSED).increment(missed)));
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^52 messages")]
    fn number(count: usize) -> f64 {
        count as f64
    }
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    use super::Meter;
    use crate::control::command::RELOAD;
    use crate::core::action::Fact;
    use crate::core::time::Uptime;
    use crate::event::EventKind;
    use crate::id::{ChildPath, CorrelationId, Generation};
    use crate::metrics::{CONFIG_VERSION, STALE};
    use crate::task::cell::lock;

    /// Counters and gauges by their names.
    #[derive(Default)]
    struct Told(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

    impl Told {
        fn cell(&self, key: &Key) -> Arc<AtomicU64> {
            Arc::clone(lock(&self.0).entry(key.name().to_owned()).or_default())
        }

        fn bits(&self, name: &str) -> Option<u64> {
            lock(&self.0).get(name).map(|cell| cell.load(Ordering::SeqCst))
        }
    }

    impl Recorder for Told {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.cell(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.cell(key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    fn happens(meter: &mut Meter) {
        let (requested_by, reason) = ("test".into(), "because".into());
        let reload = EventKind::Commanded { command: RELOAD, adds: None, requested_by, reason };
        for kind in [reload, EventKind::Stale { silent_for: Duration::ZERO }] {
            let (path, generation) = (ChildPath::root(), Generation(1));
            let correlation = CorrelationId(1);
            let fact = Fact { sequence: 1, correlation, path, generation, command: None, kind };
            meter.fact(Uptime::ZERO, &fact);
        }
    }

    #[test]
    fn a_meter_that_is_off_tells_nothing_and_another_counts_each_reload_as_a_version() {
        let told = Told::default();
        metrics::with_local_recorder(&told, || happens(&mut Meter::off()));
        assert!(lock(&told.0).is_empty());
        metrics::with_local_recorder(&told, || happens(&mut Meter::new()));
        assert_eq!(told.bits(STALE), Some(1));
        assert_eq!(told.bits(CONFIG_VERSION).map(f64::from_bits), Some(2.0));
    }
}

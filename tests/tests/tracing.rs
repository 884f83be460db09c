//! What `tracing` gets: a span for each run, in which its own lines stand, and fields for each fact.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};
use supervisor_tests::{BY, WHY, end_clean, every, ms, parked};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

type Fields = BTreeMap<&'static str, String>;

/// Keeps spans and lines.
#[derive(Clone, Default)]
struct Traces(Arc<Kept>);

#[derive(Default)]
struct Kept {
    next: AtomicU64,
    /// Name and fields, by id.
    spans: Mutex<BTreeMap<u64, (&'static str, Fields, bool)>>,
    follows: Mutex<Vec<(u64, u64)>>,
    closed: Mutex<Vec<u64>>,
    /// Each line with the innermost span it was said in.
    lines: Mutex<Vec<(Option<u64>, Fields)>>,
    /// Whether it panics when a span is entered or left.
    is_nasty: bool,
}

thread_local! {
    static INSIDE: std::cell::RefCell<Vec<u64>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Read(Fields);

impl Visit for Read {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Traces {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let id = self.0.next.fetch_add(1, Ordering::SeqCst) + 1;
        let mut read = Read(Fields::new());
        attributes.record(&mut read);
        let span = (attributes.metadata().name(), read.0, attributes.is_root());
        lock(&self.0.spans).insert(id, span);
        span::Id::from_u64(id)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, span: &span::Id, follows: &span::Id) {
        lock(&self.0.follows).push((span.into_u64(), follows.into_u64()));
    }

    fn event(&self, event: &Event<'_>) {
        let mut read = Read(Fields::new());
        event.record(&mut read);
        let inside = INSIDE.with_borrow(|inside| inside.last().copied());
        lock(&self.0.lines).push((inside, read.0));
    }

    fn enter(&self, span: &span::Id) {
        INSIDE.with_borrow_mut(|inside| inside.push(span.into_u64()));
        assert!(!self.0.is_nasty, "not here");
    }

    fn exit(&self, span: &span::Id) {
        let last = INSIDE.with_borrow_mut(Vec::pop);
        assert_eq!(last, Some(span.into_u64()));
        assert!(!self.0.is_nasty, "not there");
    }

    fn try_close(&self, id: span::Id) -> bool {
        lock(&self.0.closed).push(id.into_u64());
        true
    }
}

impl Traces {
    /// What was said with this message, and the span it was said in.
    fn said(&self, message: &str) -> Vec<(&'static str, Fields)> {
        let (lines, spans) = (lock(&self.0.lines), lock(&self.0.spans));
        let lines = lines.iter().filter(|(_, fields)| fields["message"] == message);
        lines
            .map(|(inside, _)| {
                inside.map_or(("none", Fields::new()), |id| {
                    let (name, fields, _) = &spans[&id];
                    (*name, fields.clone())
                })
            })
            .collect()
    }

    /// The fields of the facts with this name.
    fn facts(&self, event: &str) -> Vec<Fields> {
        let lines = lock(&self.0.lines);
        let facts = lines.iter().map(|(_, fields)| fields);
        facts.filter(|it| it.get("event").is_some_and(|it| it == event)).cloned().collect()
    }
}

/// Says something in each of the places where code of a run's own runs.
fn talkative() -> TaskFactory {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            tracing::info!("in the destructor");
        }
    }
    service_fn(|ctx: TaskContext| {
        tracing::info!("in the factory");
        let last = Last;
        async move {
            let _last = last;
            tracing::info!("before");
            ctx.spawn(async { tracing::info!("in a helper") });
            ctx.sleep(ms(1_000)).await.then_some(()).ok_or("asked to stop")?;
            tracing::info!("after");
            ctx.stopped().await;
            Ok::<_, &'static str>(())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn the_lines_of_a_child_carry_its_path_and_its_generation() {
    let traces = Traces::default();
    let _guard = tracing::subscriber::set_default(traces.clone());
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", talkative()));
    let handle = Supervisor::start(tree).await.unwrap();
    tokio::time::sleep(ms(2_000)).await;
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    tokio::time::sleep(ms(2_000)).await;
    end_clean(&handle).await;
    for message in ["in the factory", "before", "in a helper", "after", "in the destructor"] {
        let said = traces.said(message);
        assert_eq!(said.len(), 2, "{message}");
        for (n, (span, fields)) in said.iter().enumerate() {
            assert_eq!(*span, "run", "{message}");
            assert_eq!(fields["path"], "/root/a", "{message}");
            assert_eq!(fields["generation"], (n + 1).to_string(), "{message}");
        }
    }
    // Nothing else of the tree stands in a child's span.
    assert!(
        traces
            .0
            .lines
            .lock()
            .unwrap()
            .iter()
            .all(|(inside, fields)| { inside.is_none() || !fields.contains_key("event") })
    );
}

#[tokio::test(start_paused = true)]
async fn each_run_has_one_root_span_that_is_linked_to_the_childs_and_closed_with_it() {
    let traces = Traces::default();
    let _guard = tracing::subscriber::set_default(traces.clone());
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(ChildSpec::new("b", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    end_clean(&handle).await;
    drop(handle);
    tokio::task::yield_now().await;
    let spans = lock(&traces.0.spans).clone();
    let of = |name: &str, path: &str| -> Vec<u64> {
        let of = spans.iter().filter(|(_, (n, fields, _))| *n == name && fields["path"] == path);
        of.map(|(id, _)| *id).collect()
    };
    assert!(spans.values().all(|(.., is_root)| *is_root));
    let names: BTreeSet<_> = spans.values().map(|(name, ..)| *name).collect();
    assert_eq!(names, BTreeSet::from(["child", "run"]), "there are no others");
    assert_eq!((of("run", "/root/a").len(), of("run", "/root/b").len()), (2, 1));
    let follows = lock(&traces.0.follows).clone();
    for path in ["/root/a", "/root/b"] {
        let child = of("child", path);
        assert_eq!(child.len(), 1, "over all runs");
        for run in of("run", path) {
            assert!(follows.contains(&(run, child[0])), "{follows:?}");
        }
    }
    let closed = lock(&traces.0.closed).len();
    assert_eq!(closed, spans.len(), "none is left open");
}

#[tokio::test(start_paused = true)]
async fn the_lines_of_a_thread_carry_its_path_too() {
    let traces = Traces::default();
    let _guard = tracing::subscriber::set_default(traces.clone());
    // The subscriber of a test is that of its own thread only.
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let work = blocking_fn(move |_: BlockingContext| {
        tracing::dispatcher::with_default(&dispatch, || tracing::info!("from a thread"));
    });
    let child =
        ChildSpec::new("t", work).restart(rust_supervisor::policy::restart::Restart::Temporary);
    let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    supervisor_tests::until("it has spoken", || !traces.said("from a thread").is_empty()).await;
    end_clean(&handle).await;
    let said = traces.said("from a thread");
    assert_eq!((said[0].0, said[0].1["path"].as_str()), ("run", "/root/t"));
}

#[tokio::test(start_paused = true)]
async fn facts_have_fields_and_a_panic_says_where_it_happened() {
    let traces = Traces::default();
    let _guard = tracing::subscriber::set_default(traces.clone());
    let line = line!() + 2;
    let bad = service_fn(async |ctx: TaskContext| {
        assert!(!ctx.sleep(ms(10)).await, "out of paper");
    });
    let tree = SupervisorSpec::root().child(ChildSpec::new("bad", bad).backoff(every(ms(60_000))));
    let handle = Supervisor::start(tree).await.unwrap();
    tokio::time::sleep(ms(1_000)).await;
    let (exited, decided) = (traces.facts("exited"), traces.facts("decided"));
    assert_eq!(exited.len(), 1);
    assert_eq!((exited[0]["exit"].as_str(), exited[0]["path"].as_str()), ("panicked", "/root/bad"));
    assert!(exited[0]["location"].contains(&format!("tracing.rs:{line}:")), "{exited:?}");
    assert!(exited[0]["message"].contains("out of paper"), "{exited:?}");
    assert_eq!(decided[0]["rule"], "permanent");
    assert_eq!(decided[0]["correlation"], exited[0]["sequence"]);
    handle.restart_child("/root/bad", BY, WHY).await.unwrap();
    assert!(traces.facts("commanded")[0].contains_key("command"));
    handle.shutdown_tree(BY, WHY).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_panics_about_spans_is_no_concern_of_the_tree() {
    let traces = Traces(Arc::new(Kept { is_nasty: true, ..Kept::default() }));
    let _guard = tracing::subscriber::set_default(traces.clone());
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", talkative()));
    let handle = Supervisor::start(tree).await.unwrap();
    tokio::time::sleep(ms(2_000)).await;
    assert_eq!(handle.state_of("/root/a").await.unwrap().generation.0, 1);
    assert_eq!(traces.said("after").len(), 1);
    end_clean(&handle).await;
}

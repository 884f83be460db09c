//! What the log says to those who read no stream of events.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

/// Keeps the lines, or is one that nobody should have.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    panics: bool,
}

/// `path`, `generation` and the message of one line, in the order in which they are said.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !["message", "path", "generation"].contains(&field.name()) {
            return;
        }
        write!(self.0, " {value:?}").expect("a string takes all");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("rust_supervisor")
            && *metadata.level() <= tracing::Level::INFO
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.lines.lock().expect("no panic meanwhile").push(line.0);
        assert!(!self.panics, "no");
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// A child that fails twice and is then quarantined.
fn flaky() -> SupervisorSpec {
    let flaky = service_fn(async |ctx: TaskContext| {
        ctx.sleep(Duration::from_millis(1)).await.then_some(()).ok_or("no")?;
        Err::<(), _>("no answer")
    });
    let second = Duration::from_secs(1);
    SupervisorSpec::root().child(
        ChildSpec::new("flaky", flaky)
            .backoff(Backoff::new(second, second).jitter(0.0))
            .restart_limit(1, Duration::from_mins(1)),
    )
}

async fn until_it_is_quarantined() {
    let handle = Supervisor::start(flaky()).await.expect("it starts");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let state = handle.current_state().await.expect("a state").to_string();
    assert!(
        state.ends_with(
            "quarantined #2   1 restart; last exit: failed: no answer; its restart limit is spent"
        ),
        "{state}"
    );
    handle.shutdown_tree("test", "done").await.expect("a report");
}

#[tokio::test(start_paused = true)]
async fn failures_and_what_they_led_to_are_logged() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    until_it_is_quarantined().await;
    assert_eq!(
        *log.lines.lock().unwrap(),
        [
            "WARN ended: failed: no answer /root/flaky 1",
            "INFO decision: restart after 1s (it is permanent) /root/flaky 1",
            "WARN ended: failed: no answer /root/flaky 2",
            "ERROR decision: quarantine (its restart limit is spent) /root/flaky 2",
            "INFO shutdown, asked for by test: done /root 1",
            "INFO the tree has ended, clean /root 1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_panics_is_no_concern_of_the_tree() {
    let log = Log { panics: true, ..Log::default() };
    let _guard = tracing::subscriber::set_default(log.clone());
    until_it_is_quarantined().await;
    assert_eq!(log.lines.lock().unwrap().len(), 6);
}

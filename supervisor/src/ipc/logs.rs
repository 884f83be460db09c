//! The program's own `tracing` as lines that clients can read: the latest of them are kept, and no
//! line can make the program wait.
//!
//! ```
//! use rust_supervisor::ipc::logs::LogLayer;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let subscriber = tracing_subscriber::registry().with(LogLayer::new());
//! // In a program: `tracing_subscriber::util::SubscriberInitExt::init(subscriber)`.
//! tracing::subscriber::with_default(subscriber, || tracing::info!("seen by `logs.tail`"));
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

use tokio::sync::watch;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::audits::AUDIT;
use crate::dashboard::label::SeverityLabel;
use crate::observe::log::TARGET as EVENTS;
use crate::task::cell::lock;

/// The most bytes of a message that are kept.
const MESSAGE_BYTES: usize = 4_096;
/// The most bytes of a field that are kept.
const FIELD_BYTES: usize = 1_024;
/// The most fields of a line that are kept.
const FIELDS: usize = 32;
/// How many lines are kept where nobody says another number.
const CAPACITY: usize = 1_024;

/// The latest lines of the log. Cheap to clone; all clones are the same log.
#[derive(Clone, Debug)]
pub struct LogBuffer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ring: Mutex<Ring>,
    /// The sequence of the latest line.
    latest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Ring {
    capacity: usize,
    lines: VecDeque<Arc<LogLine>>,
    latest: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LogLine {
    pub(super) sequence: u64,
    pub(super) at: SystemTime,
    pub(super) severity: SeverityLabel,
    pub(super) message: String,
    pub(super) fields: BTreeMap<String, String>,
    /// The run that has written it.
    pub(super) child_path: Option<Arc<str>>,
    pub(super) correlation_id: Option<String>,
}

static OF_PROCESS: LazyLock<LogBuffer> = LazyLock::new(LogBuffer::default);

impl Default for LogBuffer {
    fn default() -> Self {
        let ring = Ring { capacity: CAPACITY, lines: VecDeque::new(), latest: 0 };
        Self(Arc::new(Inner { ring: Mutex::new(ring), latest: watch::Sender::new(0) }))
    }
}

impl LogBuffer {
    /// An empty log of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The log of the process, which [`LogLayer::new`] writes and every socket reads where nobody
    /// says another.
    pub fn of_process() -> Self {
        OF_PROCESS.clone()
    }

    /// Keeps this many lines from now on.
    pub(super) fn keep(&self, capacity: usize) {
        let mut ring = lock(&self.0.ring);
        ring.capacity = capacity;
        ring.shrink();
    }

    fn push(&self, mut line: LogLine) {
        let mut ring = lock(&self.0.ring);
        ring.latest += 1;
        line.sequence = ring.latest;
        let latest = ring.latest;
        ring.lines.push_back(Arc::new(line));
        ring.shrink();
        drop(ring);
        self.0.latest.send_replace(latest);
    }

    /// The sequence of the latest line; 0 before the first.
    pub(super) fn latest(&self) -> u64 {
        lock(&self.0.ring).latest
    }

    /// How many lines are gone.
    pub(super) fn gone(&self) -> u64 {
        let ring = lock(&self.0.ring);
        ring.latest - ring.lines.len() as u64
    }

    /// The latest of them, the oldest first.
    pub(super) fn recent(&self, most: usize) -> Vec<Arc<LogLine>> {
        let ring = lock(&self.0.ring);
        let skipped = ring.lines.len().saturating_sub(most);
        ring.lines.iter().skip(skipped).cloned().collect()
    }

    /// Reads from this sequence on.
    pub(super) fn read_from(&self, sequence: u64) -> LogStream {
        LogStream {
            buffer: self.clone(),
            changes: self.0.latest.subscribe(),
            next: sequence.max(1),
            missed: 0,
        }
    }
}

impl Ring {
    fn shrink(&mut self) {
        while self.lines.len() > self.capacity && !cfg!(plant_bug = "ipc_endless_log") {
            self.lines.pop_front();
        }
    }
}

/// Somebody who reads the log. What is gone before it was read is counted.
#[derive(Debug)]
pub(super) struct LogStream {
    buffer: LogBuffer,
    changes: watch::Receiver<u64>,
    next: u64,
    missed: u64,
}

impl LogStream {
    /// The next line if there is one already.
    pub(super) fn try_next(&mut self) -> Option<Arc<LogLine>> {
        let ring = lock(&self.buffer.0.ring);
        let oldest = ring.latest + 1 - ring.lines.len() as u64;
        if self.next < oldest {
            self.missed += oldest - self.next;
            self.next = oldest;
        }
        let index = usize::try_from(self.next - oldest).ok()?;
        let line = ring.lines.get(index).cloned()?;
        self.next += 1;
        Some(line)
    }

    /// How many are gone that would have been read.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// Waits until there may be another line. Dropping the future loses nothing.
    pub(super) async fn changed(&mut self) {
        // The buffer holds the sender.
        drop(self.changes.changed().await);
    }
}

/// The layer of `tracing-subscriber` that fills a [`LogBuffer`].
///
/// It never waits: it holds a lock for as long as it takes to put a line in its place. Of a message
/// at most 4,096 bytes are kept, of a field 1,024, and of a line 32 fields. A line that is written
/// by a run of a child is kept with the child's path.
///
/// Two kinds of lines are left to the other layers, because they would push out those of the program:
/// what the library says about events (target `rust_supervisor::observe::log`), which clients
/// subscribe to, and what it says about clients (target `rust_supervisor::ipc::audit`), however often
/// they ask.
#[derive(Clone, Debug)]
pub struct LogLayer {
    buffer: LogBuffer,
    level: Level,
}

impl Default for LogLayer {
    fn default() -> Self {
        Self { buffer: LogBuffer::of_process(), level: Level::INFO }
    }
}

impl LogLayer {
    /// Fills the log of the process with what is at least an `info`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fills this one.
    #[must_use]
    pub fn into_buffer(mut self, buffer: &LogBuffer) -> Self {
        self.buffer = buffer.clone();
        self
    }

    /// Keeps what is of this level or matters more. Default: `INFO`.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    fn keeps(&self, line: &Metadata<'_>) -> bool {
        let is_event = line.target() == EVENTS && !cfg!(plant_bug = "ipc_events_fill_the_log");
        let is_of_clients = line.target() == AUDIT && !cfg!(plant_bug = "ipc_clients_fill_the_log");
        *line.level() <= self.level && !is_event && !is_of_clients
    }
}

/// The path of the child whose run a span is.
struct PathOfRun(Arc<str>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        if metadata.name() != "run" || !metadata.target().starts_with("rust_supervisor") {
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(path), Some(span)) = (fields.all.remove("path"), context.span(id)) {
            span.extensions_mut().insert(PathOfRun(path.into()));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !self.keeps(event.metadata()) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let child_path =
            context.event_scope(event).into_iter().flatten().find_map(|span| {
                span.extensions().get::<PathOfRun>().map(|path| Arc::clone(&path.0))
            });
        let severity = match *event.metadata().level() {
            Level::ERROR => SeverityLabel::Error,
            Level::WARN => SeverityLabel::Warning,
            Level::INFO => SeverityLabel::Info,
            Level::DEBUG => SeverityLabel::Debug,
            Level::TRACE => SeverityLabel::Trace,
        };
        let Fields { mut all, message } = fields;
        all.insert("target".to_owned(), event.metadata().target().to_owned());
        self.buffer.push(LogLine {
            sequence: 0,
            at: SystemTime::now(),
            severity,
            message,
            correlation_id: all.get("correlation").cloned(),
            fields: all,
            child_path,
        });
    }
}

#[derive(Default)]
struct Fields {
    all: BTreeMap<String, String>,
    message: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = bounded(format_args!("{value:?}"), MESSAGE_BYTES);
        } else if self.all.len() < FIELDS {
            self.all
                .insert(field.name().to_owned(), bounded(format_args!("{value:?}"), FIELD_BYTES));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = bounded(format_args!("{value}"), MESSAGE_BYTES);
        } else if self.all.len() < FIELDS {
            self.all.insert(field.name().to_owned(), bounded(format_args!("{value}"), FIELD_BYTES));
        }
    }
}

/// As much of a text as there is room for: no more of it is made.
fn bounded(text: fmt::Arguments<'_>, most: usize) -> String {
    struct Bounded {
        text: String,
        most: usize,
    }

    impl Write for Bounded {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            let room = self.most - self.text.len();
            if part.len() <= room || cfg!(plant_bug = "ipc_endless_log_line") {
                self.text.push_str(part);
                return Ok(());
            }
            let end = (0..=room).rev().find(|&end| part.is_char_boundary(end)).unwrap_or(0);
            self.text.push_str(&part[..end]);
            Err(fmt::Error)
        }
    }

    let mut bounded = Bounded { text: String::new(), most };
    if bounded.write_fmt(text).is_err() {
        bounded.text.push('…');
    }
    bounded.text
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::id::{ChildPath, Generation};
    use crate::observe::span::RunSpan;

    fn logged(capacity: usize, write: impl FnOnce()) -> LogBuffer {
        let buffer = LogBuffer::new();
        buffer.keep(capacity);
        let layer = LogLayer::new().into_buffer(&buffer);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), write);
        buffer
    }

    fn read(stream: &mut LogStream) -> (Vec<String>, u64) {
        let lines = std::iter::from_fn(|| stream.try_next()).map(|line| line.message.clone());
        (lines.collect(), stream.missed())
    }

    #[test]
    fn the_latest_lines_are_kept_and_what_is_gone_is_counted() {
        let buffer = logged(3, || (1..=5).for_each(|n| tracing::info!("line {n}")));
        let all = || ["line 3", "line 4", "line 5"].map(str::to_owned).to_vec();
        assert_eq!(read(&mut buffer.read_from(1)), (all(), 2));
        assert_eq!(read(&mut buffer.read_from(5)), (vec!["line 5".to_owned()], 0));
        assert_eq!(read(&mut buffer.read_from(9)), (vec![], 0));
        assert_eq!((buffer.latest(), buffer.gone(), buffer.recent(2).len()), (5, 2, 2));
    }

    #[test]
    fn a_line_knows_its_child_its_fields_and_how_much_it_matters() {
        let path = ChildPath::parse("/root/ledger").unwrap();
        let buffer = logged(8, || {
            let span = RunSpan::of_run(&path, Generation(1), &RunSpan::NONE);
            span.within(|| tracing::warn!(bank = "north", amount = 7, "hung up"));
            tracing::debug!("too little");
            tracing::error!(correlation = 4_u64, "of nobody");
        });
        let lines = buffer.recent(9);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].child_path.as_deref(), Some("/root/ledger"));
        assert_eq!((lines[0].severity, &*lines[0].message), (SeverityLabel::Warning, "hung up"));
        assert_eq!((&*lines[0].fields["bank"], &*lines[0].fields["amount"]), ("north", "7"));
        assert_eq!(lines[1].child_path, None);
        assert_eq!(lines[1].correlation_id.as_deref(), Some("4"));
    }

    #[test]
    fn of_what_is_large_only_the_beginning_is_kept() {
        let large = "ü".repeat(1 << 20);
        let buffer = logged(8, || tracing::info!(large, "{large}"));
        let line = &buffer.recent(1)[0];
        assert_eq!((line.message.len(), line.fields["large"].len()), (4_096 + 3, 1_024 + 3));
        assert!(line.message.ends_with("ü…"));
    }
}

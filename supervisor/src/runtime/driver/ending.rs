//! How the driver ends, and what it leaves behind: the report, the latest state, the summaries.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;

use super::super::mailbox::{End, LastState};
use super::Driver;
use crate::core::time::Uptime;
use crate::error::types::{ExitError, SupervisorError};
use crate::id::ChildPath;
use crate::report::EndCause;
use crate::summary::{RunSummary, SummaryCause};

impl Driver {
    pub(super) fn end(&mut self) {
        let Some(report) = self.engine.report() else { return };
        if let Some(started) = self.started.take() {
            let error = match &report.cause {
                EndCause::StartFailed { child, exit } => SupervisorError::TreeStart {
                    child: child.clone(),
                    cause: ExitError(exit.clone()),
                },
                _ => SupervisorError::ShuttingDown,
            };
            drop(started.send(Err(error)));
        }
        let (last, cause) = (self.snapshot(), report.cause.clone());
        let root = ChildPath::root();
        let recent = self.shared.journal.latest(&root, RunSummary::EVENTS);
        let at = (SystemTime::now(), report.uptime);
        let cause = SummaryCause::Ended(cause);
        let summary = RunSummary::new(at, root, cause, recent, last.outline());
        self.shared.journal.summarize(summary);
        self.outcome =
            Some(End::Report { report: Arc::new(report), last: Arc::new(LastState::new(last)) });
    }

    pub(super) fn summarize(&self, now: Uptime, scope: ChildPath, cause: SummaryCause) {
        let recent = self.shared.journal.latest(&scope, RunSummary::EVENTS);
        let outline = self.engine.outline_below(&scope);
        let at = (SystemTime::now(), now.elapsed());
        self.shared.journal.summarize(RunSummary::new(at, scope, cause, recent, outline));
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        self.shared.end.send_if_modified(|end| {
            let is_news = end.is_none();
            end.get_or_insert(outcome.unwrap_or(End::Gone));
            is_news
        });
        self.shared.is_ending.send_replace(true);
        self.turn_away();
    }
}

impl Driver {
    /// Drops every message that nobody will read, so that whoever waits for its answer is told.
    ///
    /// Dropping the receiver is not enough: a message that is just being sent would stay in the
    /// channel for as long as there are handles, and its sender would wait for ever.
    fn turn_away(&mut self) {
        self.inbox.close();
        loop {
            match self.inbox.try_recv() {
                Ok(message) => drop(message),
                Err(mpsc::error::TryRecvError::Disconnected) => return,
                // Between two instructions of another thread.
                Err(mpsc::error::TryRecvError::Empty) => std::thread::yield_now(),
            }
        }
    }
}

//! What is written down about the end of the tree.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::end::ChildStartError;
use super::engine::Engine;
use super::key::NodeKey;
use super::state::State;
use super::time::Uptime;
use crate::control::command::By;
use crate::error::meltdown::MeltdownError;
use crate::id::{ChildPath, Generation};
use crate::policy::decision::RestartDecision;
use crate::report::{EndCause, ReportRow, RowEnd, ShutdownReport};
use crate::task::exit::Exit;

#[derive(Debug, Default)]
pub(super) struct Ledger {
    began: Option<Uptime>,
    ended: Option<(Uptime, Exit)>,
    /// In their order.
    rows: Vec<ReportRow>,
    /// The places of those that were written anew since.
    outdated: BTreeSet<usize>,
    /// All of them, once the tree has ended.
    written: Arc<[ReportRow]>,
    /// Those that were dropped since and have no row of their own.
    pub(super) forgotten: Vec<(ChildPath, Generation)>,
    /// Who asked for the end, if anybody did.
    pub(super) requested: Option<By>,
    pub(super) is_forced: bool,
    pub(super) meltdown: Option<(ChildPath, Exit, RestartDecision, MeltdownError)>,
}

impl Ledger {
    /// The end has begun, of so many nodes at most: an end of many is not to move their rows again
    /// and again.
    pub(super) fn begin(&mut self, now: Uptime, nodes: usize) {
        if self.began.is_none() {
            self.began = Some(now);
            self.rows.reserve_exact(nodes);
        }
    }

    /// Whether the root has begun to end.
    pub(super) fn has_begun(&self) -> bool {
        self.began.is_some()
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Of a tree that has ended.
    pub(super) fn is_clean(&self) -> bool {
        self.written.iter().all(ReportRow::is_clean)
    }

    /// Adds the row of a node, which may have one already, and says where it is. One that had been
    /// given up and has ended after all keeps what it had cost.
    pub(super) fn row(
        &mut self,
        before: Option<RowNumber>,
        mut row: ReportRow,
    ) -> Option<RowNumber> {
        if let Some(RowNumber(number)) = before {
            let place = number.get() as usize - 1;
            let known = &self.rows[place];
            row.took = row.took.max(known.took);
            row.was_aborted |= known.was_aborted;
            self.outdated.insert(place);
        }
        self.rows.push(row);
        u32::try_from(self.rows.len()).ok().and_then(NonZeroU32::new).map(RowNumber)
    }
}

/// Where the row of a node is: its number, from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowNumber(NonZeroU32);

impl Engine {
    /// Adds a row for every child that was not running when the end began.
    pub(super) fn finish_ledger(&mut self, exit: Exit) {
        let now = self.now;
        self.ledger.begin(now, self.nodes.live());
        let forgotten = std::mem::take(&mut self.ledger.forgotten);
        let mut others: Vec<_> =
            forgotten.into_iter().map(|(path, n)| (path, n, RowEnd::NotRunning)).collect();
        for key in self.depth_first() {
            let Some(node) = self.nodes.get(key).filter(|_| key != self.root) else { continue };
            if node.row.is_some() {
                continue;
            }
            let end = match node.state {
                // Aborted earlier, on command, and still there.
                State::Unjoinable { .. } => RowEnd::Unjoinable,
                _ => RowEnd::NotRunning,
            };
            others.push((node.path.clone(), node.generation, end));
        }
        for (path, generation, end) in others {
            let took = Duration::ZERO;
            let (was_cancelled, was_aborted) = (false, false);
            let row = ReportRow { path, generation, end, took, was_cancelled, was_aborted };
            self.ledger.row(None, row);
        }
        let mut rows = std::mem::take(&mut self.ledger.rows);
        let outdated = std::mem::take(&mut self.ledger.outdated);
        if !outdated.is_empty() {
            let mut place = 0..;
            rows.retain(|_| !outdated.contains(&place.next().unwrap_or(usize::MAX)));
        }
        self.ledger.written = rows.into();
        self.ledger.ended = Some((now, exit));
    }

    /// The report, once the tree has ended.
    pub(crate) fn report(&self) -> Option<ShutdownReport> {
        let (ended, exit) = self.ledger.ended.as_ref()?;
        let began = self.ledger.began.unwrap_or(*ended);
        let cause = match (&self.ledger.meltdown, &self.ledger.requested, exit) {
            (Some((child, exit, decision, why)), ..) => {
                let (child, exit, why) = (child.clone(), exit.clone(), why.clone());
                EndCause::Meltdown { child, exit, decision: *decision, why }
            }
            (None, Some(by), _) => EndCause::Requested {
                requested_by: by.requested_by.to_string(),
                reason: by.reason.to_string(),
            },
            (None, None, Exit::Failed(failure)) => {
                match failure.error().downcast_ref::<ChildStartError>() {
                    Some(error) => EndCause::StartFailed {
                        child: error.child.clone(),
                        exit: error.exit.clone(),
                    },
                    None => EndCause::AutoShutdown,
                }
            }
            (None, None, _) => EndCause::AutoShutdown,
        };
        Some(ShutdownReport {
            cause,
            took: ended.since(began),
            uptime: ended.elapsed(),
            was_forced: self.ledger.is_forced,
            rows: Arc::clone(&self.ledger.written),
        })
    }

    /// Every node, parents before children, siblings in their order.
    pub(super) fn depth_first(&self) -> Vec<NodeKey> {
        self.depth_first_from(self.root)
    }

    /// The same of one node and everything below it.
    pub(super) fn depth_first_from(&self, key: NodeKey) -> Vec<NodeKey> {
        let mut order = Vec::new();
        let mut stack = vec![key];
        while let Some(key) = stack.pop() {
            order.push(key);
            stack.extend(self.children(key).into_iter().rev());
        }
        order
    }
}

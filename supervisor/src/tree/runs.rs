//! What makes the runs of children: tables of functions.

use std::sync::Arc;

use super::graph::wiring::Link;
use super::lent::Lent;
use super::parameter::Run;
use super::supervised::RunsUnder;
use crate::task::context::{BlockingContext, TaskContext};
use crate::task::exit::{Ask, TaskFailure};
use crate::task::factory::{BoxFuture, TaskFactory, blocking_fn};
use crate::task::member::{Arguments, ArgumentsType, MemberFactory};
use crate::task::result::TaskResult;

/// What makes the runs of a child, or of everything below a supervisor in the order of its fields.
#[derive(Debug)]
pub enum Runs<S: 'static> {
    /// Of an async child.
    Async(fn(&Run<S, TaskContext>) -> Result<BoxFuture, TaskFailure>),
    /// Of a blocking child.
    Blocking(fn(&Run<S, BlockingContext>) -> Result<TaskResult, TaskFailure>),
    /// Of the children of a supervisor.
    Supervisor(&'static [Runs<S>]),
    /// Of a child that takes what is lent.
    Borrowing(&'static [Lent], &'static Runs<S>),
    /// Of a child whose field says what it is given.
    Given(fn(&S) -> Arguments, &'static Runs<S>),
    /// Of each member of a pool, or of a many.
    Members(&'static MemberRuns<S>),
}

impl<S> Runs<S> {
    /// What its child takes for the time of a run.
    pub(super) const fn leases(&self) -> &'static [Lent] {
        match self {
            Self::Borrowing(leases, _) => leases,
            Self::Given(_, runs) => runs.leases(),
            Self::Members(members) => members.runs.leases(),
            Self::Async(_) | Self::Blocking(_) | Self::Supervisor(_) => &[],
        }
    }

    fn is_blocking(&self) -> bool {
        match self {
            Self::Blocking(_) => true,
            Self::Borrowing(_, runs) | Self::Given(_, runs) => runs.is_blocking(),
            Self::Async(_) | Self::Supervisor(_) | Self::Members(_) => false,
        }
    }
}

/// What makes the runs of a member, and what it is given.
#[derive(Debug)]
pub struct MemberRuns<S: 'static> {
    runs: Runs<S>,
    takes: ArgumentsType,
}

impl<S: 'static> MemberRuns<S> {
    /// Of a `C` that is given what it `takes`.
    pub(crate) const fn new<C: RunsUnder<S>>(takes: ArgumentsType) -> Self {
        Self { runs: C::RUNS, takes }
    }

    #[cfg(test)]
    pub(super) const fn of(runs: Runs<S>) -> Self {
        Self { runs, takes: ArgumentsType::of::<()>() }
    }

    pub(super) fn factory(
        &'static self,
        state: &Arc<S>,
        ask: Option<Ask>,
        links: Arc<[Link]>,
    ) -> MemberFactory
    where
        S: Send + Sync,
    {
        let (runs, state) = (&self.runs, Arc::clone(state));
        MemberFactory::new(self.takes, runs.is_blocking(), move |arguments| {
            factory(runs, &state, Gift::Same(arguments), ask, Arc::clone(&links))
        })
    }
}

/// What the runs of a child are given.
pub(super) enum Gift<S> {
    Nothing,
    Same(Arguments),
    /// Made anew for every run.
    Fresh(fn(&S) -> Arguments),
}

impl<S> Gift<S> {
    fn give(&self, state: &S) -> Option<Arguments> {
        match self {
            Self::Nothing => None,
            Self::Same(arguments) => Some(arguments.clone()),
            Self::Fresh(make) => Some(make(state)),
        }
    }
}

/// What makes the runs of one child of the tree.
pub(super) fn factory<S>(
    runs: &'static Runs<S>,
    state: &Arc<S>,
    gift: Gift<S>,
    ask: Option<Ask>,
    links: Arc<[Link]>,
) -> TaskFactory
where
    S: Send + Sync + 'static,
{
    let its = Arc::clone(state);
    match (runs, ask) {
        (&Runs::Async(make), None) => TaskFactory::new(move |context| {
            make(&Run::new(Arc::clone(&its), context, gift.give(&its), &links))
        }),
        (&Runs::Async(make), Some(ask)) => TaskFactory::new(move |context| {
            let run = make(&Run::new(Arc::clone(&its), context, gift.give(&its), &links))?;
            Ok(Box::pin(async move { run.await.or_ask(ask) }))
        }),
        (&Runs::Blocking(work), ask) => blocking_fn(move |context| {
            let result = work(&Run::new(Arc::clone(&its), context, gift.give(&its), &links));
            let result = result.unwrap_or_else(TaskResult::Failed);
            match ask {
                Some(ask) => result.or_ask(ask),
                None => result,
            }
        }),
        (Runs::Borrowing(_, runs), ask) => factory(runs, state, gift, ask, links),
        (Runs::Given(make, runs), ask) => factory(runs, state, Gift::Fresh(*make), ask, links),
        (Runs::Supervisor(_) | Runs::Members(_), _) => {
            unreachable!("both sides are made from one function")
        }
    }
}

//! A harness for tests of your own trees (feature `test-support`): the clock stands still, children
//! fail, hang, panic, stall and complete on command, and what the tree does is compared with what
//! was expected.
//!
//! ```
//! use rust_supervisor::policy::restart::Strategy;
//! use rust_supervisor::spec::child::ChildSpec;
//! use rust_supervisor::spec::supervisor::SupervisorSpec;
//! use rust_supervisor::task::context::TaskContext;
//! use rust_supervisor::task::factory::service_fn;
//! use rust_supervisor::test_support::TestTree;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), rust_supervisor::error::types::SupervisorError> {
//! let parked = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
//! let spec = SupervisorSpec::root()
//!     .strategy(Strategy::RestForOne)
//!     .child(ChildSpec::new("cache", parked()))
//!     .child(ChildSpec::new("api", parked()));
//!
//! let mut tree = TestTree::start(spec).await?;
//! tree.fail("cache", "connection reset").await;
//! tree.expect("stop api; start cache; start api").await;
//! tree.expect_states("cache up; api up").await;
//! let report = tree.end().await;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! It runs on the current-thread runtime, which is what `#[tokio::test]` gives, and stops its
//! clock. Time then passes only while everybody waits for it, at once: an hour of backoff takes no
//! time, and no test depends on how fast the machine is.

mod builder;
mod clock;
mod script;
mod stage;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

pub use self::builder::TestBuilder;
use self::script::{Expectation, Verdict, differing_states, is_move, parse};
use self::stage::{Order, Stage};
use crate::control::handle::SupervisorHandle;
use crate::control::stream::EventStream;
use crate::error::types::SupervisorError;
use crate::event::{Event, EventKind};
use crate::id::{ChildPath, Generation};
use crate::policy::failure::TaskFailureKind;
use crate::report::ShutdownReport;
use crate::runtime::supervisor::SupervisorBuilder;
use crate::spec::NodeSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::state::{ChildState, TreeState};
use crate::task::exit::TaskFailure;
use crate::tree::TreeBuilder;

/// How often everybody else has had a turn without anything new, before it is taken that nothing
/// more happens at this moment.
const QUIET_TURNS: usize = 32;

/// Who asks, in the log of a test.
const BY: &str = "test_support";

/// A running tree under test.
///
/// A child is named by its path, with or without `/root/` in front: `api`, `payments/ledger`.
///
/// # Panics
///
/// That is how a test fails: every expectation that is not met, and every order that cannot be
/// given, panics. It says where the expectation stands, what happened instead, and how the tree is.
pub struct TestTree {
    handle: SupervisorHandle,
    events: EventStream,
    log: Vec<Arc<Event>>,
    /// How many events expectations have gone through.
    checked: usize,
    stage: Stage,
    patience: Duration,
    /// How many tasks there were before the tree.
    tasks_before: usize,
}

impl TestTree {
    /// Starts a tree under a paused clock and waits until all of it is up. Its async children do
    /// what they always do, until they are told otherwise.
    ///
    /// # Errors
    ///
    /// As [`Supervisor::start`](crate::runtime::supervisor::Supervisor::start).
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime, and on one with more than one thread: its clock cannot be stopped.
    pub async fn start(spec: SupervisorSpec) -> Result<Self, SupervisorError> {
        Self::builder(spec).start().await
    }

    /// A tree that is about to be started, with stand-ins for some of its children: a spec, or a
    /// builder that has settings of its own.
    pub fn builder(tree: impl Into<SupervisorBuilder>) -> TestBuilder {
        TestBuilder::new(tree.into())
    }

    /// The same for a `#[supervisor]` struct: `TestTree::of(App::builder(state))`.
    pub fn of<T>(tree: TreeBuilder<T>) -> TestBuilder<T>
    where
        T: crate::tree::SupervisionTree,
    {
        TestBuilder::new(tree.into())
    }

    /// The handle of the tree.
    pub fn handle(&self) -> &SupervisorHandle {
        &self.handle
    }

    /// Adds a child, a task or a supervisor, to the running supervisor at `parent`; what it runs
    /// takes orders.
    ///
    /// # Errors
    ///
    /// As [`SupervisorHandle::add_child`].
    pub async fn add_child(
        &mut self,
        parent: &str,
        spec: impl Into<NodeSpec>,
    ) -> Result<(), SupervisorError> {
        let (parent, spec) = (readable(parent), builder::wrap(&self.stage, spec.into()));
        self.handle.add_child(parent, spec, BY, "the test adds it").await.map(drop)
    }

    /// Lets a child return an error, and waits until that is noticed.
    ///
    /// # Panics
    ///
    /// When it has no run that takes orders, and when the run does not end.
    #[track_caller]
    pub fn fail(&mut self, child: &str, error: &str) -> impl Future<Output = ()> + use<'_> {
        let failure = TaskFailure::new(TaskFailureKind::Recoverable, error);
        self.order_and_end(child, Order::Fail(failure))
    }

    /// Lets a child return an error of a class, and waits until that is noticed.
    ///
    /// # Panics
    ///
    /// As [`fail`](Self::fail).
    #[track_caller]
    pub fn fail_with(
        &mut self,
        child: &str,
        failure: TaskFailure,
    ) -> impl Future<Output = ()> + use<'_> {
        self.order_and_end(child, Order::Fail(failure))
    }

    /// Lets a child panic, and waits until that is noticed.
    ///
    /// # Panics
    ///
    /// As [`fail`](Self::fail).
    #[track_caller]
    pub fn panic(&mut self, child: &str, message: &str) -> impl Future<Output = ()> + use<'_> {
        self.order_and_end(child, Order::Panic(message.into()))
    }

    /// Lets a child return without an error, and waits until that is noticed.
    ///
    /// # Panics
    ///
    /// As [`fail`](Self::fail).
    #[track_caller]
    pub fn complete(&mut self, child: &str) -> impl Future<Output = ()> + use<'_> {
        self.order_and_end(child, Order::Complete)
    }

    /// Lets a child hang: it does nothing any more, sends no heartbeat, and does not end when it
    /// is asked to. It can be aborted.
    ///
    /// # Panics
    ///
    /// When it has no run that takes orders.
    #[track_caller]
    pub fn hang(&self, child: &str) {
        self.order(child, Order::Hang);
    }

    /// Lets a child stall: it does nothing any more and sends no heartbeat, and ends when it is
    /// asked to.
    ///
    /// # Panics
    ///
    /// When it has no run that takes orders.
    #[track_caller]
    pub fn stall(&self, child: &str) {
        self.order(child, Order::Stall);
    }

    /// Lets a child that hangs or stalls go on where it was.
    ///
    /// # Panics
    ///
    /// When it has no run that takes orders.
    #[track_caller]
    pub fn go_on(&self, child: &str) {
        self.order(child, Order::Go);
    }

    /// Expects that the tree does this, in this order and nothing between, from where the last
    /// expectation has ended; waits for it, and time passes as far as it has to.
    ///
    /// `start api`, `stop api`, `abort api` and `unjoinable api` are what a tree does, and always
    /// count. Every other [event](EventKind::name) counts where the expectation names one of its
    /// kind: `"exit api failed; decided api; start api"`. `api#2` is the second run. Nothing is
    /// expected by `""`, at this moment.
    ///
    /// # Panics
    ///
    /// When something else happens, or nothing does for the
    /// [patience](TestBuilder::patience) of the test.
    #[track_caller]
    pub fn expect(&mut self, steps: &str) -> impl Future<Output = ()> + use<'_> {
        let at = Location::caller();
        let steps = parse(steps).unwrap_or_else(|why| panic!("{at}: {why}"));
        self.meet(at, steps)
    }

    async fn meet(&mut self, at: &'static Location<'static>, steps: Vec<script::Step>) {
        let begin = self.checked;
        let is_empty = steps.is_empty();
        let mut expectation = Expectation::new(steps);
        if is_empty {
            self.let_it_happen().await;
        }
        loop {
            while let Some(event) = self.log.get(self.checked) {
                if expectation.verdict() == Verdict::Met && !is_empty {
                    return;
                }
                let verdict = expectation.take(event);
                self.checked += 1;
                if verdict == Verdict::Broken {
                    let what = "the tree does something else than expected";
                    self.give_up(at, begin, what, &expectation.compared()).await;
                }
            }
            if expectation.verdict() == Verdict::Met {
                return;
            }
            if let Err(why) = self.next().await {
                self.give_up(at, begin, &why, &expectation.compared()).await;
            }
        }
    }

    /// Expects that the tree does nothing for so long: no child is started, stopped, aborted or
    /// given up.
    ///
    /// # Panics
    ///
    /// When it does.
    #[track_caller]
    pub fn expect_quiet_for(&mut self, time: Duration) -> impl Future<Output = ()> + use<'_> {
        let at = Location::caller();
        async move {
            let begin = self.checked;
            self.advance(time).await;
            self.checked = self.log.len();
            if let Some(event) = self.log[begin..].iter().find(|event| is_move(event)) {
                let what = format!("the tree was to do nothing for {time:?}, and does this:");
                let event = format!("    {event}");
                self.give_up(at, begin, &what, &event).await;
            }
        }
    }

    /// Expects children to be in these states now: `"api up; payments/ledger restarting"`. The
    /// words are those of [`Lifecycle`](crate::state::Lifecycle).
    ///
    /// # Panics
    ///
    /// When they are not.
    #[track_caller]
    pub fn expect_states(&mut self, states: &str) -> impl Future<Output = ()> + use<'_> {
        let (at, states) = (Location::caller(), states.to_owned());
        async move {
            self.let_it_happen().await;
            let state = self.state().await;
            let differing =
                differing_states(&states, &state).unwrap_or_else(|why| panic!("{at}: {why}"));
            if !differing.is_empty() {
                let differing = format!("    {}", differing.join("\n    "));
                self.give_up(at, self.checked, "the tree is not as expected", &differing).await;
            }
        }
    }

    /// Lets everything happen that is due, then lets time pass until the tree decides something,
    /// and gives the first event of that. Expectations still go through it.
    ///
    /// # Panics
    ///
    /// When nothing happens for the [patience](TestBuilder::patience) of the test, or the tree has
    /// ended.
    #[track_caller]
    pub fn next_decision(&mut self) -> impl Future<Output = Arc<Event>> + use<'_> {
        let at = Location::caller();
        async move {
            self.let_it_happen().await;
            let seen = self.log.len();
            if let Err(why) = self.next().await {
                self.give_up(at, self.checked, &why, "").await;
            }
            self.let_it_happen().await;
            Arc::clone(&self.log[seen])
        }
    }

    /// Lets so much time pass, with everything that is due in it.
    pub async fn advance(&mut self, time: Duration) {
        self.let_it_happen().await;
        sleep(time).await;
        self.let_it_happen().await;
    }

    /// Waits until nothing is starting, stopping, delayed or queued anywhere in the tree.
    ///
    /// # Panics
    ///
    /// When that takes longer than the [patience](TestBuilder::patience) of the test.
    #[track_caller]
    pub fn settle(&mut self) -> impl Future<Output = ()> + use<'_> {
        let at = Location::caller();
        async move {
            let settled = timeout(self.patience, self.handle.wait_until_settled()).await;
            self.let_it_happen().await;
            if settled.is_err() {
                let what = format!("the tree does not come to rest within {:?}", self.patience);
                self.give_up(at, self.checked, &what, "").await;
            }
        }
    }

    /// Lets the next expectation begin with the very first event, those of the start included.
    pub fn rewind(&mut self) {
        self.checked = 0;
    }

    /// Everything that has happened so far.
    pub fn events(&self) -> &[Arc<Event>] {
        &self.log
    }

    /// The whole tree as it is now, or as it was when it ended.
    ///
    /// # Panics
    ///
    /// When the driver of the tree is gone, with the runtime it ran on.
    pub async fn state(&self) -> TreeState {
        self.handle.current_state().await.unwrap_or_else(|error| panic!("no state: {error}"))
    }

    /// One child as it is now.
    ///
    /// # Panics
    ///
    /// When there is none of that name.
    pub async fn state_of(&self, child: &str) -> ChildState {
        let state = self.handle.state_of(readable(child)).await;
        state.unwrap_or_else(|error| panic!("no state: {error}"))
    }

    /// Ends the tree if it has not ended, and expects that nothing is left of it: no run, no two
    /// runs of a child at the same time, no task that a child spawned past its context.
    ///
    /// A task counts for the tree's when it was spawned after the tree was started and is still
    /// alive. What the test itself has spawned must be over by then.
    ///
    /// # Panics
    ///
    /// When something is left.
    #[track_caller]
    pub fn end(mut self) -> impl Future<Output = ShutdownReport> {
        let at = Location::caller();
        async move {
            let report = self.handle.shutdown_tree(BY, "the test is over").await;
            let report = report.unwrap_or_else(|error| panic!("{at}: no report: {error}"));
            self.let_it_happen().await;
            let orphans = self.orphans();
            if !orphans.is_empty() {
                let orphans = format!("    {}", orphans.join("\n    "));
                self.give_up(at, self.checked, "the tree leaves something behind", &orphans).await;
            }
            report
        }
    }

    fn orphans(&self) -> Vec<String> {
        let mut orphans = self.stage.overlaps();
        let alive = self.stage.alive();
        let tasks = Handle::current().metrics().num_alive_tasks();
        let stray = tasks.saturating_sub(self.tasks_before + alive.len());
        orphans.extend(alive.into_iter().map(|run| format!("{run} is still alive")));
        if stray > 0 && !cfg!(plant_bug = "strays_unseen") {
            orphans.push(format!(
                "{stray} more task(s) are alive than before the tree: spawn with `ctx.spawn`, \
                 which ends with the run"
            ));
        }
        orphans
    }

    #[track_caller]
    fn order(&self, child: &str, order: Order) -> (ChildPath, Generation) {
        let path = readable(child);
        let Some(generation) = self.stage.order(&path, order) else {
            let alive = self.stage.alive();
            let alive = if alive.is_empty() { "nobody".to_owned() } else { alive.join(", ") };
            panic!(
                "`{path}` has no run that takes orders; those have one: {alive}. A blocking child \
                 takes none, unless there is a stand-in for it (`TestBuilder::stand_in_for`)"
            );
        };
        (path, generation)
    }

    #[track_caller]
    fn order_and_end(&mut self, child: &str, order: Order) -> impl Future<Output = ()> + use<'_> {
        let at = Location::caller();
        let begin = self.log.len();
        let (path, generation) = self.order(child, order);
        async move {
            let is_end = |event: &Arc<Event>| {
                let kind = &event.kind;
                event.path == path
                    && event.generation == generation
                    && matches!(kind, EventKind::Exited { .. } | EventKind::StartFailed { .. })
            };
            while !self.log[begin..].iter().any(is_end) {
                if let Err(why) = self.next().await {
                    let what = format!("{path} {generation} was told to end, and does not");
                    self.give_up(at, self.checked, &what, &why).await;
                }
            }
            self.let_it_happen().await;
        }
    }

    /// Waits for the next event and puts it down.
    async fn next(&mut self) -> Result<(), String> {
        match timeout(self.patience, self.events.next()).await {
            Ok(Some(event)) => self.log.push(event),
            Ok(None) => return Err("the tree has ended, and nothing more can happen".to_owned()),
            Err(_) => return Err(format!("nothing happens for {:?}", self.patience)),
        }
        self.check_gaps();
        Ok(())
    }

    /// Gives everybody a turn, until nothing more happens at this moment.
    async fn let_it_happen(&mut self) {
        let mut quiet = 0;
        while quiet < QUIET_TURNS {
            // An answer also says that the driver has taken in what came before.
            drop(self.handle.state_of(ChildPath::root()).await);
            tokio::task::yield_now().await;
            let seen = self.log.len();
            self.log.extend(std::iter::from_fn(|| self.events.try_next()));
            quiet = if self.log.len() == seen { quiet + 1 } else { 0 };
        }
        self.check_gaps();
    }

    fn check_gaps(&self) {
        let missed = self.events.missed();
        assert!(
            missed == 0,
            "{missed} events were lost, more than {} at once; nothing can be said about their \
             order: raise `SupervisorBuilder::event_capacity`",
            TestBuilder::<()>::EVENTS
        );
    }

    /// Fails the test, with everything there is to know.
    async fn give_up(
        &mut self,
        at: &'static Location<'static>,
        begin: usize,
        what: &str,
        details: &str,
    ) -> ! {
        self.let_it_happen().await;
        let mut text = format!("{at}: {what}");
        // Writing to a string does not fail.
        if !details.is_empty() {
            let _ok = write!(text, "\n{details}");
        }
        let _ok = write!(text, "\n  what happened since the last expectation:");
        if self.log.len() == begin {
            let _ok = write!(text, "\n    nothing");
        }
        for event in &self.log[begin..] {
            let _ok = write!(text, "\n  {event}");
        }
        if let Ok(state) = self.handle.current_state().await {
            let state = state.to_string().replace('\n', "\n    ");
            let _ok = write!(text, "\n  the tree now:\n    {state}");
        }
        panic!("{text}");
    }
}

/// The path of a child, as the tests write it.
#[track_caller]
fn readable(child: &str) -> ChildPath {
    script::path(child).unwrap_or_else(|why| panic!("`{child}` is no path: {why}"))
}

impl fmt::Debug for TestTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestTree")
            .field("events", &self.log.len())
            .field("alive", &self.stage.alive())
            .finish_non_exhaustive()
    }
}

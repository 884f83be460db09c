//! A tree under test that is about to be started.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use tokio::runtime::Handle;

use super::clock::pause;
use super::stage::Stage;
use super::{TestTree, readable};
use crate::error::types::SupervisorError;
use crate::id::{ChildId, ChildPath};
use crate::runtime::supervisor::SupervisorBuilder;
use crate::spec::NodeSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::factory::TaskFactory;
use crate::tree::SupervisionTree;
use crate::tree::seat::Seat;

/// A tree under test that is about to be started; `T` is the `#[supervisor]` struct, if it is one.
#[must_use = "nothing runs until `start` is called and awaited"]
pub struct TestBuilder<T = ()> {
    builder: SupervisorBuilder,
    stand_ins: StandIns,
    patience: Duration,
    tree: PhantomData<fn() -> T>,
}

/// Who is replaced.
#[derive(Debug)]
enum StandIns {
    For(BTreeSet<ChildPath>),
    ForAll,
}

impl<T> TestBuilder<T> {
    /// How long nothing may happen before an expectation is given up, where nothing is said.
    pub const PATIENCE: Duration = Duration::from_mins(10);

    /// How many events fit between two looks at them, at least.
    pub(super) const EVENTS: usize = 1 << 14;

    pub(super) fn new(builder: SupervisorBuilder) -> Self {
        Self {
            builder,
            stand_ins: StandIns::For(BTreeSet::new()),
            patience: Self::PATIENCE,
            tree: PhantomData,
        }
    }

    /// Puts a stand-in in the place of a child, also of a blocking one: it does nothing but what
    /// it is told. It is ready at once, sends the heartbeats that are expected of it, and ends
    /// when it is asked to. The policies of the child stay.
    ///
    /// The stand-in of a blocking child is async: it can be aborted, as a thread cannot.
    ///
    /// # Panics
    ///
    /// When `child` is no path. When the tree is started, if it names no task of it.
    #[track_caller]
    pub fn stand_in_for(mut self, child: &str) -> Self {
        if let StandIns::For(children) = &mut self.stand_ins {
            children.insert(readable(child));
        }
        self
    }

    /// Puts a stand-in in the place of every child: a test of the declaration alone.
    pub fn stand_in_for_all(mut self) -> Self {
        self.stand_ins = StandIns::ForAll;
        self
    }

    /// How long nothing may happen before an expectation is given up, on the stopped clock.
    /// Default: 10 minutes. Raise it above the longest wait of the tree.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Stops the clock and starts the tree; see [`TestTree::start`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there, and when a stand-in is wanted for what is no task of the tree.
    pub async fn start(self) -> Result<TestTree, SupervisorError> {
        pause().await;
        let stage = Stage::default();
        let tasks_before = Handle::current().metrics().num_alive_tasks();
        let mut missing = match &self.stand_ins {
            StandIns::For(children) => children.clone(),
            StandIns::ForAll => BTreeSet::new(),
        };
        let mut dress = |path: &ChildPath, task: &TaskFactory| {
            let is_named = missing.remove(path);
            if is_named || matches!(self.stand_ins, StandIns::ForAll) {
                stage.stand_in()
            } else {
                stage.wrap(task)
            }
        };
        let mut builder = self
            .builder
            .for_test(|spec| dress_supervisor(spec, &ChildPath::root(), &mut dress), Self::EVENTS);
        if let Some(path) = missing.first() {
            panic!("there is no task `{path}` in the tree, so there can be no stand-in for it");
        }
        let events = builder.subscribe_events();
        let handle = builder.start().await?;
        let mut tree = TestTree {
            handle,
            events,
            log: Vec::new(),
            checked: 0,
            stage,
            patience: self.patience,
            tasks_before,
        };
        tree.let_it_happen().await;
        tree.checked = tree.log.len();
        Ok(tree)
    }
}

impl<T: SupervisionTree> TestBuilder<T> {
    /// The same, with the typed handle of the tree.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_typed(self) -> Result<(TestTree, T), SupervisorError> {
        let tree = self.start().await?;
        let app = T::from_seat(Seat::root(tree.handle().clone()));
        Ok((tree, app))
    }
}

impl<T> fmt::Debug for TestBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestBuilder")
            .field("builder", &self.builder)
            .field("stand_ins", &self.stand_ins)
            .field("patience", &self.patience)
            .finish()
    }
}

/// Lets what a spec runs take orders.
pub(super) fn wrap(stage: &Stage, spec: NodeSpec) -> NodeSpec {
    dress_node(spec, &ChildPath::root(), &mut |_, task| stage.wrap(task))
}

fn dress_supervisor(
    mut spec: SupervisorSpec,
    path: &ChildPath,
    dress: &mut impl FnMut(&ChildPath, &TaskFactory) -> TaskFactory,
) -> SupervisorSpec {
    let children = std::mem::take(&mut spec.children).into_iter();
    spec.children = children
        .map(|child| match ChildId::new(child.id()) {
            Ok(id) => dress_node(child, &path.join(&id), dress),
            // Whoever checks the tree says so.
            Err(_) => child,
        })
        .collect();
    spec
}

fn dress_node(
    spec: NodeSpec,
    path: &ChildPath,
    dress: &mut impl FnMut(&ChildPath, &TaskFactory) -> TaskFactory,
) -> NodeSpec {
    match spec {
        NodeSpec::Child(mut spec) => {
            spec.task = dress(path, &spec.task);
            NodeSpec::Child(spec)
        }
        NodeSpec::Supervisor(spec) => dress_supervisor(*spec, path, dress).into(),
    }
}

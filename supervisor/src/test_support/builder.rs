//! A tree under test that is about to be started.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::clock::pause;
use super::stage::Stage;
use super::{TestTree, readable};
use crate::error::types::SupervisorError;
use crate::id::{ChildId, ChildPath};
use crate::runtime::supervisor::SupervisorBuilder;
use crate::spec::NodeSpec;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::factory::TaskFactory;
use crate::task::member::MemberFactory;
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
#[derive(Clone, Debug)]
enum StandIns {
    For(BTreeSet<ChildPath>),
    ForAll,
}

impl StandIns {
    /// Whether there is one for this child, or for everybody in its pool or `Many`.
    fn are_for(&self, child: &ChildPath, group: Option<&ChildPath>) -> bool {
        match self {
            Self::For(children) => {
                children.contains(child) || group.is_some_and(|group| children.contains(group))
            }
            Self::ForAll => true,
        }
    }
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
    /// The stand-in of a blocking child is async: it can be aborted, as a thread cannot. The path
    /// of a pool or a `Many` stands for all of its members, also for those to come; a single
    /// member of a pool, which is there only when somebody spawns it, has no stand-in of its own.
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
        let wardrobe = Wardrobe { stage: stage.clone(), stand_ins: Arc::new(self.stand_ins) };
        let mut seen = |path: &ChildPath| {
            missing.remove(path);
        };
        let dress = |spec| wardrobe.dress_supervisor(spec, &ChildPath::root(), &mut seen);
        let mut builder = self.builder.for_test(dress, Self::EVENTS);
        if let Some(path) = missing.first() {
            panic!(
                "there is no task `{path}` in the tree, so there can be no stand-in for it; for \
                 the members of a pool it is the path of the pool"
            );
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
    let stand_ins = Arc::new(StandIns::For(BTreeSet::new()));
    let wardrobe = Wardrobe { stage: stage.clone(), stand_ins };
    wardrobe.dress_node(spec, &ChildPath::root(), None, &mut |_| ())
}

/// What everybody runs in a test.
#[derive(Clone)]
struct Wardrobe {
    stage: Stage,
    stand_ins: Arc<StandIns>,
}

impl Wardrobe {
    fn dress(
        &self,
        task: &TaskFactory,
        path: &ChildPath,
        group: Option<&ChildPath>,
    ) -> TaskFactory {
        if self.stand_ins.are_for(path, group) {
            self.stage.stand_in()
        } else {
            self.stage.wrap(task)
        }
    }

    /// `seen` is told of everybody for whom there can be a stand-in.
    fn dress_supervisor(
        &self,
        mut spec: SupervisorSpec,
        path: &ChildPath,
        seen: &mut impl FnMut(&ChildPath),
    ) -> SupervisorSpec {
        let group = (spec.group.kind != GroupKind::None).then_some(path);
        if let Some(members) = spec.group.members.take() {
            seen(path);
            spec.group.members = Some(self.dress_members(members, path));
        }
        let children = std::mem::take(&mut spec.children).into_iter();
        spec.children = children
            .map(|child| match ChildId::new(child.id()) {
                Ok(id) => self.dress_node(child, &path.join(&id), group, seen),
                // Whoever checks the tree says so.
                Err(_) => child,
            })
            .collect();
        spec
    }

    /// Those of a pool, and those that a configuration makes of a `Many`.
    fn dress_members(&self, members: MemberFactory, group: &ChildPath) -> MemberFactory {
        if cfg!(plant_bug = "members_take_no_orders") {
            return members;
        }
        let (wardrobe, group) = (self.clone(), group.clone());
        let is_blocking = members.is_blocking() && !self.stand_ins.are_for(&group, None);
        members.dressed(is_blocking, move |arguments, task| {
            // The child of a `Many` is known by its index; one of a pool only when it is there.
            let index = arguments.get::<usize>().and_then(|i| ChildId::new(i.to_string()).ok());
            let path = index.map_or_else(|| group.clone(), |index| group.join(&index));
            wardrobe.dress(task, &path, Some(&group))
        })
    }

    fn dress_node(
        &self,
        spec: NodeSpec,
        path: &ChildPath,
        group: Option<&ChildPath>,
        seen: &mut impl FnMut(&ChildPath),
    ) -> NodeSpec {
        match spec {
            NodeSpec::Child(mut spec) => {
                seen(path);
                spec.task = self.dress(&spec.task, path, group);
                NodeSpec::Child(spec)
            }
            NodeSpec::Supervisor(spec) => self.dress_supervisor(*spec, path, seen).into(),
        }
    }
}

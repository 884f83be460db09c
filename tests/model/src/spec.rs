//! What is declared: plain data, times in milliseconds.

/// Who is restarted with a child that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Nobody.
    OneForOne,
    /// Every sibling.
    OneForAll,
    /// Those declared after it.
    RestForOne,
}

/// Which ends ask for a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// All.
    Permanent,
    /// Abnormal ones.
    Transient,
    /// None, and the child is forgotten.
    Temporary,
}

/// How many restarts within how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// One more is too many.
    pub max: usize,
    /// The window, closed.
    pub within: u64,
}

/// What follows when a child's own limit is spent, or its failure is fatal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLimit {
    /// It is kept out.
    Quarantine,
    /// Its supervisor melts down.
    Escalate,
    /// It is down.
    Stop,
    /// The tree is shut down.
    ShutdownTree,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Another run may not have it.
    Recoverable,
    /// Something outside is not there.
    External,
    /// Something took too long.
    Timeout,
    /// It panicked.
    Panic,
    /// Every run would have it.
    Fatal,
}

impl Class {
    /// Those after which there is another run.
    pub const ALL: [Self; 4] = [Self::Recoverable, Self::External, Self::Timeout, Self::Panic];
}

/// What takes the place of the child's own, after failures of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfClass {
    /// Of which.
    pub class: Class,
    /// The wait before a restart.
    pub backoff: Option<Backoff>,
    /// The limit.
    pub limit: Option<Limit>,
}

/// When a supervisor ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoShutdown {
    /// Never.
    Never,
    /// With the first significant child.
    Any,
    /// With the last.
    All,
}

/// How long to wait before a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait.
    pub initial: u64,
    /// The longest.
    pub max: u64,
    /// What a wait is multiplied with.
    pub factor: u64,
    /// Ready for so long without a break, and the next wait is the first again.
    pub reset_after: u64,
}

impl Backoff {
    /// No wait at all.
    pub const NONE: Self = Self { initial: 0, max: 0, factor: 2, reset_after: 60_000 };
}

/// In which order children start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One after the other.
    Sequential,
    /// Each as soon as what it depends on is ready.
    Parallel,
}

/// What a child does when something it depends on is not ready any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDependencyRestart {
    /// It goes on.
    Keep,
    /// It ends, waits, and is started again.
    Restart,
}

/// What an attempt to start does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It is ready at once.
    Ok,
    /// It fails at once.
    Fail,
    /// It fails at once, because something outside is not there.
    Unavailable,
    /// It fails at once, and would again.
    Fatal,
    /// It says there is nothing to do.
    Ignore,
    /// Whoever makes the run panics.
    Broken,
    /// It is ready after a while.
    Slow(u64),
    /// It is never ready.
    Hang,
}

/// What a run does when it is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It ends at once.
    Obedient,
    /// It ends after a while.
    Late(u64),
    /// It has to be aborted.
    Deaf,
}

/// What a run takes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luggage {
    /// Nothing.
    None,
    /// Another task, from when it is ready until the run is over.
    Helper,
    /// A destructor that panics.
    Bomb,
}

/// A child: a task or a supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its name.
    pub id: String,
    /// Which of its ends ask for a restart.
    pub restart: Restart,
    /// Whether its end can end its supervisor.
    pub significant: bool,
    /// The wait before a restart.
    pub backoff: Backoff,
    /// Its own limit.
    pub limit: Option<Limit>,
    /// What holds for single classes of failure.
    pub classes: Vec<OfClass>,
    /// What follows when that is spent.
    pub on_limit: OnLimit,
    /// When a quarantined child is tried again.
    pub probe_after: Option<u64>,
    /// The paths of those that have to be ready before it starts.
    pub depends_on: Vec<String>,
    /// What it does when they are not ready any more.
    pub on_dependency_restart: OnDependencyRestart,
    /// The longest start phase.
    pub start_timeout: Option<u64>,
    /// The longest time without a heartbeat.
    pub stale_after: Option<u64>,
    /// From cancel to abort; `None` is for ever. Of a supervisor: for all that is below it.
    pub grace: Option<u64>,
    /// From abort to giving it up; of a supervisor nothing, which has its own of all.
    pub abort_wait: u64,
    /// What it is.
    pub body: Body,
}

/// What a child is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A task.
    Task {
        /// What the attempts do, from the first; beyond the end they are ready at once.
        attempts: Vec<Attempt>,
        /// What its runs do when they are asked to end.
        manner: Manner,
        /// What they take along.
        luggage: Luggage,
    },
    /// A task with a thread of its own, which ends when it is told to, and not before (L40).
    Thread,
    /// A supervisor.
    Supervisor(Box<Flags>),
}

/// What is said about a supervisor and those below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flags {
    /// In which order they start.
    pub start: Order,
    /// Who is restarted together.
    pub strategy: Strategy,
    /// How many restarts of all children.
    pub intensity: Limit,
    /// Whether a meltdown is a failure, seen from above.
    pub meltdown_is_abnormal: bool,
    /// When it ends by itself.
    pub auto_shutdown: AutoShutdown,
    /// Whether it is a pool: it declares nobody, and nobody in it is kept when it is down.
    pub is_pool: bool,
    /// Of the root: how long the end of the tree may take.
    pub budget: Option<u64>,
    /// What all that is aborted with it has in place of its own wait.
    pub abort_wait_of_all: Option<u64>,
    /// Who is declared.
    pub children: Vec<Child>,
}

impl Child {
    /// A permanent task that is ready at once and ends when it is asked to.
    pub fn task(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            restart: Restart::Permanent,
            significant: false,
            backoff: Backoff::NONE,
            limit: None,
            classes: Vec::new(),
            on_limit: OnLimit::Quarantine,
            probe_after: None,
            depends_on: Vec::new(),
            on_dependency_restart: OnDependencyRestart::Keep,
            start_timeout: None,
            stale_after: None,
            grace: Some(5_000),
            abort_wait: 1_000,
            body: Body::Task {
                attempts: Vec::new(),
                manner: Manner::Obedient,
                luggage: Luggage::None,
            },
        }
    }

    /// A permanent supervisor.
    pub fn supervisor(id: &str, flags: Flags) -> Self {
        Self { grace: None, body: Body::Supervisor(Box::new(flags)), ..Self::task(id) }
    }

    /// What is said about a class of failure.
    pub fn class(&self, class: Class) -> Option<&OfClass> {
        self.classes.iter().find(|said| said.class == class)
    }

    /// What is said about the supervisor, if it is one.
    pub fn flags(&self) -> Option<&Flags> {
        match &self.body {
            Body::Supervisor(flags) => Some(flags),
            Body::Task { .. } | Body::Thread => None,
        }
    }
}

impl Flags {
    /// One for one, and a limit that is never reached.
    pub fn new(children: Vec<Child>) -> Self {
        Self {
            start: Order::Sequential,
            strategy: Strategy::OneForOne,
            intensity: Limit { max: 1_000_000, within: 1 },
            meltdown_is_abnormal: true,
            auto_shutdown: AutoShutdown::Never,
            is_pool: false,
            budget: None,
            abort_wait_of_all: None,
            children,
        }
    }
}

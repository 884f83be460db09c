//! The tree as it is, what has happened, and how time passes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::command::{Answer, Command};
use crate::spec::{Child, Class, Flags, Limit, Restart};
use crate::world::{Order, Run, Turn, Word};

/// Where a node stands in the list of all.
pub(crate) type Id = usize;

/// Where a child is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Its turn has not come.
    Waiting,
    /// Not ready yet.
    Starting,
    /// It runs.
    Up,
    /// Asked to end.
    Stopping,
    /// It will be started again.
    Restarting,
    /// It does not run.
    Down,
    /// Kept out by an operator.
    Paused,
    /// Kept out by an operator, or because it failed too often.
    Quarantined,
    /// Asked to end, and given up: it is still there (L40).
    Unjoinable,
}

impl Life {
    /// Whether a run exists.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Up | Self::Stopping | Self::Unjoinable)
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Up => "up",
            Self::Stopping => "stopping",
            Self::Restarting => "restarting",
            Self::Down => "down",
            Self::Paused => "paused",
            Self::Quarantined => "quarantined",
            Self::Unjoinable => "unjoinable",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, well.
    Succeeded,
    /// Because it was asked to, or with that outcome.
    Shutdown,
    /// With an error of this class.
    Failed(Class),
    /// With a panic.
    Panicked,
    /// Its start took too long.
    TimedOut,
    /// By force.
    Aborted,
}

impl Exit {
    /// Whether a transient child is restarted after it.
    pub(crate) fn is_abnormal(self) -> bool {
        self.class().is_some()
    }

    /// L36: what kind of failure it is, if it is one.
    pub(crate) fn class(self) -> Option<Class> {
        match self {
            Self::Failed(class) => Some(class),
            Self::Panicked => Some(Class::Panic),
            Self::TimedOut => Some(Class::Timeout),
            Self::Succeeded | Self::Shutdown | Self::Aborted => None,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Shutdown => "shutdown",
            Self::Failed(_) => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::Aborted => "aborted",
        }
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A start phase begins.
    Starting,
    /// It is up.
    Ready,
    /// An attempt failed.
    StartFailed(Exit),
    /// An attempt had nothing to do.
    StartIgnored,
    /// It ended.
    Exited(Exit),
    /// It is asked to end.
    StopRequested,
    /// It is forced to.
    Aborted,
    /// It does not end, and is given up.
    Unjoinable,
    /// It is started as a trial.
    Probing,
    /// A supervisor gives up.
    Meltdown,
    /// A supervisor ends because a significant child has.
    AutoShutdown,
    /// The rest of the tree is cut short.
    Forced,
    /// It is known from now on.
    Added,
    /// It is no longer known.
    Removed,
}

/// Something that happened to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// When.
    pub at: u64,
    /// To whom.
    pub path: String,
    /// To which run.
    pub generation: u64,
    /// What.
    pub fact: Fact,
}

/// One child as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands.
    pub path: String,
    /// Where it is in its life.
    pub life: Life,
    /// Its latest run.
    pub generation: u64,
    /// For a supervisor: how many restarts count against it.
    pub used: Option<usize>,
    /// How many count against its own limit, and against those of the classes of failure.
    pub own_used: Vec<usize>,
    /// When it is started again.
    pub due: Option<u64>,
}

/// Why a run was started; it says what follows when the start fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its supervisor starts.
    Init,
    /// A group is restarted.
    Round,
    /// It is restarted alone.
    Restart,
    /// Somebody asked for it.
    Command,
    /// It was added.
    Add,
    /// It is on trial.
    Probe,
}

/// What a stop is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To be down.
    Stop,
    /// To be started with a group.
    Member,
    /// Its supervisor ends.
    End,
    /// To be started again.
    Restart,
    /// To be forgotten.
    Remove,
    /// To be kept out.
    Hold,
    /// Its start took too long.
    TimedOut,
    /// It fell silent.
    Stale,
    /// To be started again when what it depends on is ready.
    Wait,
    /// Nobody asked: a supervisor ends by itself.
    Own,
}

/// What a supervisor is in the middle of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It does not run.
    None,
    /// Nothing.
    Idle,
    /// Its children start; so many have had their turn.
    StartingUp { members: Vec<Id>, turn: usize },
    /// A group is stopped; the start comes when it is due.
    Stopping { members: Vec<Id>, decided: u64, due: u64 },
    /// A group is started; so many have had their turn.
    Starting { members: Vec<Id>, turn: usize },
    /// All of it is stopped, and this is its exit.
    Ending { exit: Exit },
}

/// A group that was stopped and waits for its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) members: Vec<Id>,
    pub(crate) decided: u64,
    pub(crate) due: u64,
}

/// What waits until a supervisor has a moment.
#[derive(Clone, Debug)]
pub(crate) enum Job {
    Death(Id, Exit),
    FailedStart(Id, Exit),
    Probe(Id),
    Command(usize, Command),
}

/// What somebody who asked waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Gone,
    Ready,
}

/// An operator's wish, kept by path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) life: Life,
    /// Whether it is started when it is kept out no longer.
    pub(crate) is_to_run: bool,
    /// Whether its own limit did it, and it is tried again.
    pub(crate) is_probed: bool,
}

/// A child, or the root.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) path: String,
    pub(crate) spec: Rc<Child>,
    pub(crate) parent: Option<Id>,
    pub(crate) is_gone: bool,
    pub(crate) life: Life,
    pub(crate) generation: u64,
    pub(crate) run: Option<Run>,
    pub(crate) cause: Cause,
    pub(crate) wish: Wish,
    pub(crate) ready_at: Option<u64>,
    /// Whether a run of it was over before it was ready.
    pub(crate) has_failed_before: bool,
    /// Whether its latest run ever was.
    pub(crate) was_ready: bool,
    /// Of a supervisor that ends by itself: whether it is to end by now for somebody else, too.
    pub(crate) is_to_end: bool,
    /// Of a supervisor: whether it ends because it could not be started.
    pub(crate) has_failed_to_start: bool,
    pub(crate) start_due: Option<u64>,
    pub(crate) grace_due: Option<u64>,
    /// When it is given up.
    pub(crate) give_up_due: Option<u64>,
    /// Whether it is for something it depends on that it waits.
    pub(crate) is_waiting: bool,
    /// When it has been silent for too long.
    pub(crate) stale_due: Option<u64>,
    /// Whether it has been.
    pub(crate) is_stuck: bool,
    /// When it is restarted alone.
    pub(crate) due: Option<u64>,
    pub(crate) probe_due: Option<u64>,
    pub(crate) on_trial: bool,
    /// How many waits there have been in a row.
    pub(crate) waits: u32,
    pub(crate) charged: Vec<u64>,
    /// The same for a class of failure that has a wait, or a limit, of its own.
    pub(crate) class_waits: BTreeMap<Class, u32>,
    pub(crate) class_charged: BTreeMap<Class, Vec<u64>>,
    pub(crate) waiters: Vec<(usize, Until)>,
    // Of a supervisor.
    pub(crate) children: Vec<Id>,
    pub(crate) step: Step,
    /// Which of all supervisors was free before which.
    pub(crate) free_since: usize,
    /// Of its children, when it stops them layer by layer.
    pub(crate) layers: BTreeMap<Id, usize>,
    pub(crate) window: Vec<u64>,
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) groups: Vec<Group>,
}

/// A tree, and the runs in it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, as a law has it")]
pub struct Model {
    pub(crate) now: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) generations: BTreeMap<String, u64>,
    pub(crate) holds: BTreeMap<String, Hold>,
    /// Paths that were removed for good.
    pub(crate) removed: BTreeSet<String>,
    /// Who has something to do, in the order in which that came up.
    pub(crate) polls: VecDeque<Turn>,
    /// What runs have said and nobody has heard yet.
    pub(crate) mailbox: VecDeque<(Id, u64, Word)>,
    /// Runs that were spawned, and their supervisors have not said so yet.
    pub(crate) spawned: VecDeque<(Id, u64)>,
    /// What was decided, and is done when all is heard that belongs to the moment.
    pub(crate) orders: VecDeque<Order>,
    /// Whether there are new runs since the supervisors let others have their turns.
    pub(crate) has_spawned: bool,
    /// Whether everybody else who has a turn coming has it before the supervisors.
    pub(crate) gives_way: bool,
    pub(crate) trace: Vec<Item>,
    pub(crate) answers: Vec<(usize, Answer)>,
    pub(crate) is_ending: bool,
    pub(crate) is_over: bool,
    /// When the end of the tree has taken too long.
    pub(crate) budget_due: Option<u64>,
    /// Whether it has, or somebody said so.
    pub(crate) is_forced: bool,
    /// Supervisors that were aborted, and when.
    pub(crate) cut: Vec<(String, u64)>,
    ties: usize,
    /// How often a supervisor was done with what it was in the middle of.
    pub(crate) times_free: usize,
    /// Whether it came to what no law speaks of.
    pub(crate) is_open: bool,
    reached: BTreeSet<&'static str>,
    newly_reached: Vec<&'static str>,
}

impl Model {
    /// The tree with this root, before its start.
    pub fn new(root: Flags) -> Self {
        let mut model = Self {
            now: 0,
            nodes: Vec::new(),
            generations: BTreeMap::new(),
            holds: BTreeMap::new(),
            removed: BTreeSet::new(),
            polls: VecDeque::new(),
            mailbox: VecDeque::new(),
            spawned: VecDeque::new(),
            orders: VecDeque::new(),
            has_spawned: false,
            gives_way: false,
            trace: Vec::new(),
            answers: Vec::new(),
            is_ending: false,
            is_over: false,
            budget_due: None,
            is_forced: false,
            cut: Vec::new(),
            ties: 0,
            times_free: 0,
            is_open: false,
            reached: BTreeSet::new(),
            newly_reached: Vec::new(),
        };
        let mut root = Child::supervisor("root", root);
        root.grace = None;
        model.place(None, Rc::new(root));
        model
    }

    /// Starts the tree and lets everything happen that needs no time.
    pub fn start(&mut self) {
        self.attempt(0, Cause::Init);
        self.settle();
    }

    /// Lets so much time pass, with all that is due in it.
    pub fn wait(&mut self, millis: u64) {
        let until = self.now + millis;
        while let Some(due) = self.dues().min().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            let at_once = self.dues().filter(|&due| due <= self.now).count();
            self.ties += usize::from(at_once > 1);
            let mut fired = 0;
            while self.fire() {
                fired += 1;
                self.settle();
            }
            self.ties += usize::from(fired > 1);
        }
        self.now = until;
    }

    /// The time.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// How often several clocks rang at the same moment; their order is nobody's law.
    pub fn ties(&self) -> usize {
        self.ties
    }

    /// Whether it came to what no law speaks of: a supervisor whose start fails over a run that
    /// cannot be ended.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the tree has ended.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the end of the tree has begun.
    pub fn is_ending(&self) -> bool {
        self.is_ending
    }

    /// Whether everything that was still live has been aborted at once.
    pub fn is_forced(&self) -> bool {
        self.is_forced
    }

    /// What happened since this was asked last.
    pub fn take_trace(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.trace)
    }

    /// The supervisors whose grace was over since this was asked last, and when.
    pub fn take_cut(&mut self) -> Vec<(String, u64)> {
        std::mem::take(&mut self.cut)
    }

    /// What was answered since this was asked last: the number of the command, and the answer.
    pub fn take_answers(&mut self) -> Vec<(usize, Answer)> {
        std::mem::take(&mut self.answers)
    }

    /// Whether there is such a child.
    pub fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// How long the grace of a new child there may be: not longer than that of a supervisor above
    /// it, nor than the tree has. `None` where there is neither.
    pub fn room(&self, path: &str) -> Option<u64> {
        let mut room = self.nodes[0].spec.flags().and_then(|flags| flags.budget);
        let mut at = self.find(path);
        while let Some(id) = at {
            let grace = self.nodes[id].spec.grace;
            room = room.into_iter().chain(grace).min();
            at = self.nodes[id].parent;
        }
        room
    }

    /// Whether it is a supervisor that has a grace for all that is below it.
    pub fn has_grace_of_all(&self, path: &str) -> bool {
        let node = self.find(path).map(|id| &self.nodes[id]);
        node.is_some_and(|node| node.spec.flags().is_some() && node.spec.grace.is_some())
    }

    /// Below this path, those that are there for good: what others may depend on.
    pub fn lasting_children(&self, path: &str) -> Vec<String> {
        let Some(id) = self.find(path).filter(|&id| !self.is_pool(id)) else { return Vec::new() };
        let children = self.nodes[id].children.iter().map(|&child| &self.nodes[child]);
        let lasting = children.filter(|child| child.spec.restart != Restart::Temporary);
        lasting.map(|child| child.path.clone()).collect()
    }

    /// What of [`STATES`](crate::STATES) was reached for the first time since this was asked last.
    pub fn take_reached(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.newly_reached)
    }

    /// Something interesting happens.
    pub(crate) fn reach(&mut self, state: &'static str) {
        debug_assert!(crate::STATES.contains(&state), "`{state}` is not in the list");
        if self.reached.insert(state) {
            self.newly_reached.push(state);
        }
    }

    /// Whether some supervisor is in the middle of something, so that what is asked for may have
    /// to wait.
    pub fn is_busy(&self) -> bool {
        let alive = self.nodes.iter().filter(|node| !node.is_gone);
        alive.into_iter().any(|node| {
            !matches!(node.step, Step::None | Step::Idle)
                || !node.jobs.is_empty()
                || node.life == Life::Stopping
        })
    }

    /// Every child below supervisors that are live, each supervisor before its children.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        if !self.is_over {
            self.rows_below(0, &mut rows);
        }
        rows
    }

    fn rows_below(&self, at: Id, rows: &mut Vec<Row>) {
        for &id in &self.nodes[at].children {
            let node = &self.nodes[id];
            let used = |charged: &[u64], limit: Limit| {
                let all = charged.iter().filter(|&&at| self.now - at <= limit.within).count();
                all.min(limit.max + 1)
            };
            let own = node.spec.limit.map(|limit| used(&node.charged, limit));
            let of_class = |class: &Class| {
                let limit = node.spec.class(*class)?.limit?;
                let charged = node.class_charged.get(class);
                Some(used(charged.map_or(&[], Vec::as_slice), limit))
            };
            rows.push(Row {
                path: node.path.clone(),
                life: node.life,
                generation: node.generation,
                used: node
                    .spec
                    .flags()
                    .filter(|_| node.life.is_live())
                    .map(|flags| used(&node.window, flags.intensity)),
                own_used: own.into_iter().chain(Class::ALL.iter().filter_map(of_class)).collect(),
                due: self.due_of(id),
            });
            if node.life.is_live() {
                self.rows_below(id, rows);
            }
        }
    }

    fn due_of(&self, id: Id) -> Option<u64> {
        let node = &self.nodes[id];
        let parent = node.parent.map(|parent| &self.nodes[parent]);
        match node.life {
            Life::Restarting => node.due.or_else(|| {
                let groups = &parent?.groups;
                groups.iter().find(|group| group.members.contains(&id)).map(|group| group.due)
            }),
            // One that is due and has to wait for its supervisor shows nothing.
            Life::Quarantined => node.probe_due.filter(|&due| due > self.now),
            _ => None,
        }
    }

    /// Puts a node into the list, and below `parent` as the youngest.
    pub(crate) fn place(&mut self, parent: Option<Id>, spec: Rc<Child>) -> Id {
        let path = match parent {
            Some(parent) => format!("{}/{}", self.nodes[parent].path, spec.id),
            None => format!("/{}", spec.id),
        };
        let id = self.nodes.len();
        let generation = self.generations.get(&path).copied().unwrap_or(0);
        self.nodes.push(Node {
            path,
            spec,
            parent,
            is_gone: false,
            life: Life::Waiting,
            generation,
            run: None,
            cause: Cause::Init,
            wish: Wish::Own,
            ready_at: None,
            has_failed_before: false,
            was_ready: false,
            is_to_end: false,
            has_failed_to_start: false,
            start_due: None,
            grace_due: None,
            give_up_due: None,
            is_waiting: false,
            stale_due: None,
            is_stuck: false,
            due: None,
            probe_due: None,
            on_trial: false,
            waits: 0,
            charged: Vec::new(),
            class_waits: BTreeMap::new(),
            class_charged: BTreeMap::new(),
            waiters: Vec::new(),
            children: Vec::new(),
            step: Step::None,
            free_since: 0,
            layers: BTreeMap::new(),
            window: Vec::new(),
            jobs: VecDeque::new(),
            groups: Vec::new(),
        });
        if let Some(parent) = parent {
            self.nodes[parent].children.push(id);
        }
        id
    }

    pub(crate) fn note(&mut self, id: Id, fact: Fact) {
        let node = &self.nodes[id];
        let (path, generation) = (node.path.clone(), node.generation);
        self.trace.push(Item { at: self.now, path, generation, fact });
    }

    /// Answers everybody who waits for something of this node.
    pub(crate) fn answer_waiters(&mut self, id: Id, answer: impl Fn(Until) -> Option<Answer>) {
        let waiters = std::mem::take(&mut self.nodes[id].waiters);
        for (command, until) in waiters {
            match answer(until) {
                Some(answer) => self.answers.push((command, answer)),
                None => self.nodes[id].waiters.push((command, until)),
            }
        }
    }

    /// The moments at which something happens by itself.
    fn dues(&self) -> impl Iterator<Item = u64> + '_ {
        let alive = self.nodes.iter().filter(|node| !node.is_gone);
        let budget = self.budget_due.filter(|_| !self.is_over);
        budget.into_iter().chain(alive.flat_map(|node| {
            let run = node.run.as_ref().and_then(|run| run.due);
            let restart = node.due.filter(|_| node.life == Life::Restarting);
            let groups = node.groups.iter().map(|group| group.due);
            let probe = node.probe_due.filter(|_| self.may_probe(node));
            let stop = [node.grace_due, node.give_up_due];
            [run, node.start_due, node.stale_due, restart, probe]
                .into_iter()
                .chain(stop)
                .flatten()
                .chain(groups.filter(|_| node.step == Step::Idle))
        }))
    }

    /// Nobody is tried again below a supervisor that ends.
    fn may_probe(&self, node: &Node) -> bool {
        node.parent.is_some_and(|parent| !self.is_being_stopped(parent))
    }

    /// A probe waits until its supervisor is in the middle of nothing.
    fn probe_in_turn(&mut self, id: Id) {
        self.nodes[id].probe_due = None;
        let Some(parent) = self.nodes[id].parent else { return };
        if self.nodes[parent].step == Step::Idle {
            self.probe(id);
        } else {
            self.nodes[parent].jobs.push_back(Job::Probe(id));
        }
    }

    /// Does the first thing that is due by now. What waits for a supervisor is found by looking.
    fn fire(&mut self) -> bool {
        let now = self.now;
        let is_due = |due: Option<u64>| due.is_some_and(|due| due <= now);
        if is_due(self.budget_due.filter(|_| !self.is_over)) {
            self.reach("L44 the budget of the end is spent");
            self.force();
            return true;
        }
        for id in 0..self.nodes.len() {
            let node = &self.nodes[id];
            if node.is_gone {
                continue;
            }
            if node.run.as_ref().is_some_and(|run| is_due(run.due)) {
                self.ring(id);
            } else if is_due(node.start_due) {
                self.start_takes_too_long(id);
            } else if is_due(node.grace_due) {
                self.its_grace_is_over(id);
            } else if is_due(node.give_up_due) {
                self.give_up(id);
            } else if is_due(node.stale_due) {
                self.is_silent(id);
            } else if is_due(node.probe_due) && self.may_probe(node) {
                self.probe_in_turn(id);
            } else if node.life == Life::Restarting && is_due(node.due) {
                self.nodes[id].due = None;
                self.attempt(id, Cause::Restart);
            } else if node.step == Step::Idle && node.groups.iter().any(|group| group.due <= now) {
                self.begin_due_group(id);
            } else {
                continue;
            }
            return true;
        }
        false
    }
}

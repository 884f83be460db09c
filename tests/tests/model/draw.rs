//! What is drawn at random: trees, and what is done to them; and the model that knows what
//! follows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::ReferenceStateMachine;
use supervisor_model::spec::{
    Attempt, AutoShutdown, Backoff, Body, Child, Class, Flags, Limit, Luggage, Manner, OfClass,
    OnDependencyRestart, OnLimit, Order, Restart, Strategy as Who,
};
use supervisor_model::{Command, Exit, Life, Model, Row, Verb};

use crate::seen::Seen;

/// One step of a history.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Time passes, in milliseconds.
    Wait(u64),
    /// These runs end at the same moment, if they are up.
    Tell(Vec<(String, Exit)>),
    /// Somebody asks for something.
    Command(Command),
    /// Somebody asks for something, and does not wait for an answer (L46).
    Dropped(Command),
    /// The work of this run goes on.
    Beat(String),
    /// The latest run of this child that is over says that it is ready and goes on.
    LateWord(String),
}

/// The model, and what it did last.
#[derive(Clone, Debug)]
pub(crate) struct Twin {
    pub(crate) tree: Flags,
    model: Model,
    pub(crate) script: Vec<Op>,
    pub(crate) seen: Seen,
    /// Which steps nobody waits for.
    dropped: BTreeSet<usize>,
    /// Who starts and stops children side by side: in which order of them is nobody's law.
    pub(crate) in_parallel: BTreeSet<String>,
    /// Whose members come and go, and are stopped at the same time.
    pools: BTreeSet<String>,
    /// What was reached for the first time.
    pub(crate) reached: Vec<&'static str>,
    /// Who of those that were to be told was up.
    pub(crate) told: Vec<(String, Exit)>,
    /// The same, of a thread.
    pub(crate) told_thread: Option<(String, Exit)>,
    /// Two clocks rang at the same moment; what comes first is nobody's law.
    pub(crate) is_void: bool,
    pub(crate) was_void: bool,
}

impl Twin {
    fn new(tree: Flags) -> Self {
        let mut model = Model::new(tree.clone());
        model.start();
        let seen = Seen::of(&mut model);
        let mut in_parallel = BTreeSet::new();
        let is_all = has_edges_across(&tree, "/root");
        parallel_supervisors(&tree, "/root", is_all, &mut in_parallel);
        let mut pools = BTreeSet::new();
        all_pools(&tree, "/root", &mut pools);
        in_parallel.extend(pools.iter().cloned());
        Self {
            in_parallel,
            pools,
            tree,
            model,
            script: Vec::new(),
            seen,
            dropped: BTreeSet::new(),
            reached: Vec::new(),
            told: Vec::new(),
            told_thread: None,
            is_void: false,
            was_void: false,
        }
    }

    fn apply(mut self, op: &Op) -> Self {
        self.was_void = self.is_void;
        self.script.push(op.clone());
        (self.told, self.told_thread) = (Vec::new(), None);
        if self.is_void {
            return self;
        }
        match op {
            Op::Wait(millis) => self.model.wait(*millis),
            Op::Tell(whom) => {
                // What a thread says comes from outside: when, beside others, is nobody's law.
                let thread = whom.iter().find(|(path, _)| self.model.is_on_thread(path));
                if let Some((path, how)) = thread.cloned() {
                    let is_told = self.model.tell(&path, how);
                    self.told_thread = is_told.then_some((path, how));
                } else {
                    for (path, how) in whom {
                        if self.model.tell(path, *how) {
                            self.told.push((path.clone(), *how));
                        }
                    }
                }
                self.model.settle();
            }
            Op::Command(command) => {
                // What is declared so is known from the beginning.
                if let Verb::Add(child) = &command.verb
                    && child.on_dependency_restart == OnDependencyRestart::Restart
                {
                    self.in_parallel.insert(command.path.clone());
                }
                self.model.command(self.script.len(), command);
            }
            Op::Dropped(command) => {
                self.dropped.insert(self.script.len());
                self.model.command(self.script.len(), command);
            }
            Op::Beat(path) => self.model.beat(path),
            Op::LateWord(path) => self.model.late_word(path),
        }
        self.is_void = self.model.ties() > 0 || self.model.is_open();
        self.seen = Seen::of(&mut self.model);
        self.seen.answers.retain(|(number, _)| !self.dropped.contains(number));
        self.reached = self.model.take_reached();
        self
    }

    /// Tree and history in the notation of the scripts.
    pub(crate) fn script(&self) -> String {
        let mut text = format!("  tree:   {}\n  script: ", flags_text(&self.tree));
        for op in &self.script {
            let _ok = write!(text, "{}; ", op_text(op));
        }
        text.push('\n');
        text
    }
}

/// The reference of the state machine.
pub(crate) struct Laws;

/// How a run ends.
fn exit() -> impl Strategy<Value = Exit> {
    prop_oneof![
        4 => Just(Exit::Failed(Class::Recoverable)),
        1 => Just(Exit::Failed(Class::External)),
        1 => Just(Exit::Failed(Class::Timeout)),
        2 => Just(Exit::Succeeded),
        1 => Just(Exit::Shutdown),
        1 => Just(Exit::Panicked),
        1 => Just(Exit::Failed(Class::Fatal)),
    ]
}

impl ReferenceStateMachine for Laws {
    type State = Twin;
    type Transition = Op;

    fn init_state() -> BoxedStrategy<Twin> {
        tree().prop_map(Twin::new).boxed()
    }

    fn transitions(twin: &Twin) -> BoxedStrategy<Op> {
        let rows = twin.model.rows();
        let mut paths: Vec<_> = rows.iter().map(|row| row.path.clone()).collect();
        let is_calm = !is_wild(Wild::Queued);
        let is_flat = is_calm && twin.model.is_busy();
        let is_near = |path: &&String| !is_flat || path.matches('/').count() == 2;
        let tasks: Vec<_> = paths.iter().filter(is_near).cloned().collect();
        paths.push("/root/nobody".to_owned());
        // What is on its way is where commands meet something.
        let is_stopping = |row: &&Row| row.life == Life::Stopping && is_near(&&row.path);
        let stopping: Vec<_> =
            rows.iter().filter(is_stopping).map(|row| row.path.clone()).collect();
        let mut parents: Vec<_> =
            rows.iter().filter(|row| row.used.is_some()).map(|row| row.path.clone()).collect();
        parents.push("/root".to_owned());
        let pools: Vec<_> =
            parents.iter().filter(|path| twin.pools.contains(*path)).cloned().collect();
        let adds = if pools.is_empty() { 5 } else { 25 };
        // One member is no pool.
        parents.extend(pools.iter().chain(&pools).chain(&pools).cloned());
        for path in stopping {
            paths.extend([path.clone(), path.clone(), path.clone(), path]);
        }
        // So it is where somebody has less time than those below him may need.
        let is_up = |row: &&Row| row.life == Life::Up && is_near(&&row.path);
        let up = rows.iter().filter(is_up).map(|row| &row.path);
        for path in up.filter(|path| twin.model.has_grace_of_all(path)) {
            paths.extend([path.clone(), path.clone(), path.clone(), path.clone()]);
        }
        let whom = select(paths);
        let verb = prop_oneof![
            1 => Just(Verb::Start),
            3 => Just(Verb::Stop),
            3 => Just(Verb::Restart),
            1 => Just(Verb::Delete),
            1 => Just(Verb::Remove),
            2 => Just(Verb::Pause),
            1 => Just(Verb::Quarantine),
            3 => Just(Verb::Resume),
            1 => Just(Verb::ResetBudget),
        ];
        // What has to wait until a supervisor has a moment is left to `MODEL_WILD`: in which order
        // several supervisors come to it at one moment is nobody's law.
        let verb = if is_calm && twin.model.is_busy() {
            prop_oneof![3 => Just(Verb::Stop), 1 => Just(Verb::Delete), 1 => Just(Verb::ResetBudget)]
                .boxed()
        } else {
            verb.boxed()
        };
        let is_add = !is_calm || !twin.model.is_busy();
        let command =
            (whom, verb, proptest::bool::weighted(0.1)).prop_map(|(path, verb, is_dropped)| {
                let command = Command { path, verb };
                if is_dropped { Op::Dropped(command) } else { Op::Command(command) }
            });
        let known: BTreeMap<_, _> =
            parents.iter().map(|path| (path.clone(), twin.model.lasting_children(path))).collect();
        let rooms: BTreeMap<_, _> =
            parents.iter().map(|path| (path.clone(), twin.model.room(path))).collect();
        let is_declared = |path: &String| !path.contains("/x");
        let add = (select(parents), 0..3_u8, child("x", 0, Temper::Usual)).prop_map(
            move |(path, n, mut child)| {
                child.id = format!("x{n}");
                let mut number = 500 + u64::from(n) * 7;
                let known: Vec<_> =
                    known[&path].iter().filter(|path| is_declared(path)).cloned().collect();
                tidy(&mut child, &mut number, AutoShutdown::Never);
                tidy_dependencies(&mut child, &known);
                if let (Some(room), Some(grace)) = (rooms[&path], &mut child.grace) {
                    *grace = (*grace).min(room - 1);
                }
                Op::Command(Command { path, verb: Verb::Add(Box::new(child)) })
            },
        );
        let wait = select(vec![1_u64, 40, 333, 1_111, 5_777, 31_000, 61_003]).prop_map(Op::Wait);
        let end = |verb| Just(Op::Command(Command { path: "/root".to_owned(), verb }));
        let now = if twin.model.is_ending() { 12 } else { 1 };
        let end = prop_oneof![6 => end(Verb::Shutdown), now => end(Verb::ShutdownNow)];
        let add = if is_add { add.boxed() } else { wait.clone().boxed() };
        if tasks.is_empty() {
            return prop_oneof![9 => add, 9 => wait, 1 => end].boxed();
        }
        let beat = select(tasks.clone()).prop_map(Op::Beat);
        // Of one that starts, an earlier run may still have to say that it is ready.
        let starting = rows.iter().filter(|row| row.life == Life::Starting);
        let starting: Vec<_> = starting.map(|row| row.path.clone()).collect();
        let lates = if starting.is_empty() { 3 } else { 45 };
        let late = select(if starting.is_empty() { tasks.clone() } else { starting });
        let late = late.prop_map(Op::LateWord);
        let tell = (select(tasks.clone()), exit()).prop_map(|told| Op::Tell(vec![told]));
        let both = (select(tasks.clone()), exit(), select(tasks), exit())
            .prop_map(|(a, how, b, so)| Op::Tell(vec![(a, how), (b, so)]));
        // Beside what is over soon, there is nothing to see.
        let ends = if twin.model.is_ending() { 10 } else { 1 };
        prop_oneof![
            40 => tell,
            10 => both,
            30 => command,
            adds => add,
            30 => wait,
            8 => beat,
            lates => late,
            ends => end,
        ]
        .boxed()
    }

    /// For shrinking: nobody depends on a child that is not there, or needs longer for his end
    /// than the tree has, or a supervisor above him.
    fn preconditions(twin: &Twin, op: &Op) -> bool {
        match op {
            Op::Command(Command { path, verb: Verb::Add(child) }) => {
                let is_short = |room| child.grace.unwrap_or(0) <= room;
                twin.model.room(path).is_none_or(is_short)
                    && child.depends_on.iter().all(|path| twin.model.has(path))
            }
            _ => true,
        }
    }

    fn apply(twin: Twin, op: &Op) -> Twin {
        twin.apply(op)
    }
}

fn tree() -> impl Strategy<Value = Flags> {
    (flags(2, Temper::Usual), any::<bool>(), wait_of_all()).prop_map(
        |(mut tree, has_budget, wait_of_all)| {
            tree.intensity.max += 3;
            let mut number = 0;
            tidy_flags(&mut tree, &mut number);
            // As short as the graces allow.
            tree.budget = has_budget.then(|| longest_grace(&tree) + 5);
            tree.abort_wait_of_all = wait_of_all.filter(|_| has_budget);
            let mut known = Vec::new();
            tidy_edges(&mut tree, "/root", &mut known);
            tree
        },
    )
}

fn longest_grace(flags: &Flags) -> u64 {
    let below = |child: &Child| child.flags().map_or(0, longest_grace);
    let each = flags.children.iter().map(|child| child.grace.unwrap_or(0).max(below(child)));
    each.max().unwrap_or(0)
}

/// How the children of a supervisor end when they are asked to.
#[derive(Clone, Copy)]
enum Temper {
    /// Most of them well.
    Usual,
    /// Most of them late, or not at all.
    Stubborn,
}

fn flags(depth: u32, temper: Temper) -> BoxedStrategy<Flags> {
    let strategy = select(vec![Who::OneForOne, Who::OneForAll, Who::RestForOne]);
    let intensity = (select(vec![0_usize, 1, 2, 3, 10]), select(vec![900_u64, 10_000, 40_000]));
    let auto = prop_oneof![
        4 => Just(AutoShutdown::Never),
        1 => Just(AutoShutdown::Any),
        1 => Just(AutoShutdown::All),
    ];
    let children = proptest::collection::vec(child("c", depth, temper), 1..5);
    let start = prop_oneof![2 => Just(Order::Sequential), 1 => Just(Order::Parallel)];
    ((strategy, start), intensity, any::<bool>(), auto, children)
        .prop_map(
            |((strategy, start), (max, within), meltdown_is_abnormal, auto_shutdown, children)| {
                Flags {
                    start,
                    strategy,
                    intensity: Limit { max, within },
                    meltdown_is_abnormal,
                    auto_shutdown,
                    ..Flags::new(children)
                }
            },
        )
        .boxed()
}

/// What a supervisor says about the wait of all that is aborted with it.
fn wait_of_all() -> impl Strategy<Value = Option<u64>> {
    proptest::option::of(select(vec![170_u64, 2_900]))
}

fn pool() -> impl Strategy<Value = Flags> {
    let intensity = (select(vec![0_usize, 1, 2, 10]), select(vec![900_u64, 40_000]));
    (intensity, any::<bool>()).prop_map(|((max, within), meltdown_is_abnormal)| Flags {
        is_pool: true,
        intensity: Limit { max, within },
        meltdown_is_abnormal,
        ..Flags::new(Vec::new())
    })
}

fn child(id: &'static str, depth: u32, temper: Temper) -> BoxedStrategy<Child> {
    let restart = prop_oneof![
        3 => Just(Restart::Permanent),
        2 => Just(Restart::Transient),
        1 => Just(Restart::Temporary),
    ];
    let backoff = prop_oneof![
        2 => Just(Backoff { reset_after: 20_000, ..Backoff::NONE }),
        2 => (select(vec![100_u64, 700]), select(vec![1_u64, 2]), select(vec![400_u64, 20_000]))
            .prop_map(|(initial, factor, reset_after)| Backoff { initial, max: 2_500, factor, reset_after }),
    ];
    let limit = proptest::option::weighted(0.3, (0_usize..3, select(vec![800_u64, 30_000])));
    let on_limit = prop_oneof![
        6 => Just(OnLimit::Quarantine),
        1 => Just(OnLimit::Escalate),
        2 => Just(OnLimit::Stop),
        1 => Just(OnLimit::ShutdownTree),
    ];
    let probe = proptest::option::weighted(0.4, Just(1_500_u64));
    // Of those known by then; which they are is seen when the tree is whole.
    let needs = prop_oneof![
        3 => Just(Vec::new()),
        1 => proptest::collection::vec((0..20_u8).prop_map(|n| n.to_string()), 1..3),
    ];
    let on_dependency_restart =
        select(vec![OnDependencyRestart::Keep, OnDependencyRestart::Restart]);
    let needs = (needs, on_dependency_restart);
    let budgets = (limit, prop_oneof![3 => Just(Vec::new()), 1 => classes()]);
    let policies = (restart, backoff, budgets, on_limit, probe, proptest::bool::weighted(0.3));
    let (obedient, late, deaf, threads) = match temper {
        Temper::Usual => (6, 3, 2, 1),
        Temper::Stubborn => (2, 2, 5, 2),
    };
    let task = (
        proptest::collection::vec(attempt(), 0..6),
        prop_oneof![
            obedient => Just(Manner::Obedient),
            late => select(vec![37_u64, 410, 3_003]).prop_map(Manner::Late),
            deaf => Just(Manner::Deaf),
        ],
        prop_oneof![
            6 => Just(Luggage::None),
            1 => Just(Luggage::Helper),
            1 => Just(Luggage::Bomb),
        ],
    )
        .prop_map(|(attempts, manner, luggage)| Body::Task { attempts, manner, luggage });
    let task = prop_oneof![8 => task, threads => Just(Body::Thread)];
    // With the grace of a supervisor: how much longer it is than the longest below.
    let task = (task, select(vec![500_u64, 2_000]).prop_map(Some));
    let body = if depth == 0 {
        task.boxed()
    } else {
        let supervisor = |flags| Body::Supervisor(Box::new(flags));
        let grace = select(vec![1_u64, 310, 1_700]);
        let cut_short = (flags(depth - 1, Temper::Stubborn), wait_of_all())
            .prop_map(|(flags, abort_wait_of_all)| Flags { abort_wait_of_all, ..flags });
        prop_oneof![
            24 => task,
            4 => flags(depth - 1, temper).prop_map(move |flags| (supervisor(flags), None)),
            3 => (cut_short.prop_map(supervisor), grace.clone().prop_map(Some)),
            3 => pool().prop_map(move |flags| (supervisor(flags), None)),
            1 => (pool().prop_map(supervisor), grace.prop_map(Some)),
        ]
        .boxed()
    };
    let stale_after = proptest::option::weighted(0.4, select(vec![900_u64, 6_000]));
    (policies, stale_after, body, needs)
        .prop_map(
            move |(
                (restart, backoff, (limit, classes), on_limit, probe_after, significant),
                stale_after,
                (body, grace),
                (depends_on, on_dependency_restart),
            )| {
                Child {
                    restart,
                    significant,
                    backoff,
                    limit: limit.map(|(max, within)| Limit { max, within }),
                    classes,
                    on_limit,
                    probe_after,
                    depends_on,
                    on_dependency_restart,
                    start_timeout: Some(1_200),
                    stale_after,
                    grace,
                    body,
                    ..Child::task(id)
                }
            },
        )
        .boxed()
}

/// Something is said about single classes of failure.
fn classes() -> impl Strategy<Value = Vec<OfClass>> {
    let backoff =
        (select(vec![150_u64, 900]), select(vec![1_u64, 2]), select(vec![400_u64, 20_000]));
    let backoff = backoff.prop_map(|(initial, factor, reset_after)| Backoff {
        initial,
        max: 3_500,
        factor,
        reset_after,
    });
    let limit = (0_usize..3, select(vec![800_u64, 30_000]));
    let limit = limit.prop_map(|(max, within)| Limit { max, within });
    let said = (proptest::option::of(backoff), proptest::option::of(limit));
    proptest::collection::btree_map(select(Class::ALL.to_vec()), said, 1..3).prop_map(|all| {
        let all =
            all.into_iter().map(|(class, (backoff, limit))| OfClass { class, backoff, limit });
        all.collect()
    })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    prop_oneof![
        8 => Just(Attempt::Ok),
        2 => Just(Attempt::Fail),
        1 => Just(Attempt::Unavailable),
        1 => Just(Attempt::Fatal),
        1 => Just(Attempt::Ignore),
        1 => Just(Attempt::Broken),
        2 => select(vec![53_u64, 290]).prop_map(Attempt::Slow),
        1 => Just(Attempt::Hang),
    ]
}

/// Lets children depend on what is declared before them: siblings, and with `MODEL_WILD` anything
/// in the tree. Who waits for what another supervisor does starts with that at one moment, and
/// which of the two supervisors is quicker then is nobody's law.
fn tidy_edges(flags: &mut Flags, path: &str, known: &mut Vec<String>) {
    for child in &mut flags.children {
        let is_near = |on: &&String| {
            is_wild(Wild::Edges) || on.rsplit_once('/').is_some_and(|on| on.0 == path)
        };
        tidy_dependencies(child, &known.iter().filter(is_near).cloned().collect::<Vec<_>>());
        let path = format!("{path}/{}", child.id);
        let before = known.len();
        if let Body::Supervisor(flags) = &mut child.body {
            tidy_edges(flags, &path, known);
        }
        // What is gone for good when it ends is no dependency, nor is what is below it.
        if child.restart == Restart::Temporary {
            known.truncate(before);
        } else {
            known.push(path);
        }
    }
}

fn tidy_dependencies(child: &mut Child, known: &[String]) {
    let nth = |text: &String| text.parse::<usize>().unwrap_or(0);
    let all: BTreeSet<_> = child
        .depends_on
        .iter()
        .filter_map(|text| known.get(nth(text) % known.len().max(1)).cloned())
        .collect();
    child.depends_on = all.into_iter().collect();
    if child.depends_on.is_empty() || child.restart == Restart::Temporary {
        child.on_dependency_restart = OnDependencyRestart::Keep;
    }
}

/// Whether children depend on what another supervisor does: then it matters which of two
/// supervisors is quicker at one moment, and that is nobody's law.
fn has_edges_across(flags: &Flags, path: &str) -> bool {
    flags.children.iter().any(|child| {
        let is_sibling =
            |on: &String| on.rsplit_once('/').is_some_and(|(parent, _)| parent == path);
        let below = format!("{path}/{}", child.id);
        !child.depends_on.iter().all(is_sibling)
            || child.flags().is_some_and(|flags| has_edges_across(flags, &below))
    })
}

/// Every supervisor that does things side by side: because it says so, or because some of its
/// children end when others do, whatever it is doing itself.
fn parallel_supervisors(flags: &Flags, path: &str, is_all: bool, all: &mut BTreeSet<String>) {
    let follows = |child: &Child| child.on_dependency_restart == OnDependencyRestart::Restart;
    if is_all || flags.start == Order::Parallel || flags.children.iter().any(follows) {
        all.insert(path.to_owned());
    }
    for child in &flags.children {
        if let Some(flags) = child.flags() {
            parallel_supervisors(flags, &format!("{path}/{}", child.id), is_all, all);
        }
    }
}

fn all_pools(flags: &Flags, path: &str, pools: &mut BTreeSet<String>) {
    if flags.is_pool {
        pools.insert(path.to_owned());
    }
    for child in &flags.children {
        if let Some(flags) = child.flags() {
            all_pools(flags, &format!("{path}/{}", child.id), pools);
        }
    }
}

/// What random histories leave out, unless `MODEL_WILD` names it; `MODEL_WILD=1` names all.
#[derive(Clone, Copy)]
enum Wild {
    /// Commands that have to wait because a supervisor is in the middle of something.
    Queued,
    /// Dependencies on what is below another supervisor.
    Edges,
    /// Supervisors that start side by side with others.
    SideBySide,
}

fn is_wild(what: Wild) -> bool {
    let word = match what {
        Wild::Queued => "queued",
        Wild::Edges => "edges",
        Wild::SideBySide => "side_by_side",
    };
    std::env::var("MODEL_WILD")
        .is_ok_and(|said| said == "1" || said.split(',').any(|said| said == word))
}

fn tidy_flags(flags: &mut Flags, number: &mut u64) {
    for (n, child) in flags.children.iter_mut().enumerate() {
        child.id = char::from(b'a' + u8::try_from(n).unwrap_or(0)).to_string();
        tidy(child, number, flags.auto_shutdown);
    }
    // Of supervisors side by side, which is quicker at one moment is nobody's law.
    if !is_wild(Wild::SideBySide) && flags.children.iter().any(|child| child.flags().is_some()) {
        flags.start = Order::Sequential;
    }
    if !flags.children.iter().any(|child| child.significant) {
        flags.auto_shutdown = AutoShutdown::Never;
    }
}

/// Makes a spec of it that can mean what it says, with times that are nobody else's.
fn tidy(child: &mut Child, number: &mut u64, auto: AutoShutdown) {
    *number += 1;
    let own = *number * 11;
    if child.backoff.initial > 0 {
        child.backoff.initial += own;
        child.backoff.max += own;
    }
    for (n, said) in (1..).zip(&mut child.classes) {
        if let Some(backoff) = &mut said.backoff {
            backoff.initial += own + n;
            backoff.max += own + n;
        }
    }
    child.grace = child.grace.map(|grace| grace + own);
    child.start_timeout = child.start_timeout.map(|timeout| timeout + own);
    child.stale_after = child.stale_after.map(|wait| wait + own);
    if child.restart == Restart::Temporary {
        (child.limit, child.probe_after, child.backoff) = (None, None, Backoff::NONE);
        child.classes.clear();
    }
    if child.on_limit != OnLimit::Quarantine {
        child.probe_after = None;
    }
    child.probe_after = child.probe_after.map(|wait| wait + own);
    child.significant &= auto != AutoShutdown::Never && child.restart != Restart::Permanent;
    match &mut child.body {
        Body::Supervisor(flags) => {
            (child.start_timeout, child.stale_after) = (None, None);
            // It takes two budgets until a supervisor is tried again: they are small then.
            if child.probe_after.is_some() {
                flags.intensity.max /= 3;
                let limit = child.limit.get_or_insert(Limit { max: 0, within: 30_000 });
                limit.max /= 2;
            }
            tidy_flags(flags, number);
            child.grace = child.grace.map(|more| more + longest_grace(flags));
        }
        Body::Thread => (child.start_timeout, child.stale_after) = (None, None),
        Body::Task { attempts, manner, .. } => {
            // The tree comes up.
            if let Some(first) = attempts.first_mut() {
                *first = Attempt::Ok;
            }
            for attempt in attempts {
                if let Attempt::Slow(millis) = attempt {
                    *millis += own;
                }
            }
            if let Manner::Late(millis) = manner {
                *millis += own;
            }
        }
    }
}

fn op_text(op: &Op) -> String {
    match op {
        Op::Wait(millis) => format!("wait {millis}ms"),
        Op::Tell(whom) => {
            let each = whom.iter().map(|(path, how)| format!("exit {} {how:?}", short(path)));
            each.collect::<Vec<_>>().join(" and ").to_lowercase()
        }
        Op::Command(command) => command_text(command),
        Op::Dropped(command) => format!("{} (dropped)", command_text(command)),
        Op::Beat(path) => format!("heartbeat {}", short(path)),
        Op::LateWord(path) => format!("late word {}", short(path)),
    }
}

fn short(path: &str) -> String {
    path.strip_prefix("/root/").unwrap_or(path).to_owned()
}

fn command_text(Command { path, verb }: &Command) -> String {
    match verb {
        Verb::Add(child) => format!("add {}/{}", short(path), child_text(child)),
        Verb::Shutdown => "shutdown".to_owned(),
        Verb::ShutdownNow => "shutdown now".to_owned(),
        verb => format!("{} {}", format!("{verb:?}").to_lowercase(), short(path)),
    }
}

fn flags_text(flags: &Flags) -> String {
    let Limit { max, within } = flags.intensity;
    let strategy = match flags.strategy {
        Who::OneForOne => "one_for_one",
        Who::OneForAll => "one_for_all",
        Who::RestForOne => "rest_for_one",
    };
    let strategy = if flags.is_pool { "pool" } else { strategy };
    let mut text = format!("{strategy} intensity={max}/{within}ms ");
    if flags.start == Order::Parallel {
        text.push_str("parallel ");
    }
    if let Some(budget) = flags.budget {
        let _ok = write!(text, "shutdown_budget={budget}ms ");
    }
    match flags.auto_shutdown {
        AutoShutdown::Never => {}
        AutoShutdown::Any => text.push_str("auto=any "),
        AutoShutdown::All => text.push_str("auto=all "),
    }
    if let Some(wait) = flags.abort_wait_of_all {
        let _ok = write!(text, "abort_wait={wait}ms ");
    }
    if !flags.meltdown_is_abnormal {
        text.push_str("meltdown=shutdown ");
    }
    let children: Vec<_> = flags.children.iter().map(child_text).collect();
    format!("{text}{{ {} }}", children.join(", "))
}

fn child_text(child: &Child) -> String {
    let mut text = child.id.clone();
    let mut word = |word: String| {
        let _ok = write!(text, " {word}");
    };
    match child.restart {
        Restart::Permanent => {}
        Restart::Transient => word("transient".to_owned()),
        Restart::Temporary => word("temporary".to_owned()),
    }
    if !child.depends_on.is_empty() {
        let paths: Vec<_> = child.depends_on.iter().map(|path| short(path)).collect();
        word(format!("depends_on({})", paths.join(" ")));
    }
    if child.on_dependency_restart == OnDependencyRestart::Restart {
        word("on_dependency_restart=restart".to_owned());
    }
    if child.significant {
        word("significant".to_owned());
    }
    let Backoff { initial, max, factor, reset_after } = child.backoff;
    if initial > 0 {
        word(format!("backoff={initial}ms..{max}ms*{factor}"));
    }
    word(format!("reset_after={reset_after}ms"));
    if let Some(Limit { max, within }) = child.limit {
        word(format!("limit={max}/{within}ms"));
    }
    for OfClass { class, backoff, limit } in &child.classes {
        let class = format!("{class:?}").to_lowercase();
        if let Some(Backoff { initial, max, factor, reset_after }) = backoff {
            word(format!(
                "on_{class}=backoff={initial}ms..{max}ms*{factor},reset_after={reset_after}ms"
            ));
        }
        if let Some(Limit { max, within }) = limit {
            word(format!("on_{class}=limit={max}/{within}ms"));
        }
    }
    if child.on_limit != OnLimit::Quarantine {
        word(format!("on_limit={:?}", child.on_limit).to_lowercase());
    }
    if let Some(wait) = child.probe_after {
        word(format!("probe={wait}ms"));
    }
    if let Some(wait) = child.stale_after {
        word(format!("stale_after={wait}ms"));
    }
    match &child.body {
        Body::Supervisor(flags) => {
            if let Some(grace) = child.grace {
                word(format!("grace={grace}ms"));
            }
            word(flags_text(flags));
        }
        Body::Thread => word(format!("thread grace={}ms", child.grace.unwrap_or(0))),
        Body::Task { attempts, manner, luggage } => {
            if !attempts.is_empty() {
                word(format!("attempts={attempts:?}").replace(", ", "+"));
            }
            if *manner != Manner::Obedient {
                word(format!("{manner:?} grace={:?}ms", child.grace.unwrap_or(0)));
            }
            if *luggage != Luggage::None {
                word(format!("{luggage:?}").to_lowercase());
            }
            if attempts.contains(&Attempt::Hang) {
                word(format!("start_timeout={:?}ms", child.start_timeout.unwrap_or(0)));
            }
        }
    }
    text
}

//! The same history under another declaration: the runs live as long as they did, and the tree
//! decides anew.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use super::{RecordError, Recorded, Recording, ends, text};
use crate::core::action::Action;
use crate::core::engine::Engine;
use crate::core::input::{Input, RunEnd};
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::id::ChildPath;
use crate::report::ShutdownReport;
use crate::spec::supervisor::SupervisorSpec;
use crate::state::TreeState;
use crate::task::result::TaskResult;

/// How many inputs are played beyond those that were recorded. A tree that restarts without a wait
/// and never comes to rest would be played for ever.
const BEYOND: usize = 100_000;

/// What another declaration would have made of a history.
///
/// This is taken to be the same:
///
/// - The first run of a child becomes ready, fails and ends as its first run did in the recording,
///   as long after its start; and so on with the second. A run that was asked to stop then might
///   have gone on for ever, and does.
/// - A run that nobody has recorded, because there was none, is ready at once and goes on until it
///   is asked to stop. So does one that the recording leaves alive.
/// - Whoever is asked to stop does so at once. Whoever did not until it was aborted does not now.
/// - Commands come at the moments at which they came.
///
/// It plays on after the end of the recording until the tree is at rest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WhatIf {
    /// A line for each decision, in the notation of [`Recording::replay`].
    pub decisions: String,
    /// The tree in the end.
    pub state: TreeState,
    /// How the tree ended, if it did.
    pub report: Option<ShutdownReport>,
}

impl WhatIf {
    /// Whether the tree ended.
    pub fn has_ended(&self) -> bool {
        self.report.is_some()
    }
}

/// The end and the state, in a few lines.
impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.report {
            Some(report) => write!(f, "{report}"),
            None => write!(f, "the tree lives\n{}", self.state),
        }
    }
}

/// What is known of one run, relative to its start.
#[derive(Clone, Debug, Default)]
struct Life {
    begun: Duration,
    ready: Option<Duration>,
    end: Option<(Duration, RunEnd)>,
    beats: Vec<Duration>,
    /// It was asked to stop: what it would have done by itself is not known.
    is_cancelled: bool,
    /// It was aborted before it ended.
    is_stubborn: bool,
    was_spawned: bool,
}

impl Life {
    fn learn(&mut self, now: Uptime, input: &Input) {
        let begun = self.begun;
        let since = |time: Uptime| time.elapsed().saturating_sub(begun);
        match input {
            Input::Spawned(_) => self.was_spawned = true,
            Input::Ready(_) => self.ready = Some(since(now)),
            Input::Ended(_, end) => self.end = Some((since(now), end.clone())),
            Input::Pulse { last, .. } => self.beats.extend(last.map(since)),
            Input::Start
            | Input::Command(..)
            | Input::Abandoned(_)
            | Input::News(_)
            | Input::Tick => {}
        }
    }
}

/// The lives of each child, the first first.
type Lives = BTreeMap<ChildPath, VecDeque<Life>>;

/// Whose life a run is, and which of them.
type Known = BTreeMap<RunKey, (ChildPath, usize)>;

fn life_of<'a>(lives: &'a mut Lives, known: &Known, run: RunKey) -> Option<&'a mut Life> {
    let (path, number) = known.get(&run)?;
    lives.get_mut(path)?.get_mut(*number)
}

fn lives_of(recording: &Recording) -> Result<Lives, RecordError> {
    let mut engine = recording.engine(&recording.spec())?;
    let (mut lives, mut known) = (Lives::new(), Known::new());
    let mut out = Vec::new();
    for Recorded { now, input, .. } in &recording.inputs {
        let run = match input {
            Input::Spawned(run)
            | Input::Ready(run)
            | Input::Ended(run, _)
            | Input::Pulse { run, .. } => Some(run),
            Input::Start
            | Input::Command(..)
            | Input::Abandoned(_)
            | Input::News(_)
            | Input::Tick => None,
        };
        if let Some(life) = run.and_then(|run| life_of(&mut lives, &known, *run)) {
            life.learn(*now, input);
        }
        engine.handle(*now, input.clone(), &mut out);
        for action in out.drain(..) {
            match action {
                Action::Start(run) => {
                    let Some((path, _)) = engine.run(run) else { continue };
                    let all = lives.entry(path.clone()).or_default();
                    known.insert(run, (path.clone(), all.len()));
                    all.push_back(Life { begun: now.elapsed(), ..Life::default() });
                }
                Action::Cancel(run) | Action::Abort(run) => {
                    let is_abort = matches!(action, Action::Abort(_));
                    let life = life_of(&mut lives, &known, run);
                    if let Some(life) = life.filter(|life| life.end.is_none()) {
                        life.is_cancelled = true;
                        life.is_stubborn |= is_abort;
                    }
                }
                _ => {}
            }
        }
    }
    Ok(lives)
}

/// The world around an engine, played.
struct World {
    engine: Engine,
    now: Uptime,
    lives: Lives,
    runs: BTreeMap<RunKey, (Uptime, Option<Life>)>,
    /// What happens when, in the order in which it was put in.
    due: BTreeMap<(Uptime, u64), Input>,
    last: u64,
    decisions: String,
    has_ended: bool,
}

pub(super) fn play(recording: &Recording, spec: &SupervisorSpec) -> Result<WhatIf, RecordError> {
    let mut world = World {
        engine: recording.engine(spec)?,
        now: Uptime::ZERO,
        lives: lives_of(recording)?,
        runs: BTreeMap::new(),
        due: BTreeMap::new(),
        last: 0,
        decisions: String::new(),
        has_ended: false,
    };
    for Recorded { now, input, .. } in &recording.inputs {
        if let Input::Start | Input::Command(..) | Input::Abandoned(_) | Input::News(_) = input {
            world.put_in(*now, input.clone());
        }
    }
    let horizon = Uptime::after(recording.covers());
    for _ in 0..recording.inputs.len() + BEYOND {
        if world.has_ended || !world.step(horizon) {
            break;
        }
    }
    let report = if world.has_ended { world.engine.report() } else { None };
    let state = world.engine.at(world.now).snapshot().tree();
    Ok(WhatIf { decisions: world.decisions, state, report })
}

impl World {
    fn put_in(&mut self, at: Uptime, input: Input) {
        self.last += 1;
        self.due.insert((at, self.last), input);
    }

    /// Does the next thing; `false` when nothing is left to be seen.
    fn step(&mut self, horizon: Uptime) -> bool {
        let tick = self.engine.next_deadline();
        let input = self.due.first_key_value().map(|((at, _), _)| *at);
        let is_tick = match (tick, input) {
            (None, None) => return false,
            (Some(tick), Some(input)) => tick < input,
            (tick, _) => tick.is_some(),
        };
        let Some(at) = (if is_tick { tick } else { input }) else { return false };
        // What remains is the heartbeats of those who are well.
        if at > horizon && self.due.is_empty() && self.engine.is_settled() {
            return false;
        }
        self.now = self.now.max(at);
        let input = if is_tick { None } else { self.due.pop_first().map(|(_, input)| input) };
        self.handle(input.unwrap_or(Input::Tick));
        true
    }

    fn handle(&mut self, input: Input) {
        match &input {
            // Of a run that has ended otherwise.
            Input::Ready(run) if !self.runs.contains_key(run) => return,
            Input::Ended(run, _) if self.runs.remove(run).is_none() => return,
            _ => {}
        }
        let mut out = Vec::new();
        self.engine.handle(self.now, input, &mut out);
        text::append(&mut self.decisions, self.now, &text::of_all(&self.engine, &out));
        self.has_ended |= ends(&out);
        let mut pulses = Vec::new();
        for action in out {
            match action {
                Action::Start(run) => self.begin(run),
                Action::Cancel(run) => {
                    let is_stubborn = |life: &Life| life.is_stubborn;
                    if let Some((_, life)) = self.runs.get(&run)
                        && !life.as_ref().is_some_and(is_stubborn)
                    {
                        let end = RunEnd::Returned(TaskResult::Shutdown);
                        self.put_in(self.now, Input::Ended(run, end));
                    }
                }
                Action::Abort(run) => self.put_in(self.now, Input::Ended(run, RunEnd::Dropped)),
                Action::CheckPulse(run) => pulses.push(run),
                Action::Reply(..) | Action::Note(_) | Action::Up | Action::End => {}
            }
        }
        for run in pulses {
            let last = self.last_beat(run);
            self.handle(Input::Pulse { run, last });
        }
    }

    fn begin(&mut self, run: RunKey) {
        let Some((path, _)) = self.engine.run(run) else { return };
        let life = self.lives.get_mut(path).and_then(VecDeque::pop_front);
        let now = self.now;
        let was_spawned = life.as_ref().is_none_or(|life| life.was_spawned || life.end.is_none());
        if was_spawned {
            self.put_in(now, Input::Spawned(run));
        }
        match &life {
            Some(Life { ready, end, is_cancelled, .. }) => {
                let (ready, end, is_cancelled) = (*ready, end.clone(), *is_cancelled);
                if let Some(ready) = ready {
                    self.put_in(now + ready, Input::Ready(run));
                }
                if let Some((after, end)) =
                    end.filter(|_| !is_cancelled || cfg!(plant_bug = "stops_are_ends"))
                {
                    self.put_in(now + after, Input::Ended(run, end));
                }
            }
            None => self.put_in(now, Input::Ready(run)),
        }
        self.runs.insert(run, (now, life));
    }

    /// The latest heartbeat that is known of a run; one that nobody has recorded is well.
    fn last_beat(&self, run: RunKey) -> Option<Uptime> {
        let (begun, life) = self.runs.get(&run)?;
        let Some(life) = life.as_ref().filter(|life| life.end.is_some()) else {
            return Some(self.now);
        };
        let beats = life.beats.iter().map(|beat| *begun + *beat);
        beats.filter(|beat| *beat <= self.now).max()
    }
}

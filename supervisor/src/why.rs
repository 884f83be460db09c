//! Why a child is in its state.

#[cfg(feature = "serde")]
pub mod form;

use std::fmt;
use std::time::Duration;

use crate::id::{ChildPath, Generation};
use crate::policy::decision::RestartDecision;
use crate::state::{ChildState, CommandRecord, ExitRecord, Lifecycle, LimitState};
use crate::task::exit::Exit;

/// Why a child is in its state: as data, and with `Display` as sentences, one in a line.
///
/// It is an answer of [`why`](crate::control::handle::SupervisorHandle::why), and true at that
/// moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Why {
    /// The moment, on the monotonic clock since the tree was started.
    pub uptime: Duration,
    /// The child, with its latest exits, its latest failure and who holds it.
    pub state: ChildState,
    /// The supervisors above it, the nearest first. None for the root.
    pub above: Vec<ChildState>,
    /// What led here and what comes next.
    pub reasons: Vec<Reason>,
}

/// One part of the answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// It was not started yet: its supervisor has not come to it.
    NotItsTurn {
        /// The supervisor.
        supervisor: ChildPath,
        /// What that is doing.
        lifecycle: Lifecycle,
    },
    /// It starts as soon as what it depends on is ready.
    WaitsFor {
        /// What of that is not ready.
        dependencies: Vec<ChildPath>,
    },
    /// It was started and has not said yet that it is ready.
    NotReadyYet,
    /// It was asked to stop and has not ended yet.
    NotEndedYet,
    /// It is not to be started: what is declared, or configured, says so.
    Disabled,
    /// It was aborted and has not ended: as long as it is there nothing starts in its place.
    CannotBeEnded,
    /// It was started and runs.
    Runs,
    /// Its latest run ended.
    Exited(ExitRecord),
    /// It failed, and how; its latest run ended otherwise.
    FailedBefore(ExitRecord),
    /// What was decided after its latest exit, and the rule.
    Decided(RestartDecision),
    /// It waits for this moment on the monotonic clock since the tree was started.
    WaitsUntil {
        /// The moment.
        due: Duration,
        /// The run that starts then.
        next: Generation,
    },
    /// It takes part in a restart of several children by its supervisor, and waits for its turn.
    WaitsForRound {
        /// The supervisor.
        supervisor: ChildPath,
    },
    /// Somebody asked for it.
    Commanded(CommandRecord),
    /// It is kept out because it has used up its own limit, or failed for good.
    HeldByLimit {
        /// Since when.
        since: Duration,
        /// Whether it is started on trial, and until when it waits for that.
        trial: Option<Duration>,
    },
    /// It had nothing to do here.
    Ignored,
    /// The supervisor above does not run.
    SupervisorDown {
        /// The supervisor.
        supervisor: ChildPath,
        /// What it does.
        lifecycle: Lifecycle,
    },
    /// What is left of its own restart limit.
    OwnBudget(LimitState),
    /// What is left of the intensity that it shares with its siblings.
    SharedBudget {
        /// The supervisor.
        supervisor: ChildPath,
        /// What is left.
        budget: LimitState,
    },
}

impl Why {
    pub(crate) fn new(uptime: Duration, state: ChildState, above: Vec<ChildState>) -> Self {
        let reasons = reasons(&state, &above);
        Self { uptime, state, above, reasons }
    }
}

fn reasons(state: &ChildState, above: &[ChildState]) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let supervisor = above.first();
    match state.lifecycle {
        Lifecycle::Waiting if !state.waits_for.is_empty() => {
            reasons.push(Reason::WaitsFor { dependencies: state.waits_for.clone() });
        }
        Lifecycle::Waiting => {
            reasons.extend(supervisor.map(|above| Reason::NotItsTurn {
                supervisor: above.path.clone(),
                lifecycle: above.lifecycle,
            }));
        }
        Lifecycle::Starting => reasons.push(Reason::NotReadyYet),
        Lifecycle::Up => reasons.push(Reason::Runs),
        Lifecycle::Stopping => reasons.push(Reason::NotEndedYet),
        Lifecycle::Unjoinable => reasons.push(Reason::CannotBeEnded),
        Lifecycle::Disabled => reasons.push(Reason::Disabled),
        Lifecycle::Restarting | Lifecycle::Down | Lifecycle::Paused | Lifecycle::Quarantined => {}
    }
    let command = state.last_command.as_ref();
    match (state.lifecycle, &state.held_by) {
        // Who keeps it out is said even if other commands have come since.
        (Lifecycle::Paused | Lifecycle::Quarantined, Some(held)) => {
            reasons.push(held.command.clone().map_or(
                Reason::HeldByLimit { since: held.since, trial: state.due },
                Reason::Commanded,
            ));
        }
        (Lifecycle::Stopping, _) => {
            reasons
                .extend(command.filter(|it| it.at >= state.since).cloned().map(Reason::Commanded));
        }
        (Lifecycle::Down, _) => reasons.extend(why_down(state, above)),
        // Told to start, it waits for others first.
        (Lifecycle::Waiting, _) => {
            let told = |it: &&CommandRecord| {
                it.generation == state.generation
                    && starts(it)
                    && state.last_decision_at.is_none_or(|decided| decided <= it.at)
            };
            reasons.extend(command.filter(told).cloned().map(Reason::Commanded));
        }
        (Lifecycle::Starting | Lifecycle::Up, _) => {
            // seen by: cargo test -p supervisor-tests --test seeing
            let started = |it: &&CommandRecord| {
                (it.generation.next() == state.generation || cfg!(plant_bug = "why_of_long_ago"))
                    && starts(it)
            };
            reasons.extend(command.filter(started).cloned().map(Reason::Commanded));
        }
        _ => {}
    }
    let last = state.last_exits.last();
    reasons.extend(last.cloned().map(Reason::Exited));
    let earlier = state.last_failure.as_ref();
    let earlier = earlier.filter(|it| last.is_none_or(|last| last.generation != it.generation));
    reasons.extend(earlier.cloned().map(Reason::FailedBefore));
    if let (Some(decision), true) = (state.last_decision, is_about_the_last_exit(state)) {
        reasons.push(Reason::Decided(decision));
    }
    match (state.due, state.lifecycle, supervisor) {
        (Some(due), ..) => {
            reasons.push(Reason::WaitsUntil { due, next: state.generation.next() });
        }
        (None, Lifecycle::Restarting, Some(above)) => {
            reasons.push(Reason::WaitsForRound { supervisor: above.path.clone() });
        }
        _ => {}
    }
    reasons.extend(state.limits.iter().copied().map(Reason::OwnBudget));
    reasons.extend(supervisor.and_then(|above| {
        let (supervisor, budget) = (above.path.clone(), above.intensity?);
        Some(Reason::SharedBudget { supervisor, budget })
    }));
    reasons
}

fn starts(record: &CommandRecord) -> bool {
    matches!(record.command, "start_child" | "restart_child" | "resume_child")
}

/// What has brought a child down that nobody holds.
fn why_down(state: &ChildState, above: &[ChildState]) -> Option<Reason> {
    if state.last_decision_at == Some(state.since) {
        // The decision says it.
        return None;
    }
    if matches!(state.last_exit(), Some(Exit::Ignored)) {
        return Some(Reason::Ignored);
    }
    if let Some(above) = above.iter().rev().find(|above| above.lifecycle != Lifecycle::Up) {
        let (supervisor, lifecycle) = (above.path.clone(), above.lifecycle);
        return Some(Reason::SupervisorDown { supervisor, lifecycle });
    }
    state.last_command.clone().filter(|it| it.at <= state.since).map(Reason::Commanded)
}

fn is_about_the_last_exit(state: &ChildState) -> bool {
    let decided = state.last_decision_at;
    state.last_exits.last().is_none_or(|last| decided.is_some_and(|at| at >= last.at))
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ChildState { path, generation, lifecycle, since, .. } = &self.state;
        let ago = self.uptime.saturating_sub(*since);
        write!(f, "`{path}` {generation} has been {lifecycle} for {ago:.1?}.")?;
        for reason in &self.reasons {
            f.write_str("\n")?;
            Sentence(reason, self.uptime).fmt(f)?;
        }
        Ok(())
    }
}

struct Sentence<'a>(&'a Reason, Duration);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(reason, now) = self;
        let ago = |at: Duration| now.saturating_sub(at);
        match reason {
            Reason::NotItsTurn { supervisor, lifecycle } => write!(
                f,
                "Its turn to start has not come: its supervisor `{supervisor}` is {lifecycle}."
            ),
            Reason::WaitsFor { dependencies } => {
                let paths: Vec<_> = dependencies.iter().map(|path| format!("`{path}`")).collect();
                let are = if paths.len() == 1 { "is" } else { "are" };
                write!(f, "It starts as soon as {} {are} ready.", paths.join(" and "))
            }
            Reason::NotReadyYet => f.write_str("It was started and has not said that it is ready."),
            Reason::NotEndedYet => f.write_str("It was asked to stop and has not ended yet."),
            Reason::CannotBeEnded => {
                f.write_str("It was aborted and is still there; nothing can start in its place.")
            }
            Reason::Disabled => {
                f.write_str("It is disabled, in its declaration or the configuration.")
            }
            Reason::Runs => f.write_str("It runs."),
            Reason::Exited(ExitRecord { generation, at, exit }) => {
                write!(f, "Its latest run {generation} ended {:.1?} ago: {exit}.", ago(*at))
            }
            Reason::FailedBefore(ExitRecord { generation, at, exit }) => {
                write!(f, "Its latest failure was run {generation}, {:.1?} ago: {exit}.", ago(*at))
            }
            Reason::Decided(decision) => write!(f, "The decision was: {decision}."),
            Reason::WaitsUntil { due, next } => {
                write!(f, "Run {next} starts in {:.1?}.", due.saturating_sub(*now))
            }
            Reason::WaitsForRound { supervisor } => {
                write!(
                    f,
                    "It waits for its turn in a restart of several children of `{supervisor}`."
                )
            }
            Reason::Commanded(CommandRecord { command, requested_by, reason, at, .. }) => write!(
                f,
                "{requested_by} asked for it with {command} {:.1?} ago: {reason}.",
                ago(*at)
            ),
            Reason::HeldByLimit { since, trial } => {
                let since = ago(*since);
                write!(f, "It has been kept out for {since:.1?}, because it failed too often or ")?;
                match trial {
                    None => f.write_str("for good; until it is resumed or restarted."),
                    Some(_) => {
                        f.write_str("for good; until its trial, if nobody starts it before.")
                    }
                }
            }
            Reason::Ignored => f.write_str("It said that there is nothing for it to do here."),
            Reason::SupervisorDown { supervisor, lifecycle } => {
                write!(f, "The supervisor `{supervisor}` above it is {lifecycle}.")
            }
            Reason::OwnBudget(budget) => write!(f, "Of its own limit {budget}."),
            Reason::SharedBudget { supervisor, budget } => {
                write!(f, "Of the intensity of `{supervisor}` {budget}.")
            }
        }
    }
}

//! The notation of what is expected, and how it is compared with what happened.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::event::{Event, EventKind, EventTag};
use crate::id::ChildPath;
use crate::state::TreeState;

/// What always counts. Everything else counts where an expectation names its kind.
const MOVES: [&str; 4] = ["starting", "stop_requested", "aborted", "unjoinable"];

/// The short words for the names of events.
const WORDS: [(&str, &str); 4] =
    [("start", "starting"), ("stop", "stop_requested"), ("abort", "aborted"), ("exit", "exited")];

/// One step of an expectation: `start api`, `start api#2`, `exit api failed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The name of an event.
    kind: String,
    path: ChildPath,
    generation: Option<u64>,
    /// For an exit: its word.
    exit: Option<String>,
}

/// Reads `stop api; start cache`.
pub(super) fn parse(text: &str) -> Result<Vec<Step>, String> {
    text.split(';').map(str::trim).filter(|step| !step.is_empty()).map(step).collect()
}

fn step(text: &str) -> Result<Step, String> {
    let fail = |why: &str| format!("`{text}` is no step of an expectation: {why}");
    let mut words = text.split_whitespace();
    let (Some(word), Some(child)) = (words.next(), words.next()) else {
        return Err(fail("it says what happens and to whom, such as `start api`"));
    };
    let (child, generation) = match child.split_once('#') {
        None => (child, None),
        Some((child, number)) => {
            let number =
                number.parse().map_err(|_| fail("after `#` stands the number of a run"))?;
            (child, Some(number))
        }
    };
    let kind = WORDS.iter().find(|(short, _)| *short == word).map_or(word, |(_, kind)| kind);
    let is_known = |name: &str| EventTag::ALL.iter().any(|tag| tag.name() == name);
    if !is_known(kind) && !cfg!(plant_bug = "unknown_word_waited_for") {
        let short = WORDS.iter().map(|(short, _)| *short);
        let names = EventTag::ALL.iter().map(|tag| tag.name());
        let names = names.filter(|name| WORDS.iter().all(|(_, long)| long != name));
        let known: Vec<_> = short.chain(names).map(|word| format!("`{word}`")).collect();
        return Err(fail(&format!("nothing is called `{word}`; known: {}", known.join(", "))));
    }
    let exit = words.next().map(str::to_owned);
    if exit.is_some() && kind != "exited" {
        return Err(fail("only `exit` has a third word, such as `exit api failed`"));
    }
    if words.next().is_some() {
        return Err(fail("there is more than one step; put `;` between them"));
    }
    let path = path(child).map_err(|why| fail(&why))?;
    Ok(Step { kind: kind.to_owned(), path, generation, exit })
}

/// A path, with or without the `/root/` in front.
pub(super) fn path(text: &str) -> Result<ChildPath, String> {
    let text = match text {
        "root" => "/root".to_owned(),
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        relative => format!("/root/{relative}"),
    };
    ChildPath::parse(&text).map_err(|error| match error.source() {
        Some(why) => format!("{error}: {why}"),
        None => error.to_string(),
    })
}

/// The path as it is written in an expectation.
pub(super) fn short(path: &ChildPath) -> &str {
    path.as_str().strip_prefix("/root/").unwrap_or("root")
}

impl Step {
    fn is_met_by(&self, event: &Event) -> bool {
        let exit = match &event.kind {
            EventKind::Exited { exit } => Some(exit.word()),
            _ => None,
        };
        self.kind == event.kind.name()
            && self.path == event.path
            && self.generation.is_none_or(|number| number == event.generation.0)
            && self.exit.as_deref().is_none_or(|word| Some(word) == exit)
    }

    fn text(&self) -> String {
        let mut text = format!("{} {}", word(&self.kind), short(&self.path));
        if let Some(number) = self.generation {
            // Writing to a string does not fail.
            let _ok = write!(text, "#{number}");
        }
        if let Some(exit) = &self.exit {
            let _ok = write!(text, " {exit}");
        }
        text
    }
}

fn word(kind: &str) -> &str {
    WORDS.iter().find(|(_, name)| *name == kind).map_or(kind, |(short, _)| short)
}

/// An event in the notation of the expectations.
fn text(event: &Event) -> String {
    let exit = match &event.kind {
        EventKind::Exited { exit } => format!(" {}", exit.word()),
        _ => String::new(),
    };
    let (word, child) = (word(event.kind.name()), short(&event.path));
    format!("{word} {child}#{}{exit}", event.generation.0)
}

/// An expectation on its way through the events.
pub(super) struct Expectation {
    steps: Vec<Step>,
    kinds: BTreeSet<String>,
    happened: Vec<Arc<Event>>,
}

/// What one more event means to an expectation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is more to come.
    Open,
    /// All of it has happened.
    Met,
    /// Something else has happened.
    Broken,
}

impl Expectation {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        let named = steps.iter().map(|step| step.kind.clone());
        let kinds = MOVES.into_iter().map(str::to_owned).chain(named).collect();
        Self { steps, kinds, happened: Vec::new() }
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.happened.len() >= self.steps.len() { Verdict::Met } else { Verdict::Open }
    }

    pub(super) fn take(&mut self, event: &Arc<Event>) -> Verdict {
        if !self.kinds.contains(event.kind.name()) {
            return self.verdict();
        }
        let is_next = self.steps.get(self.happened.len()).is_some_and(|step| step.is_met_by(event));
        self.happened.push(Arc::clone(event));
        if is_next || cfg!(plant_bug = "any_order") { self.verdict() } else { Verdict::Broken }
    }

    /// What was expected beside what happened, as two columns.
    pub(super) fn compared(&self) -> String {
        let rows = self.steps.len().max(self.happened.len());
        let mut table = format!("    {:<32}happened", "expected");
        for row in 0..rows {
            let step = self.steps.get(row);
            let event = self.happened.get(row);
            let is_met = step.zip(event).is_some_and(|(step, event)| step.is_met_by(event));
            let mark = if is_met { "  " } else { "->" };
            let expected = step.map_or_else(|| "(nothing)".to_owned(), Step::text);
            let happened = event.map_or_else(
                || "(nothing)".to_owned(),
                |event| format!("{} at {} ms", text(event), event.uptime.as_millis()),
            );
            let _ok = write!(table, "\n {mark} {expected:<32}{happened}");
        }
        table
    }
}

/// Whether the tree has done something, and not only noted it.
pub(super) fn is_move(event: &Event) -> bool {
    MOVES.contains(&event.kind.name())
}

/// Compares `api up; cache restarting` with the tree; what does not fit, line by line.
pub(super) fn differing_states(text: &str, state: &TreeState) -> Result<Vec<String>, String> {
    let mut differing = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((child, expected)) = part.split_once(' ') else {
            return Err(format!(
                "`{part}` says nothing about a state: it says whose and which, such as `api up`"
            ));
        };
        let path = path(child)?;
        let found = state.get(path.as_str()).map(|child| child.lifecycle.to_string());
        let found = found.as_deref().unwrap_or("unknown");
        if found != expected.trim() {
            differing.push(format!("{child} is {found}, expected: {}", expected.trim()));
        }
    }
    Ok(differing)
}

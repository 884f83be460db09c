//! What can be seen of a step, on either side.

use std::collections::BTreeSet;
use std::fmt;

use supervisor_model::{Answer, Exit, Fact, Item, Model};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: u64,
    pub(crate) path: String,
    pub(crate) generation: u64,
    pub(crate) what: String,
}

/// One child afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) life: String,
    pub(crate) generation: u64,
    pub(crate) used: Option<usize>,
    pub(crate) own_used: Vec<usize>,
    pub(crate) due: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) lines: Vec<Line>,
    pub(crate) answers: Vec<(usize, Answer)>,
    pub(crate) rows: Vec<Row>,
    pub(crate) is_over: bool,
    pub(crate) is_ending: bool,
    /// Whether what was live has been aborted at once.
    pub(crate) is_forced: bool,
    /// Below whom it has been, and when.
    pub(crate) cut: Vec<(String, u64)>,
}

impl Seen {
    /// What the model did since it was asked last.
    pub(crate) fn of(model: &mut Model) -> Self {
        let lines = model.take_trace().iter().filter_map(line).collect();
        let mut answers = model.take_answers();
        answers.sort_unstable_by_key(|&(number, _)| number);
        let rows = model.rows().into_iter().map(|row| Row {
            path: row.path,
            life: row.life.word().to_owned(),
            generation: row.generation,
            used: row.used,
            own_used: row.own_used,
            due: row.due,
        });
        let (is_ending, is_forced) = (model.is_ending(), model.is_forced());
        let (is_over, cut) = (model.is_over(), model.take_cut());
        Self { lines, answers, rows: rows.collect(), is_over, is_ending, is_forced, cut }
    }

    /// Budgets mean nothing any more when the end of the tree has begun.
    pub(crate) fn without_budgets(mut self) -> Self {
        for row in &mut self.rows {
            (row.used, row.own_used) = (None, Vec::new());
        }
        self
    }
}

fn line(item: &Item) -> Option<Line> {
    let is_about_root = matches!(item.fact, Fact::Meltdown | Fact::AutoShutdown | Fact::Forced);
    if item.path == "/root" && !is_about_root {
        return None;
    }
    let what = match item.fact {
        Fact::Starting => "starting".to_owned(),
        Fact::Ready => "ready".to_owned(),
        Fact::StartFailed(exit) => format!("start_failed {}", exit.word()),
        Fact::StartIgnored => "start_ignored".to_owned(),
        Fact::Exited(exit) => format!("exited {}", exit.word()),
        Fact::StopRequested => "stop_requested".to_owned(),
        Fact::Unjoinable => "unjoinable".to_owned(),
        Fact::Aborted => "aborted".to_owned(),
        Fact::Probing => "probing".to_owned(),
        Fact::Meltdown => "meltdown".to_owned(),
        Fact::AutoShutdown => "auto_shutdown".to_owned(),
        Fact::Forced => "forced".to_owned(),
        Fact::Added => "added".to_owned(),
        // No law says when it is noticed that nobody is there any more; the rows show it.
        Fact::Removed => return None,
    };
    let (at, path, generation) = (item.at, item.path.clone(), item.generation);
    Some(Line { at, path, generation, what })
}

impl Seen {
    /// The order in which one supervisor does things is law; in which several do, at the same
    /// moment, is not. So: what each did in its order, and the supervisors in the order of names.
    ///
    /// Nor is it in which order one does things side by side, or all is aborted at once.
    pub(crate) fn by_supervisor(mut self, in_parallel: &BTreeSet<String>) -> Self {
        let (is_forced, cut) = (self.is_forced, std::mem::take(&mut self.cut));
        let is_cut = |parent: &str, at| {
            let is_below = |path: &str| {
                parent.strip_prefix(path).is_some_and(|r| r.is_empty() || r.starts_with('/'))
            };
            cut.iter().any(|(path, when)| *when == at && is_below(path))
        };
        self.lines.sort_by(|a, b| {
            let above = |line: &Line| {
                let parent = line.path.rsplit_once('/').map_or("", |(parent, _)| parent);
                let is_at_once = is_forced || is_cut(parent, line.at);
                let is_alone = is_at_once || in_parallel.contains(parent);
                let child = if is_alone { line.path.as_str() } else { "" };
                (line.at, parent.to_owned(), child.to_owned())
            };
            above(a).cmp(&above(b))
        });
        self
    }
}

impl Seen {
    /// Of runs that end at the same moment it is no law whether the second end is noticed before
    /// what follows from the first has begun, which may be that this run is asked to end. So: all
    /// ends, and then what follows.
    pub(crate) fn ends_first(mut self, told: &[(String, Exit)]) -> Self {
        if told.len() < 2 {
            return self;
        }
        let Some(now) = self.lines.first().map(|line| line.at) else { return self };
        for (path, _) in told.iter().rev() {
            let is_its = |line: &Line| line.at == now && line.path == *path;
            let is_asked = |line: &Line| is_its(line) && line.what == "stop_requested";
            let Some(first) = self.lines.iter().position(is_its) else { continue };
            if is_asked(&self.lines[first]) {
                self.lines.remove(first);
            }
            let next = self.lines.iter().position(is_its);
            if let Some(next) = next.filter(|&n| self.lines[n].what.starts_with("exited")) {
                let end = self.lines.remove(next);
                self.lines.insert(0, end);
            }
        }
        self
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let Line { at, path, generation, what } = line;
            writeln!(f, "    {at:>6}ms {path}#{generation} {what}")?;
        }
        for (number, answer) in &self.answers {
            writeln!(f, "    answer to step {number}: {answer:?}")?;
        }
        for row in &self.rows {
            let Row { path, life, generation, used, own_used, due } = row;
            write!(f, "    {path}#{generation} {life}")?;
            if let Some(used) = used {
                write!(f, " used={used}")?;
            }
            if !own_used.is_empty() {
                write!(f, " own={own_used:?}")?;
            }
            match due {
                Some(due) => writeln!(f, " due={due}ms")?,
                None => writeln!(f)?,
            }
        }
        if self.is_over { writeln!(f, "    the tree is over") } else { Ok(()) }
    }
}

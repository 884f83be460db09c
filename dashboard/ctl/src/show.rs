//! What is shown, as text.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rust_supervisor::dashboard::model::{
    DashboardState, EventRecord, LogRecord, RuntimeState, SupervisorEdgeKind, SupervisorNodeKind,
};
use rust_supervisor::dashboard::protocol::Hello;
use serde_json::{Value, json};

use crate::error::CtlError;
use crate::find::Socket;

/// How a whole target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Of the root.
    pub(crate) state: String,
    pub(crate) running: usize,
    pub(crate) children: usize,
    pub(crate) restarts: u64,
    /// How many are in each other state.
    pub(crate) others: BTreeMap<String, usize>,
}

impl Summary {
    pub(crate) fn of(state: &DashboardState) -> Self {
        let root = &state.topology.root.path;
        let mut summary = Self {
            state: state.topology.root.state_summary.clone(),
            running: 0,
            children: 0,
            restarts: 0,
            others: BTreeMap::new(),
        };
        for row in state.runtime_state.iter().filter(|row| row.child_path != *root) {
            summary.children += 1;
            summary.restarts += row.restart_count;
            if row.lifecycle_state == "running" {
                summary.running += 1;
            } else {
                *summary.others.entry(row.lifecycle_state.clone()).or_default() += 1;
            }
        }
        summary
    }

    /// Such as `11 of 12 running, 1 quarantined`.
    pub(crate) fn words(&self) -> String {
        let others = self.others.iter().map(|(state, count)| format!(", {count} {state}"));
        format!("{} of {} running{}", self.running, self.children, others.collect::<String>())
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "state": self.state,
            "children": self.children,
            "running": self.running,
            "others": self.others,
            "restarts": self.restarts,
        })
    }
}

pub(crate) fn status_row(
    socket: &Socket,
    seen: Result<&(Hello, DashboardState), &CtlError>,
) -> Vec<String> {
    let path = socket.path.display().to_string();
    let Ok((hello, state)) = seen else {
        let mut row = vec![socket.id(), "unreachable".to_owned()];
        row.extend(["", "", "", ""].map(str::to_owned));
        row.push(path);
        return row;
    };
    let summary = Summary::of(state);
    vec![
        hello.target_id.clone(),
        summary.state.clone(),
        summary.words(),
        summary.restarts.to_string(),
        hello.role.to_string(),
        format!("pid {}", hello.program.process_id),
        path,
    ]
}

/// Columns as wide as what stands in them. Nothing for no rows.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: Vec<String> = head.iter().map(|&word| word.to_owned()).collect();
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  "));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    all().map(line).collect()
}

/// The tree, a child a line, with the state of each.
pub(crate) fn tree(state: &DashboardState) -> String {
    let lines: Vec<_> = lines_of(state).iter().map(TreeLine::text).collect();
    format!("{}\n", lines.join("\n"))
}

/// A line of the tree.
#[derive(Clone, Debug)]
pub(crate) struct TreeLine {
    /// What leads to it, and its name.
    pub(crate) name: String,
    pub(crate) lifecycle: String,
    /// What else there is to say.
    pub(crate) rest: String,
    width: usize,
}

impl TreeLine {
    fn text(&self) -> String {
        let Self { name, lifecycle, rest, width } = self;
        format!("{name:<width$}  {lifecycle:<11}  {rest}").trim_end().to_owned()
    }

    pub(crate) fn padded_name(&self) -> String {
        format!("{:<1$}  ", self.name, self.width)
    }
}

pub(crate) fn lines_of(state: &DashboardState) -> Vec<TreeLine> {
    let rows: BTreeMap<&str, &RuntimeState> =
        state.runtime_state.iter().map(|row| (row.child_path.as_str(), row)).collect();
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut depends: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in &state.topology.edges {
        let map = match edge.kind {
            SupervisorEdgeKind::ParentChild => &mut below,
            SupervisorEdgeKind::Dependency => &mut depends,
        };
        map.entry(&edge.source_path).or_default().push(&edge.target_path);
    }
    let mut lines = Vec::new();
    // The path, what stands before it, and before what is below it.
    let mut open = vec![(state.topology.root.path.as_str(), String::new(), String::new())];
    while let Some((path, lead, indent)) = open.pop() {
        let node = state.topology.nodes.iter().find(|node| node.path == path);
        let name = node.map_or(path, |node| &node.name);
        let row = rows.get(path);
        let mut rest = Vec::new();
        if let Some(row) = row {
            rest.extend((row.restart_count > 0).then(|| format!("{} restarts", row.restart_count)));
            rest.extend((row.health != "unknown").then(|| row.health.clone()));
            let is_waiting = row.lifecycle_state == "running" && row.readiness != "ready";
            rest.extend(is_waiting.then(|| "not ready".to_owned()));
        }
        if let Some(node) = node {
            let is_supervisor = node.kind != SupervisorNodeKind::ChildTask;
            rest.extend((is_supervisor && !below.contains_key(path)).then(|| "empty".to_owned()));
            rest.extend(
                node.diagnostics.get("waits_for").map(|paths| format!("waits for {paths}")),
            );
            rest.extend(node.diagnostics.get("held_by").map(|by| format!("kept down by {by}")));
        }
        rest.extend(depends.get(path).map(|paths| format!("needs {}", paths.join(", "))));
        if let Some(failure) = row.and_then(|row| row.last_failure.as_deref()) {
            rest.push(format!("last failure: {failure}"));
        }
        lines.push(TreeLine {
            name: format!("{lead}{}", printable(if lead.is_empty() { path } else { name })),
            lifecycle: row.map(|row| row.lifecycle_state.clone()).unwrap_or_default(),
            rest: printable(&rest.join("; ")),
            width: 0,
        });
        let children = below.get(path).map(Vec::as_slice).unwrap_or_default();
        // The last is taken first.
        for (n, child) in children.iter().enumerate().rev() {
            let is_last = n + 1 == children.len();
            let (branch, stem) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            open.push((child, format!("{indent}{branch}"), format!("{indent}{stem}")));
        }
    }
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
    for line in &mut lines {
        line.width = width;
    }
    lines
}

pub(crate) fn event(event: &EventRecord) -> String {
    let message = event.payload["message"].as_str().unwrap_or(&event.event_type);
    let generation = event.payload["generation"].as_u64().filter(|&generation| generation > 0);
    let generation = generation.map(|generation| format!(" #{generation}")).unwrap_or_default();
    let (at, severity) = (time(event.occurred_at_unix_nanos), &event.severity);
    format!("{at} {severity:<7} {}{generation} {}\n", printable(&event.target_path), lines(message))
}

pub(crate) fn log(log: &LogRecord) -> String {
    let (at, severity) = (time(log.occurred_at_unix_nanos), &log.severity);
    let path = log.fields.get("child_path").map_or("-", String::as_str);
    let fields = log.fields.iter().filter(|(key, _)| *key != "child_path");
    let fields: Vec<_> = fields.map(|(key, value)| format!(" {key}={value}")).collect();
    format!(
        "{at} {severity:<7} {} | {}{}\n",
        printable(path),
        lines(&log.message),
        lines(&fields.concat())
    )
}

fn time(unix_nanos: u64) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(unix_nanos);
    humantime::format_rfc3339_millis(at).to_string()
}

/// What a program says may not steer the terminal of whoever reads it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

/// The same of a text of several lines. Those after the first are moved in, so that none can be taken
/// for an entry of its own.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n    ")
}

/// The one of `known` that is most like `path`, if one is like it.
pub(crate) fn nearest<'a>(path: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut known: Vec<_> = known.map(|it| (distance(path, it), it)).collect();
    known.sort_unstable();
    let by_name = known.iter().find(|(_, it)| last(it) == last(path)).map(|(_, it)| *it);
    by_name.or_else(|| known.first().filter(|(far, _)| *far <= 3).map(|(_, it)| *it))
}

fn distance(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_path_is_that_with_the_same_name_or_a_few_letters_away() {
        let known = ["/root", "/root/books", "/root/books/ledger"];
        assert_eq!(nearest("/root/ledger", known.into_iter()), Some("/root/books/ledger"));
        assert_eq!(nearest("/root/bokks", known.into_iter()), Some("/root/books"));
        assert_eq!(nearest("/root/something/else", known.into_iter()), None);
    }

    #[test]
    fn what_a_program_says_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }

    #[test]
    fn what_has_several_lines_is_shown_in_several_lines_and_not_as_several_entries() {
        assert_eq!(lines("read:\n/root\r\n  now"), "read:\n    /root\n      now");
    }

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let rows = [vec!["payments".to_owned(), "1".to_owned()]];
        assert_eq!(table(&["ID", "N"], &rows), "ID        N\npayments  1\n");
        assert_eq!(table(&["ID"], &[]), "");
    }
}

//! The figures as a markdown table.

use std::fmt::Write as _;

use bench_harness::{Figure, short};

/// What a metric is, for a person.
const MEANINGS: [(&str, &str); 12] = [
    ("ipc_hello", "`hello`, one after the other"),
    ("ipc_hello_cpu", "… CPU of the process"),
    ("ipc_hello_pipelined", "`hello`, 16 at once"),
    ("ipc_hello_pipelined_cpu", "… CPU of the process"),
    ("ipc_state", "`state` of 100 children"),
    ("ipc_state_cpu", "… CPU of the process"),
    ("ipc_command", "`restart_child`, one after the other"),
    ("ipc_command_cpu", "… CPU of the process"),
    ("ipc_events", "events read by 8 subscribers, summed"),
    ("ipc_events_cpu", "… CPU of the process, with what causes them"),
    ("ipc_command_meanwhile_p50", "`restart_child` meanwhile, p50"),
    ("ipc_command_meanwhile_p99", "`restart_child` meanwhile, p99"),
];

/// A row for each figure: the median, and from where to where the runs go.
pub(crate) fn markdown(figures: &[Figure]) -> String {
    let mut out = String::from("| over 8 connections | median | least | most |\n");
    out.push_str("| --- | ---: | ---: | ---: |\n");
    for Figure { metric, value, unit, min, max, runs, .. } in figures {
        let meaning = MEANINGS.iter().find(|(name, _)| name == metric);
        let meaning = meaning.map_or(metric.as_str(), |(_, meaning)| meaning);
        let number = |value: Option<f64>| value.map_or("–".to_owned(), short);
        let doubt = if *runs == 0 { "~" } else { "" };
        let (value, min, max) = (number(*value), number(*min), number(*max));
        writeln!(out, "| {meaning} | {doubt}{value} {unit} | {min} | {max} |").expect("a string");
    }
    if figures.iter().any(|figure| figure.runs == 0) {
        out.push_str("\n`~`: all runs were disturbed by other processes.\n");
    }
    out
}

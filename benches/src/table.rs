//! The figures as one markdown table, and what is missing in it.

use std::fmt::Write as _;

use bench_harness::{Figure, metrics, short};

use crate::options::Options;

/// A row for each metric and number of children, a column for each system: the ratio to raw, or
/// the figure itself where raw has none. Below it why there are dashes.
pub(crate) fn markdown(figures: &[Figure], systems: &[(&str, &str)]) -> String {
    let mut out = String::from("| metric | n |");
    for (_, system) in systems {
        write!(out, " {system} |").expect("a string");
    }
    out.push_str("\n| --- | ---: |");
    out.push_str(&" ---: |".repeat(systems.len()));
    out.push('\n');
    let mut rows: Vec<(&str, usize)> = Vec::new();
    for figure in figures {
        if !rows.contains(&(&figure.metric, figure.n)) {
            rows.push((&figure.metric, figure.n));
        }
    }
    let mut remarks: Vec<String> = Vec::new();
    for (metric, n) in rows {
        write!(out, "| {metric} | {n} |").expect("a string");
        for (_, system) in systems {
            let figure = figures.iter().find(|figure| {
                figure.metric == metric && figure.n == n && figure.system == *system
            });
            out.push_str(&cell(figure, &mut remarks));
        }
        out.push('\n');
    }
    out.push_str("\nraw: the median, with its unit; the others: the ratio to raw, or the figure where raw has none. ");
    out.push_str("`~`: all runs were disturbed by other processes.\n\n");
    for (number, remark) in remarks.iter().enumerate() {
        writeln!(out, "{}. {remark}", number + 1).expect("a string");
    }
    let count = |of: fn(&Figure) -> usize| figures.iter().map(of).sum::<usize>();
    let (clean, disturbed) = (count(|f| f.runs), count(|f| f.disturbed));
    writeln!(out, "\n{clean} samples; {disturbed} disturbed ones").expect("a string");
    out
}

fn cell(figure: Option<&Figure>, remarks: &mut Vec<String>) -> String {
    let Some(figure) = figure else {
        return " missing |".into();
    };
    let Some(value) = figure.value else {
        let why = figure.remark.as_deref().unwrap_or("no reason given");
        let remark = format!("{}: {why}", figure.system);
        let number = remarks.iter().position(|known| *known == remark).unwrap_or_else(|| {
            remarks.push(remark);
            remarks.len() - 1
        });
        return format!(" – ({}) |", number + 1);
    };
    let doubt = if figure.runs == 0 { "~" } else { "" };
    match figure.ratio_to_raw {
        Some(ratio) if figure.system != "raw" => format!(" {doubt}{} |", short(ratio)),
        _ => format!(" {doubt}{} {} |", short(value), figure.unit),
    }
}

/// The rows that should be there and are not: neither a figure nor a dash with a reason.
pub(crate) fn missing(figures: &[Figure], options: &Options) -> Vec<String> {
    let mut missing = Vec::new();
    for (scenario, n) in options.scenarios() {
        for metric in metrics(scenario) {
            for (_, system) in options.systems() {
                let is_there = figures.iter().any(|figure| {
                    figure.metric == *metric && figure.n == n && figure.system == system
                });
                if !is_there {
                    missing.push(format!("{metric} at {n} of {system}"));
                }
            }
        }
    }
    missing
}

//! What is measured: the command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;

/// The systems: the package in `systems/`, and the name in the table.
pub(crate) const SYSTEMS: [(&str, &str); 11] = [
    ("ours", "rust-tokio-supervisor"),
    ("raw", "raw"),
    ("raw-token", "raw-token"),
    ("ractor", "ractor"),
    ("ractor-supervisor", "ractor-supervisor"),
    ("kameo", "kameo"),
    ("task-supervisor", "task-supervisor"),
    ("taskvisor", "taskvisor"),
    ("tokio-graceful-shutdown", "tokio-graceful-shutdown"),
    ("supertrees", "supertrees"),
    ("supervisor-0-1-2", "rust-tokio-supervisor-0.1.2"),
];

/// The scenarios, with how many children `--quick` and `--full` have.
const SCENARIOS: [(&str, &[usize], &[usize]); 14] = [
    ("start", &[10_000], &[1_000, 10_000, 100_000]),
    ("memory", &[10_000], &[1_000, 10_000, 100_000]),
    ("restart", &[1_000], &[1_000, 10_000]),
    ("latency", &[1_000], &[1_000, 100_000]),
    ("panic", &[1_000], &[1_000]),
    ("one_for_all", &[1_000], &[1_000, 100_000]),
    ("one_for_all_parallel", &[1_000], &[1_000, 100_000]),
    ("shutdown", &[10_000], &[1_000, 10_000, 100_000]),
    ("shutdown_parallel", &[10_000], &[1_000, 100_000]),
    ("add_remove", &[10_000], &[10_000]),
    ("current_state", &[10_000], &[10_000]),
    ("events_1", &[1_000], &[1_000]),
    ("events_10", &[1_000], &[1_000]),
    ("idle", &[10_000], &[10_000]),
];

/// Runs the same work with every system, each in a process of its own, and prints one table.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Up to 10,000 children: some minutes. This is what happens without an option, too.
    #[arg(long, conflicts_with = "is_full")]
    quick: bool,
    /// Up to 100,000 children.
    #[arg(long = "full")]
    pub(crate) is_full: bool,
    /// Writes every row into a file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// How often each process is run at least: 3 times, or 7 with `--full`.
    #[arg(long, value_name = "N")]
    repeat: Option<NonZeroUsize>,
    /// Only this system, and raw, by which all are measured. May be given several times.
    #[arg(long = "system", value_name = "NAME", value_parser = SYSTEMS.map(|(package, _)| package))]
    only_systems: Vec<String>,
    /// Only this scenario. May be given several times.
    #[arg(long = "scenario", value_name = "NAME", value_parser = SCENARIOS.map(|(name, ..)| name))]
    only_scenarios: Vec<String>,
}

impl Options {
    /// How often each process is run at least.
    pub(crate) fn repeat(&self) -> usize {
        self.repeat.map_or_else(|| self.pick((3, 7)), NonZeroUsize::get)
    }

    /// What holds with `--quick`, or with `--full`.
    pub(crate) fn pick<T>(&self, (quick, full): (T, T)) -> T {
        if self.is_full { full } else { quick }
    }

    /// The systems to run; raw is always among them, since the others are measured by it.
    pub(crate) fn systems(&self) -> Vec<(&'static str, &'static str)> {
        let is_wanted = |(package, _): &(&str, &str)| {
            let only = &self.only_systems;
            only.is_empty() || *package == "raw" || only.iter().any(|name| name == package)
        };
        SYSTEMS.into_iter().filter(is_wanted).collect()
    }

    /// The scenarios to run, each with a number of children.
    pub(crate) fn scenarios(&self) -> Vec<(&'static str, usize)> {
        let only = &self.only_scenarios;
        let wanted = SCENARIOS
            .into_iter()
            .filter(|(name, ..)| only.is_empty() || only.iter().any(|only| only == name));
        wanted
            .flat_map(|(name, quick, full)| {
                let sizes = if self.is_full { full } else { quick };
                sizes.iter().map(move |n| (name, *n))
            })
            .collect()
    }
}

//! What is measured: the command line.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

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

/// The command line.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) is_full: bool,
    pub(crate) json: Option<PathBuf>,
    /// How often each process is run at least.
    pub(crate) repeat: usize,
    only_systems: Vec<String>,
    only_scenarios: Vec<String>,
}

impl Options {
    /// Reads it.
    pub(crate) fn read(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            is_full: false,
            json: None,
            repeat: 0,
            only_systems: Vec::new(),
            only_scenarios: Vec::new(),
        };
        while let Some(arg) = args.next() {
            let mut value = || match args.next() {
                Some(value) => Ok(value),
                None => bail!("`{arg}` needs a value"),
            };
            match arg.as_str() {
                "--quick" => options.is_full = false,
                "--full" => options.is_full = true,
                "--json" => options.json = Some(value()?.into()),
                "--repeat" => options.repeat = value()?.parse()?,
                "--system" => options.only_systems.push(value()?),
                "--scenario" => options.only_scenarios.push(value()?),
                _ => bail!(
                    "`{arg}` is not known; there are --quick, --full, --json FILE, --repeat N, \
                     --system NAME and --scenario NAME"
                ),
            }
        }
        if options.repeat == 0 {
            options.repeat = if options.is_full { 7 } else { 3 };
        }
        for (wanted, known) in [
            (&options.only_systems, SYSTEMS.map(|(package, _)| package).to_vec()),
            (&options.only_scenarios, SCENARIOS.map(|(scenario, ..)| scenario).to_vec()),
        ] {
            for name in wanted {
                ensure!(known.contains(&name.as_str()), "`{name}` is none of {}", known.join(", "));
            }
        }
        Ok(options)
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

//! Building and running the systems.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bench_harness::{Figure, Row, Samples, Watch, metrics};

use crate::options::Options;

/// How long one process may take with `--quick`, and with `--full`.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(120));
/// How many rounds are added while a row has too few runs that are not disturbed, and how long
/// after the beginning none is added any more, with `--quick` and with `--full`.
const MORE: usize = 2;
const ROUNDS_BEGIN: (Duration, Duration) = (Duration::from_secs(180), Duration::from_secs(3_600));

type Key = (String, usize, String);

/// The programs.
pub(crate) struct Bench {
    programs: PathBuf,
    systems: Vec<(&'static str, &'static str)>,
}

impl Bench {
    /// Builds each system by a call of its own, so that no feature of one is unified into another.
    pub(crate) fn build(options: &Options) -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let systems = options.systems();
        for (package, _) in &systems {
            eprintln!("building {package}");
            let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
                .current_dir(here)
                .args(["build", "--quiet", "--release", "--package", &format!("bench-{package}")])
                .status()
                .context("cannot call cargo")?;
            ensure!(status.success(), "`bench-{package}` does not build");
        }
        let programs = std::env::current_exe()?.parent().context("it is a file")?.to_owned();
        Ok(Self { programs, systems })
    }

    /// Runs everything, the systems in turn.
    pub(crate) fn run(&self, options: &Options) -> Result<Vec<Figure>> {
        let mut samples: BTreeMap<Key, Samples> = BTreeMap::new();
        let scenarios = options.scenarios();
        let began = Instant::now();
        for round in 0..options.repeat() + MORE {
            let is_late = began.elapsed() > options.pick(ROUNDS_BEGIN);
            if round >= options.repeat() && is_late {
                break;
            }
            for (scenario, n) in &scenarios {
                for (package, system) in &self.systems {
                    let enough = |metric: &&str| {
                        let key = (system.to_string(), *n, metric.to_string());
                        samples.get(&key).is_some_and(|samples| {
                            samples.remark.is_some()
                                || samples.undisturbed() >= options.repeat().min(3)
                        })
                    };
                    let is_extra = round >= options.repeat();
                    let is_known = round > 0
                        && metrics(scenario).iter().any(|metric| {
                            let key = (system.to_string(), *n, metric.to_string());
                            samples.get(&key).is_some_and(|samples| samples.remark.is_some())
                        });
                    if is_known || (is_extra && metrics(scenario).iter().all(enough)) {
                        continue;
                    }
                    eprintln!("round {}: {scenario} {n} {package}", round + 1);
                    let (rows, is_disturbed) = self.once(package, system, scenario, *n, options)?;
                    take(&mut samples, rows, is_disturbed);
                }
            }
        }
        let mut figures = Vec::new();
        for (scenario, n) in &scenarios {
            for metric in metrics(scenario) {
                let raw = samples
                    .get(&("raw".to_owned(), *n, (*metric).to_owned()))
                    .and_then(|samples| samples.median());
                for (_, system) in &self.systems {
                    let key = ((*system).to_owned(), *n, (*metric).to_owned());
                    if let Some(samples) = samples.get(&key) {
                        figures.push(samples.figure(key, raw));
                    }
                }
            }
        }
        Ok(figures)
    }

    fn once(
        &self,
        package: &str,
        system: &str,
        scenario: &str,
        n: usize,
        options: &Options,
    ) -> Result<(Vec<Row>, bool)> {
        let suffix = if scenario == "memory" { "-heap" } else { "" };
        let program = self.programs.join(format!("bench-{package}{suffix}"));
        let watch = Watch::start();
        let mut process = Command::new(&program)
            .args([scenario, &n.to_string(), if options.is_full { "full" } else { "quick" }])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {program:?}"))?;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = process.try_wait()? {
                break Some(status);
            }
            if began.elapsed() > options.pick(PATIENCE) {
                process.kill()?;
                process.wait()?;
                break None;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut output = String::new();
        process.stdout.take().context("it is piped")?.read_to_string(&mut output)?;
        let rows = output.lines().map(serde_json::from_str).collect::<Result<Vec<Row>, _>>();
        let dash = |remark: String| {
            let dashes = metrics(scenario).iter().map(|metric| Row::Dash {
                system: system.to_owned(),
                metric: (*metric).to_owned(),
                n,
                remark: remark.clone(),
            });
            Ok((dashes.collect(), false))
        };
        match (status, rows) {
            (Some(status), Ok(rows)) if status.success() => {
                let own = rows.iter().find_map(|row| match row {
                    Row::Process { own_cpu_us } => Some(Duration::from_micros(*own_cpu_us)),
                    Row::Figure { .. } | Row::Dash { .. } => None,
                });
                let is_disturbed = watch.is_disturbed(own.unwrap_or_default());
                Ok((rows, is_disturbed))
            }
            (None, _) => {
                dash(format!("is not through after {} s", options.pick(PATIENCE).as_secs()))
            }
            (Some(status), _) => dash(format!("ends with {status}")),
        }
    }
}

fn take(samples: &mut BTreeMap<Key, Samples>, rows: Vec<Row>, is_disturbed: bool) {
    for row in rows {
        match row {
            Row::Figure { system, metric, n, value, unit } => {
                samples.entry((system, n, metric)).or_default().take(value, unit, is_disturbed);
            }
            Row::Dash { system, metric, n, remark } => {
                samples.entry((system, n, metric)).or_default().remark = Some(remark);
            }
            Row::Process { .. } => {}
        }
    }
}

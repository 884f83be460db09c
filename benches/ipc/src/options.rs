//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// What is measured, and for how long.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) json: Option<PathBuf>,
    /// How often each is measured.
    pub(crate) repeat: usize,
    /// For how long, each time.
    pub(crate) time: Duration,
}

impl Options {
    /// Reads it. `None` in the process that has the tree.
    pub(crate) fn read(mut args: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut options = Self { json: None, repeat: 5, time: Duration::from_secs(2) };
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("`{arg}` needs a value"));
            match arg.as_str() {
                "--json" => options.json = Some(value()?.into()),
                "--repeat" => options.repeat = value()?.parse()?,
                "--seconds" => options.time = Duration::from_secs_f64(value()?.parse()?),
                crate::server::COMMAND => return Ok(None),
                _ => {
                    bail!("`{arg}` is not known; there are --json FILE, --repeat N and --seconds N")
                }
            }
        }
        ensure!(options.repeat > 0, "`--repeat` has to be at least 1");
        Ok(Some(options))
    }
}

//! Builds every system, runs them in turn and prints one table.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -- --quick
//! ```

mod options;
mod run;
mod table;

use std::fs::File;
use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;

use crate::options::Options;
use crate::run::Bench;

fn main() -> Result<()> {
    let options = Options::parse();
    let bench = Bench::build(&options)?;
    let rows = bench.run(&options)?;
    print!("{}", table::markdown(&rows, &options.systems()));
    if let Some(file) = &options.json {
        let mut out = File::create(file).with_context(|| format!("cannot write {file:?}"))?;
        for row in &rows {
            writeln!(out, "{}", serde_json::to_string(row)?)?;
        }
    }
    let missing = table::missing(&rows, &options);
    ensure!(missing.is_empty(), "no row for {}", missing.join(", "));
    Ok(())
}

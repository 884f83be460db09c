//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Measures what the socket of a tree does in a second over 8 connections, and prints a table.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Writes every figure into a file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// How often each is measured.
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) repeat: NonZeroUsize,
    /// For how long, each time.
    #[arg(long = "seconds", value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pub(crate) time: Duration,
    #[command(subcommand)]
    pub(crate) part: Option<Part>,
}

/// What another process of this program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    /// Has the tree, behind this socket.
    #[command(name = crate::server::COMMAND, hide = true)]
    Serve { socket: PathBuf },
}

fn seconds(word: &str) -> Result<Duration, String> {
    let seconds = word.parse().map_err(|_| "seconds are a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

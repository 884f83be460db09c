//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::exit::HELP;

/// Runs a supervision tree, and shows what its configuration makes of it.
#[derive(Debug, Parser)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// The configuration file. Default: the one that the program names, if it does.
    #[arg(long, short, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// How the answer is written.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(super) format: Format,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON value.
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Starts the tree and waits for its end, or for a signal. Also without any command.
    Run,
    /// Reads a configuration and says everything that is wrong with it. Starts nothing.
    Check {
        /// The file. Default: that of `--config`.
        file: Option<PathBuf>,
    },
    /// What changes when another configuration is put in the place of that of `--config`, and what
    /// the tree does then. Changes nothing.
    Plan {
        /// The new configuration.
        file: PathBuf,
    },
    /// Draws the tree with its strategies and the policies that differ from the defaults.
    Tree,
    /// Every value that holds for one child or supervisor, and where it comes from.
    Explain {
        /// Such as `/root/payments/ledger`.
        path: String,
    },
    /// The JSON Schema of the configuration of this tree, for editors.
    Schema,
    /// A configuration file with every key, its meaning and its default.
    Template,
    /// A script that completes these commands in a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

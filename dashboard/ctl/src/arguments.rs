//! What can be said on the command line, and who does it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use rust_supervisor::dashboard::model::ControlCommandKind as Kind;
use serde_json::{Value, json};

use crate::error::{CODES, CtlError};
use crate::{act, look, show, tail, top, wait};

/// Sees and steers the supervision trees of this host.
///
/// A program shows its tree when it is built with the feature `ipc` and its configuration says
/// `ipc.enabled: true`. Its socket is found by itself; where there are several, `--target` says which.
#[derive(Debug, Parser)]
#[command(name = "supctl", version, after_help = CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) place: Where,
    /// What the answer is.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// How long the target may take for an answer, such as `500ms` or `1m`.
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    #[command(subcommand)]
    command: Command,
}

/// Which targets are meant. Without either: all in the run directory.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The socket of a target, wherever it lies. `status` takes it more than once.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Vec<PathBuf>,
    /// The id of a target with a socket in the run directory: `$RUST_SUPERVISOR_RUN_DIR`, else
    /// `$XDG_RUNTIME_DIR/rust-supervisor`, else `rust-supervisor-UID` in the temporary folder.
    #[arg(long, global = true, value_name = "ID", conflicts_with = "socket")]
    pub(crate) target: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON value; one a line where there is more to come.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says which targets there are, and how they are.
    Status,
    /// Draws the tree with the state of each child.
    Tree,
    /// Says why a child is as it is: what ended it, who decided what, what it waits for.
    Why {
        /// Such as /root/payments/ledger.
        path: String,
    },
    /// Says every value that holds for a child, and where it was set.
    Explain {
        /// Such as /root/payments/ledger.
        path: String,
    },
    /// Shows what happened lately, and what the program wrote to its log.
    Tail(tail::Tail),
    /// Shows the tree as it changes, until `q`.
    Top,
    /// Stops a child and starts it again.
    Restart(act::OnChild),
    /// Stops a child and keeps it down until it is resumed.
    Pause(act::OnChild),
    /// Lets a paused or quarantined child run again.
    Resume(act::OnChild),
    /// Takes a child out, until it is resumed or restarted.
    Quarantine(act::OnChild),
    /// Stops a child and forgets it. Asks first.
    Remove(act::OnChild),
    /// Adds a member to a pool. Asks first.
    Add(act::Add),
    /// Ends the whole tree, and with it most programs. Asks first.
    Shutdown(act::Why),
    /// Waits until a child is as it is said.
    Wait(wait::Wait),
    /// Prints a script that completes the words of this program.
    Completions {
        /// For which shell.
        shell: Shell,
    },
}

/// Does what the command line says.
pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    let format = arguments.format;
    match carry_out(arguments).await {
        Ok(()) | Err(CtlError::ReadEnough) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed there is nobody to tell, and the code still counts.
            drop(writeln!(io::stderr(), "error: {}", show::lines(&error.to_string())));
            if format == Format::Json {
                drop(print_json(
                    &json!({ "ok": false, "code": error.code(), "error": error.to_string() }),
                ));
            }
            ExitCode::from(&error)
        }
    }
}

async fn carry_out(arguments: Arguments) -> Result<(), CtlError> {
    let Arguments { place, format, timeout, command } = arguments;
    let ask = look::Ask { place, format, patience: timeout };
    match command {
        Command::Status => look::status(&ask).await,
        Command::Tree => look::tree(&ask).await,
        Command::Why { path } => look::why(&ask, &path).await,
        Command::Explain { path } => look::explain(&ask, &path).await,
        Command::Tail(what) => tail::tail(&ask, &what).await,
        Command::Top => top::top(&ask).await,
        Command::Restart(what) => act::on_child(&ask, Kind::RestartChild, what).await,
        Command::Pause(what) => act::on_child(&ask, Kind::PauseChild, what).await,
        Command::Resume(what) => act::on_child(&ask, Kind::ResumeChild, what).await,
        Command::Quarantine(what) => act::on_child(&ask, Kind::QuarantineChild, what).await,
        Command::Remove(what) => act::on_child(&ask, Kind::RemoveChild, what).await,
        Command::Add(what) => act::add(&ask, what).await,
        Command::Shutdown(why) => act::shutdown(&ask, why).await,
        Command::Wait(what) => wait::wait(&ask, &what).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "supctl", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), CtlError> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => CtlError::ReadEnough,
        _ => CtlError::Output(error),
    })
}

pub(crate) fn print_json(value: &Value) -> Result<(), CtlError> {
    print(&format!("{value}\n"))
}

//! The commands of a program of its own: run the tree, check a configuration for it, show both.
//!
//! [`main`] is all that a program needs. Its commands:
//!
//! | command | what it does |
//! | --- | --- |
//! | `run` | starts the tree and waits for its end, or for a signal; also what it does without any command |
//! | `check [FILE]` | reads the configuration and says everything that is wrong with it |
//! | `plan FILE` | what changes when FILE takes the place of the configuration, and what the tree does then |
//! | `tree` | draws the tree, and the policies that differ from the defaults |
//! | `explain PATH` | every value that holds for one child, and where it comes from |
//! | `schema` | the JSON Schema of the configuration of this very tree |
//! | `template` | a configuration file with every key |
//! | `completions SHELL` | a script for the shell |
//!
//! `--config FILE` names the configuration, `--format json` makes the answer one JSON value.

mod arguments;
mod check;
mod exit;
mod explain;
mod plan;
mod tree;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use serde_json::{Value as Json, json};
use tokio::runtime::{Builder, Handle};

use self::arguments::{Arguments, Command, Format};
pub use self::exit::Exit;
use crate::config::error::ConfigError;
use crate::config::load::LoadedConfig;
use crate::config::report::Colour;
use crate::config::schema;
use crate::error::types::SupervisorError;
use crate::runtime::supervisor::SupervisorBuilder;
use crate::spec::supervisor::SupervisorSpec;
use crate::tree::supervised::RunsUnder;
use crate::tree::{SupervisionTree, TreeBuilder};

/// A whole program: reads the arguments of the process, carries out the command, and gives its
/// exit code.
///
/// It makes a Tokio runtime with as many threads as there are processors. `state` is what the
/// children are given, as in [`SupervisionTree::start`]; every command needs it, so what is slow or
/// has an effect outside belongs into the children. A program with a runtime of its own, or with a
/// configuration file that it uses unless another is named, has a [`Program`].
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use rust_supervisor::cli;
/// use rust_supervisor::prelude::*;
///
/// #[child]
/// async fn worker(ctx: TaskContext) {
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct App {
///     worker: worker,
/// }
///
/// fn main() -> ExitCode {
///     cli::main::<App>(())
/// }
/// ```
pub fn main<A: SupervisionTree>(state: impl StateOf<A>) -> ExitCode {
    let program = Program::new(state.builder());
    if Handle::try_current().is_ok() {
        let message = "`cli::main` makes a runtime of its own, and there is one already: call it \
                       from a `main` that is not async, or use `cli::Program`\n";
        return Answer::failed(Exit::Tree, message).print();
    }
    match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(program.main()),
        Err(error) => {
            let message = format!("no Tokio runtime can be made: {error}\n");
            Answer::failed(Exit::Failed, message).print()
        }
    }
}

/// The state that the children of `A` find all they need in. Every type is one that
/// `A` [runs under](SupervisionTree::start).
pub trait StateOf<A> {
    /// The tree with this state.
    fn builder(self) -> TreeBuilder<A>;
}

impl<A, S> StateOf<A> for S
where
    A: SupervisionTree + RunsUnder<S>,
    S: Send + Sync + 'static,
{
    fn builder(self) -> TreeBuilder<A> {
        A::builder(self)
    }
}

/// A program around a tree that is about to be started.
///
/// ```
/// use rust_supervisor::cli::{Exit, Program};
/// use rust_supervisor::prelude::*;
///
/// #[child]
/// async fn worker(ctx: TaskContext) {
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct App {
///     worker: worker,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let program = Program::new(App::builder(()));
/// // In a program: `program.main().await`.
/// let answer = program.answer(["app", "tree"]).await;
/// assert_eq!(answer.exit, Exit::Done);
/// assert_eq!(answer.out, "/root  one_for_one\n└─ worker\n");
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is done until `main` is called and awaited"]
pub struct Program {
    builder: SupervisorBuilder,
    colour: Colour,
}

impl Program {
    /// A program around this tree. A configuration file that the builder names is the one that is
    /// used unless `--config` names another.
    pub fn new(builder: impl Into<SupervisorBuilder>) -> Self {
        Self { builder: builder.into(), colour: Colour::Auto }
    }

    /// Whether mistakes in the configuration are shown in colours. Default: on a terminal, unless
    /// `NO_COLOR` is set.
    pub fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// Carries out the command that the arguments of the process say, prints the answer, and gives
    /// the exit code.
    pub async fn main(self) -> ExitCode {
        self.answer(std::env::args_os()).await.print()
    }

    /// Carries out the command that `arguments` say, the first of which is the name of the program.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future of `run` shuts the tree down.
    pub async fn answer<A: Into<OsString>>(self, arguments: impl IntoIterator<Item = A>) -> Answer {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let name = name_of(arguments.first());
        let Arguments { config, format, command } = match Arguments::try_parse_from(arguments) {
            Ok(arguments) => arguments,
            Err(error) if error.use_stderr() => {
                return Answer::failed(Exit::Usage, error.render().to_string());
            }
            // Asked for help.
            Err(error) => return Answer::done(error.render().to_string()),
        };
        let Self { builder, colour } = self;
        let builder = match config {
            Some(path) => builder.config_file(path),
            None => builder,
        };
        match command.unwrap_or(Command::Run) {
            Command::Run => run(builder, format, colour).await,
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Arguments::command(), name, &mut script);
                Answer::done(String::from_utf8_lossy(&script))
            }
            Command::Schema => {
                let schema = schema::json_schema_of(builder.spec());
                Answer::done(format!("{schema:#}\n"))
            }
            Command::Template => {
                let template = schema::template_of(builder.spec());
                format.done(template.clone(), || json!({ "template": template }))
            }
            // It reads files.
            command => {
                let work = move || Asked { builder: &builder, format, colour }.answer(&command);
                let done = tokio::task::spawn_blocking(work).await;
                done.unwrap_or_else(|error| match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Answer::failed(Exit::Failed, "the runtime is shutting down\n"),
                })
            }
        }
    }
}

fn name_of(argument: Option<&OsString>) -> String {
    let path = argument.map(Path::new).and_then(Path::file_stem);
    path.map_or_else(|| "supervisor".into(), |name| name.to_string_lossy().into_owned())
}

async fn run(builder: SupervisorBuilder, format: Format, colour: Colour) -> Answer {
    let handle = match builder.start().await {
        Ok(handle) => handle,
        Err(error) => return refuse(&error, format, colour),
    };
    match handle.run_until_signal().await {
        Ok(report) => {
            let exit = Exit::of(&report);
            let text = format!("{report}\n");
            let json = || json!({ "ok": exit == Exit::Done, "report": report.to_string() });
            let out = if format == Format::Json { line(&json()) } else { String::new() };
            let err = if exit == Exit::Done { String::new() } else { text };
            Answer { exit, out, err }
        }
        Err(error) => refuse(&error, format, colour),
    }
}

/// A command that is about the configuration and the tree, and starts nothing.
struct Asked<'a> {
    builder: &'a SupervisorBuilder,
    format: Format,
    colour: Colour,
}

/// A tree and the configuration that is laid over it.
struct Loaded {
    config: LoadedConfig,
    /// With the configuration over it.
    spec: SupervisorSpec,
}

impl Asked<'_> {
    fn answer(&self, command: &Command) -> Answer {
        let answer = match command {
            Command::Check { file } => self.check(file.as_ref()),
            Command::Plan { file } => self.plan(file),
            Command::Tree => self.tree(),
            Command::Explain { path } => self.explain(path),
            // Needs no files.
            Command::Run | Command::Completions { .. } | Command::Schema | Command::Template => {
                Ok(Answer::done(""))
            }
        };
        answer.unwrap_or_else(|error| refuse(&error, self.format, self.colour))
    }

    /// Reads the configuration, in `file` if there is one.
    fn load(&self, file: Option<&PathBuf>) -> Result<Loaded, SupervisorError> {
        let sources = self.builder.sources();
        let sources = file.map_or_else(|| sources.clone(), |file| sources.with_file(file));
        let config = sources.load(self.builder.spec())?;
        let beside = self.builder.check_beside(&config);
        let laid = config.overlay(self.builder.spec().clone());
        let ((), spec) = ConfigError::both(beside, laid)?;
        Ok(Loaded { config, spec })
    }
}

fn refuse(error: &SupervisorError, format: Format, colour: Colour) -> Answer {
    let exit = match error {
        SupervisorError::Config(_) => Exit::Config,
        SupervisorError::Spec(_) => Exit::Tree,
        SupervisorError::Path(_) | SupervisorError::UnknownPath { .. } => Exit::Usage,
        _ => Exit::Failed,
    };
    let text = match error {
        SupervisorError::Config(error) => error.report(colour),
        error => format!("{error:?}\n"),
    };
    match format {
        Format::Text => Answer::failed(exit, text),
        Format::Json => {
            let diagnostics = match error {
                SupervisorError::Config(error) => ConfigError::to_json(error),
                _ => json!([]),
            };
            let out =
                json!({ "ok": false, "error": error.to_string(), "diagnostics": diagnostics });
            Answer { exit, out: line(&out), err: String::new() }
        }
    }
}

/// What a command has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// How it ended.
    pub exit: Exit,
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
}

impl Answer {
    fn done(out: impl Into<String>) -> Self {
        Self { exit: Exit::Done, out: out.into(), err: String::new() }
    }

    fn failed(exit: Exit, err: impl Into<String>) -> Self {
        Self { exit, out: String::new(), err: err.into() }
    }

    /// Writes it to where it belongs, and gives the exit code: [`Exit::Output`] where standard
    /// output cannot be written to.
    pub fn print(&self) -> ExitCode {
        // Where standard error is closed there is nobody to tell, and the code still counts.
        drop(io::stderr().write_all(self.err.as_bytes()));
        let mut out = io::stdout();
        match out.write_all(self.out.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => self.exit.into(),
            // Who reads has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.exit.into(),
            Err(error) => {
                drop(writeln!(io::stderr(), "standard output cannot be written to: {error}"));
                Exit::Output.into()
            }
        }
    }
}

impl Format {
    fn done(self, text: impl Into<String>, json: impl FnOnce() -> Json) -> Answer {
        match self {
            Self::Text => Answer::done(text),
            Self::Json => Answer::done(line(&json())),
        }
    }
}

fn line(json: &Json) -> String {
    format!("{json:#}\n")
}

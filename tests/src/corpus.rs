//! The tree that the files in `bad-config` are wrong for.

use std::path::{Path, PathBuf};

use rust_supervisor::config::duration::HumanDuration;
use rust_supervisor::config::environment::Environment;
use rust_supervisor::config::error::ConfigError;
use rust_supervisor::config::secret::Secret;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::member::member_fn;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::parked;

/// How the ledger works.
#[derive(confique::Config, JsonSchema)]
#[expect(dead_code, reason = "only read")]
struct LedgerSettings {
    /// How many entries are written at once.
    #[config(default = 100)]
    batch_size: u32,
    /// How it writes.
    #[config(default = "safe")]
    mode: Mode,
    /// Where to.
    #[config(default = "here")]
    target: String,
    /// Who it is.
    #[config(default = "")]
    #[schemars(extend("writeOnly" = true))]
    password: String,
    /// Who it is, in numbers.
    #[config(default = 0)]
    #[schemars(extend("writeOnly" = true))]
    pin: u32,
    /// What it does when it cannot.
    #[config(nested)]
    retry: RetrySettings,
}

/// What it does when it cannot.
#[derive(confique::Config, JsonSchema)]
#[expect(dead_code, reason = "only read")]
struct RetrySettings {
    /// How often.
    #[config(default = 3)]
    attempts: u8,
    /// After how long.
    #[config(default = "1s")]
    wait: HumanDuration,
    /// At all.
    #[config(default = true)]
    enabled: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Fast,
    Safe,
}

/// Whom a guide shows around.
#[derive(Clone, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only read")]
struct Tour {
    /// How many they are.
    guests: u32,
    /// How they walk.
    #[serde(default)]
    pace: Option<Mode>,
    /// What opens the doors.
    #[serde(default)]
    code: Secret<String>,
}

/// How every guide works.
#[derive(confique::Config, JsonSchema)]
#[expect(dead_code, reason = "only read")]
struct GuideSettings {
    /// What they speak.
    #[config(default = "english")]
    language: String,
}

/// The tree.
pub fn tree() -> SupervisorSpec {
    let guide = member_fn(async |ctx: TaskContext, _: Tour| ctx.stopped().await);
    let payments = SupervisorSpec::new("payments")
        .child(ChildSpec::new("ledger", parked()).settings::<LedgerSettings>())
        .child(ChildSpec::new("fraud", parked()));
    let guides = SupervisorSpec::pool("guides").members(guide).max_children(2);
    SupervisorSpec::root()
        .child(payments)
        .child(ChildSpec::new("web", parked()))
        .child(SupervisorSpec::pool("sessions"))
        .child(guides.from_config::<Tour>().member_settings::<GuideSettings>())
}

/// Whether a tree can be started with what is said in this file.
///
/// # Errors
///
/// All that is wrong with it.
///
/// # Panics
///
/// When the tree does not start for another reason.
pub fn check(path: &Path) -> Result<(), ConfigError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let builder = Supervisor::builder(tree()).config_file(path).environment(Environment::none());
    match runtime.expect("there are threads").block_on(builder.start()) {
        Err(SupervisorError::Config(error)) => Err(error),
        Err(error) => panic!("{error:?}"),
        Ok(_) => Ok(()),
    }
}

/// Where the files are.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bad-config")
}

/// Their names, without `.yaml`.
///
/// # Panics
///
/// When they cannot be listed.
pub fn names() -> Vec<String> {
    let names = std::fs::read_dir(folder()).expect("the folder is there").filter_map(|entry| {
        let name = entry.expect("it can be listed").file_name();
        name.to_str().and_then(|name| name.strip_suffix(".yaml")).map(str::to_owned)
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

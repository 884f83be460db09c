//! A secret that stands where nobody expects it.

#![expect(unused_qualifications, reason = "in what `confique::Config` generates")]

use confique::Config;
use schemars::JsonSchema;

use crate::config::environment::Environment;
use crate::config::load::LoadedConfig;
use crate::config::report::Colour;
use crate::config::secret::Secret;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

/// How the ledger writes.
#[derive(Config, JsonSchema)]
#[expect(dead_code, reason = "it is read out of the configuration, and that is all")]
struct Books {
    /// How many at once.
    #[config(default = 10)]
    size: u32,
    /// What it is signed with.
    #[config(default = "")]
    signing_key: Secret<String>,
    /// How it connects.
    #[config(nested)]
    bank: Bank,
}

#[derive(Config, JsonSchema)]
#[expect(dead_code, reason = "it is read out of the configuration, and that is all")]
struct Bank {
    /// Who asks.
    #[config(default = "")]
    token: Secret<String>,
}

fn tree() -> SupervisorSpec {
    let idle = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    SupervisorSpec::root().child(ChildSpec::new("ledger", idle).settings::<Books>())
}

fn messages(text: &str, environment: &Environment) -> [String; 3] {
    let name = format!("misplaced-{}-{:016x}.yaml", std::process::id(), fastrand::u64(..));
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, text).expect("there is a temporary folder");
    let loaded = LoadedConfig::read_for(&tree(), &file, environment);
    let refused = loaded.and_then(|loaded| loaded.overlay(tree()));
    std::fs::remove_file(&file).expect("it is there");
    let error = refused.expect_err(text);
    [error.report(Colour::Never), error.to_string(), error.to_json().to_string()]
}

const MISPLACED: &[&str] = &[
    "{ signing_key: HUNTER",
    "{ signing_key: HUNTER }, x",
    "signing_key:HUNTER",
    "signing_key = HUNTER",
    "'signing_key: HUNTER'",
    "[HUNTER]",
    "{ signing_key: {HUNTER} }",
    "{ signing_key: {HUNTER: x} }",
    "{ signing_key: [HUNTER] }",
    "{ bank: HUNTER }",
    "{ bank: [HUNTER] }",
    "{ bank: token HUNTER }",
    "{ size: [HUNTER] }",
    "{ bank: { token: {HUNTER} } }",
    "{ signing: {HUNTER} }",
    "{ size: '3, signing_key:HUNTER' }",
    "\n        size: 3\n          signing_key:HUNTER",
    "\n        signing_key: HUNTER: x",
    "\n        size: 3\n        signing_key:HUNTER",
    "\n        size: 3\n        signing_key = HUNTER",
];

#[test]
fn a_secret_in_the_wrong_place_is_not_shown_either() {
    for settings in MISPLACED {
        let text = format!("supervisor:\n  children:\n    ledger:\n      settings: {settings}\n");
        for message in messages(&text, &Environment::none()) {
            assert!(!message.contains("HUNTER"), "{text}\n{message}");
        }
    }
}

#[test]
fn nor_is_one_in_a_variable() {
    for settings in MISPLACED {
        let variable = ("RUST_SUPERVISOR__LEDGER__SETTINGS", settings.trim_start());
        for message in messages("", &Environment::of([variable])) {
            assert!(!message.contains("HUNTER"), "{settings}\n{message}");
        }
    }
}

#[test]
fn what_is_no_secret_is_shown_beside_it() {
    let [report, ..] = messages(
        "supervisor: { children: { ledger: { settings: { signing_key: HUNTER, size: many } } } }",
        &Environment::none(),
    );
    assert!(report.contains("`many`") && report.contains("signing_key: ***"), "{report}");
}

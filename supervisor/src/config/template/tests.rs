//! The template of a compiled tree is a configuration of that tree.

#![expect(unused_qualifications, reason = "in what `confique::Config` generates")]

use std::time::Duration;

use confique::Config;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{template_of, uncommented, written};
use crate::config::configurable::SupervisorConfig;
use crate::config::duration::HumanDuration;
use crate::config::load::LoadedConfig;
use crate::config::report::Colour;
use crate::config::schema::{json_schema_of, resolve};
use crate::config::secret::Secret;
use crate::policy::backoff::Backoff;
use crate::policy::restart::Restart;
use crate::policy::role::Role;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;
use crate::task::member::member_fn;

/// How the ledger writes.
#[derive(Config, JsonSchema)]
#[expect(dead_code, reason = "it is read out of the configuration, and that is all")]
struct Books {
    /// How many at once.
    #[config(default = 10)]
    #[schemars(range(min = 1, max = 500))]
    size: u32,
    /// Where to.
    bank: String,
    /// How sure it is.
    #[config(default = "yes")]
    sure: String,
    /// What it is signed with.
    #[config(default = "not shown")]
    key: Secret<String>,
    /// Who looks at it.
    auditor: Option<String>,
    /// What it does when it cannot.
    #[config(nested)]
    retry: Retry,
}

#[derive(Config, JsonSchema)]
#[expect(dead_code, reason = "it is read out of the configuration, and that is all")]
struct Retry {
    /// After how long.
    #[config(default = "1s")]
    wait: HumanDuration,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "it is read out of the configuration, and that is all")]
struct Guest {
    /// Who it is.
    user: u64,
    #[serde(default)]
    name: String,
}

fn tree() -> SupervisorSpec {
    let idle = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let guest = member_fn(async |ctx: TaskContext, _: Guest| ctx.stopped().await);
    let shard = member_fn(async |ctx: TaskContext, _: usize| ctx.stopped().await);
    let payments = SupervisorSpec::new("payments")
        .child(ChildSpec::new("ledger", idle()).settings::<Books>())
        .child(ChildSpec::new("once", idle()).restart(Restart::Temporary))
        .child(ChildSpec::new("side", idle()).role(Role::Sidecar).depends_on("ledger"));
    SupervisorSpec::root()
        .child(payments)
        .child(SupervisorSpec::pool("guests").members(guest).from_config::<Guest>())
        .child(SupervisorSpec::many("shards", 2, shard))
        .child(
            ChildSpec::new("web", idle())
                .backoff(Backoff::new(Duration::from_millis(7), Duration::from_secs(7))),
        )
}

fn load(text: &str) -> LoadedConfig {
    let loaded = LoadedConfig::of_text(&tree(), text);
    let loaded = loaded.unwrap_or_else(|error| panic!("{}\n{text}", error.report(Colour::Never)));
    // What is said about the socket has rules of its own.
    if let Err(error) = loaded.overlay(tree()).map(drop).and_then(|()| loaded.check_ipc()) {
        panic!("{}\n{text}", error.report(Colour::Never));
    }
    loaded
}

#[test]
fn what_the_template_says_about_the_socket_can_be_said() {
    let text = uncommented(&super::template());
    let config = text.parse::<SupervisorConfig>();
    let config = config.unwrap_or_else(|error| panic!("{}\n{text}", error.report(Colour::Never)));
    let loaded = LoadedConfig::from(config);
    assert!(loaded.config().ipc.permissions.is_some(), "{text}");
    loaded.check_ipc().unwrap_or_else(|error| panic!("{}\n{text}", error.report(Colour::Never)));
}

#[test]
fn the_template_of_a_tree_loads_and_says_only_what_has_to_be_said() {
    let loaded = load(&template_of(&tree()));
    let said = serde_json::to_value(loaded.config()).expect("it can be written");
    let expected = serde_json::json!({ "supervisor": { "children": { "payments": { "children": {
        "ledger": { "settings": { "bank": "" } }
    } } } } });
    let mut said = without_null(said);
    if let Some(said) = said.as_object_mut() {
        said.retain(|_, section| section.as_object().is_none_or(|section| !section.is_empty()));
    }
    assert_eq!(
        said.pointer("/supervisor/children/payments/children/ledger"),
        expected.pointer("/supervisor/children/payments/children/ledger")
    );
}

fn without_null(value: Json) -> Json {
    match value {
        Json::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_null(value)))
            .collect(),
        value => value,
    }
}

#[test]
fn the_template_of_a_tree_loads_with_every_line_and_changes_no_value_that_held() {
    let template = template_of(&tree());
    let after = load(&uncommented(&template)).effective(&tree());
    let before = LoadedConfig::from(SupervisorConfig::default()).effective(&tree());
    let mut compared = 0;
    for (path, values) in before.nodes() {
        for held in values {
            let key = held.key.to_string();
            // What is given to one member is no value of the tree, and a wait begins at its role.
            let holds = after.value(path.as_str(), &key);
            let holds = holds.unwrap_or_else(|| panic!("{path} has lost {key}:\n{template}"));
            assert_eq!(written(&holds.value), written(&held.value), "{path} {key}\n{template}");
            compared += 1;
        }
    }
    assert!(compared > 80, "{compared}");
}

#[test]
fn the_template_of_a_tree_names_every_key_of_every_child() {
    let template = template_of(&tree());
    let text = uncommented(&template).replace("## ", "");
    let schema = json_schema_of(&tree());
    let children = |section: &Json| resolve(&schema, section)["properties"].clone();
    let root = children(&schema["definitions"]["RootSection"]["properties"]["children"]);
    for (id, child) in root.as_object().expect("there are some") {
        let start =
            text.find(&format!("\n    {id}:")).unwrap_or_else(|| panic!("no {id} in {text}"));
        let section = &text[start + 1..];
        let section = section.find("\n    `/root/").map_or(section, |end| &section[..end]);
        for key in children(child).as_object().expect("it has keys").keys() {
            // The members of a pool and of a many are alike.
            let is_one = key == "children" && id != "payments";
            assert!(
                is_one || section.contains(&format!("\n      {key}:")),
                "no {key} in {section}"
            );
        }
    }
    for line in [
        "## `/root/payments/ledger`, a task. Its variables: `RUST_SUPERVISOR__PAYMENTS__LEDGER__…`",
        "## How many at once. Variable: `RUST_SUPERVISOR__PAYMENTS__LEDGER__SETTINGS__SIZE`.",
        "## From 1 to 500.",
        "#size: 10",
        "## Has to be said; this is an example.",
        "bank: \"\"",
        "#sure: \"yes\"",
        "#key: null",
        "#auditor: null",
        "#initial: 7ms",
        "#count: 2",
        "#- { pool: /root/guests, id: example, args: {\"user\":0}, overrides: {} }",
        "## - args.user: Who it is.",
        "## max: 10\n            ## Not here: `/root/payments/once` could not be started:",
    ] {
        assert!(template.contains(line), "no `{line}` in\n{template}");
    }
    assert!(!template.contains("not shown"), "{template}");
}

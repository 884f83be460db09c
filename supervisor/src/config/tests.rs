//! Properties of configurations drawn at random from the schema, so that a new key is drawn too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Map, Value as Json, json};

use super::configurable::{ChildSection, SupervisorConfig};
use super::effective::{EffectiveConfig, ValueOrigin};
use super::environment::Environment;
use super::error::KeyPath;
use super::load::LoadedConfig;
use super::report::Colour;
use super::schema::{json_schema_of, resolve};
use super::source::Origin;
use crate::policy::backoff::{Backoff, BackoffPatch};
use crate::policy::health::HealthPatch;
use crate::policy::restart::Restart;
use crate::policy::shutdown::ShutdownPatch;
use crate::policy::{Policy, PolicyPatch};
use crate::spec::child::ChildSpec;
use crate::spec::plan::{NodePlan, PlanKind};
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;
use crate::task::member::member_fn;

fn tree() -> SupervisorSpec {
    let idle = || service_fn(async |_: TaskContext| {});
    let ledger = ChildSpec::new("ledger", idle())
        .backoff(Backoff::new(Duration::from_millis(200), Duration::from_mins(1)))
        .restart_limit(7, Duration::from_secs(70));
    let fraud = ChildSpec::new("fraud", idle())
        .health(Duration::from_millis(10), Duration::from_secs(90))
        .restart(Restart::Transient);
    let deep = SupervisorSpec::new("deep").child(ChildSpec::new("audit", idle()));
    let payments = SupervisorSpec::new("payments")
        .defaults(PolicyPatch::NONE.start_timeout(Duration::from_secs(7)))
        .restart(Restart::Transient)
        .child(ledger)
        .child(fraud)
        .child(deep);
    SupervisorSpec::root().child(payments).child(ChildSpec::new("web", idle()))
}

/// A section in which about every fifth key is said.
fn draw(root: &Json, section: &Json, rng: &mut Rng, depth: usize) -> Json {
    let mut said = Map::new();
    let properties = section.get("properties").and_then(Json::as_object);
    for (name, schema) in properties.into_iter().flatten() {
        let target = resolve(root, schema);
        let value = if target.get("properties").is_some() {
            if matches!(&**name, "supervisor" | "children" | "policy") || rng.u8(..100) < 35 {
                Some(draw(root, target, rng, depth + 1))
            } else {
                None
            }
        } else if !matches!(&**name, "include" | "dynamic")
            && rng.u8(..100) < if depth > 3 { 40 } else { 10 }
        {
            value(name, target, rng)
        } else {
            None
        };
        said.extend(value.map(|value| (name.clone(), value)));
    }
    Json::Object(said)
}

/// A value that keeps the rules about single values.
fn value(name: &str, schema: &Json, rng: &mut Rng) -> Option<Json> {
    if let Some(words) = schema.get("oneOf").and_then(Json::as_array) {
        return rng.choice(words)?.get("const").cloned();
    }
    let kind = schema.get("type")?;
    let kind = kind.as_str().or_else(|| kind.as_array()?.first()?.as_str())?;
    Some(match (kind, name) {
        ("string", "initial" | "heartbeat") => json!(format!("{}ms", rng.u32(1..90))),
        ("string", _) if schema.get("pattern").is_some() => {
            json!(format!("{}s", rng.u32(1..4000)))
        }
        ("integer", _) => json!(rng.u32(1..900)),
        ("number", "jitter") => json!(f64::from(rng.u8(..=10)) / 10.0),
        ("number", _) => json!(f64::from(rng.u8(10..=40)) / 10.0),
        ("boolean", _) => json!(rng.bool()),
        ("array", "tags") => json!(["eu", "money", "slow"][..rng.usize(..4)]),
        _ => return None,
    })
}

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("drawn-{}-{name}.yaml", std::process::id()));
        std::fs::write(&path, text).expect("the directory for temporary files is there");
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn read(file: &File) -> LoadedConfig {
    read_for(&tree(), file)
}

fn read_for(tree: &SupervisorSpec, file: &File) -> LoadedConfig {
    let loaded = LoadedConfig::read_for(tree, &file.0, &Environment::none());
    loaded.unwrap_or_else(|error| panic!("{error}"))
}

/// Every key of a section, with those of the sections in it, and its schema.
fn keys<'a>(root: &'a Json, section: &'a Json, around: &str) -> Vec<(String, &'a Json)> {
    let properties = section["properties"].as_object().into_iter().flatten();
    let of_one = |(name, schema): (&String, &'a Json)| {
        let (target, key) = (resolve(root, schema), format!("{around}{name}"));
        if target.get("properties").is_some() {
            keys(root, target, &format!("{key}."))
        } else {
            vec![(key, target)]
        }
    };
    properties.flat_map(of_one).collect()
}

/// Configurations that fit the tree, with their text.
fn for_each_drawn(name: &str, seed: u64, mut check: impl FnMut(&File, &LoadedConfig, &mut Rng)) {
    let schema = json_schema_of(&tree());
    let mut rng = Rng::with_seed(seed);
    let mut fitting = 0;
    for _ in 0..900 {
        let file = File::new(name, &draw(&schema, &schema, &mut rng, 0).to_string());
        let loaded = read(&file);
        if loaded.overlay(tree()).is_ok() {
            fitting += 1;
            check(&file, &loaded, &mut rng);
        }
        if fitting == 80 {
            return;
        }
    }
    panic!("only {fitting} of the configurations fit the tree");
}

#[test]
fn a_configuration_that_is_written_out_and_read_again_is_equal() {
    let tree = tree().child(SupervisorSpec::pool("pool")).child(SupervisorSpec::many(
        "many",
        3,
        member_fn(async |_: TaskContext, _: usize| ()),
    ));
    let schema = json_schema_of(&tree);
    let mut rng = Rng::with_seed(1);
    let mut saying_something = 0;
    for _ in 0..100 {
        let file = File::new("first", &draw(&schema, &schema, &mut rng, 0).to_string());
        let config = read_for(&tree, &file).into_config();
        let text = serde_json::to_string(&config).expect("it can be written");
        let again = read_for(&tree, &File::new("again", &text)).into_config();
        assert_eq!(config, again, "{text}");
        saying_something += usize::from(config != SupervisorConfig::default());
    }
    assert!(saying_something > 50, "{saying_something}");
}

#[test]
fn a_key_that_is_overridden_changes_that_value_and_its_origin_and_nothing_else() {
    let schema = json_schema_of(&tree());
    let mut keys = keys(&schema, &schema["definitions"]["TaskSection"], "");
    // A child's own settings are what its type says.
    keys.retain(|(key, _)| key != "settings");
    let mut turn = keys.iter().cycle();
    let mut overridden = BTreeSet::new();
    for_each_drawn("over", 2, |file, loaded, rng| {
        let before = loaded.effective(&tree());
        let (key, schema) = turn.next().expect("it begins again").clone();
        let name = key.rsplit('.').next().expect("it has a name");
        let value = value(name, schema, rng).unwrap_or_else(|| panic!("nothing for {key}"));
        overridden.insert(key.clone());
        let mut entry = value.clone();
        for segment in key.split('.').rev() {
            entry = json!({ segment: entry });
        }
        let over = json!({
            "include": [file.0],
            "supervisor": { "children": { "payments": { "children": { "ledger": entry } } } },
        });
        let over = File::new("stronger", &over.to_string());
        let after = read(&over);
        // It may break a rule; what it would change can be said all the same.
        let after = after.effective(&tree());

        let path = "/root/payments/ledger";
        let changed = after.value(path, &key).expect("what is said holds");
        assert_eq!(same(&changed.value), same(&value), "{key}");
        match &changed.origin {
            ValueOrigin::Text { at, .. } => {
                assert_eq!(*at.source().origin(), Origin::File(over.0.clone()), "{key}");
            }
            origin => panic!("{key} comes from {origin}"),
        }
        for (at, key_of_other, one, other) in differences(&before, &after) {
            let is_it = at == path && (key_of_other == key || follows(&key, &key_of_other));
            assert!(is_it, "{key} changed {key_of_other} of {at}: {one:?} became {other:?}");
        }
    });
    assert!(keys.len() > 40 && overridden.len() == keys.len(), "{overridden:?}");
}

/// What is decided by `key` too.
fn follows(key: &str, other: &str) -> bool {
    let start = |key: &str| key.split('.').next().unwrap_or_default().to_owned();
    match &*start(key) {
        "criticality" | "on_limit" => matches!(other, "on_limit" | "probe_after"),
        "role" => matches!(
            other,
            "restart" | "criticality" | "on_limit" | "probe_after" | "on_dependency_restart"
        ),
        "restart" => {
            matches!(&*start(other), "backoff" | "restart_limit" | "on_failure" | "probe_after")
        }
        "health" | "restart_limit" => start(key) == start(other),
        _ => false,
    }
}

/// `60s` and `1m` are the same.
fn same(value: &Json) -> Json {
    let text = value.as_str().and_then(|text| humantime::parse_duration(text).ok());
    text.map_or_else(|| value.clone(), |duration| json!(duration.as_secs_f64()))
}

type Difference = (String, String, Option<Json>, Option<Json>);

fn differences(before: &EffectiveConfig, after: &EffectiveConfig) -> Vec<Difference> {
    let all = |config: &EffectiveConfig| -> BTreeMap<(String, String), Json> {
        let values = config.nodes().flat_map(|(path, values)| {
            values
                .iter()
                .map(move |value| ((path.to_string(), value.key.to_string()), value.value.clone()))
        });
        values.collect()
    };
    let (before, after) = (all(before), all(after));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(key) != after.get(key))
        .map(|key| {
            (key.0.clone(), key.1.clone(), before.get(key).cloned(), after.get(key).cloned())
        })
        .collect()
}

#[test]
fn what_is_explained_is_what_the_tree_does() {
    for_each_drawn("plan", 3, |_, loaded, _| {
        let effective = loaded.effective(&tree());
        let valid = loaded.overlay(tree()).expect("it fits").validate().expect("it is valid");
        compare(&effective, "/root", &valid.root.children);
    });
}

fn compare(effective: &EffectiveConfig, path: &str, children: &[NodePlan]) {
    for child in children {
        let path = format!("{path}/{}", child.path.name());
        let truth = serde_json::to_value(ChildSection::of(patch_of(child.kind.policy())));
        let truth = truth.expect("it can be written");
        let explained = effective.explain(&path).expect("every child is explained");
        for value in explained {
            let segments = value.key.segments();
            let true_value = segments.iter().try_fold(&truth, |value, key| value.get(key));
            let is_about_policy =
                !matches!(&*segments[0], "strategy" | "intensity" | "auto_shutdown" | "meltdown")
                    && truth.get(&segments[0]).is_some();
            if is_about_policy {
                assert_eq!(Some(&value.value), true_value, "{path} {}", value.key);
            }
        }
        for name in ["restart_limit", "probe_after", "health"] {
            let is_explained = explained.iter().any(|value| value.key.segments()[0] == name);
            assert_eq!(is_explained, truth.get(name).is_some(), "{path} {name}");
        }
        if let PlanKind::Supervisor(inner) = &child.kind {
            compare(effective, &path, &inner.children);
        }
    }
}

/// A policy, as if somebody had written all of it.
fn patch_of(policy: &Policy) -> PolicyPatch {
    let Backoff { initial, max, factor, jitter, reset_after } = policy.backoff;
    let mut patch = PolicyPatch::NONE
        .restart(policy.restart)
        .on_limit(policy.on_limit)
        .criticality(policy.criticality)
        .readiness(policy.readiness)
        .start_timeout(policy.start_timeout);
    patch.backoff = BackoffPatch {
        initial: Some(initial),
        max: Some(max),
        factor: Some(factor),
        jitter: Some(jitter),
        reset_after: Some(reset_after),
    };
    patch.restart_limit = policy.restart_limit;
    patch.probe_after = policy.probe_after;
    patch.shutdown =
        ShutdownPatch { grace: Some(policy.grace), abort_wait: Some(policy.abort_wait) };
    patch.health = policy.health.map_or(HealthPatch::NONE, |health| {
        HealthPatch::NONE.heartbeat(health.heartbeat).stale_after(health.stale_after)
    });
    patch.significant = Some(policy.significant);
    patch
}

#[test]
fn what_stands_under_an_unknown_key_is_not_shown() {
    let file = File::new("secret", "policy: { tokn: hunter2, restart: often }\n");
    let error = LoadedConfig::read(&file.0).expect_err("two things are wrong");
    let report = error.report(Colour::Never);
    assert!(report.contains("policy: { tokn: ***, restart: often }"), "{report}");
    assert!(report.contains(":1:35"), "the column is that of the file: {report}");
}

#[test]
fn an_empty_variable_is_not_set() {
    let file = File::new("empty", "policy: { restart: transient }\n");
    let environment = Environment::of([
        ("RUST_SUPERVISOR__POLICY__RESTART", ""),
        // With a value it would be an error.
        ("RUST_SUPERVISOR__POLICY__NOTHING", ""),
    ]);
    let loaded = LoadedConfig::read_for(&tree(), &file.0, &environment);
    let loaded = loaded.expect("nothing is wrong with it");
    assert_eq!(loaded.config().policy.restart, Some(Restart::Transient));
}

#[cfg(all(unix, not(feature = "ipc")))]
#[test]
fn a_socket_that_the_program_cannot_have_is_a_missing_feature() {
    let file = File::new("no-socket", "ipc: { enabled: true, target_id: shop }\n");
    let error = read(&file).check_ipc().expect_err("there is none");
    assert_eq!(error.diagnostics()[0].code(), "C107");
    assert!(error.report(Colour::Never).contains("add `ipc` to its features"), "{error}");
}

#[test]
fn a_text_includes_nothing_and_shows_no_secret() {
    let error = "include: [other.yaml]".parse::<SupervisorConfig>().unwrap_err();
    assert!(
        error.to_string().contains("the text:1:1: `include`: a text is in no folder"),
        "{error}"
    );
    let text = "supervisor: { children: { web: { settings: { key: hunter2 }, restart: no } } }";
    let error = text.parse::<SupervisorConfig>().unwrap_err();
    assert!(!error.report(Colour::Never).contains("hunter2"), "{error}");
}

#[test]
fn a_setting_that_is_missing_is_named_with_its_variable() {
    let variable = |key: &[&str]| super::environment::variable_of(&KeyPath::of(key));
    let key =
        ["supervisor", "children", "payments", "children", "ledger-2", "settings", "children"];
    assert_eq!(
        variable(&key).as_deref(),
        Some("RUST_SUPERVISOR__PAYMENTS__LEDGER_2__SETTINGS__CHILDREN")
    );
    assert_eq!(variable(&["dynamic", "0", "overrides", "settings", "key"]), None);
}

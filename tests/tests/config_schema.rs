//! The schema of a tree refuses what the loader refuses, by the word of another validator.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use rust_supervisor::config::environment::Environment;
use rust_supervisor::config::load::LoadedConfig;
use rust_supervisor::config::schema;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use serde_json::Value;
use supervisor_tests::corpus::{check, folder, names, tree};

/// What no schema can see, by the code of the message, and why.
const UNSEEN: &[(&str, &str)] = &[
    ("C010", "about another file"),
    ("C012", "about another file"),
    ("C020", "there is nothing to look at: it is no YAML"),
    ("C021", "about what it would become"),
    ("C022", "about the file itself"),
    ("C102", "a value that holds no key twice"),
    ("C103", "the keys of a value are texts"),
    ("C205", "the other half may be said in another file, or in the code"),
    ("C305", "about values of several places"),
    ("C312", "about two members"),
    ("C313", "about all members, and the pool"),
];

/// What it cannot see of single values, by the names of the files.
const UNSEEN_VALUES: &[(&str, &str)] = &[
    ("bounds-audit-write-timeout-zero", "how long a text with a unit is takes arithmetic"),
    ("ipc-user-in-two-roles", "about two lists"),
    ("ipc-heartbeat-as-long-as-the-lease", "about two values"),
    ("ipc-registration-without-a-socket", "the code may say that there is one"),
    ("ipc-without-an-id", "the code may say it"),
    ("duration-out-of-range", "how long a text with a unit is takes arithmetic"),
    ("duration-too-long", "how long a text with a unit is takes arithmetic"),
    ("factor-not-a-number", "JSON has no such number"),
    ("number-huge", "JSON has no such number"),
    ("number-infinite", "JSON has no such number"),
    ("number-like-a-fraction", "for JSON Schema 3.0 is a whole number"),
];

fn validator(spec: &SupervisorSpec) -> Validator {
    jsonschema::draft7::new(&schema::json_schema_of(spec)).unwrap()
}

/// The value that an editor looks at; `None` where there is none.
fn value(text: &str) -> Option<Value> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text.trim_start_matches('\u{feff}'), options).ok()
}

#[test]
fn what_the_loader_refuses_the_schema_refuses_too() {
    let validator = validator(&tree());
    let (mut seen, mut used, mut wrong) = (0, BTreeSet::new(), Vec::new());
    for name in names() {
        let path = folder().join(format!("{name}.yaml"));
        let value = std::fs::read_to_string(&path).ok().and_then(|text| value(&text));
        if value.is_some_and(|value| !validator.is_valid(&value)) {
            seen += 1;
            continue;
        }
        for diagnostic in check(&path).unwrap_err().diagnostics() {
            let code = diagnostic.code();
            if UNSEEN.iter().any(|(unseen, _)| *unseen == code) {
                used.insert(code.to_owned());
            } else if UNSEEN_VALUES.iter().any(|(unseen, _)| *unseen == name) {
                used.insert(name.clone());
            } else {
                wrong.push(format!("{name}: {code} {diagnostic}"));
            }
        }
    }
    assert!(wrong.is_empty(), "the schema takes {}:\n{}", wrong.len(), wrong.join("\n"));
    let reasons = UNSEEN.iter().chain(UNSEEN_VALUES);
    let stale: Vec<_> = reasons.filter(|(what, _)| !used.contains(*what)).collect();
    assert!(stale.is_empty(), "the schema sees them now, or no file has them: {stale:?}");
    assert!(seen > 200, "{seen}");
}

#[test]
fn what_the_loader_takes_the_schema_takes_too() {
    let example = |name: &str| {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/config");
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    let template = schema::template_of(&tree());
    let uncommented: Vec<_> = template.lines().map(out_of_its_comment).collect();
    let texts = vec![
        (SupervisorSpec::root(), example("supervisor.yaml")),
        (SupervisorSpec::root(), example("supervisor.template.yaml")),
        (tree(), uncommented.join("\n")),
        (tree(), template),
        (tree(), "policy: ~\nsupervisor: { children: { web: , guides: { children: {} } } }".into()),
        (
            tree(),
            "dynamic: [{ pool: /root/guides, id: a, args: { guests: 1, pace: fast } }]".into(),
        ),
        (tree(), "dynamic: ~".into()),
        (
            tree(),
            "supervisor: { children: { payments: { shutdown: { grace: 4s, abort_wait: 2s } } } }"
                .into(),
        ),
        (
            tree(),
            "supervisor: { children: { guides: { max_children: 9, readiness: explicit, \
             shutdown: { grace: infinite, abort_wait: 1s }, intensity: { max: 1, within: 1s }, \
             settings: { language: ~ } } } }"
                .into(),
        ),
    ];
    for (spec, text) in texts {
        let path = std::env::temp_dir().join(format!("schema-{}.yaml", std::process::id()));
        std::fs::write(&path, &text).unwrap();
        let loaded = LoadedConfig::read_for(&spec, &path, &Environment::none());
        let laid = loaded.and_then(|loaded| loaded.overlay(spec.clone()));
        std::fs::remove_file(&path).unwrap();
        if let Err(error) = laid {
            panic!("{error}\n{text}");
        }
        let validator = validator(&spec);
        let value = value(&text).unwrap();
        if let Err(error) = validator.validate(&value) {
            panic!("{}", innermost(&error));
        }
    }
}

/// What is wrong inside of one of several possibilities, as deep as there is something.
fn innermost(error: &ValidationError<'_>) -> String {
    if let ValidationErrorKind::AnyOf { context } = error.kind() {
        let inside = context.iter().flatten();
        let deepest = inside.max_by_key(|error| error.instance_path().as_str().len());
        if let Some(deepest) = deepest {
            return innermost(deepest);
        }
    }
    let text = error.to_string();
    let text: String = text.chars().rev().take(200).collect();
    let end: String = text.chars().rev().collect();
    format!("{}: …{end}", error.instance_path())
}

/// The line as it stands there when its `#` is taken away.
fn out_of_its_comment(line: &str) -> String {
    let text = line.trim_start();
    let is_key = text.starts_with('#') && !text.starts_with("##") && !text.starts_with("# ");
    if is_key && text != "#" {
        return format!("{}{}", &line[..line.len() - text.len()], &text[1..]);
    }
    line.to_owned()
}

#[test]
fn an_editor_completes_children_keys_words_and_settings() {
    let schema = schema::json_schema_of(&tree());
    let follow = |value: &Value| {
        let mut value = value.clone();
        while let Some(branch) = value.pointer("/anyOf/0").cloned() {
            value = branch;
            if let Some(target) = value["$ref"].as_str() {
                value = schema.pointer(target.trim_start_matches('#')).unwrap().clone();
            }
        }
        value
    };
    let below = |section: &Value, name: &str| follow(&follow(section)["properties"][name]);
    let names = |section: &Value| {
        let section = section["properties"].as_object().unwrap();
        section.keys().cloned().collect::<Vec<_>>()
    };
    let children = below(&follow(&schema["properties"]["supervisor"]), "children");
    assert_eq!(names(&children), ["guides", "payments", "sessions", "web"]);
    let payments = below(&children, "payments");
    assert_eq!(names(&below(&payments, "children")), ["fraud", "ledger"]);
    let ledger = below(&below(&payments, "children"), "ledger");
    let settings = below(&ledger, "settings");
    assert_eq!(names(&settings), ["batch_size", "mode", "password", "pin", "retry", "target"]);
    assert_eq!(settings["properties"]["batch_size"]["default"], 100);
    assert!(settings["properties"]["password"].get("default").is_none(), "{settings}");
    let about = settings["properties"]["batch_size"]["description"].as_str().unwrap();
    let variable = "RUST_SUPERVISOR__PAYMENTS__LEDGER__SETTINGS__BATCH_SIZE";
    assert!(about.contains(variable), "{about}");
    let web = names(&below(&children, "web"));
    for key in ["strategy", "children", "max_children", "count", "settings"] {
        assert!(!web.contains(&key.to_owned()), "{key}");
    }
    let pool = names(&below(&children, "guides"));
    for key in ["max_children", "restart", "start_timeout", "settings", "intensity"] {
        assert!(pool.contains(&key.to_owned()), "{key}");
    }
    let member = follow(&schema["properties"]["dynamic"]["items"]);
    assert_eq!(member["properties"]["pool"]["const"], "/root/guides");
    assert_eq!(names(&member["properties"]["args"]), ["code", "guests", "pace"]);
}

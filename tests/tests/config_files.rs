//! The example files: each loads, and what is generated is what is committed.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::PathBuf;

use rust_supervisor::config::configurable::SupervisorConfig;
use rust_supervisor::config::load::LoadedConfig;
use rust_supervisor::config::schema;
use rust_supervisor::runtime::supervisor::Supervisor;

fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/config").join(name)
}

/// Compares a committed file with what would be generated now. With `BLESS=1` it is written.
fn check_generated(name: &str, generated: &str) {
    let path = example(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "examples/config/{name} is stale: run `BLESS=1 cargo test -p supervisor-tests --test config_files`"
    );
}

#[test]
fn the_schema_is_what_the_types_say() {
    check_generated("supervisor.schema.json", &schema::json_schema_text());
}

#[test]
fn the_template_is_what_the_types_say() {
    check_generated("supervisor.template.yaml", &schema::template());
}

#[tokio::test(start_paused = true)]
async fn the_example_starts_an_empty_tree_and_has_every_section() {
    let path = example("supervisor.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let properties = schema::json_schema()["properties"].clone();
    for section in properties.as_object().unwrap().keys() {
        assert!(text.contains(&format!("{section}:")), "no `{section}` in {}", path.display());
    }

    let handle = Supervisor::start_from_config_file(path).await.unwrap();
    let current = handle.current_state().await.unwrap();
    println!("{current:#?}");
    handle.shutdown_tree("operator", "quickstart complete").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_template_loads_as_it_is_and_says_nothing() {
    let loaded = LoadedConfig::read(example("supervisor.template.yaml")).unwrap();
    assert_eq!(*loaded.config(), SupervisorConfig::default());
    let handle = Supervisor::start_from_config_file(example("supervisor.template.yaml")).await;
    handle.unwrap().shutdown_tree("test", "over").await.unwrap();
}

#[test]
fn the_template_loads_with_every_line_out_of_its_comment_and_then_names_every_key() {
    let template = schema::template();
    let lines = template.lines().map(|line| {
        let text = line.trim_start();
        if text.starts_with('#')
            && !text.starts_with("##")
            && !text.starts_with("# ")
            && text != "#"
        {
            format!("{}{}", &line[..line.len() - text.len()], &text[1..])
        } else {
            line.to_owned()
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let path = std::env::temp_dir().join(format!("template-{}.yaml", std::process::id()));
    std::fs::write(&path, &text).unwrap();
    let loaded = LoadedConfig::read(&path);
    std::fs::remove_file(&path).unwrap();
    let config = loaded.unwrap_or_else(|error| panic!("{error}\n{text}")).into_config();

    let said = serde_json::to_value(&config).unwrap();
    let root = schema::json_schema();
    for section in ["supervisor", "policy", "shutdown", "observability"] {
        let reference = root["properties"][section]["anyOf"][0]["$ref"].as_str().unwrap();
        let keys = root.pointer(reference.trim_start_matches('#')).unwrap()["properties"].clone();
        for key in keys.as_object().unwrap().keys() {
            assert!(!said[section][key].is_null(), "`{section}.{key}` is not in the template");
        }
    }
    let child = &said["supervisor"]["children"]["ID"];
    for key in root["definitions"]["ChildSection"]["properties"].as_object().unwrap().keys() {
        // Empty ones are not written.
        assert!(key == "children" || !child[key].is_null(), "`{key}` of a child is missing");
    }
}

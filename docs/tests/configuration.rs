//! The YAML of the book, and that of the examples, is configuration that works.

use rust_supervisor::config::configurable::SupervisorConfig;
use rust_supervisor::config::load::LoadedConfig;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::member::member_fn;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Clone, Deserialize, JsonSchema)]
struct Session {
    #[serde(rename = "user")]
    _user: u64,
}

const PAGE: &str = include_str!("../en/src/configuration.md");

#[test]
fn the_page_shows_configuration_that_fits_a_tree() {
    let blocks: Vec<_> = PAGE.split("```yaml\n").skip(1).take(2).collect();
    assert!(blocks[1].contains("include:"), "the second block is the large one");
    for (number, block) in blocks.into_iter().enumerate() {
        let yaml = block.split("```").next().expect("a block of YAML");
        fits_a_tree(&format!("page-{number}.yaml"), yaml);
    }
}

fn fits_a_tree(name: &str, yaml: &str) {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(name);
    std::fs::write(&file, yaml).expect("a file");
    std::fs::write(folder.join("limits.yaml"), "").expect("a file");
    let config = LoadedConfig::read(&file).unwrap_or_else(|error| panic!("{error}"));

    let parked = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let session = member_fn(async |ctx: TaskContext, _: Session| ctx.stopped().await);
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("worker", parked()))
        .child(SupervisorSpec::new("payments").child(ChildSpec::new("ledger", parked())))
        .child(SupervisorSpec::pool("sessions").members(session).from_config::<Session>());
    let tree = config.overlay(tree).unwrap_or_else(|error| panic!("{error}"));
    tree.validate().unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_files_of_the_examples_can_be_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/config");
    for file in std::fs::read_dir(folder).expect("the files of the examples") {
        let file = file.expect("a file").path();
        if file.extension() == Some("yaml".as_ref()) {
            SupervisorConfig::from_file(file).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

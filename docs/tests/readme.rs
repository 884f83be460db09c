//! The quick start block of the README, run as it stands there.

// It brings a `main` of its own, which is what is run.
include!("../../examples/start_from_yaml/block.rs");

#[test]
fn the_quick_start_of_the_readme_is_the_example_and_runs() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).expect("the README");
    let example = include_str!("../../examples/start_from_yaml/block.rs");
    assert!(readme.contains(example), "the README has another block than the example");

    // Where somebody stands who has just cloned the project. This binary has no other test.
    std::env::set_current_dir(root).expect("the root of the workspace");
    main().expect("an empty tree starts from the file and ends");
}

//! The example that is a whole program: its answers and exit codes, as a shell sees them.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;
use std::process::{Command, Output};

/// Runs the example from the root of the workspace, as its own documentation says.
fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root).args(["run", "--quiet", "--example", "config_tree_supervisor", "--"]);
    let mine = |name: &str| name.starts_with("RUST_SUPERVISOR__");
    for (name, _) in std::env::vars().filter(|(name, _)| mine(name)) {
        cargo.env_remove(name);
    }
    cargo.args(arguments);
    cargo
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn without_arguments_it_runs_its_tree_and_ends_by_itself() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let out = text(&output.stdout);
    assert!(out.contains("payments, signed"), "{out}");
    assert!(out.contains("the shop is closed"), "{out}");
}

#[test]
fn it_checks_its_own_file_and_refuses_one_for_another_tree() {
    let own = run(&["check", "examples/config/config_tree.yaml"]);
    assert_eq!(own.status.code(), Some(0), "{}", text(&own.stderr));
    let other = run(&["check", "examples/config/quickstart.yaml"]);
    assert_eq!(other.status.code(), Some(78));
    assert!(text(&other.stderr).contains("worker"), "{}", text(&other.stderr));
    assert_eq!(run(&["check", "nowhere.yaml"]).status.code(), Some(78));
    assert_eq!(run(&["chekc"]).status.code(), Some(64));
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_74_and_says_so() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [&["tree"][..], &["schema"], &["plan", "examples/config/config_tree.yaml"]] {
        let output = command(arguments).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(74), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains("standard output cannot be written to: "), "{said}");
    }
    // What was wrong before is not said to be that.
    let output = command(&["check", "nowhere.yaml"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn it_draws_its_three_levels_and_shows_no_secret() {
    let output = run(&["tree"]);
    let page = include_str!("../../docs/en/src/program.md");
    let out = text(&output.stdout);
    assert!(page.contains(out), "docs/en/src/program.md shows another tree than\n{out}");
    assert!(!out.contains("not a real key"));
    let json = run(&["explain", "/root/payments/books/ledger", "--format", "json"]);
    assert!(!text(&json.stdout).contains("not a real key"));
}

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

/// A file that goes with the test.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("program-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

#[test]
fn its_template_is_a_configuration_that_its_schema_takes() {
    let template = run(&["template"]);
    assert_eq!(template.status.code(), Some(0), "{}", text(&template.stderr));
    let template = text(&template.stdout);
    let file = File::new("template.yaml", template);
    let checked = run(&["check", file.name()]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    for line in ["#size: 10", "#signing_key: null", "#open: 10m"] {
        assert!(template.contains(line), "no `{line}` in {template}");
    }
    let member = "#- { pool: /root/sessions, id: example, args: 0, overrides: {} }";
    assert!(template.contains(member), "{template}");

    let schema = run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let own = include_str!("../../examples/config/config_tree.yaml");
    for (text, fits) in [(own.to_owned(), true), (own.replace("gateway:", "gatewy:"), false)] {
        let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(validator.is_valid(&value), fits, "{text}");
    }
}

#[test]
fn each_way_to_end_has_the_exit_code_that_help_says() {
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let ok = "examples/config/config_tree.yaml";
    let own = include_str!("../../examples/config/config_tree.yaml");
    let restart = File::new("restart.yaml", &own.replace("id: regular", "id: other"));
    let build = File::new("build.yaml", "dynamic: [{ pool: /root/shift, id: a, args: 1 }]");
    let bad = File::new("bad.yaml", "dynamic: [{ pool: /root/sessions, id: a, args: many }]");
    for (arguments, code) in [
        (vec!["check", ok], 0),
        (vec!["explain", "/root/sessions/regular"], 0),
        (vec!["completions", "bash"], 0),
        (vec!["plan", ok], 0),
        (vec!["plan", restart.name()], 3),
        (vec!["plan", build.name()], 4),
        (vec!["explain", "/root/payments/gatewy"], 64),
        (vec!["--format", "xml"], 64),
        (vec!["check", bad.name()], 78),
        (vec!["plan", bad.name()], 78),
        (vec!["--config", bad.name(), "run"], 78),
        (vec!["--config", bad.name(), "tree"], 78),
    ] {
        let output = run(&arguments);
        let said = format!("{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(
            text(&help.stdout).contains(&format!("\n  {code:<2}  ")),
            "{code} is not in the help"
        );
        // An answer is on one of the two, and with JSON it is one value on standard output.
        assert_eq!(output.stdout.is_empty(), !matches!(code, 0 | 3), "{said}");
        if !matches!(arguments[0], "completions" | "--format") {
            let output = run(&[&arguments[..], &["--format", "json"]].concat());
            assert_eq!(output.status.code(), Some(code), "{arguments:?}");
            let is_json = serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok();
            assert!(is_json || code == 64, "{arguments:?}: {}", text(&output.stdout));
        }
    }
}

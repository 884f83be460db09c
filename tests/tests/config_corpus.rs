//! Configurations that cannot be used, each in a file named after its mistake in `bad-config`, and
//! beside it the whole message. `BLESS=1` writes the messages anew: look at each.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rust_supervisor::config::error::ConfigError;
use rust_supervisor::config::report::Colour;
use supervisor_tests::corpus::{check, folder, names};

/// What is wrong with each file, read once for all tests.
fn errors() -> &'static [(String, ConfigError)] {
    static ERRORS: LazyLock<Vec<(String, ConfigError)>> = LazyLock::new(|| {
        let read = |name: String| match check(&folder().join(format!("{name}.yaml"))) {
            Ok(()) => panic!("{name}.yaml can be used: it is no mistake"),
            Err(error) => (name, error),
        };
        names().into_iter().map(read).collect()
    });
    &ERRORS
}

/// The message without what differs from machine to machine.
fn message(error: &ConfigError) -> String {
    let report = error.report(Colour::Never).replace(&format!("{}/", folder().display()), "");
    report.replace(&folder().display().to_string(), "bad-config").replace(file!(), "the code")
}

#[test]
fn each_bad_file_gets_its_whole_message() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut differing = Vec::new();
    for (name, error) in errors() {
        let report = message(error);
        let path = folder().join(format!("{name}.txt"));
        if bless {
            std::fs::write(&path, &report).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if report != expected {
            differing.push(format!("{name}: expected\n{expected}\nfound\n{report}"));
        }
    }
    let messages = std::fs::read_dir(folder()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "txt")
    });
    assert_eq!(messages.count(), errors().len(), "a message without its file");
    let hint = "if it is meant: `BLESS=1 cargo test -p supervisor-tests --test config_corpus`";
    assert!(differing.is_empty(), "{}\n{hint}", differing.join("\n"));
}

#[test]
fn no_message_shows_a_secret_or_the_insides_of_another_crate() {
    for (name, error) in errors() {
        let texts = [message(error), error.to_string(), error.to_json().to_string()];
        for text in texts {
            let forbidden = [
                "secret-value",
                "serde",
                "saphyr",
                "visitor",
                "Layer",
                "i128",
                "u32",
                "u8",
                "variant",
                "confique",
                "scalar",
                "mapping",
                "EOF",
                "panicked",
            ];
            for word in forbidden {
                assert!(!text.contains(word), "`{word}` in {name}:\n{text}");
            }
        }
    }
}

#[test]
fn the_corpus_has_many_causes_at_many_places() {
    let names = names();
    assert!(names.len() >= 300, "{} files", names.len());
    let mut causes = BTreeSet::new();
    for (_, error) in errors() {
        for diagnostic in error.diagnostics() {
            causes.insert((diagnostic.code(), diagnostic.key().to_string()));
        }
    }
    assert!(causes.len() >= 80, "{} causes", causes.len());
}

#[test]
fn an_editor_gets_the_place_of_each_mistake() {
    for (name, error) in errors() {
        for diagnostic in error.to_json().as_array().unwrap() {
            assert!(diagnostic["code"].as_str().unwrap().starts_with('C'), "{diagnostic}");
            assert!(!diagnostic["message"].as_str().unwrap().is_empty(), "{diagnostic}");
            assert!(diagnostic["line"].is_u64(), "{name} has no place: {diagnostic}");
        }
    }
}

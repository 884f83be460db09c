//! What fuzzers start from, and what they have found, through the functions that they call.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library where it stands")]
mod fuzz;

/// How many files of a folder were played.
fn replay(folder: &str, target: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            println!("{}", path.display());
            target(&std::fs::read(&path).unwrap());
            files += 1;
        }
    }
    files
}

#[test]
fn no_configuration_of_the_corpus_does_harm() {
    assert!(replay("fuzz/corpus/config", fuzz::config) > 10);
    assert!(replay("tests/bad-config", fuzz::config) > 300);
    assert!(replay("examples/config", fuzz::config) > 2);
}

#[test]
fn no_path_of_the_corpus_does_harm() {
    assert!(replay("fuzz/corpus/path", fuzz::path) > 5);
}

#[test]
fn no_duration_of_the_corpus_does_harm() {
    assert!(replay("fuzz/corpus/duration", fuzz::duration) > 5);
}

#[test]
fn no_recording_of_the_corpus_does_harm() {
    assert!(replay("fuzz/corpus/recording", fuzz::recording) > 2);
}

#[cfg(unix)]
#[test]
fn no_line_of_the_corpus_does_harm() {
    assert!(replay("fuzz/corpus/wire", fuzz::wire) > 15);
}

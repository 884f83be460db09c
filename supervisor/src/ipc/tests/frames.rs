//! Line reader and decoder with whatever comes: they never panic, and what they say does not depend
//! on how the bytes came in.

use std::fs;
use std::path::PathBuf;

use crate::dashboard::protocol::Method;
use crate::ipc::decode::{Call, Request, decode};
use crate::ipc::fuzz::read_everything;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// What a line is read as, however it comes in.
fn read(bytes: &[u8]) -> Vec<Result<String, String>> {
    let whole = read_everything(bytes, &[]);
    for pieces in [&[1][..], &[2, 3], &[7], &[64, 1], &[4_096]] {
        assert_eq!(read_everything(bytes, pieces), whole, "{:?}", String::from_utf8_lossy(bytes));
    }
    whole
}

#[test]
fn every_example_of_a_request_is_read_as_what_it_is() {
    let mut seen = 0;
    for entry in fs::read_dir(folder("docs/wire")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(method) = name.strip_prefix("request.").and_then(|n| n.strip_suffix(".json"))
        else {
            continue;
        };
        if method == "schema" {
            continue;
        }
        seen += 1;
        let text = fs::read_to_string(&path).unwrap();
        let line = serde_json::from_str::<serde_json::Value>(&text).unwrap().to_string();
        let Request { request_id, call } = decode(line.as_bytes()).unwrap();
        assert_eq!(request_id, "42");
        let method = Method::of(method).unwrap();
        let fits = match &call {
            Call::Hello(_) => method == Method::Hello,
            Call::State(_) => method == Method::State,
            Call::Subscribe(_) => method == Method::EventsSubscribe,
            Call::Unsubscribe(_) => method == Method::EventsUnsubscribe,
            Call::Tail(_) => method == Method::LogsTail,
            Call::Why(_) => method == Method::Why,
            Call::Explain(_) => method == Method::Explain,
            Call::Command(params) => method.command() == Some(params.command),
        };
        assert!(fits, "{name}");
        assert_eq!(read(format!("{line}\n").as_bytes()), [Ok("42".to_owned())]);
    }
    assert_eq!(seen, Method::ALL.len());
}

#[test]
fn bad_lines_and_their_beginnings_are_read_the_same_however_they_come_in() {
    let mut seen = 0;
    for entry in fs::read_dir(folder("tests/bad-frames")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for frame in text.lines().filter_map(|line| line.strip_prefix("> ")) {
            // Escapes of the file stay what they are: that is as bad.
            seen += 1;
            read(format!("{frame}\n").as_bytes());
            for end in (0..frame.len()).step_by(5).filter(|&end| frame.is_char_boundary(end)) {
                let half = &frame[..end];
                let said = read(format!("{half}\n").as_bytes());
                // What follows a whole request may be what is bad about it.
                assert!(half.ends_with('}') || said.iter().all(Result::is_err), "{half}");
            }
        }
    }
    assert!(seen >= 300, "{seen}");
}

/// The corpus of the fuzz target, and what it has found.
#[test]
fn what_was_drawn_at_random_never_panics() {
    let words: [&[u8]; 16] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b":",
        b",",
        b"\n",
        b"\r",
        b"request_id",
        b"method",
        b"params",
        b"hello",
        b"\xff",
        b"\\ud800",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..2_000 {
        let length = random.usize(0..60);
        let bytes: Vec<u8> =
            (0..length).flat_map(|_| words[random.usize(0..words.len())].iter().copied()).collect();
        read(&bytes);
    }
}

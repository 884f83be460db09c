//! Lines that are no good requests, each with the answer it gets over a real socket.
//!
//! In `tests/bad-frames` stands `> ` and a line, then `< ` and its answer. `\xNN` is a byte, `\t` a
//! tab, `\R{text,n}` a text n times, and `\E` at the end is the end of what the client writes in
//! place of a newline. With `BLESS=1` the answers are written.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rust_supervisor::ipc::IpcOptions;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use serde_json::Value;
use supervisor_tests::parked;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bad-frames")
}

/// What is written for a frame, and whether the client writes no more after it.
fn bytes(frame: &str) -> (Vec<u8>, bool) {
    let (frame, is_end) = match frame.strip_suffix("\\E") {
        Some(frame) => (frame, true),
        None => (frame, false),
    };
    let mut bytes = Vec::new();
    let mut rest = frame;
    while let Some(place) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..place]);
        let escape = &rest[place + 1..];
        if let Some(repeated) = escape.strip_prefix("R{") {
            // The text may have braces and commas: the number is the last thing in it.
            let end = (0..repeated.len())
                .find(|&end| {
                    let number = repeated[..end].rsplit(',').next().unwrap_or_default();
                    repeated[end..].starts_with('}')
                        && repeated[..end].contains(',')
                        && !number.is_empty()
                        && number.chars().all(|digit| digit.is_ascii_digit())
                })
                .unwrap();
            let (text, number) = repeated[..end].rsplit_once(',').unwrap();
            let (text, _) = self::bytes(text);
            for _ in 0..number.parse().unwrap() {
                bytes.extend_from_slice(&text);
            }
            rest = &repeated[end + 1..];
        } else if let Some(digits) = escape.strip_prefix('x') {
            bytes.push(u8::from_str_radix(&digits[..2], 16).unwrap());
            rest = &digits[2..];
        } else if let Some(after) = escape.strip_prefix('t') {
            bytes.push(b'\t');
            rest = after;
        } else {
            // As JSON has it.
            bytes.push(b'\\');
            let next = escape.chars().next().map_or(0, char::len_utf8);
            bytes.extend_from_slice(&escape.as_bytes()[..next]);
            rest = &escape[next..];
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    (bytes, is_end)
}

/// What stands in the place of the answer to a line that has nothing wrong with it.
const GOOD: &str = "nothing is wrong with it";

/// The answer to a frame, in short.
async fn answer(socket: &Path, frame: &str) -> String {
    let (mut bytes, is_end) = bytes(frame);
    let mut stream = UnixStream::connect(socket).await.unwrap();
    if !is_end {
        bytes.push(b'\n');
    }
    // It may have been enough before all of it was written.
    let written = stream.write_all(&bytes).await;
    if is_end {
        written.unwrap();
        stream.shutdown().await.unwrap();
    }
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    let value: Value =
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{frame}: {error} in `{line}`"));
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let error = &value["error"];
    if value["ok"] == true {
        return format!("{GOOD}: {line}");
    }
    assert_eq!((&value["ok"], &error["target_id"]), (&false.into(), &"shop".into()), "{line}");
    let (code, stage) = (text(&error["code"]), text(&error["stage"]));
    let mut message = text(&error["message"]).replace('\n', "\\n");
    if let Some((end, _)) = message.char_indices().nth(400) {
        message.truncate(end);
        message.push('…');
    }
    format!("{:?} {code} {stage}: {message}", text(&value["request_id"]))
}

#[tokio::test]
async fn each_bad_line_gets_its_answer_and_the_tree_never_notices() {
    let run = std::env::temp_dir().join(format!("bad-frames-{}", std::process::id()));
    fs::create_dir(&run).unwrap();
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).unwrap();
    let socket = run.join("shop.sock");
    let options =
        IpcOptions::new("shop").path(&socket).limits(|limits| limits.requests_per_second = 1 << 20);
    let tree = SupervisorSpec::root().child(ChildSpec::new("till", parked()));
    let handle = Supervisor::builder(tree).ipc(options).start().await.unwrap();

    let mut count = 0;
    let mut stale = Vec::new();
    let mut files: Vec<_> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let mut written = String::new();
        for frame in text.lines().filter_map(|line| line.strip_prefix("> ")) {
            count += 1;
            let answer = answer(&socket, frame).await;
            if answer.starts_with(GOOD) {
                stale.push(format!("{frame}\n{answer}"));
            }
            written.extend(["> ", frame, "\n< ", &answer, "\n"]);
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &written).unwrap();
        } else {
            let pairs = text.lines().zip(written.lines());
            stale.extend(
                pairs.filter(|(old, new)| old != new).map(|(old, new)| format!("{old}\n{new}")),
            );
        }
    }
    assert!(stale.is_empty(), "{}\nrun the test again with BLESS=1", stale.join("\n\n"));
    assert!(count >= 300, "{count}");

    let till = handle.state_of("/root/till").await.unwrap();
    assert_eq!(till.generation.0, 1);
    assert_eq!(handle.journal().iter().filter(|event| event.command.is_some()).count(), 0);
    handle.shutdown_tree("test", "over").await.unwrap();
    assert!(!socket.exists());
    fs::remove_dir(&run).unwrap();
}

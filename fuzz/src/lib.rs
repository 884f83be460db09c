//! What a fuzzer calls, and `cargo test` with what the fuzzer has found: whatever comes in, nothing
//! panics, and what is accepted means the same when it is written and read again.
//!
//! `tests/tests/fuzz.rs` includes this file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rust_supervisor::config::duration::HumanDuration;
use rust_supervisor::config::environment::Environment;
use rust_supervisor::config::load::LoadedConfig;
use rust_supervisor::config::report::Colour;
use rust_supervisor::id::{ChildId, ChildPath};
#[cfg(unix)]
use rust_supervisor::ipc::fuzz::read_everything;
use rust_supervisor::record::Recording;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::member::member_fn;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// A file of its own, in memory where there is such a place, gone with the call.
struct File(PathBuf);

impl File {
    fn new(bytes: &[u8]) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = dir.join(format!("supervisor-fuzz-{}-{number}", std::process::id()));
        fs::write(&path, bytes).expect("the directory for temporary files is there");
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

fn tree() -> SupervisorSpec {
    let idle = || service_fn(async |_: TaskContext| {});
    let member = || member_fn(async |_: TaskContext, (): ()| ());
    let shard = || member_fn(async |_: TaskContext, _: usize| ());
    let inner = SupervisorSpec::new("inner")
        .child(ChildSpec::new("a", idle()).restart_limit(3, Duration::from_secs(9)))
        .child(ChildSpec::new("b-c", idle()).depends_on("a"));
    SupervisorSpec::root()
        .child(inner)
        .child(SupervisorSpec::pool("pool").members(member()))
        .child(SupervisorSpec::many("many", 2, shard()))
        .child(ChildSpec::new("t", idle()).health(Duration::from_secs(1), Duration::from_secs(3)))
}

/// A configuration file; behind the first NUL variables, `NAME=VALUE` in lines.
pub fn config(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let (text, rest) = data.split_at(end);
    let rest = String::from_utf8_lossy(rest.get(1..).unwrap_or_default()).into_owned();
    let variables = rest.lines().filter_map(|line| line.split_once('='));
    let environment = Environment::of(
        variables.map(|(name, value)| (format!("RUST_SUPERVISOR__{name}"), value.to_owned())),
    );
    let file = File::new(text);
    let loaded = match LoadedConfig::read_for(&tree(), &file.0, &environment) {
        Ok(loaded) => loaded,
        Err(error) => {
            assert!(!error.report(Colour::Never).is_empty());
            assert!(error.to_json().is_array());
            return;
        }
    };
    // What could be read means the same when it is written and read again.
    let config = loaded.config();
    let written = serde_json::to_string(config).expect("it can be written");
    let again = File::new(written.as_bytes());
    let mut read = LoadedConfig::read_for(&tree(), &again.0, &Environment::none())
        .unwrap_or_else(|error| panic!("{error}\n{written}"))
        .into_config();
    // They are read again with it.
    read.include.clone_from(&config.include);
    if config.include.is_empty() {
        assert_eq!(read, *config, "{written}");
    }
    drop(loaded.effective(&tree()).to_string());
    match loaded.overlay(tree()) {
        Ok(spec) => drop(spec.validate().expect("the overlay has looked at the rules")),
        Err(error) => assert!(!error.report(Colour::Never).is_empty()),
    }
}

/// The path of a child, and an id.
pub fn path(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(path) = ChildPath::parse(&text) {
        assert_eq!(path.as_str(), text);
        let mut again = ChildPath::root();
        for id in text.split('/').skip(2) {
            again = again.join(&ChildId::new(id).expect("it is part of a path"));
        }
        assert_eq!(again, path);
        assert!(path.is_within(&ChildPath::root()));
        assert!(path.parent().is_none_or(|above| path.is_within(&above) && above != path));
    }
    if let Ok(id) = ChildId::new(&*text) {
        let path = ChildPath::root().join(&id);
        assert_eq!(ChildPath::parse(path.as_str()), Ok(path.clone()));
        assert_eq!(path.id(), id);
    }
}

/// A duration, as it is written in a configuration.
pub fn duration(data: &[u8]) {
    let read = |text: &str| {
        let text: StrDeserializer<'_, Error> = text.into_deserializer();
        HumanDuration::deserialize(text)
    };
    let text = String::from_utf8_lossy(data);
    if let Ok(duration) = read(&text) {
        let written = duration.to_string();
        assert_eq!(read(&written), Ok(duration), "{text} is written as {written}");
    }
}

/// A recording, without the checks at the ends of its lines: they are put there, so that what
/// comes behind them is reached.
pub fn recording(data: &[u8]) {
    let mut check = 0xcbf2_9ce4_8422_2325_u64;
    let mut text = Vec::new();
    for line in data.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).take(200) {
        let line = line.strip_suffix(b"}").unwrap_or(line);
        for byte in line {
            check = (check ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        text.extend_from_slice(line);
        text.extend_from_slice(format!(",\"check\":\"{check:016x}\"}}\n").as_bytes());
    }
    let file = File::new(&text);
    if let Ok((recording, _)) = Recording::read_up_to_damage(&file.0) {
        drop(recording.replay());
        // Other decisions than those that stand there are no obstacle to it.
        drop(recording.what_if(|spec| spec).map(|what_if| what_if.to_string()));
    }
}

/// What a client writes to the socket. The first byte says how many sizes of pieces follow it, at
/// most eight; behind them stand the lines. Whole or in pieces, they are read the same.
#[cfg(unix)]
pub fn wire(data: &[u8]) {
    let Some((&count, rest)) = data.split_first() else { return };
    let (sizes, lines) = rest.split_at(usize::from(count % 8 + 1).min(rest.len()));
    let sizes: Vec<usize> = sizes.iter().map(|&size| usize::from(size) + 1).collect();
    let whole = read_everything(lines, &[]);
    assert_eq!(read_everything(lines, &sizes), whole);
    assert_eq!(read_everything(lines, &[1]), whole);
    // A line has at most one answer, and the end of the bytes is the end of a line.
    assert!(whole.len() <= lines.split(|&byte| byte == b'\n').count());
    for code in whole.iter().filter_map(|read| read.as_ref().err()) {
        assert!(CODES.contains(&code.as_str()), "{code}");
    }
}

/// What may be wrong with a line before anybody looks at what it asks for.
#[cfg(unix)]
const CODES: [&str; 6] = [
    "invalid_json",
    "line_too_long",
    "nesting_too_deep",
    "unsupported_method",
    "invalid_command_params",
    "method_command_mismatch",
];

//! Files that cannot be used: each says which key, where, and what to do about it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rust_supervisor::config::configurable::SupervisorConfig;
use rust_supervisor::config::error::ConfigFault;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::restart::{Restart, Strategy};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;

/// A directory that goes with the test.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("bad-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The message, with the directory taken out.
fn refused(dir: &Dir, path: &Path) -> String {
    match SupervisorConfig::from_file(path) {
        Ok(config) => panic!("{} was read: {config:?}", path.display()),
        Err(error) => error.to_string().replace(&format!("{}/", dir.0.display()), ""),
    }
}

/// What is in a file, and what has to be said about it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "supervisor:\n  children:\n    db:\n      shutdwon: 1s\n",
        "a.yaml:4:7: unknown key `shutdwon` in `supervisor.children.db`; did you mean `shutdown`?",
    ),
    (
        "sockets: {}\n",
        "a.yaml:1:1: unknown key `sockets`; expected one of `include`, `supervisor`, `policy`, `shutdown`, `observability`",
    ),
    (
        "policy: { restart: sometimes }",
        "a.yaml:1:20: `policy.restart`: found `sometimes`; expected one of `permanent`, `transient`, `temporary`",
    ),
    ("policy: { restart: transent }", "did you mean `transient`?"),
    ("policy: { restart: 3 }", "`policy.restart`: found `3`; expected one of"),
    ("policy: { significant: yes }", "expected `true` or `false`, found `yes`"),
    (
        "policy: { start_timeout: 10 }",
        "a.yaml:1:26: `policy.start_timeout`: `10` has no unit: write `10s` for seconds or `10ms` for milliseconds",
    ),
    ("policy: { start_timeout: 0 }", "`0` has no unit"),
    ("policy: { start_timeout: '1.5' }", "`1.5` has no unit"),
    ("policy: { start_timeout: 10 parsecs }", "`parsecs` is no unit of time"),
    (
        "policy: { start_timeout: soon }",
        "expected a duration with its unit, such as `250ms`, `10s` or `1m 30s`, found `soon`",
    ),
    ("policy: { start_timeout: -1s }", "expected a duration with its unit"),
    ("policy: { start_timeout: 99999999999999999999999999s }", "out of range"),
    (
        "shutdown: { grace: forever }",
        "expected a duration with its unit, such as `10s`, or `infinite`, found `forever`",
    ),
    ("shutdown: { grace: 5 }", "`5` has no unit"),
    (
        "supervisor: { intensity: { max: three } }",
        "expected a whole number from 0 to 4294967295, found `three`",
    ),
    (
        "supervisor: { intensity: { max: -1 } }",
        "expected a whole number from 0 to 4294967295, found `-1`",
    ),
    (
        "supervisor: { intensity: { max: 4294967296 } }",
        "expected a whole number from 0 to 4294967295, found `4294967296`",
    ),
    (
        "supervisor: { intensity: { max: 99999999999999999999 } }",
        "expected a whole number from 0 to 4294967295",
    ),
    (
        "supervisor: { intensity: 3 }",
        "`supervisor.intensity`: expected a section, such as `{ max: 5, within: 30s }`, found `3`",
    ),
    ("policy: { backoff: 1s }", "expected a section, such as `{ initial: 100ms, max: 30s }`"),
    ("shutdown: 5s", "`shutdown`: expected a section, such as `{ grace: 5s }`, found `5s`"),
    ("strategy: one_for_all", "unknown key `strategy`; it belongs into `supervisor`"),
    (
        "supervisor: { children: { a: { grace: 5s } } }",
        "unknown key `grace` in `supervisor.children.a`; it belongs into `shutdown`",
    ),
    (
        "policy: { on_failure: { fatal_config: { restart_limit: { max: 1 } } } }",
        "unknown key `fatal_config` in `policy.on_failure`; what is fatal is never retried, so \
         there is nothing to say about it",
    ),
    (
        "policy: { grace: 5s, jitter: 0 }",
        "unknown key `jitter` in `policy`; it belongs into `backoff`",
    ),
    (
        "supervisor: { intensity: { max: 3.0 } }",
        "expected a whole number from 0 to 4294967295, found `3.0`",
    ),
    (
        "supervisor: { intensity: { max: '3' } }",
        "expected a whole number from 0 to 4294967295, found the text `3`",
    ),
    (
        "supervisor: { intensity: [3, 10s] }",
        "`supervisor.intensity`: expected a section, such as `{ max: 5, within: 30s }`, found a list",
    ),
    ("supervisor: { children: [a] }", "`supervisor.children`: expected a section, found a list"),
    ("- a\n- b\n", "a.yaml:1:1: expected a section, found a list"),
    ("policy: { backoff: { factor: big } }", "expected a number, found `big`"),
    ("include: other.yaml", "`include`: expected a list, such as `[a.yaml]`, found `other.yaml`"),
    ("include: [[a]]", "`include.0`: expected a path, found a list"),
    ("include: ['']", "`include.0`: the path to include is empty"),
    ("policy: {}\npolicy: {}\n", "a.yaml:2:1: the key `policy` is there twice"),
    ("policy: { restart: transient, restart: permanent }", "the key `restart` is there twice"),
    ("policy: { start_timeout: 1001y }", "`1001y` is longer than a thousand years"),
    ("policy: { backoff: { factor: .nan } }", "a.yaml:1:30: a number has to be finite"),
    ("supervisor: { children: { ~: {} } }", "a.yaml:1:27: a key has to be a word"),
    ("? [a]\n: b\n", "a.yaml:1:3: a key has to be a word"),
    ("supervisor: { children: { 1: {}, '1': {} } }", "the key `1` is there twice"),
    ("policy: {", "a.yaml:1:9: this is not YAML: this bracket is never closed"),
    ("policy:\n\trestart: transient", "a.yaml:2:"),
    ("policy: {}\n---\npolicy: {}\n", "more than one document"),
];

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let dir = Dir::new();
    for (text, expected) in MISTAKES {
        let path = dir.write("a.yaml", text);
        let error = refused(&dir, &path);
        assert!(error.contains(expected), "{text}\n  no `{expected}` in\n  {error}");
        for jargon in ["Layer", "serde", "visitor", "line 1 column", "i128", "u32"] {
            assert!(!error.contains(jargon), "`{jargon}` in {error}");
        }
    }
}

#[test]
fn all_problems_of_all_files_are_said_at_once() {
    let dir = Dir::new();
    dir.write("b.yaml", "policy:\n  backof: {}\n  restart: often\n");
    let path = dir.write("a.yaml", "include: [b.yaml, missing.yaml]\npolicy: { restart: transient }\nx: 1\nshutdown: { grace: 3, budget: 4 }\n");
    let error = refused(&dir, &path);
    assert!(error.contains("6 things are wrong"), "{error}");
    for expected in [
        "a.yaml:1:19: `include.1`: cannot include `missing.yaml`: there is no such file",
        "a.yaml:3:1: unknown key `x`",
        "a.yaml:4:20: `shutdown.grace`",
        "a.yaml:4:31: `shutdown.budget`",
        "b.yaml:2:3: unknown key `backof` in `policy`; did you mean `backoff`?",
        // Hidden by the file above, and wrong all the same.
        "b.yaml:3:12: `policy.restart`: found `often`",
    ] {
        assert!(error.contains(expected), "no `{expected}` in {error}");
    }
}

#[test]
fn what_is_no_file_of_text_is_refused_at_once() {
    let dir = Dir::new();
    let expect = |path: &Path, expected: &str| {
        let error = refused(&dir, path);
        assert!(error.contains(expected), "no `{expected}` in {error}");
    };
    expect(&dir.0.join("missing.yaml"), "missing.yaml: there is no such file");
    expect(&dir.0, "this is not a regular file");
    expect(&dir.write("latin.yaml", b"policy: # caf\xe9\n"), "not UTF-8: byte 0xe9 at offset 13");
    expect(&dir.write("large.yaml", vec![b'#'; (1 << 20) + 1]), "larger than 1024 KiB");
    expect(&dir.write("ten-megabytes.yaml", vec![b'['; 10 << 20]), "larger than 1024 KiB");
    expect(&dir.write("brackets.yaml", "[".repeat(100_000)), "nested too deep");
    expect(&dir.write("braces.yaml", "{a: ".repeat(50_000)), "nested too deep");
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &('b'..='k').fold(String::new(), |mut text, name| {
            let before = char::from(name as u8 - 1);
            writeln!(text, "{name}: &{name} [{}]", vec![format!("*{before}"); 9].join(","))
                .unwrap();
            text
        });
    expect(&dir.write("bomb.yaml", bomb), "repeats itself too often");
    let fifo = dir.0.join("fifo.yaml");
    // Where there are no FIFOs there is nothing to hang on.
    if std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success())
    {
        expect(&fifo, "this is not a regular file");
        expect(
            &dir.write("a.yaml", "include: [fifo.yaml]"),
            "cannot include `fifo.yaml`: this is not a regular file",
        );
    }
    #[cfg(target_os = "linux")]
    expect(Path::new("/dev/zero"), "this is not a regular file");
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_and_files_that_may_not_be_read_are_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let dir = Dir::new();
    let expect = |path: &Path, expected: &str| {
        let error = refused(&dir, path);
        assert!(error.contains(expected), "no `{expected}` in {error}");
    };
    for (link, target) in [("a.yaml", "b.yaml"), ("b.yaml", "a.yaml"), ("c.yaml", "nowhere")] {
        symlink(dir.0.join(target), dir.0.join(link)).unwrap();
    }
    expect(&dir.0.join("a.yaml"), "oo many levels of symbolic links");
    expect(&dir.0.join("c.yaml"), "there is no such file");
    let path = dir.write("includes.yaml", "include:\n  - a.yaml\n");
    expect(&path, "includes.yaml:2:5: `include.0`: cannot include `a.yaml`");
    let path = dir.write("secret.yaml", "policy: {}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything.
    if std::fs::read(&path).is_err() {
        expect(&path, "ermission denied");
    }
}

#[test]
fn files_that_include_each_other_are_refused() {
    let dir = Dir::new();
    let path = dir.write("a.yaml", "include: [b.yaml]\n");
    dir.write("b.yaml", "policy:\ninclude:\n  - ./sub/../a.yaml\n");
    let error = refused(&dir, &path);
    assert!(
        error.contains(
            "b.yaml:3:5: `include.0`: files include each other: a.yaml -> b.yaml -> a.yaml"
        ),
        "{error}"
    );
}

#[test]
fn too_many_files_and_files_too_deep_are_refused() {
    let dir = Dir::new();
    let chain = |length: u32| {
        for n in 0..length {
            dir.write(&format!("{n}.yaml"), format!("include: [{}.yaml]", n + 1));
        }
        dir.write(&format!("{length}.yaml"), "");
        dir.0.join("0.yaml")
    };
    assert!(SupervisorConfig::from_file(chain(16)).is_ok());
    assert!(
        refused(&dir, &chain(17))
            .contains("16.yaml:1:11: `include.0`: files are included more than 16 deep")
    );

    let wide = |count: u32| {
        let names: Vec<_> = (0..count).map(|n| format!("w{n}.yaml")).collect();
        for name in &names {
            dir.write(name, "");
        }
        dir.write("wide.yaml", format!("include: [{}]", names.join(", ")))
    };
    assert!(SupervisorConfig::from_file(wide(63)).is_ok());
    assert!(refused(&dir, &wide(64)).contains("more than 64 files"));
}

#[test]
fn the_file_beats_its_includes_and_the_later_include_the_earlier() {
    let dir = Dir::new();
    std::fs::create_dir(dir.0.join("sub")).unwrap();
    dir.write("sub/inner.yaml", "policy: { restart: transient, criticality: critical, backoff: { initial: 1s, max: 9s } }\nsupervisor: { children: { a: { restart: transient }, b: } }");
    dir.write(
        "sub/first.yaml",
        "include: [inner.yaml]\npolicy: { restart: temporary, backoff: { initial: 2s } }",
    );
    dir.write("second.yaml", "policy: { restart: permanent }\nsupervisor: { strategy: one_for_all, children: { a: { significant: true } } }");
    let path = dir.write(
        "root.yaml",
        "include: [sub/first.yaml, second.yaml]\nsupervisor: { strategy: rest_for_one }\npolicy:\n",
    );

    let config = SupervisorConfig::from_file(path).unwrap();
    assert_eq!(config.supervisor.strategy, Some(Strategy::RestForOne));
    assert_eq!(config.policy.restart, Some(Restart::Permanent));
    assert_eq!(config.policy.backoff.initial, Some(Duration::from_secs(2).into()));
    assert_eq!(config.policy.backoff.max, Some(Duration::from_secs(9).into()));
    assert!(config.policy.criticality.is_some());
    let a = &config.supervisor.children["a"];
    assert_eq!((a.restart, a.significant), (Some(Restart::Transient), Some(true)));
    assert!(config.supervisor.children.contains_key("b"), "a child about which nothing is said");
}

#[test]
fn marks_line_ends_and_emptiness_do_no_harm() {
    let dir = Dir::new();
    for text in [
        "",
        "\n",
        "# nothing\n",
        "---\n",
        "~\n",
        "policy:\nsupervisor: ~\n",
        "supervisor: { children: ~ }",
        "policy: { restart: ~ }",
    ] {
        let config = SupervisorConfig::from_file(dir.write("a.yaml", text));
        assert_eq!(config.unwrap(), SupervisorConfig::default(), "{text:?}");
    }
    let path = dir.write("a.yaml", "\u{feff}policy:\r\n  restart: transient\r\n  oops: 1\r\n");
    assert!(
        refused(&dir, &path).contains("a.yaml:3:3: unknown key `oops`"),
        "{}",
        refused(&dir, &path)
    );
    let path = dir.write("a.yaml", "\u{feff}policy:\r\n  restart: transient\r\n");
    assert_eq!(SupervisorConfig::from_file(path).unwrap().policy.restart, Some(Restart::Transient));
    let path = dir.write("a.yaml", "x: &x { max: 3, within: 1m }\n");
    assert!(refused(&dir, &path).contains("unknown key `x`"));
    let path = dir.write(
        "a.yaml",
        "supervisor: { intensity: &x { max: 3, within: 1m } }\npolicy: { restart_limit: *x }\n",
    );
    assert_eq!(SupervisorConfig::from_file(path).unwrap().policy.restart_limit.max, Some(3));
}

#[test]
fn supervisors_may_be_nested_as_deep_as_in_a_tree() {
    let dir = Dir::new();
    let text = format!("supervisor: {}{{}}{}", "{children: {s: ".repeat(63), "}}".repeat(63));
    let config = SupervisorConfig::from_file(dir.write("a.yaml", text)).unwrap();
    let tree = (0..63).fold(SupervisorSpec::new("s"), |inner, n| {
        if n == 62 {
            SupervisorSpec::root().child(inner)
        } else {
            SupervisorSpec::new("s").child(inner)
        }
    });
    rust_supervisor::config::overlay::overlay(tree, &config).unwrap().validate().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_the_tree_is_said_with_its_place_in_the_files() {
    let dir = Dir::new();
    dir.write("b.yaml", "policy:\n  backoff: { factor: 0.5 }\n");
    let path = dir.write("a.yaml", "include: [b.yaml]\nsupervisor:\n  children:\n    lodger: {}\n    ledger: { strategy: one_for_one }\n");
    let ledger = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let tree = SupervisorSpec::root().child(ChildSpec::new("ledger", ledger));

    let error = Supervisor::builder(tree).config_file(&path).start().await.unwrap_err();
    let SupervisorError::Config(error) = error else { panic!("{error}") };
    let text = error.to_string().replace(&format!("{}/", dir.0.display()), "");
    for expected in [
        "a.yaml:4:5: `supervisor.children.lodger`: there is no child `/root/lodger`; did you mean `/root/ledger`?",
        "a.yaml:5:15: `supervisor.children.ledger.strategy`: `/root/ledger` is a task",
        "b.yaml:2:22: `policy.backoff.factor`: `/root/ledger` could not be started: backoff `factor` is 0.5",
    ] {
        assert!(text.contains(expected), "no `{expected}` in {text}");
    }
    assert!(
        matches!(error.diagnostics()[0].fault(), ConfigFault::UnknownChild { .. }),
        "{error:?}"
    );
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let start = Supervisor::start_from_config_file("missing.yaml");
    let mut start = std::pin::pin!(start);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match start.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(SupervisorError::NoRuntime)) => {}
        other => panic!("{other:?}"),
    }
}

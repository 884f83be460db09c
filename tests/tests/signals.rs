//! Signals to a real process, and its exit code.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running service, killed at the latest with the test.
struct Service {
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Service {
    fn start(behavior: &str) -> Self {
        Self::with(&[behavior])
    }

    fn with(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_service"))
            .args(arguments)
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(process.stdout.take().unwrap());
        Self { process, says }
    }

    fn expect(&mut self, line: &str) {
        let mut said = String::new();
        self.says.read_line(&mut said).unwrap();
        assert_eq!(said.trim_end(), line);
    }

    fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is not everywhere.
        let kill = format!("kill -{name} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// The exit code and what it said on standard error.
    fn ended(mut self) -> (Option<i32>, String) {
        let code = self.process.wait().unwrap().code();
        let mut errors = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (code, errors)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The service has said that it is up just before it begins to listen.
fn listens(service: &mut Service) {
    service.expect("up");
    let signals = format!("/proc/{}/status", service.process.id());
    // The bit of SIGTERM, in the set of those that are caught.
    for _ in 0..10_000 {
        let Ok(status) = std::fs::read_to_string(&signals) else {
            // Not on Linux: long enough.
            return std::thread::sleep(std::time::Duration::from_millis(500));
        };
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        if caught & 1 << 14 != 0 && caught & 1 != 0 {
            return;
        }
        std::thread::yield_now();
    }
    panic!("it does not listen");
}

#[test]
fn each_of_the_signals_ends_it_clean_with_0() {
    for name in ["TERM", "INT", "HUP"] {
        let mut service = Service::start("good");
        listens(&mut service);
        service.signal(name);
        assert_eq!(service.ended(), (Some(0), String::new()), "{name}");
    }
}

#[test]
fn with_a_configuration_file_a_hangup_reads_it_again_and_ends_nothing() {
    let file = std::env::temp_dir().join(format!("signals-{}.yaml", std::process::id()));
    std::fs::write(&file, "").unwrap();
    let mut service = Service::with(&["good", file.to_str().unwrap()]);
    listens(&mut service);
    // A mistake changes nothing.
    std::fs::write(&file, "nonsense").unwrap();
    service.signal("HUP");
    std::fs::write(&file, "policy: { restart: transient }").unwrap();
    service.signal("HUP");
    let mut said = String::new();
    service.says.read_line(&mut said).unwrap();
    assert!(
        said.contains("/root/good") && said.contains("restart permanent -> transient"),
        "{said}"
    );
    service.signal("TERM");
    assert_eq!(service.ended(), (Some(0), String::new()));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn hangups_while_it_is_being_read_follow_each_other() {
    let file = std::env::temp_dir().join(format!("signals-row-{}.yaml", std::process::id()));
    let next = file.with_extension("next");
    std::fs::write(&file, "").unwrap();
    let mut service = Service::with(&["good", file.to_str().unwrap()]);
    listens(&mut service);
    let mut before = "30s".to_owned();
    for minutes in 1..6 {
        // At once, so that none of them reads half of it.
        std::fs::write(&next, format!("policy: {{ backoff: {{ max: {minutes}m }} }}")).unwrap();
        std::fs::rename(&next, &file).unwrap();
        for _ in 0..3 {
            service.signal("HUP");
        }
        // Once, whichever of them has found it.
        let mut said = String::new();
        service.says.read_line(&mut said).unwrap();
        let expected = format!("backoff.max {before} -> {minutes}m");
        assert!(said.contains(&expected), "no `{expected}` in {said}");
        before = format!("{minutes}m");
    }
    service.signal("TERM");
    assert_eq!(service.ended(), (Some(0), String::new()));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn the_second_signal_aborts_what_is_left_and_exits_with_2() {
    let mut service = Service::start("deaf");
    listens(&mut service);
    service.signal("TERM");
    service.expect("stopping");
    service.signal("INT");
    let (code, errors) = service.ended();
    assert_eq!(code, Some(2));
    assert!(errors.contains("ended not clean") && errors.contains("aborted"), "{errors}");
}

#[test]
fn a_run_that_cannot_be_ended_does_not_keep_the_process_alive() {
    for behavior in ["stuck", "busy"] {
        let mut service = Service::start(behavior);
        listens(&mut service);
        service.signal("TERM");
        let (code, errors) = service.ended();
        assert_eq!(code, Some(2), "{behavior}");
        let path = format!("/root/{behavior} #1");
        assert!(errors.contains(&path) && errors.contains("given up"), "{errors}");
    }
}

#[test]
fn a_meltdown_exits_with_1_and_says_over_whom() {
    let mut service = Service::start("melts");
    service.expect("up");
    let (code, errors) = service.ended();
    assert_eq!(code, Some(1));
    let first = errors.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        "meltdown over /root/flaky: the supervisor's intensity is spent (0 within 1m); \
         its last exit: failed: out of luck"
    );
}

#[test]
fn a_tree_that_does_not_start_exits_with_1_and_says_why() {
    let (code, errors) = Service::start("refuses").ended();
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("`/root/refuses` failed to start\n  because: panicked: no thanks"),
        "{errors}"
    );
}

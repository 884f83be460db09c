//! A real process tells a real datagram socket how its tree is, as under systemd.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A service that was started by this test as systemd would, killed at the latest with the test.
struct Unit {
    process: Child,
    socket: UnixDatagram,
    folder: PathBuf,
}

impl Unit {
    fn start(name: &str, behavior: &str, environment: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("systemd-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        // Only so that a service which says nothing fails the test and does not hang it.
        socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let config = folder.join("service.yaml");
        fs::write(&config, "").unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_service"))
            .args([behavior.as_ref(), config.as_os_str()])
            .env("NOTIFY_SOCKET", &path)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, socket, folder }
    }

    /// The next message in which a line begins with `word`, and those before it.
    fn until(&self, word: &str) -> Vec<String> {
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer);
            let length =
                length.unwrap_or_else(|error| panic!("no {word} after {heard:?}: {error}"));
            let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
            let is_it = message.lines().any(|line| line.starts_with(word));
            heard.push(message.trim_end().to_owned());
            if is_it {
                return heard;
            }
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        drop(self.process.kill());
        drop(self.process.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

#[test]
fn ready_status_reload_and_stop_are_told_in_their_order() {
    let mut unit = Unit::start("order", "good", &[]);
    assert_eq!(unit.until("READY=1"), ["READY=1"]);
    assert_eq!(unit.until("STATUS="), ["STATUS=ready; 1 of 1 children up"]);
    unit.signal("HUP");
    let reloading = unit.until("RELOADING=1").pop().unwrap();
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    unit.until("READY=1");
    unit.signal("TERM");
    unit.until("STOPPING=1");
    unit.until("STATUS=shutdown, asked for by signal: received SIGTERM");
    assert_eq!(unit.process.wait().unwrap().code(), Some(0));
}

#[test]
fn the_watchdog_of_the_unit_is_fed_again_and_again() {
    let unit = Unit::start("watchdog", "good", &[("WATCHDOG_USEC", "20000")]);
    for _ in 0..5 {
        unit.until("WATCHDOG=1");
    }
    unit.signal("TERM");
    unit.until("STOPPING=1");
}

#[test]
fn a_meltdown_is_told_as_the_last_status() {
    let mut unit = Unit::start("meltdown", "melts", &[]);
    unit.until("STOPPING=1");
    unit.until("STATUS=meltdown over /root/flaky");
    assert_eq!(unit.process.wait().unwrap().code(), Some(1));
}

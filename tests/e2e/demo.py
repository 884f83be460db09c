#!/usr/bin/env python3
"""Speaks the protocol with the running demo, and drives `supctl` in a terminal.

    tests/e2e/demo.py DEMO_BINARY SUPCTL_BINARY CONFIG

The demo is that of the package `supervisor-examples`, and the configuration is the one that comes
with it. Every method and the codes of a request are asked of a tree whose children work and fail.
"""

import contextlib
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client import PATIENCE, Client, Closed, command, error_of  # noqa: E402

TARGET = "payments-worker-a"
COMMANDS = ["restart", "pause", "resume", "quarantine", "remove", "add", "shutdown"]
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Demo:
    """The running demo, with a run directory of its own."""

    def __init__(self, binary, supctl, config):
        self.binary, self.supctl, self.config = binary, supctl, config

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="demo-e2e-")
        self.environment = {**os.environ, "RUST_SUPERVISOR_RUN_DIR": self.folder, "TERM": "xterm"}
        self.path = os.path.join(self.folder, f"{TARGET}.sock")
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        self.process = subprocess.Popen(
            [self.binary, "--config", self.config], env=self.environment, stderr=self.log
        )
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.path):
            assert self.process.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def said(self):
        self.log.seek(0)
        return self.log.read().decode()

    def client(self):
        return Client(self.path)

    def row(self, path):
        with self.client() as client:
            rows = client.get("state")["state"]["runtime_state"]
            return next((row for row in rows if row["child_path"] == path), None)

    def until(self, path, label):
        end = time.monotonic() + PATIENCE
        while self.row(path)["lifecycle_state"] != label:
            assert time.monotonic() < end, f"{path} does not become {label}: {self.row(path)}"
            time.sleep(0.05)

    def run(self, *words):
        """What `supctl` says without a terminal: exit code, output, errors."""
        run = subprocess.run(
            [self.supctl, *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return run.returncode, run.stdout, run.stderr


class Terminal:
    """`supctl` in a terminal of 100 by 40."""

    def __init__(self, demo, *words):
        self.seen = ""
        self.process, self.end = pty.fork()
        if self.process == 0:
            os.execve(demo.supctl, [demo.supctl, *words], demo.environment)
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.end)

    def read(self):
        try:
            more = os.read(self.end, 65536)
        except OSError:
            # Nobody has the other end open.
            return False
        self.seen += more.decode(errors="replace")
        return bool(more)

    def until(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {self.seen!r}"
            if select.select([self.end], [], [], 0.2)[0]:
                assert self.read(), f"it ended without {text!r}: {self.seen!r}"

    def type(self, text):
        os.write(self.end, text.encode())

    def exit_code(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            while select.select([self.end], [], [], 0.05)[0] and self.read():
                pass
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it does not end: {self.seen!r}")


def ours(name, path=None, **changes):
    return command(name, path, target_id=TARGET, **changes)


@test
def every_method_answers(demo):
    with demo.client() as client:
        hello = client.get("hello", {"protocol_version": "dashboard-ipc.v1"})
        assert hello["target_id"] == TARGET, hello
        state = client.get("state", {"target_id": TARGET})["state"]
        paths = {row["child_path"] for row in state["runtime_state"]}
        assert {"/root/books/ledger", "/root/clearing/gateway", "/root/door"} <= paths, paths
        assert client.get("events.subscribe")["type"] == "subscription"
        assert client.get("logs.tail")["subscription"] == "logs"
        why = client.get("why", {"child_path": "/root/door"})
        assert why["type"] == "why" and "/root/door" in why["text"], why
        explained = client.get("explain", {"child_path": "/root/clearing/gateway"})
        values = {value["key"]: value for value in explained["values"]}
        assert any("heartbeat" in key for key in values), values
        assert all(value["origin"] for value in values.values()), values
        for name, label in [
            ("restart_child", "running"),
            ("pause_child", "paused"),
            ("resume_child", "running"),
            ("quarantine_child", "quarantined"),
        ]:
            path = "/root/books/compactor"
            result = client.get(f"command.{name}", ours(name, path))
            assert result["status"] == "completed" and result["error"] is None, result
            client.push("event", lambda push, name=name: push["event"]["payload"].get("name") == name)
        assert demo.row("/root/books/compactor")["lifecycle_state"] == "quarantined"
        client.get("command.resume_child", ours("resume_child", "/root/books/compactor"))
        demo.until("/root/books/compactor", "running")
        client.push("log")
        client.push("state_delta")
        assert client.get("events.unsubscribe")["was_subscribed"] is True


@test
def a_customer_is_added_by_a_manifest_and_removed(demo):
    manifest = {"pool": "/root/sessions", "id": "ann", "args": {"things": 1000}}
    with demo.client() as client:
        params = ours("add_child", target={"child_manifest": json.dumps(manifest)})
        result = client.get("command.add_child", params)
        assert result["state_delta"]["runtime_state"][0]["child_path"] == "/root/sessions/ann"
        assert client.get("command.add_child", params) == result, "it is done once"
        assert demo.row("/root/sessions/ann")["lifecycle_state"] == "running"
        for bad in [
            {**manifest, "id": "bob", "args": {"things": "many"}},
            {**manifest, "id": "bob", "pool": "/root/door"},
            {**manifest, "id": "bob", "more": 1},
            manifest,
        ]:
            params = ours("add_child", target={"child_manifest": json.dumps(bad)})
            code, _stage = client.refused("command.add_child", params)
            assert code in ("validation_failed", "unknown_child"), (code, bad)
        result = client.get("command.remove_child", ours("remove_child", "/root/sessions/ann"))
        assert result["state_delta"]["removed"] == ["/root/sessions/ann"], result
        assert demo.row("/root/sessions/ann") is None


@test
def every_code_of_a_request_comes_about(demo):
    restart = "command.restart_child"
    with demo.client() as client:
        client.write(b"{nonsense}\n")
        assert error_of(client.line()) == ("invalid_json", "protocol_parse")
        client.write(b'{"request_id":"deep","params":' + b"[" * 40 + b"\n")
        assert error_of(client.answer("deep"))[0] == "nesting_too_deep"
        assert client.refused("restart_child")[0] == "unsupported_method"
        assert client.refused(restart, {"x": 1})[0] == "invalid_command_params"
        params = ours("pause_child", "/root/door")
        assert client.refused(restart, params)[0] == "method_command_mismatch"
        for method in ("why", "explain"):
            assert client.refused(method, {"child_path": "/root/nobody"})[0] == "unknown_child"
        assert client.refused(restart, ours("restart_child", "/root/n"))[0] == "unknown_child"
        params = ours("restart_child", "/root/door", reason=" ")
        assert client.refused(restart, params)[0] == "validation_failed"
        params = ours("shutdown_tree", confirmed=False)
        assert client.refused("command.shutdown_tree", params)[0] == "confirmation_required"
        params = ours("restart_child", "/root/door", requested_role="viewer")
        assert client.refused(restart, params) == ("permission_denied", "authorise")
        params = ours("restart_child", "/root/door")
        client.get(restart, params)
        params["reason"] = "another"
        assert client.refused(restart, params)[0] == "command_id_conflict"
    with demo.client() as client:
        client.write(b'{"request_id":"x","method":"hello"}\n' * 2000)
        codes = [client.line() for _ in range(2000)]
        refused = {error_of(line)[0] for line in codes if not line["ok"]}
        assert refused == {"rate_limited"}, refused
    time.sleep(1.5)
    with demo.client() as client:
        client.write(b"x" * 70000)
        assert error_of(client.line()) == ("line_too_long", "protocol_parse")
        assert client.is_closed()


@test
def a_client_goes_on_after_a_cut(demo):
    with demo.client() as client:
        latest = client.get("state")["state"]["event_sequence"]
        client.get("events.subscribe", {"from_sequence": latest - 4})
        seen = [client.push("event")["event"]["sequence"] for _ in range(3)]
    assert seen == [latest - 4, latest - 3, latest - 2], seen
    with demo.client() as client:
        client.get("command.restart_child", ours("restart_child", "/root/door"))
        client.get("events.subscribe", {"from_sequence": latest - 1})
        seen = [client.push("event")["event"]["sequence"] for _ in range(5)]
    assert seen == list(range(latest - 1, latest + 4)), seen


@test
def requests_are_pipelined_and_come_in_pieces(demo):
    with demo.client() as client:
        ids = [client.send("hello") for _ in range(20)]
        assert all(client.answer(request_id)["ok"] for request_id in ids)
        for byte in b'{"request_id":"split","method":"hello"}\r\n':
            client.write(bytes([byte]))
        assert client.answer("split")["ok"]


@test
def the_help_names_every_command_and_exit_code(demo):
    code, out, _ = demo.run("--help")
    assert code == 0
    for word in [*COMMANDS, "status", "tree", "why", "explain", "tail", "top", "wait", "Exit codes"]:
        assert word in out, word


@test
def supctl_tells_what_is(demo):
    code, out, err = demo.run("status")
    assert code == 0 and TARGET in out, (out, err)
    code, out, err = demo.run("tree")
    assert code == 0 and "gateway" in out, (out, err)
    code, out, err = demo.run("why", "/root/clearing/gateway")
    assert code == 0 and "/root/clearing/gateway" in out, (out, err)
    code, out, err = demo.run("explain", "/root/clearing/gateway")
    assert code == 0 and out.startswith("KEY"), (out, err)
    code, out, err = demo.run("why", "/root/clearing/gatewy")
    assert code == 64 and "did you mean `/root/clearing/gateway`?" in err, (code, err)
    code, out, err = demo.run("remove", "/root/door", "--reason", "a test")
    assert code == 78 and "nothing has been done" in err, (code, err)


@test
def a_file_that_is_no_socket_is_called_so(demo):
    file = os.path.join(demo.folder, "log")
    code, _, err = demo.run("--socket", file, "tree")
    assert code == 69 and "is no socket" in err, (code, err)
    code, _, err = demo.run("--socket", file + ".sock", "tree")
    assert code == 69 and "is not there" in err, (code, err)


@test
def a_folder_that_may_not_be_read_is_called_so(demo):
    if os.geteuid() != 0:
        print("   (not root: left out)")
        return
    foreign = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    copy = tempfile.mkdtemp(prefix="supctl-")
    os.chmod(copy, 0o755)
    supctl = shutil.copy(demo.supctl, copy)
    run = subprocess.run(
        [*foreign, supctl, "tree"],
        env=demo.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    shutil.rmtree(copy)
    assert run.returncode == 77 and "may not look into" in run.stderr, run


@test
def what_is_an_event_is_not_shown_again_as_a_line_of_the_log(demo):
    code, out, err = demo.run("tail", "-n", "100")
    assert code == 0 and " | " in out and ", asked for by " in out, (out, err)
    assert "rust_supervisor::observe::log" not in out, out
    code, out, err = demo.run("tail", "--logs", "-n", "100")
    assert code == 0 and "rust_supervisor::observe::log" in out, (out, err)


@test
def supctl_asks_before_it_removes(demo):
    add = ["add", "/root/sessions", "--id", "eve", "--args", '{"things": 1000}']
    code, _, err = demo.run(*add, "--reason", "a test", "--yes")
    assert code == 0, err
    remove = ["remove", "/root/sessions/eve", "--reason", "a test"]
    with Terminal(demo, *remove) as terminal:
        terminal.until("[y/N] ")
        terminal.type("n\n")
        assert terminal.exit_code() == 78, terminal.seen
    assert demo.row("/root/sessions/eve") is not None
    with Terminal(demo, *remove) as terminal:
        terminal.until("[y/N] ")
        terminal.type("y\n")
        assert terminal.exit_code() == 0, terminal.seen
    assert demo.row("/root/sessions/eve") is None


@test
def top_is_drawn_and_ends(demo):
    with Terminal(demo, "top") as terminal:
        for text in ["\x1b[?1049h", TARGET, "gateway", "events", "q ends"]:
            terminal.until(text)
        terminal.type("q")
        assert terminal.exit_code() == 0, terminal.seen
        assert "\x1b[?1049l" in terminal.seen, "the terminal is left as it was"


@test
def tail_follows_until_it_is_interrupted(demo):
    with Terminal(demo, "tail", "/root/door", "--follow") as terminal:
        time.sleep(0.5)
        demo.run("restart", "/root/door", "--reason", "to see it in the tail")
        terminal.until("to see it in the tail")
        terminal.type("\x03")
        terminal.exit_code()


@test
def the_tree_ends_by_a_command(demo):
    code, out, err = demo.run("shutdown", "--reason", "the end of the tests", "--yes")
    assert code == 0, (out, err)
    demo.process.wait(PATIENCE)
    assert demo.process.returncode == 0, demo.said()
    assert not os.path.lexists(demo.path)
    code, _, err = demo.run("tree")
    assert code == 69 and "there is no socket" in err, (code, err)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    failed = 0
    with Demo(*map(os.path.abspath, sys.argv[1:])) as demo:
        for function in TESTS:
            name = function.__name__.replace("_", " ")
            try:
                function(demo)
                print(f"ok   {name}")
            except (AssertionError, Closed, OSError, KeyError, StopIteration) as error:
                failed += 1
                print(f"FAIL {name}: {type(error).__name__}: {error}")
                if os.environ.get("TRACE"):
                    raise
    print(f"{len(TESTS) - failed} of {len(TESTS)} end-to-end tests with the demo passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

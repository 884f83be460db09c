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
import re
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
import contract  # noqa: E402
from client import PATIENCE, command, error_of  # noqa: E402
from harness import Program, as_nobody, run, test  # noqa: E402

TARGET = "payments-worker-a"
COMMANDS = ["restart", "pause", "resume", "quarantine", "remove", "add", "shutdown"]


class Demo(Program):
    """The running demo, with a run directory of its own."""

    target_id = TARGET

    def __init__(self, binary, supctl, config):
        super().__init__("demo-e2e-")
        self.binary, self.supctl, self.config = binary, supctl, config
        self.environment = {**os.environ, "RUST_SUPERVISOR_RUN_DIR": self.folder, "TERM": "xterm"}
        self.path = os.path.join(self.folder, f"{TARGET}.sock")
        self.log = open(os.path.join(self.folder, "log"), "w+b")

    def __enter__(self):
        self.start(self.binary, "--config", self.config, env=self.environment, stderr=self.log)
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.path):
            assert self.process.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.05)
        return self

    def __exit__(self, *error):
        try:
            super().__exit__(*error)
        finally:
            self.log.close()

    def said(self):
        self.log.seek(0)
        return self.log.read().decode()

    def until(self, path, label):
        end = time.monotonic() + PATIENCE
        while self.row(path)["lifecycle_state"] != label:
            assert time.monotonic() < end, f"{path} does not become {label}: {self.row(path)}"
            time.sleep(0.05)

    def run(self, *words):
        """What `supctl` says without a terminal: exit code, output, errors."""
        ended = subprocess.run(
            [self.supctl, *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr


class Terminal:
    """`supctl` in a terminal of 100 by 40."""

    def __init__(self, demo, *words):
        self.seen = ""
        self.process, self.end = pty.fork()
        if self.process == 0:
            # Who starts this in the background ignores it, and so would the program.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
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
        contract.commands_that_change_a_child(demo, client, "/root/books/compactor")
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
def a_request_that_is_no_good_gets_its_code(demo):
    contract.codes_of_requests(demo, "/root/door")


@test
def a_flood_is_refused(demo):
    with demo.client() as client:
        client.write(b'{"request_id":"x","method":"hello"}\n' * 2000)
        codes = [client.line() for _ in range(2000)]
        refused = {error_of(line)[0] for line in codes if not line["ok"]}
        assert refused == {"rate_limited"}, refused
    time.sleep(1.5)


@test
def a_client_goes_on_after_a_cut(demo):
    contract.goes_on_after_a_cut(demo, "/root/door")


@test
def requests_are_pipelined_and_come_in_pieces(demo):
    contract.pipelined_and_in_pieces(demo, 20)


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
    copy = tempfile.mkdtemp(prefix="supctl-")
    os.chmod(copy, 0o755)
    supctl = shutil.copy(demo.supctl, copy)
    refused = as_nobody([supctl, "tree"], env=demo.environment)
    shutil.rmtree(copy)
    assert refused.returncode == 77 and "may not look into" in refused.stderr, refused


@test
def the_log_is_what_the_program_says(demo):
    code, out, err = demo.run("tail", "-n", "100")
    assert code == 0 and " | " in out and ", asked for by " in out, (out, err)
    # One with nothing in the basket has paid at once; the others come and go when they like.
    add = ["add", "/root/sessions", "--id", "kim", "--args", '{"things": 0}']
    code, _, err = demo.run(*add, "--reason", "a test", "--yes")
    assert code == 0, err
    end, out = time.monotonic() + PATIENCE, ""
    while not re.search(r"/root/sessions/kim +\| has paid ", out):
        assert time.monotonic() < end, f"kim does not pay: {out}{err}"
        code, out, err = demo.run("tail", "--logs", "-n", "100")
        assert code == 0, (out, err)
    assert "rust_supervisor::observe" not in out and "ipc::audit" not in out, out


@test
def supctl_adds_a_member_once_it_is_confirmed(demo):
    add = ["add", "/root/sessions", "--id", "eve", "--reason", "a new customer"]
    good = [*add, "--args", '{"things": 1000}']
    code, _, err = demo.run(*good)
    assert code == 78 and "nothing has been done" in err, (code, err)
    for words, part in [
        ([*add, "--args", "{things", "--yes"], "--args"),
        ([*add, "--args", '{"things": "many"}', "--yes"], "things"),
        (["add", "/root/door", *good[2:], "--yes"], "pool"),
        (["add", "/root/session", *good[2:], "--yes"], "did you mean `/root/sessions`?"),
        (["add", "/root/sessions", "--id", "a/b", *good[4:], "--yes"], "`id`"),
    ]:
        code, out, err = demo.run(*words)
        assert code in (1, 64) and part in err and not out, (words, code, out, err)
    assert demo.row("/root/sessions/eve") is None
    with Terminal(demo, *good) as terminal:
        terminal.until("[y/N] ")
        terminal.type("y\n")
        assert terminal.exit_code() == 0, terminal.seen
    assert demo.row("/root/sessions/eve")["lifecycle_state"] == "running"
    code, out, err = demo.run("tail", "/root/sessions", "-n", "100", "--events")
    assert code == 0 and "spawn_member eve, asked for by " in out, (out, err)
    code, _, err = demo.run(*good, "--yes")
    assert code == 1 and "/root/sessions/eve" in err, (code, err)
    words = [*add[:2], "--id", "fay", *good[4:], "--yes", "--format", "json"]
    code, out, err = demo.run(*words)
    assert code == 0 and json.loads(out)["status"] == "completed", (code, out, err)


@test
def supctl_asks_before_it_removes(demo):
    add = ["add", "/root/sessions", "--id", "ivy", "--args", '{"things": 1000}']
    code, _, err = demo.run(*add, "--reason", "a test", "--yes")
    assert code == 0, err
    remove = ["remove", "/root/sessions/ivy", "--reason", "a test"]
    with Terminal(demo, *remove) as terminal:
        terminal.until("[y/N] ")
        terminal.type("n\n")
        assert terminal.exit_code() == 78, terminal.seen
    assert demo.row("/root/sessions/ivy") is not None
    with Terminal(demo, *remove) as terminal:
        terminal.until("[y/N] ")
        terminal.type("y\n")
        assert terminal.exit_code() == 0, terminal.seen
    assert demo.row("/root/sessions/ivy") is None


@test
def top_is_drawn_and_ends(demo):
    with Terminal(demo, "top") as terminal:
        for text in ["\x1b[?1049h", TARGET, "gateway", "events", "q ends"]:
            terminal.until(text)
        terminal.type("q")
        assert terminal.exit_code() == 0, terminal.seen
        assert "\x1b[?1049l" in terminal.seen, "the terminal is left as it was"


@test
def top_gives_the_terminal_back_when_it_is_told_to_end(demo):
    with Terminal(demo, "top") as terminal:
        terminal.until("q ends")
        os.kill(terminal.process, signal.SIGTERM)
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
    with Demo(*map(os.path.abspath, sys.argv[1:])) as demo:
        sys.exit(run(demo, "with the demo "))


if __name__ == "__main__":
    main()

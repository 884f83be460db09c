#!/usr/bin/env python3
"""Speaks the protocol with a running target, by the contract alone.

    tests/e2e/run.py TARGET_BINARY

The binary is `ipc_target` of the package `supervisor-tests`. With root and `setpriv` users other
than our own are tried too.
"""

import json
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client import PATIENCE, Client, Closed, command, error_of  # noqa: E402

BINARY = None
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Target:
    """A running target in a folder of its own."""

    def __init__(self, prefix=(), **ipc):
        self.folder = tempfile.mkdtemp(prefix="ipc-e2e-")
        self.path = os.path.join(self.folder, "shop.sock")
        section = {"enabled": True, "target_id": "shop", "path": self.path}
        section["limits"] = {"requests_per_second": 100000}
        section["limits"].update(ipc.pop("limits", {}))
        section.update(ipc)
        self.config = os.path.join(self.folder, "config.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump({"ipc": section}, file)
        self.prefix = list(prefix)

    def __enter__(self):
        self.process = subprocess.Popen(
            self.prefix + [BINARY, self.config], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline().strip() == "ready", "the target does not start"
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def client(self):
        return Client(self.path)

    def generation(self, path):
        with self.client() as client:
            rows = client.get("state")["state"]["runtime_state"]
            return next(row["generation"] for row in rows if row["child_path"] == path)


@test
def every_method_answers(target):
    with target.client() as client:
        hello = client.get("hello", {"protocol_version": "dashboard-ipc.v1"})
        assert hello["protocol_version"] == "dashboard-ipc.v1" and hello["target_id"] == "shop"
        state = client.get("state", {"target_id": "shop", "session_established": True})
        assert state["type"] == "state" and state["target_id"] == "shop"
        paths = state["state"]["topology"]["declaration_order"]
        assert paths[:3] == ["/root", "/root/till", "/root/stock"], paths
        edges = state["state"]["topology"]["edges"]
        assert {"dependency", "parent_child"} == {edge["kind"] for edge in edges}
        result = client.get("events.subscribe")
        assert result["type"] == "subscription", result
        assert client.get("logs.tail")["subscription"] == "logs"
        log = client.push("log", lambda push: push["log"]["message"] == "still here")
        assert log["log"]["fields"]["child_path"] == "/root/stock/scale", log
        for name, label in [
            ("restart_child", "running"),
            ("pause_child", "paused"),
            ("resume_child", "running"),
            ("quarantine_child", "quarantined"),
        ]:
            result = client.get(f"command.{name}", command(name, "/root/till"))
            assert result["accepted"] is True and result["status"] == "completed", result
            assert result["error"] is None and result["completed_at_unix_nanos"] > 0
            row = result["state_delta"]["runtime_state"][0]
            assert row["lifecycle_state"] == label, row
            client.push("event", lambda push, name=name: push["event"]["payload"].get("name") == name)
            client.push(
                "state_delta",
                lambda push, label=label: any(
                    row["child_path"] == "/root/till" and row["lifecycle_state"] == label
                    for row in push["delta"]["runtime_state"]
                ),
            )
        manifest = json.dumps({"pool": "/root/sessions", "id": "u1", "args": 42})
        params = command("add_child", target={"child_manifest": manifest})
        result = client.get("command.add_child", params)
        assert result["state_delta"]["runtime_state"][0]["child_path"] == "/root/sessions/u1"
        assert target.generation("/root/sessions/u1") == 1
        result = client.get("command.remove_child", command("remove_child", "/root/sessions/u1"))
        assert result["state_delta"]["removed"] == ["/root/sessions/u1"], result
        result = client.get("events.unsubscribe")
        assert result["was_subscribed"] is True


@test
def every_code_of_a_request_comes_about(target):
    with target.client() as client:
        restart = "command.restart_child"
        client.write(b"{nonsense}\n")
        assert error_of(client.line()) == ("invalid_json", "protocol_parse")
        client.write(b'{"request_id":"deep","params":' + b"[" * 40 + b"\n")
        assert error_of(client.answer("deep"))[0] == "nesting_too_deep"
        assert client.refused("restart_child")[0] == "unsupported_method"
        assert client.refused(restart, {"x": 1})[0] == "invalid_command_params"
        params = command("pause_child", "/root/till")
        assert client.refused(restart, params)[0] == "method_command_mismatch"
        params = command("restart_child", "/root/nobody")
        assert client.refused(restart, params)[0] == "unknown_child"
        params = command("restart_child", "till")
        assert client.refused(restart, params)[0] == "unknown_child"
        params = command("restart_child", "/root/till", reason=" ")
        assert client.refused(restart, params)[0] == "validation_failed"
        params = command("shutdown_tree", confirmed=False)
        assert client.refused("command.shutdown_tree", params)[0] == "confirmation_required"
        params = command("restart_child", "/root/till", requested_role="viewer")
        assert client.refused(restart, params) == ("permission_denied", "authorise")
        params = command("restart_child", "/root/clerk")
        client.get(restart, params)
        params["reason"] = "another"
        assert client.refused(restart, params)[0] == "command_id_conflict"
    with target.client() as client:
        client.write(b"x" * 70000)
        assert error_of(client.line()) == ("line_too_long", "protocol_parse")
        assert client.is_closed()


@test
def the_same_command_again_is_carried_out_once(target):
    params = command("restart_child", "/root/clerk")
    before = target.generation("/root/clerk")
    with target.client() as first, target.client() as second:
        result = first.get("command.restart_child", params)
        assert first.get("command.restart_child", params) == result
        params["requested_at_unix_nanos"] += 1
        assert second.get("command.restart_child", params) == result
    assert target.generation("/root/clerk") == before + 1


@test
def a_client_goes_on_after_a_cut(target):
    with target.client() as client:
        first = client.get("events.subscribe", {"from_sequence": 1})
        assert first["from_sequence"] == 1
        seen = [client.push("event")["event"]["sequence"] for _ in range(5)]
    assert seen == [1, 2, 3, 4, 5], seen
    with target.client() as client:
        client.get("command.restart_child", command("restart_child", "/root/clerk"))
    with target.client() as client:
        latest = client.get("state")["state"]["event_sequence"]
        client.get("events.subscribe", {"from_sequence": 6})
        seen = [client.push("event")["event"]["sequence"] for _ in range(latest - 5)]
    assert seen == list(range(6, latest + 1)), seen


@test
def requests_are_pipelined_and_come_in_pieces(target):
    with target.client() as client:
        ids = [client.send("hello") for _ in range(100)]
        assert all(client.answer(request_id)["ok"] for request_id in ids)
        for byte in b'{"request_id":"split","method":"hello"}\r\n':
            client.write(bytes([byte]))
        assert client.answer("split")["ok"]
        slow = client.send("command.restart_child", command("restart_child", "/root/slow"))
        quick = client.send("hello")
        while not client.answers:
            client.take()
        assert list(client.answers) == [quick], "a command holds up what comes after it"
        assert client.answer(slow)["result"]["status"] == "completed"


@test
def sixty_four_megabytes_without_a_newline_cost_one_connection(target):
    def memory():
        with open(f"/proc/{target.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    before = memory()
    with target.client() as client:
        piece = b"x" * (1 << 20)
        try:
            for _ in range(64):
                client.write(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert error_of(client.line()) == ("line_too_long", "protocol_parse")
        assert client.is_closed()
    assert memory() < before + 16 * 1024, "it was kept"


@test
def who_does_not_read_disturbs_nobody(target):
    with target.client() as deaf, target.client() as client:
        deaf.socket.settimeout(1)
        request = b'{"request_id":"x","method":"state"}\n' * 1000
        try:
            for _ in range(20):
                deaf.write(request)
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            pass
        for _ in range(50):
            before = time.monotonic()
            client.get("hello")
            assert time.monotonic() - before < PATIENCE / 4


@test
def a_flood_is_refused_and_a_half_line_times_out(_):
    limits = {"requests_per_second": 50, "line_timeout": "300ms", "idle_timeout": "1s"}
    with Target(limits=limits) as target:
        with target.client() as client:
            client.write(b'{"request_id":"x","method":"hello"}\n' * 80)
            codes = [client.line() for _ in range(80)]
            assert any(line["ok"] for line in codes)
            refused = [error_of(line)[0] for line in codes if not line["ok"]]
            assert refused and set(refused) == {"rate_limited"}, refused
        time.sleep(1.1)
        with target.client() as client:
            client.write(b'{"request_id":"half"')
            assert error_of(client.answer("half"))[0] == "invalid_json"
            assert client.is_closed()
        with target.client() as client:
            assert client.is_closed(), "an idle connection is let go"


@test
def without_descriptors_the_socket_goes_on_when_there_are_some_again(_):
    limits = {"connections": 4096, "connections_per_user": 4096}
    with Target(limits=limits, prefix=["prlimit", "--nofile=64:64"]) as target:
        held = []
        for _ in range(80):
            stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stream.connect(target.path)
            held.append(stream)
        time.sleep(0.5)
        for stream in held:
            stream.close()
        with target.client() as client:
            assert client.get("hello")["target_id"] == "shop"


@test
def the_end_of_the_tree_is_told_and_the_socket_is_gone(_):
    with Target() as target:
        mode = stat.S_IMODE(os.lstat(target.path).st_mode)
        assert mode == 0o600, oct(mode)
        with target.client() as client, target.client() as watching:
            watching.get("events.subscribe")
            result = client.get("command.shutdown_tree", command("shutdown_tree", "/root"))
            assert result["status"] == "completed", result
            watching.push("event", lambda push: push["event"]["event_type"] == "ended")
            assert client.is_closed() and watching.is_closed()
        target.process.wait(PATIENCE)
        assert target.process.returncode == 0
        assert not os.path.lexists(target.path)
        assert sorted(os.listdir(target.folder)) == ["config.yaml"]


@test
def a_relay_hears_of_the_target_again_and_again(_):
    folder = tempfile.mkdtemp(prefix="ipc-relay-")
    relay = os.path.join(folder, "relay.sock")
    registration = {
        "enabled": True,
        "relay_registration_path": relay,
        "display_name": "the shop",
        "lease_seconds": 3,
        "registration_heartbeat_interval_seconds": 1,
    }
    with Target(registration=registration) as target:
        # It comes late.
        time.sleep(1.2)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.settimeout(PATIENCE)
        listener.bind(relay)
        listener.listen()
        for _ in range(2):
            stream, _peer = listener.accept()
            line = stream.makefile().readline()
            said = json.loads(line)
            assert set(said) == {
                "target_id", "display_name", "ipc_path", "lease_seconds", "supported_commands"
            }, said
            assert (said["target_id"], said["ipc_path"]) == ("shop", target.path)
            ack = {"ok": True, "retryable": False, "status": "registered", "target_id": "shop"}
            stream.sendall(json.dumps(ack).encode() + b"\n")
            stream.close()
        with target.client() as client:
            state = client.get("state")["state"]
            assert state["target"]["registration_state"] == "active", state["target"]
        listener.close()
    shutil.rmtree(folder)


@test
def a_foreign_user_is_refused(_):
    if os.geteuid() != 0:
        print("   (not root: left out)")
        return
    assert shutil.which("setpriv"), "setpriv is missing (package util-linux)"
    foreign = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    look = (
        "import socket,sys\n"
        "s=socket.socket(socket.AF_UNIX)\n"
        "s.connect(sys.argv[1])\n"
        # Refused before it has said a word, it may find nobody who listens.
        "try: s.sendall(b'{\"request_id\":\"x\",\"method\":\"state\"}\\n')\n"
        "except BrokenPipeError: pass\n"
        "sys.stdout.buffer.write(s.makefile('rb').readline())\n"
    )
    with Target() as target:
        os.chmod(target.folder, 0o711)
        run = [*foreign, sys.executable, "-c", look, target.path]
        refused = subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert "PermissionError" in refused.stderr, refused
        # The mode aside, the user is asked for too.
        os.chmod(target.path, 0o666)
        answer = subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert error_of(json.loads(answer.stdout)) == ("permission_denied", "authorise"), answer


def main():
    global BINARY
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    BINARY = os.path.abspath(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    threading.excepthook = lambda args: os._exit(1)
    failed = 0
    with Target() as target:
        for function in TESTS:
            name = function.__name__.replace("_", " ")
            try:
                function(target)
                print(f"ok   {name}")
            except (AssertionError, Closed, OSError, KeyError, StopIteration) as error:
                failed += 1
                print(f"FAIL {name}: {type(error).__name__}: {error}")
                if os.environ.get("TRACE"):
                    raise
    print(f"{len(TESTS) - failed} of {len(TESTS)} end-to-end tests passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

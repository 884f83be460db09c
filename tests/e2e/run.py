#!/usr/bin/env python3
"""Speaks the protocol with a running target, by the contract alone.

    tests/e2e/run.py TARGET_BINARY

The binary is `ipc_target` of the package `supervisor-tests`. With root and `setpriv` users other
than our own are tried too.
"""

import contextlib
import json
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import contract  # noqa: E402
from client import PATIENCE, command, error_of  # noqa: E402
from harness import Program, as_nobody, run, test  # noqa: E402

BINARY = None


class Target(Program):
    """A running target with a configuration of its own."""

    target_id = "shop"

    def __init__(self, prefix=(), audit=None, **ipc):
        super().__init__("ipc-e2e-")
        self.path = os.path.join(self.folder, "shop.sock")
        section = {"enabled": True, "target_id": "shop", "path": self.path}
        section["limits"] = {"requests_per_second": 100000}
        section["limits"].update(ipc.pop("limits", {}))
        section.update(ipc)
        self.config = os.path.join(self.folder, "config.yaml")
        self.audit = os.path.join(self.folder, "audit.jsonl")
        config = {"ipc": section}
        if audit:
            config["observability"] = {"audit": {"path": self.audit, **audit}}
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.prefix = list(prefix)

    def __enter__(self):
        # Python ignores the signal that comes with a file that grows too large, and so does the
        # target then: it gets an error, as from a full disk.
        words = [*self.prefix, BINARY, self.config]
        self.start(*words, stdout=subprocess.PIPE, text=True, restore_signals=False)
        assert self.process.stdout.readline().strip() == "ready", "the target does not start"
        return self

    def __exit__(self, *error):
        try:
            super().__exit__(*error)
        finally:
            self.process.stdout.close()


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

        def its_row_is_pushed(_, label):
            client.push(
                "state_delta",
                lambda push: any(
                    row["child_path"] == "/root/till" and row["lifecycle_state"] == label
                    for row in push["delta"]["runtime_state"]
                ),
            )

        contract.commands_that_change_a_child(target, client, "/root/till", its_row_is_pushed)
        manifest = json.dumps({"pool": "/root/sessions", "id": "u1", "args": 42})
        params = command("add_child", target={"child_manifest": manifest})
        result = client.get("command.add_child", params)
        assert result["state_delta"]["runtime_state"][0]["child_path"] == "/root/sessions/u1"
        assert target.generation("/root/sessions/u1") == 1
        added = client.push("event", lambda push: push["event"]["payload"].get("adds") == "u1")
        assert added["event"]["payload"]["message"].startswith("spawn_member u1, "), added
        result = client.get("command.remove_child", command("remove_child", "/root/sessions/u1"))
        assert result["state_delta"]["removed"] == ["/root/sessions/u1"], result
        result = client.get("events.unsubscribe")
        assert result["was_subscribed"] is True


@test
def a_request_that_is_no_good_gets_its_code(target):
    contract.codes_of_requests(target, "/root/clerk")


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
        assert client.get("events.subscribe", {"from_sequence": 1})["from_sequence"] == 1
        seen = [client.push("event")["event"]["sequence"] for _ in range(5)]
    assert seen == [1, 2, 3, 4, 5], seen
    contract.goes_on_after_a_cut(target, "/root/clerk")


@test
def requests_are_pipelined_and_come_in_pieces(target):
    contract.pipelined_and_in_pieces(target, 100)
    with target.client() as client:
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
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(64):
                client.write(piece)
        assert error_of(client.line()) == ("line_too_long", "protocol_parse")
        assert client.is_closed()
    assert memory() < before + 16 * 1024, "it was kept"


@test
def who_does_not_read_disturbs_nobody(target):
    with target.client() as deaf, target.client() as client:
        deaf.socket.settimeout(1)
        request = b'{"request_id":"x","method":"state"}\n' * 1000
        with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
            for _ in range(20):
                deaf.write(request)
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
    look = (
        "import socket,sys\n"
        "s=socket.socket(socket.AF_UNIX)\n"
        "s.connect(sys.argv[1])\n"
        "s.sendall(b'{\"request_id\":\"x\",\"method\":\"state\"}\\n')\n"
        "sys.stdout.buffer.write(s.makefile('rb').readline())\n"
    )
    with Target() as target:
        os.chmod(target.folder, 0o711)
        words = [sys.executable, "-c", look, target.path]
        refused = as_nobody(words)
        assert "PermissionError" in refused.stderr, refused
        # The mode aside, the user is asked for too.
        os.chmod(target.path, 0o666)
        answer = as_nobody(words)
        assert error_of(json.loads(answer.stdout)) == ("permission_denied", "authorise"), answer


@test
def who_comes_when_the_end_has_begun_is_told_so(_):
    with Target() as target, target.client() as first, target.client() as late:
        end = first.send("command.shutdown_tree", command("shutdown_tree"))
        # One child takes two seconds to stop.
        for _ in range(1000):
            rows = late.get("state")["state"]["runtime_state"]
            if rows[0]["shutdown_state"] != "none":
                break
        refused = late.refused("command.restart_child", command("restart_child", "/root/till"))
        assert refused == ("shutting_down", "command_execute"), refused
        assert first.answer(end)["result"]["status"] == "completed"


@test
def a_command_that_cannot_be_written_down_has_no_effect(_):
    with Target(audit={"on_failure": "refuse"}) as target, target.client() as client:
        params = command("restart_child", "/root/till")
        size = os.stat(target.audit).st_size
        _, hard = resource.prlimit(target.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(target.process.pid, resource.RLIMIT_FSIZE, (size, hard))
        refused = client.refused("command.restart_child", params)
        assert refused == ("internal", "command_execute"), refused
        assert target.generation("/root/till") == 1, "it was carried out"
        # There is room again: the same command, under its id.
        resource.prlimit(target.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert client.get("command.restart_child", params)["status"] == "completed"
        assert target.generation("/root/till") == 2
        with open(target.audit, encoding="utf-8") as file:
            kinds = [json.loads(line)["kind"] for line in file]
        # What was refused is not there, and has left no gap.
        assert kinds == ["opened", "socket", "requested", "accepted", "completed", "socket"], kinds


@test
def all_codes_of_the_contract_have_come_about(_):
    contract.every_code_was_seen()


def main():
    global BINARY
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    BINARY = os.path.abspath(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    threading.excepthook = lambda args: os._exit(1)
    with Target() as target:
        sys.exit(run(target, ""))


if __name__ == "__main__":
    main()

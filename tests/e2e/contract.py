"""What holds for every target, whatever its tree: each takes the target's id, and a child of it that
runs and can be restarted."""

import json
import os

from client import SEEN, command, error_of

CODES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/wire/error_codes.json")


def commands_that_change_a_child(program, client, path, check=lambda name, label: None):
    """The four that keep the child, one after the other."""
    for name, label in [
        ("restart_child", "running"),
        ("pause_child", "paused"),
        ("resume_child", "running"),
        ("quarantine_child", "quarantined"),
    ]:
        params = command(name, path, target_id=program.target_id)
        result = client.get(f"command.{name}", params)
        assert result["accepted"] is True and result["status"] == "completed", result
        assert result["error"] is None and result["completed_at_unix_nanos"] > 0, result
        row = result["state_delta"]["runtime_state"][0]
        assert (row["child_path"], row["lifecycle_state"]) == (path, label), row
        client.push("event", lambda push, name=name: push["event"]["payload"].get("name") == name)
        check(name, label)


def codes_of_requests(program, path):
    """Those that a single request can get from a target that is well."""
    restart = "command.restart_child"

    def ours(name, path=None, **changes):
        return command(name, path, target_id=program.target_id, **changes)

    with program.client() as client:
        client.write(b"{nonsense}\n")
        assert error_of(client.line()) == ("invalid_json", "protocol_parse")
        client.write(b'{"request_id":"deep","params":' + b"[" * 40 + b"\n")
        assert error_of(client.answer("deep")) == ("nesting_too_deep", "protocol_parse")
        assert client.refused("restart_child") == ("unsupported_method", "protocol_parse")
        assert client.refused(restart, {"x": 1}) == ("invalid_command_params", "protocol_parse")
        mismatch = ("method_command_mismatch", "command_validate")
        assert client.refused(restart, ours("pause_child", path)) == mismatch
        unknown = ("unknown_child", "command_execute")
        assert client.refused(restart, ours("restart_child", "/root/nobody")) == unknown
        name = path.rsplit("/", 1)[1]
        assert client.refused(restart, ours("restart_child", name))[0] == "unknown_child"
        for method in ("why", "explain"):
            assert client.refused(method, {"child_path": "/root/nobody"})[0] == "unknown_child"
        invalid = ("validation_failed", "command_validate")
        assert client.refused(restart, ours("restart_child", path, reason=" ")) == invalid
        unconfirmed = ("confirmation_required", "command_validate")
        params = ours("shutdown_tree", confirmed=False)
        assert client.refused("command.shutdown_tree", params) == unconfirmed
        params = ours("restart_child", path, requested_role="viewer")
        assert client.refused(restart, params) == ("permission_denied", "authorise")
        params = ours("restart_child", path)
        client.get(restart, params)
        params["reason"] = "another"
        assert client.refused(restart, params) == ("command_id_conflict", "command_validate")
    with program.client() as client:
        client.write(b"x" * 70000)
        assert error_of(client.line()) == ("line_too_long", "protocol_parse")
        assert client.is_closed()


def goes_on_after_a_cut(program, path):
    """What was missed between two connections is read with the second."""
    with program.client() as client:
        latest = client.get("state")["state"]["event_sequence"]
        first = client.get("events.subscribe", {"from_sequence": latest - 4})
        assert first["from_sequence"] == latest - 4, first
        seen = [client.push("event")["event"]["sequence"] for _ in range(3)]
    assert seen == [latest - 4, latest - 3, latest - 2], seen
    with program.client() as client:
        params = command("restart_child", path, target_id=program.target_id)
        client.get("command.restart_child", params)
    with program.client() as client:
        client.get("events.subscribe", {"from_sequence": latest - 1})
        seen = [client.push("event")["event"]["sequence"] for _ in range(5)]
    assert seen == list(range(latest - 1, latest + 4)), seen


def pipelined_and_in_pieces(program, count):
    """Many requests before the first answer is read, and one a byte at a time."""
    with program.client() as client:
        ids = [client.send("hello") for _ in range(count)]
        assert all(client.answer(request_id)["ok"] for request_id in ids)
        for byte in b'{"request_id":"split","method":"hello"}\r\n':
            client.write(bytes([byte]))
        assert client.answer("split")["ok"]


def every_code_was_seen():
    """The codes that came about in all tests before are those of the contract, no more and no less,
    and each was as retryable as it says there."""
    with open(CODES, encoding="utf-8") as file:
        contract = {entry["code"]: {entry["retryable"]} for entry in json.load(file)}
    assert SEEN == contract, f"seen {SEEN}, and in the contract are {contract}"

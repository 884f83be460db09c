"""An independent client of a target's socket: the contract and Python's standard library alone."""

import json
import socket
import time
import uuid

PATIENCE = 20.0

# The codes of all errors that have been looked at, and what was said about asking again.
SEEN = {}


class Closed(Exception):
    """The target has closed the connection."""


class Client:
    """One connection. Requests are answered in any order; pushes are kept until they are asked for."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.buffer = b""
        self.number = 0
        self.pushes = []
        self.answers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def write(self, data):
        self.socket.sendall(data)

    def line(self):
        while b"\n" not in self.buffer:
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, BrokenPipeError):
                more = b""
            if not more:
                raise Closed()
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def send(self, method, params=None):
        self.number += 1
        request_id = f"py-{self.number}"
        request = {"request_id": request_id, "method": method, "params": params or {}}
        self.write(json.dumps(request).encode() + b"\n")
        return request_id

    def take(self):
        """Reads one line and puts it where it belongs."""
        line = self.line()
        if "request_id" in line:
            self.answers[line["request_id"]] = line
        else:
            self.pushes.append(line)

    def answer(self, request_id):
        while request_id not in self.answers:
            self.take()
        return self.answers.pop(request_id)

    def ask(self, method, params=None):
        return self.answer(self.send(method, params))

    def get(self, method, params=None):
        answer = self.ask(method, params)
        assert answer["ok"] is True and "error" not in answer, answer
        return answer["result"]

    def refused(self, method, params=None):
        return error_of(self.ask(method, params))

    def push(self, kind, where=lambda push: True):
        """The next push of this type that fits; others are thrown away."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            while self.pushes:
                push = self.pushes.pop(0)
                if push["type"] == kind and where(push):
                    return push
            self.take()
        raise AssertionError(f"no {kind} within {PATIENCE} s")

    def is_closed(self):
        try:
            while True:
                self.line()
        except Closed:
            return True


def error_of(answer):
    """The code and stage of an error, which has to be whole."""
    assert answer["ok"] is False and "result" not in answer, answer
    error = answer["error"]
    assert set(error) == {"code", "stage", "target_id", "message", "retryable"}, answer
    assert isinstance(error["retryable"], bool) and error["message"].strip(), answer
    SEEN.setdefault(error["code"], set()).add(error["retryable"])
    return error["code"], error["stage"]


def command(name, path=None, target_id="shop", **changes):
    params = {
        "command_id": str(uuid.uuid4()),
        "target_id": target_id,
        "command": name,
        "target": {"child_path": path},
        "reason": "an end-to-end test",
        "requested_by": "python",
        "confirmed": name in ("remove_child", "add_child", "shutdown_tree"),
        "requested_at_unix_nanos": time.time_ns(),
    }
    params.update(changes)
    return params

"""What end-to-end tests share: the running program, the list of tests, and what they say."""

import os
import shutil
import signal
import subprocess
import tempfile

from client import PATIENCE, Client, Closed

TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Program:
    """A running program whose tree is behind a socket, in a folder of its own."""

    target_id = None
    path = None

    def __init__(self, prefix):
        self.folder = tempfile.mkdtemp(prefix=prefix)
        self.process = None

    def start(self, *words, **options):
        self.process = subprocess.Popen(words, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.process and self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(PATIENCE)
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    def client(self):
        return Client(self.path)

    def row(self, path):
        """The row of a child, or nothing."""
        with self.client() as client:
            rows = client.get("state")["state"]["runtime_state"]
            return next((row for row in rows if row["child_path"] == path), None)

    def generation(self, path):
        return self.row(path)["generation"]


def as_nobody(words, **options):
    """Runs a program as a user of no rights, which takes root."""
    assert shutil.which("setpriv"), "setpriv is missing (package util-linux)"
    foreign = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return subprocess.run(
        [*foreign, *words], capture_output=True, text=True, timeout=PATIENCE, check=False, **options
    )


def run(program, what):
    """Runs the tests one after the other, and returns the exit code."""
    failed = 0
    for function in TESTS:
        name = function.__name__.replace("_", " ")
        try:
            function(program)
            print(f"ok   {name}", flush=True)
        except (AssertionError, Closed, OSError, KeyError, StopIteration, ValueError) as error:
            failed += 1
            print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
            if os.environ.get("TRACE"):
                raise
    print(f"{len(TESTS) - failed} of {len(TESTS)} end-to-end tests {what}passed")
    return 1 if failed else 0

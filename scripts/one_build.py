"""What `plant` and `mutants` share: a copy of the workspace, one build of it, and its test programs.

In the copy the library asks, while it runs, what is different this time. So one build is enough for
all there is to try.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = "lib"
# A test is slow that takes longer than this when nothing is different.
SLOW_SECONDS = 1.0
# `const_eval_select` is no stable function; the variable RUSTC_BOOTSTRAP lets this crate have it.
FEATURES = "#![feature(core_intrinsics, const_eval_select)]"
RESULT = re.compile(r"\btest (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)\S*(?:.*<([\d.]+)s>)?")
# What is different may be that something is done again and again. In KiB.
MEMORY = 4 * 1024 * 1024


def give_up(text):
    print(text, flush=True)
    sys.exit(1)


def sources():
    """Every file of the workspace, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return {path: (ROOT / path).read_bytes() for path in listed.split("\0") if path and (ROOT / path).is_file()}


def ask_in(wanted, module, text):
    """Gives the library the module in which the question is."""
    top = wanted["supervisor/src/lib.rs"].decode()
    # In the place of an empty line: the numbers of the lines stay what they are.
    top = top.replace("\n\n", f"\n{FEATURES}\n", 1) + f"mod {module};\n"
    wanted["supervisor/src/lib.rs"] = top.encode()
    wanted[f"supervisor/src/{module}.rs"] = text.encode()


def write_copy(copy, wanted):
    """Writes the copy. What is the same stays as it is, and is not built again."""
    for path, content in wanted.items():
        place = copy / path
        if not place.is_file() or place.read_bytes() != content:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod((ROOT / path).stat().st_mode if (ROOT / path).exists() else 0o644)
    for place in list(copy.rglob("*")):
        if place.is_file() and str(place.relative_to(copy)) not in wanted:
            place.unlink()


def cargo(copy, target, arguments, flags=""):
    """What cargo says, a message each, and its status."""
    command = ["cargo", *arguments, "--all-features", "--message-format=json", "--target-dir", target]
    # Nobody looks at it with a debugger. RUSTC_BOOTSTRAP is for the question.
    lean = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_PROFILE_TEST_DEBUG": "0"}
    environment = os.environ | lean | {"RUSTC_BOOTSTRAP": "rust_supervisor"}
    if flags:
        environment["RUSTFLAGS"] = flags
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done


def errors_in(messages):
    told = [message["message"] for message in messages if message.get("reason") == "compiler-message"]
    return [message for message in told if message["level"] == "error"]


def build(copy, target, tests, flags=""):
    """Builds the copy's test programs, by name."""
    chosen = [word for test in tests for word in ("--test", test)]
    arguments = ["test", "--no-run", "-p", "rust-tokio-supervisor", "--lib"]
    if tests:
        arguments += ["-p", "supervisor-tests", *chosen]
    messages, done = cargo(copy, target, arguments, flags)
    if done.returncode != 0:
        rendered = [message["rendered"] for message in errors_in(messages)]
        give_up("it does not build\n" + "\n".join(rendered) + done.stderr[-2000:])
    return programs_in(messages)


def programs_in(messages):
    """The test programs that were built, by name."""
    programs = {}
    for message in messages:
        if message.get("executable") and message["profile"]["test"]:
            kind = message["target"]
            if kind["name"] == "rust_supervisor":
                programs[LIBRARY] = message["executable"]
            elif "test" in kind["kind"]:
                programs[kind["name"]] = message["executable"]
    return programs


class Suite:
    """One test program: what is in it, and how long each test takes with nothing different."""

    def __init__(self, name, program, copy, variable):
        self.name = name
        self.program = program
        self.folder = copy / ("supervisor" if name == LIBRARY else "tests")
        self.variable = variable
        self.seconds = {}

    def process(self, tests, value, threads):
        environment = {k: v for k, v in os.environ.items() if k != self.variable}
        environment |= {"RUST_BACKTRACE": "0", "RUSTC_BOOTSTRAP": "1"}
        if value:
            environment[self.variable] = value
        # How long each takes is told by a test program only if asked so.
        options = ["-Z", "unstable-options", "--report-time", f"--test-threads={threads}", "--exact", *tests]
        return subprocess.Popen(
            ["bash", "-c", f'ulimit -v {MEMORY}; exec "$0" "$@"', self.program, *options],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def play(self, tests, value, threads, patience):
        """Which tests were red and which ended, the status, and whether it took too long.

        Ends with the first red test where something is different.
        """
        expected = sum(self.seconds.get(test, 10) for test in tests)
        process = self.process(tests, value, threads)
        is_late = threading.Event()

        def end():
            is_late.set()
            kill(process)

        timer = threading.Timer(patience + 6 * expected if self.seconds else 1800, end)
        timer.start()
        red, done = [], set()
        for line in process.stdout:
            result = RESULT.search(line)
            if not result:
                continue
            done.add(result[1])
            if result[2] == "FAILED":
                red.append(result[1])
                if value:
                    kill(process)
                    break
            elif not value and result[3] and result[1] not in self.seconds:
                self.seconds[result[1]] = float(result[3])
        timer.cancel()
        return red, done, process.wait(), is_late.is_set()

    def run(self, tests, value=None, threads=2):
        """The first red test and how it is red, or nothing. All of them if nothing is different."""
        if not tests:
            return None
        tests = sorted(tests)
        red, done, status, is_late = self.play(tests, value, threads, 30)
        if red:
            return red if not value else (red[0], "")
        if status == 0:
            return None
        # They are begun in this order, and two at a time: one of the first two has not ended.
        left = [test for test in tests if test not in done]
        how = "does not end" if is_late else "ends the program"
        if len(tests) == 1:
            return [tests[0]] if not value else (tests[0], how)
        for test in left[:2]:
            if found := self.run([test], value, 1):
                return found
        return left or tests if not value else self.run(left, value, 1)

    def learn(self):
        listed = subprocess.run([self.program, "--list"], cwd=self.folder, capture_output=True, text=True).stdout
        tests = re.findall(r"^(\S+): test$", listed, re.M)
        for test in self.run(tests) or []:
            # A crowded machine is no fault of the test.
            if self.run([test], None, 1):
                give_up(f"red, or does not end, with nothing different: {self.name} {test}")
            print(f"red once with nothing different, and green alone: {self.name} {test}", flush=True)


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass

"""Runs cases of the suite against a server or a client, and judges its reports:

    drive.py server|client [OPTION…] -- COMMAND…

COMMAND starts the server, which must print its address as ws://127.0.0.1:PORT, or the client, which
gets the URL as its last argument. Several processes of the suite run at once, each with a part of the
cases. Reports, as JSON and HTML, and the output of every process are in target/autobahn/server or client.

Every selected case must have run, with the required verdicts for the exchange (`behavior`) and for the
close (`behaviorClose`). The reports must contain nothing else.
"""

import argparse
import html
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "target" / "autobahn"
AGENT = "wsframe"  # the name under which the suite reports
SECONDS_TO_START = 20
SECONDS_TO_END = 2

# The RFC does not decide these cases, so the suite has no other verdict for them.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}

# Per selection: the number of cases in this version of the suite, a generous time limit in seconds, and a
# filter. Groups 12 and 13 need permessage-deflate. Each of their cases has a thousand messages, of sizes that
# grow with the last number. The sample has the first six of eighteen, up to 8 KiB.
SELECTIONS = {
    "sample": (373, 900, lambda n: n[0] not in (12, 13) or n[-1] <= 6),
    "all": (517, 3600, lambda n: True),
}


class Problem(Exception):
    """A failure of the run as a whole."""


def numbers(case):
    return tuple(map(int, case.split(".")))


def select(cases, name, pattern="*"):
    """Returns the cases of a selection whose id matches a pattern such as "6.4.*". Raises Problem."""
    size, _, takes = SELECTIONS[name]
    selected = [case for case in cases if takes(numbers(case))]
    if not len(set(selected)) == len(selected) == size:
        raise Problem(f"{name}: {len(selected)} cases are selected, not {size}")
    if matching := [case for case in selected if fnmatchcase(case, pattern)]:
        return matching
    raise Problem(f"{name}: there is no case {pattern}")


class Process:
    """A process in a session of its own, with its output in a file."""

    def __init__(self, name, command, log, pass_fds=()):
        self.name, self.log = name, log
        with open(log, "wb") as output:
            try:
                self.child = subprocess.Popen(
                    [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                    stderr=subprocess.STDOUT, pass_fds=pass_fds, start_new_session=True)
            except OSError as error:
                raise Problem(f"{name}: cannot be started: {error}") from error

    def failed(self, why):
        last = self.log.read_text(errors="replace").splitlines()[-8:]
        return Problem(f"{self.name}: {why}" + "".join(f"\n  | {line[:200]}" for line in last))

    def still_runs(self):
        if self.child.poll() is not None:
            raise self.failed(f"has ended, with status {self.child.returncode}")

    def ends_well(self, deadline):
        try:
            if status := self.child.wait(max(0, deadline - time.monotonic())):
                raise self.failed(f"has ended with status {status}")
        except subprocess.TimeoutExpired:
            raise self.failed("the time limit has passed") from None

    def end(self):
        """Ends the process and its children, if it still runs."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.child.poll() is None:
                os.killpg(self.child.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    self.child.wait(SECONDS_TO_END)


@contextmanager
def running(*args, **kwargs):
    process = Process(*args, **kwargs)
    try:
        yield process
    finally:
        process.end()


class Part:
    """The cases for one process of the suite, and the folder of its reports."""

    def __init__(self, number, cases, folder, python):
        self.cases, self.python, self.name = cases, python, f"suite {number}"
        self.folder = folder / str(number)
        self.folder.mkdir(parents=True)

    def suite(self, role, spec, *args, **kwargs):
        path = self.folder / "spec.json"
        path.write_text(json.dumps({**spec, "outdir": str(self.folder), "cases": self.cases}))
        return running(self.name, [self.python, "-B", HERE / "suite.py", role, path, *args],
                       self.folder / "suite.log", **kwargs)


def drive_server(parts, command, folder, deadline):
    """Runs one server, with every part of the suite as a client. Raises Problem."""
    with ExitStack() as stack:
        server = stack.enter_context(running("server", command, folder / "server.log"))
        started = time.monotonic()
        while not (url := re.search(r"ws://127\.0\.0\.1:[0-9]+(?=\D)", server.log.read_text(errors="replace"))):
            server.still_runs()
            if time.monotonic() > started + SECONDS_TO_START:
                raise server.failed("does not print where it listens")
            time.sleep(0.02)
        servers = {"servers": [{"agent": AGENT, "url": url[0]}]}
        suites = [stack.enter_context(part.suite("fuzzingclient", servers)) for part in parts]
        for suite in suites:
            suite.ends_well(deadline)
        server.still_runs()


def drive_client(parts, command, folder, deadline):
    """Runs every part of the suite as a server, with a client of its own. Raises Problem."""
    with ExitStack() as stack:
        pairs = []
        for part in parts:
            # This socket listens already, so a client that starts before the suite waits.
            with socket.create_server(("127.0.0.1", 0)) as listener:
                listener.setblocking(False)
                url = "ws://127.0.0.1:%d" % listener.getsockname()[1]
                fd = listener.fileno()
                suite = stack.enter_context(part.suite("fuzzingserver", {"url": url}, fd, pass_fds=[fd]))
            client = running(f"client of {part.name}", [*command, url], part.folder / "client.log")
            pairs.append((suite, stack.enter_context(client)))
        for suite, client in pairs:
            client.ends_well(deadline)
            suite.still_runs()


def judge(cases, folder):
    """Judges the reports on these cases in a folder. Returns the failures as {case: text}, and a list of problems."""
    try:
        index = json.loads((folder / "index.json").read_text())
        files = {case: entry["reportfile"] for case, entry in index.get(AGENT, {}).items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        return dict.fromkeys(cases, "did not run"), [f"{folder.name}/index.json cannot be read: {error}"]
    problems = [f"{folder.name}: reports on another agent, {agent}" for agent in index if agent != AGENT]
    problems += [f"{folder.name}: a report on case {case}, not selected" for case in sorted(files.keys() - set(cases))]
    failures = {}
    for case in cases:
        if case not in files:
            failures[case] = "did not run"
            continue
        try:
            report = json.loads((folder / files[case]).read_text())
            what = report["id"], report["agent"], report["behavior"], report["behaviorClose"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            failures[case] = f"the report cannot be read: {error!r}"
            continue
        should = "INFORMATIONAL" if case in INFORMATIONAL else "OK"
        if what != (case, AGENT, should, should):
            told = "".join(f"\n  {key}: {prose(report.get(key))}"
                           for key in ("description", "expectation", "result", "resultClose", "wasNotCleanReason"))
            failures[case] = f"the report is {what}, and should be {should}; see {files[case]}{told}"
    return failures, problems


def prose(text):
    """Returns HTML from the suite as text on one line."""
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", text or "").split()))[:300]


def all_cases(python):
    """Returns the ids of all cases of the suite. Raises Problem."""
    try:
        return json.loads(subprocess.check_output([python, "-B", HERE / "suite.py", "cases"], timeout=60,
                                                  stdin=subprocess.DEVNULL))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Problem(f"the suite does not list its cases: {error}") from error


def arguments(args):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["server", "client"])
    which = parser.add_mutually_exclusive_group()
    for name, (size, _, _) in SELECTIONS.items():
        which.add_argument(f"--{name}", dest="selection", action="store_const", const=name, help=f"{size} cases")
    parser.set_defaults(selection=next(iter(SELECTIONS)))
    parser.add_argument("--cases", default="*", metavar="PATTERN", help="only those whose id matches, as '6.4.*'")
    parser.add_argument("--shards", type=int, default=os.cpu_count() or 1, metavar="N", help="processes of the suite")
    parser.add_argument("--seconds", type=float, help="time limit (default: the selection's)")
    parser.add_argument("--python", default=TARGET / "suite" / "python", metavar="FILE", help="the suite's Python")
    parser.add_argument("--out", type=Path, metavar="DIR", help="new folder for the reports")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    return parser.parse_args(args)


def run(options):
    """Returns whether all cases have passed. Raises Problem if none could run."""
    cases = select(all_cases(options.python), options.selection, options.cases)
    folder = (options.out or TARGET / options.mode).absolute()
    if options.out is None:
        shutil.rmtree(folder, ignore_errors=True)  # reports of earlier runs
    # Cases of a group take about as long, and go to different parts.
    parts = [Part(number + 1, cases[number::options.shards], folder, options.python)
             for number in range(min(options.shards, len(cases)))]
    limit = options.seconds or SELECTIONS[options.selection][1]
    print(f"autobahn: {len(cases)} cases, against a {options.mode}, in {len(parts)} processes, "
          f"within {limit:.0f} s. Reports: {os.path.relpath(folder)}/*/index.html", flush=True)

    started, failures, problems = time.monotonic(), {}, []
    try:
        drive = {"server": drive_server, "client": drive_client}[options.mode]
        drive(parts, options.command, folder, started + limit)
    except Problem as problem:
        problems.append(str(problem))
    for part in parts:
        of_part, problems_of_part = judge(part.cases, part.folder)
        failures.update(of_part)
        problems += problems_of_part
    for line in [f"{case}: {failures[case]}" for case in sorted(failures, key=numbers)] + problems:
        print(f"FAILED {line}")
    passed = Counter(numbers(case)[0] for case in cases if case not in failures)
    print("passed, per group:", ", ".join(f"{group}: {count}" for group, count in sorted(passed.items())))
    print(f"autobahn: took {time.monotonic() - started:.1f} s")
    print(f"{len(cases) - len(failures)} passed, {len(failures) + len(problems)} failed", flush=True)
    return not failures and not problems


def main(args):
    # A report may contain half a surrogate pair.
    sys.stdout.reconfigure(errors="backslashreplace")
    # So that the processes are ended when this one is.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        return 0 if run(arguments(args)) else 1
    except Problem as problem:
        print(f"FAILED {problem}\n0 passed, 1 failed")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

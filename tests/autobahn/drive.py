"""Runs cases of the suite against a server or a client, and judges what the suite reports:

    drive.py server|client [OPTION…] -- COMMAND…

COMMAND starts the server, which must say where it listens, as ws://127.0.0.1:PORT; or the client,
which is given the URL as its last argument. The suite runs in several processes side by side, each
with a part of the cases. Reports, as JSON and HTML, and what every process printed are in
target/autobahn/server or client.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import verdict
from cases import SELECTIONS, Case, select

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "target" / "autobahn"
SECONDS_TO_START = 20
SECONDS_TO_END = 2


class Problem(Exception):
    """Why the run as a whole has failed."""


def tail(log, lines=8):
    text = log.read_text(errors="replace").splitlines()[-lines:]
    return "".join(f"\n  | {line[:200]}" for line in text)


class Process:
    """A process with a session of its own. What it prints goes to a file."""

    def __init__(self, name, command, log, pass_fds=()):
        self.name, self.log = name, log
        with open(log, "wb") as output:
            try:
                self.child = subprocess.Popen(
                    [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                    stderr=subprocess.STDOUT, pass_fds=pass_fds, start_new_session=True)
            except OSError as error:
                raise Problem(f"{name}: cannot be started: {error}") from error

    def still_runs(self):
        """# Raises Problem if it has ended, which it must not before it is told to."""
        if self.child.poll() is not None:
            status = self.child.returncode
            raise Problem(f"{self.name}: has ended, with status {status}{tail(self.log)}")

    def ends_well(self, deadline):
        """Waits until it ends. # Raises Problem if it does not, or not with status 0."""
        try:
            status = self.child.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Problem(f"{self.name}: the time limit has passed{tail(self.log)}") from None
        if status != 0:
            raise Problem(f"{self.name}: has ended with status {status}{tail(self.log)}")

    def end(self):
        """Ends the process and what it has started, if it still runs."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.child.poll() is None:
                os.killpg(self.child.pid, number)
                try:
                    self.child.wait(SECONDS_TO_END)
                except subprocess.TimeoutExpired:
                    pass


@contextmanager
def running(*args, **kwargs):
    process = Process(*args, **kwargs)
    try:
        yield process
    finally:
        process.end()


def parts_of(cases, count):
    """The cases, dealt out: those of a group, which take about as long, to different parts."""
    return [part for part in (cases[n::count] for n in range(count)) if part]


class Part:
    """Some of the cases, for one process of the suite, and the folder of its reports."""

    def __init__(self, number, cases, folder, python):
        self.cases, self.python = cases, python
        self.name = f"suite {number}"
        self.folder = folder / str(number)
        self.folder.mkdir(parents=True)

    def suite(self, role, spec, *args, **kwargs):
        """The suite, running with these cases. # Raises Problem"""
        path = self.folder / "spec.json"
        path.write_text(json.dumps({
            **spec,
            "outdir": str(self.folder),
            "cases": [case.id for case in self.cases],
        }))
        return running(self.name, [self.python, "-B", HERE / "suite.py", role, path, *args],
                       self.folder / "suite.log", **kwargs)


def drive_server(parts, command, folder, deadline):
    """One server, and every part of the suite is a client of it. # Raises Problem"""
    with ExitStack() as stack:
        server = stack.enter_context(running("server", command, folder / "server.log"))
        url = where_it_listens(server)
        suites = [stack.enter_context(part.suite("fuzzingclient", {
            "servers": [{"agent": verdict.AGENT, "url": url}]})) for part in parts]
        for suite in suites:
            suite.ends_well(deadline)
        server.still_runs()


def where_it_listens(server):
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        printed = server.log.read_text(errors="replace")
        if url := re.search(r"ws://127\.0\.0\.1:[0-9]+(?=\D)", printed):
            return url[0]
        server.still_runs()
        time.sleep(0.02)
    raise Problem(f"server: does not say where it listens{tail(server.log)}")


def drive_client(parts, command, folder, deadline):
    """Every part of the suite is a server, with a client of its own. # Raises Problem"""
    with ExitStack() as stack:
        suites, clients = [], []
        for part in parts:
            # It listens already, so a client that is quicker than the suite waits. From then on only
            # the suite has it: a client of a suite that has ended is refused.
            with socket.create_server(("127.0.0.1", 0)) as listener:
                listener.setblocking(False)
                url = "ws://127.0.0.1:%d" % listener.getsockname()[1]
                suites.append(stack.enter_context(part.suite(
                    "fuzzingserver", {"url": url}, listener.fileno(),
                    pass_fds=[listener.fileno()])))
            clients.append(stack.enter_context(running(
                f"client of {part.name}", [*command, url], part.folder / "client.log")))
        for suite, client in zip(suites, clients):
            client.ends_well(deadline)
            suite.still_runs()


def all_cases(python):
    """# Raises Problem if the suite cannot list them."""
    try:
        listed = subprocess.run([python, "-B", HERE / "suite.py", "cases"], check=True,
                                timeout=60, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE).stdout
        return [Case(**case) for case in json.loads(listed)]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise Problem(f"the suite does not list its cases: {error}") from error


def arguments(args):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["server", "client"])
    which = parser.add_mutually_exclusive_group()
    for name, selection in SELECTIONS.items():
        which.add_argument(f"--{name}", dest="selection", action="store_const", const=name,
                           help=f"{selection.size} cases")
    parser.set_defaults(selection=next(iter(SELECTIONS)))
    parser.add_argument("--cases", default="*", metavar="PATTERN",
                        help="of these, only those whose id matches, as '6.4.*'")
    parser.add_argument("--shards", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="processes of the suite side by side (default: one a core)")
    parser.add_argument("--seconds", type=float, help="time limit (default: the selection's)")
    parser.add_argument("--python", default=TARGET / "suite" / "python", metavar="FILE",
                        help="the suite's Python (default: as install.sh has installed it)")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="new folder for the reports (default: in target/autobahn)")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    options = parser.parse_args(args)
    if options.shards < 1:
        parser.error("--shards must be at least 1")
    return options


def run(options):
    """Whether all cases have passed. # Raises Problem if none could be tried."""
    try:
        cases = select(all_cases(options.python), options.selection, options.cases)
    except ValueError as error:
        raise Problem(str(error)) from error
    folder = TARGET / options.mode
    if options.out is None:
        shutil.rmtree(folder, ignore_errors=True)  # no report of another run
    elif options.out.exists():
        raise Problem(f"{options.out} is there already")
    else:
        folder = options.out.absolute()
    parts = [Part(number, part, folder, options.python)
             for number, part in enumerate(parts_of(cases, options.shards), 1)]
    limit = options.seconds or SELECTIONS[options.selection].seconds
    print(f"autobahn: {len(cases)} cases, against a {options.mode}, in {len(parts)} processes, "
          f"within {limit:.0f} s. Reports: {os.path.relpath(folder)}/*/index.html", flush=True)

    started = time.monotonic()
    problems = []
    try:
        drive = {"server": drive_server, "client": drive_client}[options.mode]
        drive(parts, options.command, folder, started + limit)
    except Problem as problem:
        problems.append(str(problem))
    print(f"autobahn: took {time.monotonic() - started:.1f} s")

    verdicts = []
    for part in parts:
        of_part, problems_of_part = verdict.judge_reports(part.cases, part.folder)
        verdicts += of_part
        problems += problems_of_part
    verdicts.sort(key=lambda verdict: verdict.case.numbers)
    return verdict.report(verdicts, problems)


def main(args):
    # Half a surrogate pair, which a peer may have sent, cannot be printed otherwise.
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

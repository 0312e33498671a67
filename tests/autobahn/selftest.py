"""Tests that drive.py finds failures: python3 selftest.py

Plants bugs in reports, and in the behaviour of a server, a client and the suite, each of which is a few lines
here. Does not need the suite.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import drive

HERE = Path(__file__).resolve().parent

# As many cases as the suite has: without compression, and with it.
CASES = [f"1.{n}" for n in range(1, 299)] + ["7.1.6", "7.13.1", "7.13.2"]
CASES += [f"{group}.{sub + 1}.{n}" for group, subs in ((12, 5), (13, 7)) for sub in range(subs) for n in range(1, 19)]


def fair_report(case):
    behavior = "INFORMATIONAL" if case in ("7.1.6", "7.13.1", "7.13.2") else "OK"
    return {"id": case, "agent": "wsframe", "behavior": behavior, "behaviorClose": behavior,
            "description": "What is <i>sent</i>.", "result": "Half a pair: \ud800"}


def write_reports(folder, reports, agent="wsframe"):
    for case, report in reports.items():
        (folder / f"case_{case}.json").write_text(json.dumps(report))
    index = folder / "index.partial"
    index.write_text(json.dumps({agent: {case: {"reportfile": f"case_{case}.json"} for case in reports}}))
    index.rename(folder / "index.json")


class Judging(unittest.TestCase):
    cases = ["1.1", "1.2", "7.1.6"]

    def judge(self, change=lambda reports: None, after=lambda folder: None, **kwargs):
        """Changes valid reports. Returns the cases that failed, and the number of problems."""
        with tempfile.TemporaryDirectory() as folder:
            reports = {case: fair_report(case) for case in self.cases}
            change(reports)
            write_reports(Path(folder), reports, **kwargs)
            after(Path(folder))
            failures, problems = drive.judge(self.cases, Path(folder))
            return list(failures), len(problems)

    def test_selections(self):
        for name, size in (("sample", 373), ("all", 517)):
            self.assertEqual(len(drive.select(CASES, name)), size)
        self.assertEqual(drive.select(CASES, "all", "7.13.*"), ["7.13.1", "7.13.2"])
        for cases, pattern in ((CASES[1:], "*"), (CASES + ["8.1"], "*"), (CASES[1:] + CASES[1:2], "*"), (CASES, "12.1.7")):
            with self.assertRaises(drive.Problem):
                drive.select(cases, "sample", pattern)

    def test_fair_reports_pass(self):
        self.assertEqual(self.judge(), ([], 0))

    def test_every_other_behavior_fails(self):
        for behavior in ("FAILED", "NON-STRICT", "UNIMPLEMENTED", "UNCLEAN", "INFORMATIONAL", "ok", "", None):
            for key in ("behavior", "behaviorClose"):
                self.assertEqual(self.judge(lambda r: r["1.2"].update({key: behavior})), (["1.2"], 0))
        self.assertEqual(self.judge(lambda r: r["7.1.6"].update(behavior="OK")), (["7.1.6"], 0))

    def test_reports_on_something_else(self):
        self.assertEqual(self.judge(lambda r: r.pop("1.1")), (["1.1"], 0))
        self.assertEqual(self.judge(lambda r: r.update({"9.1": fair_report("9.1")})), ([], 1))
        self.assertEqual(self.judge(lambda r: r["1.2"].update(id="1.1")), (["1.2"], 0))
        self.assertEqual(self.judge(lambda r: r["1.2"].update(agent="another")), (["1.2"], 0))
        self.assertEqual(self.judge(agent="another"), (self.cases, 1))

    def test_reports_that_cannot_be_read(self):
        for text in ("{", "[]", "{}", "7"):
            self.assertEqual(self.judge(after=lambda f: (f / "case_1.1.json").write_text(text)), (["1.1"], 0))
        self.assertEqual(self.judge(after=lambda f: (f / "case_1.1.json").unlink()), (["1.1"], 0))
        for index in ("", "[]", '{"wsframe": {"1.1": {}}}', '{"wsframe": []}'):
            self.assertEqual(self.judge(after=lambda f: (f / "index.json").write_text(index)), (self.cases, 1))


# Acts as the suite: writes valid reports, except for the bug that FAULT names.
SUITE = """\
#!{python}
import json, os, sys, time
sys.path[:0] = ["-B", {here!r}]
from pathlib import Path
import selftest
role, fault = sys.argv[3], os.environ.get("FAULT")
if role == "cases":
    print(json.dumps(selftest.CASES))
    sys.exit()
spec = json.loads(Path(sys.argv[4]).read_text())
reports = {{case: selftest.fair_report(case) for case in spec["cases"]}}
if fault == "non-strict" and "1.7" in reports:
    reports["1.7"]["behavior"] = "NON-STRICT"
if fault != "silent":
    selftest.write_reports(Path(spec["outdir"]), reports)
if role == "fuzzingserver" or fault == "hangs":
    time.sleep(60)
elif fault == "lingers":
    time.sleep(0.5)
elif fault == "status":
    # The driver ends the other process then, which must have written its reports.
    while len(list(Path(spec["outdir"]).parent.glob("*/index.json"))) < 2:
        time.sleep(0.02)
sys.exit(fault == "status")
"""

SERVER = "echo ws://127.0.0.1:9/; exec sleep 60"
UNTIL_REPORTED = "until ls $OUT/1/index.json $OUT/2/index.json; do sleep 0.02; done"
GIVEN_URL = f"case $0 in ws://127.0.0.1:*) ;; *) exit 1; esac; {UNTIL_REPORTED}"

# Per run: mode, command, options, bug; then the expected status, last line, and a part of the output.
RUNS = [
    ("server", SERVER, [], "", 0, "373 passed, 0 failed", ""),
    ("server", SERVER, ["--all"], "", 0, "517 passed, 0 failed", ""),
    ("client", GIVEN_URL, [], "", 0, "373 passed, 0 failed", ""),
    ("server", SERVER, [], "non-strict", 1, "372 passed, 1 failed", r"Half a pair: \ud800"),
    ("server", SERVER, [], "silent", 1, "0 passed, 375 failed", "index.json cannot be read"),
    ("server", SERVER, [], "status", 1, "373 passed, 1 failed", "suite 1: has ended with status 1"),
    ("server", "exit 7", [], "", 1, "0 passed, 376 failed", "server: has ended, with status 7"),
    ("server", f"echo ws://127.0.0.1:9/; {UNTIL_REPORTED}", [], "lingers", 1, "373 passed, 1 failed",
     "server: has ended, with status 0"),
    ("client", f"{UNTIL_REPORTED}; exit 3", [], "", 1, "373 passed, 1 failed", "client of suite 1: has ended with status 3"),
    ("client", "exec sleep 60", ["--seconds", "1"], "", 1, "failed", "client of suite 1: the time limit has passed"),
    ("server", SERVER, ["--python", "/nowhere"], "", 1, "0 passed, 1 failed", "the suite does not list its cases"),
    # A server that ignores the first signal. No process of it may remain.
    ("server", f"trap '' TERM; echo $$ >>$OUT.pids; sleep 60 & echo $! >>$OUT.pids; {SERVER}", ["--seconds", "1"],
     "hangs", 1, "failed", "suite 1: the time limit has passed"),
]


class Driving(unittest.TestCase):
    def test_runs(self):
        for mode, command, options, fault, status, closing, told in RUNS:
            with self.subTest(command, fault=fault), tempfile.TemporaryDirectory() as folder:
                suite, out = Path(folder) / "python", folder + "/out"
                suite.write_text(SUITE.format(python=sys.executable, here=str(HERE)))
                suite.chmod(0o755)
                done = subprocess.run(
                    [sys.executable, "-B", HERE / "drive.py", mode, "--shards", "2", "--out", out,
                     "--python", suite, *options, "--", "sh", "-c", command],
                    env={**os.environ, "FAULT": fault, "OUT": out}, timeout=50,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertTrue(done.stdout.endswith(f"{closing}\n"), done.stdout)
                self.assertIn(told, done.stdout)
                pids = Path(out + ".pids")
                for pid in pids.read_text().split() if pids.exists() else ():
                    self.assertFalse(alive(pid))


def alive(pid):
    """Returns whether a process runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    unittest.main()

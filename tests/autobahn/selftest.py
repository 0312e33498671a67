"""That the check bites: python3 selftest.py

What it is to find is planted in reports like the suite's, and in the conduct of servers, clients
and of the suite itself, which a few lines play here. The suite need not be installed.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import verdict
from cases import SELECTIONS, Case, select

HERE = Path(__file__).resolve().parent

# As many cases as the suite has: without compression, and with it.
IDS = ([f"1.{n}" for n in range(1, 299)] + ["7.1.6", "7.13.1", "7.13.2"]
       + [f"{group}.{sub}.{n}" for group, subs in ((12, 5), (13, 7))
          for sub in range(1, subs + 1) for n in range(1, 19)])
CASES = [Case(id, "Group", "What is sent.") for id in IDS]


def fair_report(id):
    behavior = "INFORMATIONAL" if id in ("7.1.6", "7.13.1", "7.13.2") else "OK"
    return {
        "id": id, "agent": "wsframe", "behavior": behavior, "behaviorClose": behavior,
        "expectation": "What is <i>expected</i>.",
        "expected": {"OK": [["message", "Hello", False]]},
        "received": [["message", "Hello", True], ["ping", ""], ["message", "\ud800", False]],
        "result": "It went so.",
        "resultClose": "It closed so.",
        "expectedClose": {"closeCode": [1007], "closedByMe": False},
        "closedByMe": True, "remoteCloseCode": 1006, "wasNotCleanReason": "peer dropped",
        "duration": 3,
    }


def write_reports(folder, reports, agents=("wsframe",)):
    entries = {}
    for id, report in reports.items():
        name = f"case_{id}.json"
        (folder / name).write_text(json.dumps(report))
        entries[id] = {"reportfile": name}
    index = folder / "index.partial"
    index.write_text(json.dumps({agent: entries for agent in agents}))
    index.rename(folder / "index.json")


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class Selecting(unittest.TestCase):
    def test_sizes(self):
        for name, size in (("without-compression", 301), ("sample", 373), ("all", 517)):
            self.assertEqual(len(select(CASES, name)), size)
        self.assertEqual(set(SELECTIONS), {"without-compression", "sample", "all"})

    def test_a_case_less_more_or_twice(self):
        for cases in (CASES[1:], CASES + [Case("8.1", "", "")], CASES[1:] + CASES[1:2]):
            with self.assertRaises(ValueError):
                select(cases, "without-compression")

    def test_sample(self):
        ids = {case.id for case in select(CASES, "sample")}
        self.assertLessEqual({"12.1.1", "13.7.6", "7.13.2"}, ids)
        self.assertFalse({"12.1.7", "13.7.18"} & ids)

    def test_pattern(self):
        self.assertEqual([case.id for case in select(CASES, "all", "7.13.*")], ["7.13.1", "7.13.2"])
        with self.assertRaises(ValueError):
            select(CASES, "without-compression", "12.*")


class Judging(WithFolder):
    cases = [case for case in CASES if case.id in ("1.1", "1.2", "7.1.6")]

    def judge(self, change=lambda reports: None, **kwargs):
        """The reasons and problems in reports that were fair until they were changed."""
        reports = {case.id: fair_report(case.id) for case in self.cases}
        change(reports)
        write_reports(self.folder, reports, **kwargs)
        return self.judged()

    def judged(self):
        verdicts, problems = verdict.judge_reports(self.cases, self.folder)
        self.assertEqual([v.case for v in verdicts], self.cases)
        return {v.case.id: v.reasons for v in verdicts if v.reasons}, problems

    def test_fair_reports_pass(self):
        self.assertEqual(self.judge(), ({}, []))

    def test_every_other_behavior_fails(self):
        for behavior in ("FAILED", "NON-STRICT", "UNIMPLEMENTED", "UNCLEAN", "WRONG CODE",
                         "FAILED BY CLIENT", "INFORMATIONAL", "ok", "", None):
            for key in ("behavior", "behaviorClose"):
                with self.subTest(key, behavior=behavior):
                    reasons, problems = self.judge(lambda r: r["1.2"].update({key: behavior}))
                    self.assertEqual(reasons, {"1.2": [f"{key} is {behavior}, and should be OK"]})
                    self.assertEqual(problems, [])

    def test_an_informational_case_must_be_that(self):
        for behavior in ("OK", "FAILED"):
            reasons, _ = self.judge(lambda r: r["7.1.6"].update(behavior=behavior))
            self.assertEqual(list(reasons), ["7.1.6"])

    def test_a_case_that_did_not_run(self):
        self.assertEqual(self.judge(lambda r: r.pop("1.1"))[0], {"1.1": [verdict.DID_NOT_RUN]})

    def test_a_case_too_many(self):
        _, problems = self.judge(lambda r: r.update({"9.1": fair_report("9.1")}))
        self.assertEqual(len(problems), 1)
        self.assertIn("9.1", problems[0])

    def test_a_report_on_something_else(self):
        for key, value in (("id", "1.1"), ("agent", "another")):
            reasons, _ = self.judge(lambda r: r["1.2"].update({key: value}))
            self.assertEqual(list(reasons), ["1.2"])

    def test_another_agent(self):
        self.assertEqual(len(self.judge(agents=("another",))[0]), 3)
        self.assertEqual(len(self.judge(agents=("wsframe", "another"))[1]), 1)

    def test_reports_that_cannot_be_read(self):
        self.judge()
        (self.folder / "case_1.1.json").write_text("{")
        (self.folder / "case_1.2.json").unlink()
        self.assertEqual(list(self.judged()[0]), ["1.1", "1.2"])
        for index in ("", "[]", "{}", '{"wsframe": {"1.1": {}}}', '{"wsframe": []}'):
            with self.subTest(index=index):
                (self.folder / "index.json").write_text(index)
                self.assertEqual(len(self.judged()[0]), 3)

    def test_what_is_told_of_a_failure(self):
        told = verdict.Verdict(self.cases[0], fair_report("1.1"), ["a reason"]).explain()
        for part in ("FAILED 1.1: a reason", "What is sent.", "What is expected .",
                     'OK: text "Hello"', 'binary "Hello", ping ""', "It went so.", "It closed so.",
                     "by the peer, with 1007", "by the suite, with 1006", "peer dropped"):
            self.assertIn(part, told)


# Plays the suite: fair reports, but for what FAULT says. A client of it has nothing to do.
SUITE = """\
#!{python}
import json, os, sys, time
sys.path[:0] = ["-B", {here!r}]
from pathlib import Path
import selftest
role, fault = sys.argv[3], os.environ.get("FAULT")
if role == "cases":
    print(json.dumps([vars(case) for case in selftest.CASES]))
    sys.exit()
spec = json.loads(Path(sys.argv[4]).read_text())
reports = {{id: selftest.fair_report(id) for id in spec["cases"]}}
if fault == "missing":
    reports.pop("1.7", None)
elif fault == "non-strict" and "1.7" in reports:
    reports["1.7"]["behavior"] = "NON-STRICT"
if fault != "silent":
    selftest.write_reports(Path(spec["outdir"]), reports)
if role == "fuzzingserver" or fault == "hangs":
    time.sleep(60)
elif fault == "lingers":
    time.sleep(0.5)
sys.exit(fault == "status")
"""

SERVER = "echo ws://127.0.0.1:9/; exec sleep 60"
UNTIL_REPORTED = "until ls $OUT/1/index.json $OUT/2/index.json; do sleep 0.02; done"


class Driving(WithFolder):
    def setUp(self):
        super().setUp()
        suite = self.folder / "python"
        suite.write_text(SUITE.format(python=sys.executable, here=str(HERE)))
        suite.chmod(0o755)

    def drive(self, mode, command, *options, fault=""):
        """Exit status, closing line, and all that was printed."""
        out = tempfile.mkdtemp(dir=self.folder) + "/out"
        done = subprocess.run(
            [sys.executable, "-B", HERE / "drive.py", mode, "--shards", "2", "--out", out,
             "--python", self.folder / "python", *options, "--", "sh", "-c", command],
            env={**os.environ, "FAULT": fault, "OUT": out}, timeout=50,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout.splitlines()[-1], done.stdout

    def passes(self, closing, *args):
        status, last, printed = self.drive(*args)
        self.assertEqual((status, last), (0, closing), printed)

    def fails(self, closing, told, *args, **kwargs):
        status, last, printed = self.drive(*args, **kwargs)
        self.assertEqual(status, 1, printed)
        self.assertRegex(last, f"^{closing}$", printed)
        self.assertIn(told, printed)

    def test_all_is_well(self):
        self.passes("301 passed, 0 failed", "server", SERVER)
        self.passes("517 passed, 0 failed", "server", SERVER, "--all")
        given_url = f"case $0 in ws://127.0.0.1:*) ;; *) exit 1; esac; {UNTIL_REPORTED}"
        self.passes("301 passed, 0 failed", "client", given_url)

    def test_one_case_of_all(self):
        self.fails("300 passed, 1 failed", "FAILED 1.7: behavior is NON-STRICT",
                   "server", SERVER, fault="non-strict")

    def test_half_a_surrogate_pair_can_be_printed(self):
        self.fails("300 passed, 1 failed", r'text "\ud800"', "server", SERVER, fault="non-strict")

    def test_one_case_less(self):
        self.fails("300 passed, 1 failed", "FAILED did not run, 1 cases: 1.7",
                   "server", SERVER, fault="missing")

    def test_no_reports(self):
        self.fails("0 passed, 303 failed", "index.json cannot be read",
                   "server", SERVER, fault="silent")

    def test_the_suite_fails(self):
        self.fails(".* passed, .* failed", "suite 1: has ended with status 1",
                   "server", SERVER, fault="status")

    def test_the_server_ends(self):
        self.fails("0 passed, 304 failed", "server: has ended, with status 7", "server", "exit 7")

    def test_the_server_ends_at_last(self):
        self.fails("301 passed, 1 failed", "server: has ended, with status 0",
                   "server", f"echo ws://127.0.0.1:9/; {UNTIL_REPORTED}", fault="lingers")

    def test_the_client_fails(self):
        self.fails("301 passed, 1 failed", "client of suite 1: has ended with status 3",
                   "client", f"{UNTIL_REPORTED}; exit 3")

    def test_the_client_hangs(self):
        self.fails(".* passed, .* failed", "client of suite 1: the time limit has passed",
                   "client", "exec sleep 60", "--seconds", "1")

    def test_the_suite_hangs(self):
        """And a server that does not want to end; nothing of it is left."""
        pids = self.folder / "pids"
        stubborn = f"trap '' TERM; echo $$ >>{pids}; sleep 60 & echo $! >>{pids}; {SERVER}"
        self.fails(".* passed, .* failed", "suite 1: the time limit has passed",
                   "server", stubborn, "--seconds", "1", fault="hangs")
        left = pids.read_text().split()
        self.assertEqual(len(left), 2)
        self.assertEqual([pid for pid in left if alive(pid)], [])

    def test_no_suite(self):
        self.fails("0 passed, 1 failed", "the suite does not list its cases",
                   "server", SERVER, "--python", self.folder / "nowhere")


def alive(pid):
    """Whether a process runs: one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    unittest.main()

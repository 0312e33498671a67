"""Judges the suite's reports. Every case that should have run must have run, and must have ended
as it should, in what it exchanged (`behavior`) and in how it closed (`behaviorClose`); nothing else
may be in the reports.
"""

import html
import json
import re
from collections import Counter, defaultdict

AGENT = "wsframe"  # the name under which the suite reports

# What these cases show is left open by the RFC, so the suite gives no other verdict on them.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}

DID_NOT_RUN = "did not run"
NO_REPORT = "no report"


def should(case):
    return "INFORMATIONAL" if case.id in INFORMATIONAL else "OK"


class Verdict:
    """What became of a case: its report, and each reason why it failed."""

    def __init__(self, case, report=None, reasons=()):
        self.case = case
        self.report = report or {}
        self.reasons = list(reasons)

    @property
    def seconds(self):
        return self.report.get("duration", 0) / 1000

    def explain(self):
        """A few lines on a failure: what the case is, what it expected, and what it got."""
        lines = [f"FAILED {self.case.id}: {'; '.join(self.reasons)}"]
        lines.append(f"  case      {prose(self.case.description)}")
        if self.report:
            report = self.report
            expected = report.get("expected") or {}
            close = report.get("expectedClose") or {}
            lines += [
                f"  wants     {prose(report.get('expectation'))}",
                *(f"  expected  {name}: {events(expected[name])}"
                  for name in sorted(expected, reverse=True)),
                f"  received  {events(report.get('received'))}",
                f"  result    {prose(report.get('result'))}",
                f"  close     {prose(report.get('resultClose'))}",
                f"            expected: by the {side(close.get('closedByMe'))}, with "
                f"{' or '.join(map(str, close.get('closeCode') or ())) or 'any code'}",
                f"            got: by the {side(report.get('closedByMe'))}, "
                f"with {report.get('remoteCloseCode')}",
            ]
            if report.get("wasNotCleanReason"):
                lines.append(f"            {prose(report['wasNotCleanReason'])}")
        return "\n".join(lines)


def side(closed_by_suite):
    return "suite" if closed_by_suite else "peer"


def shortened(text, limit):
    return text if len(text) <= limit else text[:limit] + " …"


def prose(text):
    """The suite's prose, which is HTML, on one line."""
    return shortened(html.unescape(" ".join(re.sub(r"<[^>]*>", " ", text or "").split())), 300)


def event(kind, payload=None, binary=False, *_):
    """What the suite received, or would have liked to: text "Hello", ping "", timeout "A"."""
    if kind == "message":
        kind = "binary" if binary else "text"
    return f"{kind} {shortened(json.dumps(payload, ensure_ascii=False), 60)}"


def events(listed, limit=4):
    if not listed:
        return "nothing"
    more = f", and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(event(*one) for one in listed[:limit]) + more


def judge_case(case, report):
    """The reasons why a case with this report has failed: none, if it has passed."""
    reasons = []
    if (report.get("id"), report.get("agent")) != (case.id, AGENT):
        reasons.append(f"the report is on {report.get('id')} of {report.get('agent')}")
    for key in ("behavior", "behaviorClose"):
        if report.get(key) != should(case):
            reasons.append(f"{key} is {report.get(key)}, and should be {should(case)}")
    return reasons


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def judge_reports(cases, folder):
    """Judges a folder of reports, which must be of these cases: (verdicts, problems)."""
    try:
        index = load(folder / "index.json")
        agents, reported = list(index), index.get(AGENT, {})
        files = {name: entry["reportfile"] for name, entry in reported.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        return ([Verdict(case, None, [DID_NOT_RUN]) for case in cases],
                [f"{folder.name}/index.json cannot be read: {error}"])

    problems = [f"{folder.name}: reports on another agent, {agent}"
                for agent in agents if agent != AGENT]
    problems += [f"{folder.name}: a report on case {name}, which was not to be run"
                 for name in sorted(files.keys() - {case.id for case in cases})]

    verdicts = []
    for case in cases:
        if case.id not in files:
            verdicts.append(Verdict(case, None, [DID_NOT_RUN]))
            continue
        try:
            report = load(folder / files[case.id])
            verdicts.append(Verdict(case, report, judge_case(case, report)))
        except (OSError, ValueError, AttributeError) as error:
            verdicts.append(Verdict(case, None, [f"the report cannot be read: {error}"]))
    return verdicts, problems


def table(verdicts):
    """A line for each group of cases, and one for all of them."""
    groups = defaultdict(list)
    for verdict in verdicts:
        groups[verdict.case.numbers[0], verdict.case.group].append(verdict)

    def line(number, group, of):
        failed = sum(bool(verdict.reasons) for verdict in of)
        ended = Counter(verdict.report.get("behavior", NO_REPORT) for verdict in of)
        return (f"{number:>3}  {group:<42}{len(of):>5}{len(of) - failed:>8}{failed:>8}"
                f"{sum(verdict.seconds for verdict in of):>9.1f}  "
                + ", ".join(f"{count} {name}" for name, count in ended.most_common()))

    return "\n".join([
        f"{'group':<47}{'cases':>5}{'passed':>8}{'failed':>8}{'seconds':>9}  behavior",
        *(line(*group, groups[group]) for group in sorted(groups)),
        line("", "all", verdicts),
    ])


def report(verdicts, problems):
    """Prints failures, problems, the table, and the closing line; whether all is well."""
    failures = [verdict for verdict in verdicts if verdict.reasons]
    silent = [verdict for verdict in failures if verdict.reasons == [DID_NOT_RUN]]
    for verdict in failures:
        if verdict not in silent:
            print(verdict.explain())
    if silent:
        ids = ", ".join(verdict.case.id for verdict in silent)
        print(f"FAILED did not run, {len(silent)} cases: {shortened(ids, 200)}")
    for problem in problems:
        print(f"FAILED {problem}")
    print(table(verdicts))
    failed = len(failures) + len(problems)
    print(f"{len(verdicts) - len(failures)} passed, {failed} failed", flush=True)
    return bool(verdicts) and failed == 0

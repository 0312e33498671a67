"""What ci/mutants.sh has found in one room, for docs/testing.md: how many changes, and which of them no test
notices. Each of these must be explained in ci/survivors.txt, and each explanation needed.

    mutants.py ROOM MUTANTS.OUT DATE
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/testing.md"
BEGIN, END = "<!-- ci/mutants.sh writes from here -->\n", "<!-- to here, too -->\n"
HEAD = [
    "| room | changes | noticed | without an end | do not compile | not noticed | on |",
    "|---|---|---|---|---|---|---|",
]

room, found, date = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
# What a second look has found takes the place of what the first did.
kept = found.parent / "all.json"
outcomes = json.loads(kept.read_text()) if kept.exists() else {}
for run in found.with_suffix(".out.old"), found:
    if (run / "outcomes.json").exists():
        for outcome in json.loads((run / "outcomes.json").read_text())["outcomes"]:
            if outcome["scenario"] != "Baseline":
                outcomes[outcome["scenario"]["Mutant"]["name"]] = outcome["summary"]
if not outcomes:
    sys.exit(f"FAILED: {found} has no outcomes")
kept.write_text(json.dumps(outcomes))


def explanations():
    """What ci/survivors.txt says: why, by a file and what is changed in it, in whatever line."""
    why, reason = {}, ""
    for line in (ROOT / "ci/survivors.txt").read_text().splitlines():
        if line.startswith("src/"):
            why[line] = reason
        elif line and not line.startswith("#"):
            reason = line
    return why


why = explanations()
missed = [re.sub(r":\d+:\d+", "", name) for name, summary in outcomes.items() if summary == "MissedMutant"]
unexplained = [change for change in missed if change not in why]
# A room is a file or a folder of that name.
stale = [change for change in why if change.startswith((f"src/{room}.rs", f"src/{room}/")) and change not in missed]

counts = [*outcomes.values()]
cells = [len(counts), *(counts.count(kind) for kind in ("CaughtMutant", "Timeout", "Unviable", "MissedMutant"))]
row = f"| {room} | " + " | ".join(map(str, cells)) + f" | {date} |"
page = PAGE.read_text()
before, rest = page.split(BEGIN)
old, after = rest.split(END)
rows = [line for line in old.splitlines() if line.startswith("| ") and not line.startswith((f"| {room} |", "| room |"))]
text = HEAD + sorted([*rows, row])
text += ["", "What is not noticed, and why that is right:", ""]
reasons = {}
for change, reason in why.items():
    reasons.setdefault(reason, []).append(change)
for reason, changes in reasons.items():
    text += [f"- {reason}", *(f"  - `{change}`" for change in changes)]
PAGE.write_text(before + BEGIN + "\n" + "\n".join(text) + "\n\n" + END + after)

print(row)
for name, what in ("not explained in ci/survivors.txt", unexplained), ("explained there, but noticed", stale):
    if what:
        print(f"FAILED: {name}:\n  " + "\n  ".join(what), file=sys.stderr)
sys.exit(bool(unexplained or stale))

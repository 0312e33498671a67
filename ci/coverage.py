"""What ci/coverage.sh has counted, for docs/testing.md: figures a file, and the lines that no test reaches, by the
function in which they are. Each such function must be explained in ci/unreached.txt, and each explanation needed.

    coverage.py LINES.lcov SUMMARY.json VERSIONS
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/testing.md"
BEGIN, END = "<!-- ci/coverage.sh writes from here -->\n", "<!-- to here -->\n"
KINDS = "lines", "regions", "functions"
# Which of these kernels run is up to the machine.
OF_MACHINES = "arch/x86_64/"


def functions(source):
    """For each line, the function or macro that it is in."""
    name, names = "", []
    for line in source:
        if found := re.match(r" *(?:pub(?:\([^)]*\))? )?(?:const |unsafe )*(?:fn|macro_rules!) \$?(\w+)", line):
            name = found[1]
        names.append(name)
    return names


def unreached(lcov):
    """Lines that no test reaches, as (file, function) and how many."""
    counts = {}
    for line in lcov.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            path = pathlib.Path(value)
            file, names = str(path.relative_to(ROOT / "src")), functions(path.read_text().splitlines())
        elif key == "DA":
            number, count = value.split(",")[:2]
            if count == "0":
                place = (file, names[int(number) - 1])
                counts[place] = counts.get(place, 0) + 1
    return counts


def explanations():
    """What ci/unreached.txt says: why, by (file, function); a function `*` is all of the file's."""
    why = {}
    for line in (ROOT / "ci/unreached.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            file, function, reason = line.split(None, 2)
            why[file, function] = reason
    return why


def row(name, summary):
    cells = [name]
    for what in KINDS:
        count, covered = summary[what]["count"], summary[what]["covered"]
        cells.append(f"{covered} of {count} | {100 * covered / count:.1f} %")
    return "| " + " | ".join(cells) + " |"


def add(summaries):
    return {kind: {n: sum(s[kind][n] for s in summaries) for n in ("count", "covered")} for kind in KINDS}


lcov, summary, versions = sys.argv[1:]
data = json.loads(pathlib.Path(summary).read_text())["data"][0]
files = {str(pathlib.Path(f["filename"]).relative_to(ROOT / "src")): f["summary"] for f in data["files"]}
rooms = {}
for file, counted in sorted(files.items()):
    parts = pathlib.PurePath(file).parts
    rooms.setdefault(parts[0] if parts[0] != "arch" else "/".join(parts[:-1]), []).append(counted)
run = [counted for file, counted in files.items() if counted["lines"]["covered"]]

counts, why = unreached(pathlib.Path(lcov)), explanations()
lines, missing, needed = [], [], set()
for (file, function), count in sorted(counts.items()):
    known = next((place for place in [(file, function), (file, "*")] if place in why), None)
    if known is None:
        missing.append(f"{file}: {function} ({count} lines)")
    else:
        needed.add(known)
for file, function in sorted(needed):
    count = sum(n for (f, name), n in counts.items() if f == file and function in (name, "*"))
    lines.append(f"| `{file}` | {'all' if function == '*' else f'`{function}`'} | {count} | {why[file, function]} |")
stale = [f"{file}: {function}" for file, function in why if (file, function) not in needed and not file.startswith(OF_MACHINES)]

text = [
    f"Counted on {versions}.\n",
    "| | lines | | regions | | functions | |",
    "|---|---|---|---|---|---|---|",
    *(row(f"`{room}`", add(counted)) for room, counted in sorted(rooms.items())),
    row("all", add(files.values())),
    row("all files of which anything ran", add(run)),
    "\nWhat no test reaches, and why:\n",
    "| file | function | lines | why |",
    "|---|---|---|---|",
    *lines,
]
page = PAGE.read_text()
before, rest = page.split(BEGIN)
PAGE.write_text(before + BEGIN + "\n" + "\n".join(text) + "\n\n" + END + rest.split(END)[1])
print("\n".join(text))
for name, what in ("not explained in ci/unreached.txt", missing), ("explained there, but reached", stale):
    if what:
        print(f"FAILED: {name}:\n  " + "\n  ".join(what), file=sys.stderr)
sys.exit(bool(missing or stale))

"""Makes and applies patches that hold our lines alone: unified diffs without context, of which the lines
that are taken away are left out. A hunk's head says how many those are, so a patch fits one version of
a crate, which its caller pins.

    patch.py make OLD NEW > PATCH     of the files in two folders
    patch.py apply PATCH FOLDER       and says how many lines were added and taken away
"""

import difflib
import re
import sys
from pathlib import Path

HEAD = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def make(old, new):
    for name in sorted(files(old) | files(new)):
        before, after = (
            path.read_text().splitlines() if path.exists() else []
            for path in (old / name, new / name)
        )
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
        if lines:
            print(f"=== {name}")
            print("\n".join(line for line in lines if not line.startswith("-")))


def apply(patch, folder):
    added = taken = 0
    for part in re.split(r"^=== ", patch.read_text(), flags=re.MULTILINE)[1:]:
        name, *lines = part.splitlines()
        path = folder / name
        old = path.read_text().splitlines() if path.exists() else []
        new, at = [], 0  # so many lines of the old file were used
        for line in lines:
            if head := HEAD.fullmatch(line):
                start, count = int(head[1]), int(head[2] or 1)
                # A hunk that removes no line is placed after the line that it names.
                end = start - 1 if count else start
                new += old[at:end]
                at = end + count
                taken += count
            else:
                assert line.startswith("+"), f"{patch}: {line}"
                new.append(line[1:])
                added += 1
        new += old[at:]
        if new:
            path.write_text("".join(f"{line}\n" for line in new))
        else:
            path.unlink()
    print(f"{added} lines added, {taken} taken away")


match sys.argv[1:]:
    case ["make", old, new]:
        make(Path(old), Path(new))
    case ["apply", patch, folder]:
        apply(Path(patch), Path(folder))
    case _:
        sys.exit(__doc__)

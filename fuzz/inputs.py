#!/usr/bin/env python3
"""The first inputs of every fuzz target: a file per target, with one input per line in hexadecimal digits.

    fuzz/inputs.py unpack TARGET FOLDER      writes each input of fuzz/inputs/TARGET to a file of its own
    fuzz/inputs.py add TARGET PATH…          adds these files, and the files of these folders, to fuzz/inputs/TARGET
"""

import hashlib
import pathlib
import sys

LONGEST = 4096  # bytes, the limit in fuzz/run.sh

what, target, *paths = sys.argv[1:]
file = pathlib.Path(__file__).with_suffix("") / target
paths = [pathlib.Path(path) for path in paths]
known = {bytes.fromhex(line) for line in file.read_text().split()} if file.exists() else set()
if what == "unpack":
    for one in known:
        (paths[0] / hashlib.sha1(one).hexdigest()).write_bytes(one)
elif what == "add":
    files = [inner for path in paths for inner in (path.iterdir() if path.is_dir() else [path])]
    known |= {one for one in map(pathlib.Path.read_bytes, files) if 0 < len(one) <= LONGEST}
    file.write_text("".join(f"{one.hex()}\n" for one in sorted(known, key=lambda one: (len(one), one))))
    print(f"{target}: {len(known)} inputs, {file.stat().st_size} bytes")
else:
    sys.exit(__doc__)

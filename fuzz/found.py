#!/usr/bin/env python3
"""Inputs that fuzzers have found, a target a file: each line is one, in hexadecimal digits.

    fuzz/found.py unpack FILE FOLDER               puts each input into a file of its own
    fuzz/found.py pack FILE FOLDER SEEDS           writes FILE anew, with what FOLDER holds and SEEDS does not

What is longer than MOST bytes is left out.
"""

import hashlib
import pathlib
import sys

MOST = 1024


def unpack(file, folder):
    if not file.exists():
        return
    for line in file.read_text().split():
        found = bytes.fromhex(line)
        (folder / hashlib.sha1(found).hexdigest()).write_bytes(found)


def pack(file, folder, seeds):
    found = inputs(folder) - inputs(seeds) - {b""}
    kept = sorted((one for one in found if len(one) <= MOST), key=lambda one: (len(one), one))
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"{one.hex()}\n" for one in kept))
    print(f"{file.name}: {len(kept)} inputs kept, {file.stat().st_size} bytes")


def inputs(folder):
    return {path.read_bytes() for path in folder.iterdir()} if folder.exists() else set()


if __name__ == "__main__":
    what, *paths = sys.argv[1:]
    {"unpack": unpack, "pack": pack}[what](*map(pathlib.Path, paths))

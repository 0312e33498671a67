#!/usr/bin/env python3
"""Checks the documentation of every public item in ci/public-api.txt, from the source of the crate.

    ci/docs.py

The summary of a function must begin with a verb in the third person ("Returns"), and every type, trait and free
function outside of `arch` must have an example. Prints the counts. Fails if an item is not found, or lacks either.
"""
import re
import subprocess
import sys

ITEM = r"pub (?:const |unsafe |async )*(fn|struct|enum|trait|union) "
docs, wrong = {}, []
functions = 0
for path in subprocess.check_output(["git", "ls-files", "src/*.rs"], text=True).split():
    doc = []
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        text = line.strip()
        if text.startswith("///"):
            doc.append(text[3:].strip())
        elif item := re.match(ITEM + r"(\w+)", text):
            if item[1] == "fn" and doc:
                functions += 1
                if not re.match(r"[A-Z][A-Za-z-]*s\b", doc[0]):
                    wrong.append(f"{path}:{number}: the summary of {item[2]} begins with no verb: {doc[0]}")
            docs.setdefault(item.groups(), []).append(any("```" in one for one in doc))
            doc = []
        elif not re.match(r"#|//|[)\]]|(not|any|all|feature)\b|\w+ = ", text):  # no attribute
            doc = []

public = {}
for line in open("ci/public-api.txt", encoding="utf-8"):
    item = re.match(ITEM + r"wsframe::((?:[a-z_]\w*::)*(\w+))", line)
    # The path of a method has a type where that of a free function has its name.
    if item and not item[2].startswith("arch::") and (item[1] == "fn") == item[3].islower():
        public[item[1], item[3]] = item[2]
for key, path in public.items():
    if not any(docs.get(key, [])):
        wrong.append(f"wsframe::{path}: {'has no example' if key in docs else 'not found in src'}")
print(f"{functions} functions with a summary, {len(public)} public types, traits and free functions")
for line in wrong:
    print(f"FAILED: {line}")
sys.exit(bool(wrong))

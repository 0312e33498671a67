#!/usr/bin/env python3
"""Finds words and phrases that make documents and comments hard to read.

    ci/words.py

Reads Markdown, Rust doc comments and comments, and the comments of scripts and Cargo.toml, and
skips code blocks. Prints each match with what to write instead. Fails if there is one, or if an
entry of ALLOWED matches nothing.
"""
import re
import subprocess
import sys

# What must not be written, and what to write instead. A phrase may continue on the next line.
WORDS = {
    r"\bWho\b|\b[Ww]hoever\b|\b(and|as|by|does|for|is|of|than|that|to) who\b": "caller, user, peer",
    r"\b[Nn]obody\b|\b[Ss]omebody\b": "no peer, no caller, no task",
    r"\b(is|are|was|were) (not )?to be\b": "must, should, can, or the future tense",
    r"\bbe (they|it|he)\b": "whether … or not",
    r"\b(has|have|there is) to (be )?(say|said)\b|\bsays so\b": "must, should, can; name it",
    r"\b(lies|lie|stands|bears)\b": "is, contains, in place",
    r"\bshall\b": "must, will",
    r"\banew\b": "again, refresh",
    r"\bforetell": "predict",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\b(short|long) way\b": "fast path, slow path",
    r"\b[Ss]ee (above|below)\b": "name the item",
    r"(^|\. )(The same, |As of \[)": "Same as [`name`], but …",
    r"\bin front of\b": "before",
    r"\bbehind\b": "after",
    r"\broom\b(?!=|`|\.rs)": "capacity, space; module",
    r"\blatched\b": "sticky",
    r"\btaken over\b": "context takeover",
    r"\bagreed on\b": "negotiated",
    r"\bseams?\b": "hook, extension point",
    r"\b(has|have|had) come\b|\b(is|are|was|were) gone\b": "received, arrived, ended",
    r"\b(one|a message|a connection) a (thread|message|connection)\b": "per thread, per message",
}
# Where a word is right: the beginning of the path, and a part of the line. A chat has rooms.
ALLOWED = [("examples/integrations/chat/", "room")]

SCRIPTS = r"(?:^|\s)#!?(.*)"
COMMENT = {"rs": r"(?:^|\s)//[/!]?(.*)", "md": r"(.*)", "mjs": r"(?:^|\s)//(.*)"}


def comments(path):
    """The comments of a file, by line, without code blocks."""
    code = False  # between two lines of backquotes
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        found = re.search(COMMENT.get(path.rsplit(".")[-1], SCRIPTS), line.rstrip("\n"))
        text = found[1].strip() if found else ""
        if text.startswith("```"):
            code = not code
        elif text and not code:
            yield number, text


def main():
    files = subprocess.check_output(["git", "ls-files"], text=True).split()
    allowed, bad = set(), 0
    for path in files:
        if not re.search(r"\.(md|rs|sh|py|mjs|toml)$|^\.ci/run$", path) or path == "ci/words.py":
            continue
        lines = dict(comments(path))
        for number, text in lines.items():
            whole = f"{text} {lines.get(number + 1, '')}"
            for pattern, say in WORDS.items():
                for match in re.finditer(pattern, whole):
                    entries = {one for one in ALLOWED if path.startswith(one[0]) and one[1] in whole}
                    allowed |= entries
                    if not entries and match.start() < len(text):
                        bad += 1
                        print(f"{path}:{number}: {match[0]!r}; write: {say}\n    {text}")
    for entry in set(ALLOWED) - allowed:
        bad += 1
        print(f"ci/words.py: nothing matches the allowed {entry}")
    sys.exit(f"FAILED: {bad} to fix" if bad else 0)


main()

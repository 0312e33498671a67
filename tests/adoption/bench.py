"""The crates' own benchmarks, before and after: python3 bench.py WORK ROUNDS, called by run.sh.

Two figures. Instructions a message, counted by callgrind in tungstenite's benchmark of small messages, of
which each one is written and read once: the same on a busy machine as on a quiet one. And criterion's
estimates of time, of before and after in turn, the median of the rounds: only as good as the machine is
quiet. Counts what is compiled for any x86-64, as published crates are.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

MESSAGES = 100_000  # in each of tungstenite's benchmarks
TIMED = {"tungstenite": ["read", "write"], "fastwebsockets": ["unmask"]}
SHORT = ["--bench", "--noplot", "--warm-up-time", "1", "--measurement-time", "3",
         "--sample-size", "10"]


def build(folder, bench):
    """The benchmark's program."""
    messages = subprocess.run(
        ["cargo", "bench", "--quiet", "--no-run", "--manifest-path", folder / "Cargo.toml",
         "--bench", bench, "--message-format", "json"],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    built = [json.loads(line) for line in messages.splitlines()]
    [program] = [message["executable"] for message in built if message.get("executable")]
    # The other build has the same name.
    kept = folder / f"bench-{bench}"
    shutil.copy(program, kept)
    return kept


def count(program, only):
    """Instructions of one run."""
    errors = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "--test", only],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True).stderr
    return int(re.search(r"Collected : (\d+)", errors)[1])


def estimates(program):
    """The time of each benchmark in the program, in nanoseconds."""
    printed = subprocess.run([program, *SHORT], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True).stdout
    unit = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}
    found = re.findall(r"^(\S.*?)\s+time:\s+\[\S+ \S+ (\S+) (\S+)", printed, re.MULTILINE)
    return {name: float(number) * unit[of] for name, number, of in found}


def main(work, rounds):
    sides = ("before", "after")
    for crate, benches in TIMED.items():
        for bench in benches:
            programs = {side: build(work / f"{crate}-{side}", bench) for side in sides}
            if (crate, bench) == ("tungstenite", "read"):
                for role in ("server", "client"):
                    before, after = (count(programs[side], role) / MESSAGES for side in sides)
                    print(f"{crate}, {bench} ({role}): {before:.0f} instructions a message before, "
                          f"{after:.0f} after, of writing and reading it", flush=True)
            times = {side: [] for side in sides}
            for _ in range(rounds):
                for side in sides:
                    times[side].append(estimates(programs[side]))
            for name in times["before"][0] if rounds else []:
                before, after = (statistics.median(run[name] for run in times[side]) for side in sides)
                print(f"{crate}, {name}: {before / 1e6:.2f} ms before, {after / 1e6:.2f} ms after, "
                      f"{before / after:.2f} times as fast", flush=True)


main(Path(sys.argv[1]), int(sys.argv[2]))

#!/usr/bin/env python3
"""Builds the library for several processors, and checks the assembly of its kernels without running it.

    ci/assembly.py [TARGET…]       all targets, or those named

A vectoriser may turn a loop over blocks into gathers, or leave it scalar. The results stay right, and take up to
twenty times as long, so no other test notices. Fails if

- the library contains a gather or a scatter,
- a kernel of a backend is not found under its name,
- no loop of a masking kernel has four XORs of the backend's width, or no loop of `validate_long` two table lookups
  of that width. A loop of `words` needs two words of 64 bits; a vector counts as the words that it holds,
- a vector backend's kernel has more scalar XORs than its first and last bytes need.

The compiler for other processors is that of ci/toolchain.sh. Without it, they are skipped.
"""

import functools
import os
import re
import subprocess
import sys

X86 = dict(triple="x86_64-unknown-linux-gnu", comment="#",
           backends=dict(avx512="%zmm", avx2="%ymm", ssse3="%xmm", words=None),
           gather=r"v?p?(gather|scatter)", lookup=r"v?(pshufb|permb)\s.*{}", xor=r"v?(pxor[dq]?|xorp[sd])\s.*{}",
           scalar=r"xor[lq]\s", any=r"v?(pxor[dq]?|xorp[sd]|xorq)\s")
ARM = dict(triple="aarch64-unknown-linux-gnu", comment="//",
           backends=dict(neon=r"v\d+\.16b", words=None),
           gather=r"(ld|st)\w+\s.*\[.*\bz\d", lookup=r"tb[lx]\s+{}", xor=r"eor3?\s+{}",
           scalar=r"eor\s+[wx]\d", any=r"eor3?\s+[vzx]\d")
WASM = dict(triple="wasm32-unknown-unknown", comment="#",
            backends=dict(simd128="v128", words=None),
            gather=r"(?!)", lookup=r"i8x16\.(relaxed_)?swizzle", xor=r"{}\.xor",
            scalar=r"i(32|64)\.xor", any=r"(v128|i64)\.xor")
TARGETS = {
    "x86-64": (X86, "-Ctarget-cpu=x86-64"),
    "haswell": (X86, "-Ctarget-cpu=haswell"),
    "skylake-avx512": (X86, "-Ctarget-cpu=skylake-avx512"),
    "znver4": (X86, "-Ctarget-cpu=znver4"),
    "aarch64": (ARM, "-Ctarget-cpu=generic"),
    "neoverse-v1": (ARM, "-Ctarget-cpu=neoverse-v1"),  # has SVE
    "wasm32": (WASM, "-Ctarget-feature=+simd128"),
}
KERNELS = ["mask_long", "mask_copy_long", "validate_long", "unmask_validate_long"]
LEAST = dict(xor=4, any=2, lookup=2)
SCALARS_AT_MOST = 8
# The number of 64-bit words in a register.
WORDS = {"%zmm": 8, "%ymm": 4, "%xmm": 2, r"\bv128\b": 2, r"\b[vz]\d+\.": 2}

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
target_dir = os.path.abspath(os.environ.get("CARGO_TARGET_DIR", "target"))


def build(name, kind, flag, compiler):
    """Returns the lines of the library's assembly, without comments."""
    folder = os.path.join(target_dir, "assembly")
    # Like `cargo check`, with only the metadata of dependencies. Optimised like a release. The flag is for this
    # crate alone, so that dependencies are built once for several processors.
    command = ["cargo", "rustc", "--quiet", "--profile", "check", "--lib", "--no-default-features",
               "--features", "alloc", "--target", kind["triple"], "--target-dir", folder]
    release = dict(OPT_LEVEL="3", DEBUG="0", DEBUG_ASSERTIONS="false", OVERFLOW_CHECKS="false")
    env = os.environ | {f"CARGO_PROFILE_DEV_{key}": value for key, value in release.items()}
    env["CARGO_INCREMENTAL"] = "0"
    if kind is WASM:
        # build.rs must see the feature.
        env["CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS"] = flag
    if compiler:
        # -Zbuild-std needs a nightly compiler, or this variable.
        env |= dict(RUSTC=compiler, RUSTC_BOOTSTRAP="1")
        command += ["-Zbuild-std=core,alloc"]
    file = os.path.join(folder, f"{name}.s")
    subprocess.run([*command, "--", f"--emit=asm={file}", flag], env=env, check=True)
    with open(file) as lines:
        return [line.split(kind["comment"])[0].strip() for line in lines]


def functions(lines):
    """Returns every function's instructions and labels, by its symbol."""
    found, names, body = {}, set(), None
    for line in lines:
        if match := re.match(r"\.type\s+([\w$.]+),\s*[@%]function", line):
            names.add(match[1])
        elif line.endswith(":") and line[:-1] in names:
            body = found[line[:-1]] = []
        elif line == "end_function" or line.startswith(".size"):
            body = None
        elif body is not None and line and (line.startswith(".LBB") or line[0] != "."):
            body.append(line)
    return found


def loops(lines):
    """Returns the function's outermost loops, each as a set of places in its lines."""
    if "loop" in lines:  # WebAssembly, where a loop is a block
        found, depth = [], 0
        for at, line in enumerate(lines):
            found += [set()] if line == "loop" and not depth else []
            depth += (line == "loop") - (line == "end_loop")
            if depth:
                found[-1].add(at)
        return found
    labels = {line[:-1]: at for at, line in enumerate(lines) if line.endswith(":")}
    after, before = ([set() for _ in lines] for _ in range(2))
    for at, line in enumerate(lines):
        to = {labels[label] for label in re.findall(r"\.LBB\w+", line) if label in labels}
        if not re.match(r"(jmpq?|b|br|retq?|ud2|brk)(\s|$)", line) and at + 1 < len(lines):
            to.add(at + 1)
        after[at] |= to
        for next_at in to:
            before[next_at].add(at)
    # Two lines are in one loop if each can be reached from the other.
    return [reached(after, head) & reached(before, head) for head in labels.values()]


def reached(graph, start):
    seen, new = set(), [start]
    while new:
        unseen = graph[new.pop()] - seen
        seen |= unseen
        new += unseen
    return seen


def places(pattern, lines):
    """Returns the places of such instructions, except `xor x, x`, which sets a register to zero."""
    operands = [line.partition("\t")[2].split(", ") for line in lines]
    zero = [len(names) > 1 and len(set(names)) == 1 for names in operands]
    return {at for at, line in enumerate(lines) if re.match(pattern, line) and not zero[at]}


def check(kind, lines):
    """Prints the counts of every kernel, and returns the failures."""
    gathers = [line for line in lines if re.match(kind["gather"], line)]
    print(f"    gathers and scatters: {len(gathers)}", flush=True)
    wrong = [f"{len(gathers)} gathers and scatters, the first: {gathers[0]}"] if gathers else []
    found = functions(lines)
    for backend, width in kind["backends"].items():
        for kernel in KERNELS if width else KERNELS[:2]:
            # In both manglings the length is before each name; the older one has a hash at the end.
            name = rf"{len(backend)}{backend}.*{len(kernel)}{kernel}(17h\w{{16}}E)?$"
            bodies = [body for symbol, body in found.items() if re.search(name, symbol)]
            wrong += [] if bodies else [f"{backend}, {kernel}: not found"]
            what = "lookup" if kernel == "validate_long" else "xor" if width else "any"
            for body in bodies:
                wanted = places(kind[what].format(width), body)
                scalar = len(places(kind["scalar"], body))
                count = {at: 1 if width else next((words for name, words in WORDS.items() if re.search(name, body[at])), 1)
                         for at in wanted}
                looped = max((sum(count[at] for at in wanted & loop) for loop in loops(body)), default=0)
                line = f"{backend}, {kernel}: {'lookups' if what == 'lookup' else 'XORs'} in a loop {looped}, " \
                       f"in all {sum(count.values())}; scalar XORs {scalar}"
                print(f"    {line}", flush=True)
                if looped < LEAST[what] or width and scalar > SCALARS_AT_MOST:
                    wrong.append(line)
    return wrong


@functools.cache
def foreign_compiler():
    folder = os.path.join(target_dir, "cross", "toolchain")
    had = all(subprocess.run(["ci/toolchain.sh", *args]).returncode == 0 for args in ([], [folder]))
    return os.path.join(folder, "rustc") if had else None


wrong = []
for name in sys.argv[1:] or TARGETS:
    kind, flag = TARGETS[name]
    if kind is X86 and os.uname().machine == "x86_64":
        compiler = None
    elif not (compiler := foreign_compiler()):
        print(f"SKIPPED the assembly for {name}: no compiler for it")
        continue
    print(name, flush=True)
    wrong += [f"{name}: {line}" for line in check(kind, build(name, kind, flag, compiler))]
for line in wrong:
    print(f"FAILED: {line}", file=sys.stderr)
sys.exit(bool(wrong))

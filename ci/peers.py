#!/usr/bin/env python3
"""Whether docs/peers.md is right: that every string it cites stands in the file of that version of the crate that it
names, or nowhere in it where it says "no"; that what cites no file follows from a row where the crate has none of
something; and that its table, and the README's, say what its sections say.

    ci/peers.py             checks; needs the registry, for the sources of the crates
    ci/peers.py --show      the same, and prints where each string stands
    ci/peers.py --count     counts the dependencies instead
    ci/peers.py --write     makes the tables from the sections, and checks
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE, README = ROOT / "docs/peers.md", ROOT / "README.md"
LOCK = ROOT / "benches/rivals/Cargo.lock"
OURS = "wsframe"
# A file, and what it has or has not.
CITED = re.compile(r"`([^`]+)`: (no )?(`[^`]+`(?:, `[^`]+`)*)(?:; |$)")
# Or a row in which the crate has none of what this one is about.
FOLLOWS = re.compile(r'as it has no "([^"]+)"')
# A table after a heading or a marker: what stands before it, and its lines.
TABLE = r"({}\n(?:[^|\n][^\n]*\n|\n)*)((?:\|[^\n]*\n)+)"
problems = []


def rows_of(page):
    """By title: what the page says of each crate, and where that is seen."""
    rows = {}
    for section in page.split("\n### ")[1:]:
        lines = section.splitlines()
        cells = [re.fullmatch(r"\| (\S+) \| (.*) \| (.*?) ?\|", line) for line in lines if line.startswith("| ")]
        rows[lines[0]] = {cell[1]: (cell[2], cell[3]) for cell in cells[1:]}
    return rows


def versions_of(page):
    return dict(re.findall(r"^- ([\w-]+) (\d+\.\d+\.\d+)", page, re.M))


def check_versions(versions):
    """The charts measure the same versions."""
    measured = dict(re.findall(r'name = "(.+)"\nversion = "(.+)"', LOCK.read_text()))
    for crate, version in versions.items():
        if measured.get(crate, version) != version:
            problems.append(f"{crate}: {version} on the page, {measured[crate]} in benches/rivals")


def cargo(directory, dependencies, *arguments):
    """What cargo says of a crate with these dependencies."""
    (directory / "src").mkdir(exist_ok=True)
    (directory / "src/lib.rs").touch()
    (directory / "Cargo.lock").write_text(LOCK.read_text())
    head = '[package]\nname = "scratch"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\n'
    (directory / "Cargo.toml").write_text(head + "".join(f"{line}\n" for line in dependencies))
    command = ["cargo", "--quiet", *arguments]
    return subprocess.run(command, cwd=directory, check=True, stdout=subprocess.PIPE, text=True).stdout


def requirement(name, version, features):
    source = f'path = "{ROOT}"' if name == OURS else f'version = "={version}"'
    default = "true" if "default" in features else "false"
    listed = ", ".join(f'"{feature}"' for feature in features if feature != "default")
    return f"{name} = {{ {source}, default-features = {default}, features = [{listed}] }}"


def sources(versions):
    """The folder of each crate."""
    peers = [requirement(name, version, []) for name, version in versions.items() if name != OURS]
    with tempfile.TemporaryDirectory() as scratch:
        said = cargo(pathlib.Path(scratch), peers, "metadata", "--format-version", "1")
    folders = {OURS: ROOT}
    for package in json.loads(said)["packages"]:
        if versions.get(package["name"]) == package["version"]:
            folders[package["name"]] = pathlib.Path(package["manifest_path"]).parent
    return folders


def check_cited(rows, folders, show):
    count = 0
    for title, cells in rows.items():
        for crate in folders:
            if crate not in cells:
                problems.append(f"{title}: nothing is said of {crate}")
        for crate, (cell, cited) in cells.items():
            if follows := FOLLOWS.fullmatch(cited):
                if rows.get(follows[1], {}).get(crate, ("",))[0] != "no":
                    problems.append(f"{title}: {crate}: not so: {cited}")
                continue
            if not cited or CITED.sub("", cited):
                problems.append(f"{title}: {crate}: not understood: {cited or 'it cites nothing'}")
            for file, absent, strings in CITED.findall(cited):
                if file == "cargo tree":
                    continue
                path = folders[crate] / file
                files = sorted(path.rglob("*.rs")) if path.is_dir() else [path]
                for string in re.findall(r"`([^`]+)`", strings):
                    count += 1
                    places = [
                        f"{crate} {found.relative_to(folders[crate])}:{number}"
                        for found in files
                        for number, line in enumerate(found.read_text().splitlines(), 1)
                        if string in line
                    ]
                    if bool(places) == bool(absent):
                        problems.append(f"{title}: {crate}: {file} has {places[0] if places else 'no'} `{string}`")
                    if show:
                        print(f"{title}: {', '.join(places[:3]) or f'{crate} {file}: nowhere'}: {string}")
    return count


def check_counts(rows, versions):
    with tempfile.TemporaryDirectory() as scratch:
        for title, cells in rows.items():
            for crate, (cell, cited) in cells.items():
                for file, absent, features in CITED.findall(cited):
                    if file != "cargo tree":
                        continue
                    line = requirement(crate, versions.get(crate), [] if absent else features.strip("`").split())
                    options = "--edges", "normal", "--prefix", "none", "--target", "x86_64-unknown-linux-gnu"
                    tree = cargo(pathlib.Path(scratch), [line], "tree", *options)
                    # Without the scratch crate and the crate itself.
                    found = {line.removesuffix(" (*)") for line in tree.splitlines()[2:] if line}
                    print(f"{title}: {crate}, {absent}{features}: {len(found)}")
                    if str(len(found)) != cell:
                        problems.append(f"{title}: {crate}: {cell} on the page, counted {len(found)}")


def table(rows, crates, titles):
    lines = ["| | " + " | ".join(crates) + " |", "|---" * (len(crates) + 1) + "|"]
    lines += [f"| {title} | " + " | ".join(rows[title][crate][0] for crate in crates) + " |" for title in titles]
    return "".join(f"{line}\n" for line in lines)


def check_table(path, marker, rows, crates, write):
    """The table of the page: its rows are those that it has, or all where it is the page of them."""
    text = path.read_text()
    there = re.search(TABLE.format(re.escape(marker)), text)
    titles = list(rows)
    if path == README:
        titles = re.findall(r"^\| ([^|]+) \|", there[2], re.M)
        titles = [title for title in titles if title in rows or problems.append(f"README: no section {title}")]
    made = table(rows, crates, titles)
    if write:
        path.write_text(text[: there.start(2)] + made + text[there.end(2) :])
    elif there[2] != made:
        problems.append(f"{path.name}: its table is not what the sections say: ci/peers.py --write")


def main():
    page = PAGE.read_text()
    rows, versions = rows_of(page), versions_of(page)
    crates = [OURS, *versions]
    if "--count" in sys.argv:
        check_counts(rows, versions)
    else:
        check_table(PAGE, "## At a glance", rows, crates, "--write" in sys.argv)
        check_table(README, "## Beside other crates", rows, crates, "--write" in sys.argv)
        check_versions(versions)
        folders = sources(versions)
        for missing in set(crates) - set(folders):
            problems.append(f"{missing}: no sources of {versions[missing]}")
        count = check_cited(rows, folders, "--show" in sys.argv)
        print(f"{len(rows)} rows of {len(crates)} crates, {count} strings looked up")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(bool(problems))


main()

"""The records of mutants, and the page that is written from them."""

from __future__ import annotations

import hashlib
import json
import textwrap
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mutant_shares import share_noticed
from mutations import mutants

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "build" / "mutants" / "records.jsonl"
EQUIVALENT = ROOT / "docs" / "mutants.toml"
FOLDERS = ("rlblocks/functional", "rlblocks/targets", "rlblocks/returns", "rlblocks/stores")
HEAD = """# What mutants get away with

A mutant is a copy of the library in which one thing is wrong: a plus for a minus, `<` for `<=`, an argument left out, a
number greater by one. `benchmarks/mutants.py` makes them of the mathematics and asks the [laws](test-a-block.md) of the
built-in blocks, and nothing else, whether they notice. No unit test takes part.

    python benchmarks/mutants.py                 ask what was not asked yet; records lie in build/mutants
    python benchmarks/mutants.py --sample 150    ask about 150 of each folder that were not asked, drawn at random
    python benchmarks/mutants.py --sample 99 --seed 2  and about 99 of what is then left
    python benchmarks/mutants.py --again         ask the survivors once more, after a law was added
    python benchmarks/mutants.py --page          write this page

Noticed are those under which a law breaks, or which do not even import. A law that does not come to an end within 60
seconds has shown less, and a process that dies or says nothing at all shows least: mutants that only these tell are
counted apart, as *stopped*, and not as noticed. Equivalent are those that compute the same, each listed with the reason
in [mutants.toml](mutants.toml). A mutant survives that has been asked all laws which call it, or 30 seconds of them.

"""
DRAWN = """## Random samples

**Not every mutant was asked.** What follows is said of those that nobody had asked when a sample was drawn: at random,
from every file in proportion, and at least four of each. *At first* is what the laws noticed when they were asked for
the first time, and *of all* the share of all these mutants that this stands for, with its 95 % interval (Wilson). *Now*
is after laws were written for survivors: laws that were made for a sample do better on it than on what was left out, so
that the first share is the one to generalise from.

Sample 2 was drawn of what was left when laws had been written for the survivors of sample 1, and asked before anything
was written for its own. Of `targets/` and `returns/` it is all that was left, mostly what stands outside of functions,
such as the ranges of fields, which no law had looked at.

| folder | sample | mutants | not asked before | drawn | equivalent | noticed at first | of all | now | stopped |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
"""
FILES = """
## File by file

The score is the share that was noticed of those asked and not equivalent, drawn or not. Where fewer were asked than
there are, they are the sample and, in part of `functional/` and `stores/`, every third one; files of which none was
asked have no score.

| file | mutants | asked | noticed | stopped | equivalent | survived | score |
|---|---:|---:|---:|---:|---:|---:|---:|
"""
SAMPLES = (1, 2)  # by their number, which is the seed that they were drawn with
STOPPED = ("it hung", "it died", "it was stopped after")  # how the reasons of those begin that no law tells


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of records; none where it is not there."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def digest(path: Path) -> str:
    """Of a file's text: records of another version are not believed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def records_of(path: Path) -> dict[str, dict[str, Any]]:
    """What was found last of each mutant of this version of a file, with what was found first, as `first`."""
    file, version = str(path.relative_to(ROOT)), digest(path)
    found: dict[str, dict[str, Any]] = {}
    for line in read(RECORDS):
        if (line["file"], line["digest"]) == (file, version):
            found[line["key"]] = {"first": standing(line), **found.get(line["key"], {}), **line}
    return found


def survivors(path: Path) -> set[str]:
    """The mutants of a file that no law noticed, and that are not known to be equivalent."""
    same = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get(str(path.relative_to(ROOT)), {})
    return {key for key, line in records_of(path).items() if standing(line) != "noticed"} - same.keys()


def standing(line: dict[str, Any]) -> str:
    """What a record says of its mutant: "noticed", "stopped" or "survived"."""
    if line["status"] not in {"killed", "refused", "stopped"}:
        return "survived"
    return "stopped" if (line.get("reason") or "").startswith(STOPPED) else "noticed"


def write_page() -> None:
    """Write docs/mutants.md."""
    reasons = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
    files: dict[str, Counter[str]] = {}
    drawn, alive = [], []
    for folder in FOLDERS:
        strata = []
        for path in sorted((ROOT / folder).glob("*.py")):
            file = str(path.relative_to(ROOT))
            counts, left = counted(path, reasons.get(file, {}))
            if counts["all"]:
                files[file] = counts
                strata.append(counts)
            alive += left
        drawn += [drawn_row(folder, number, strata) for number in SAMPLES if any(c[f"drawn {number}"] for c in strata)]
    lines = [row(f"`{file}`", counts) for file, counts in files.items()]
    survivors = ["", "## Survivors", "", *(f"- `{line}`" for line in alive)] if alive else []
    drawn += unreached(files)
    table = FILES + "\n".join([*lines, row("**together**", sum(files.values(), Counter())), *survivors]) + "\n"
    (ROOT / "docs" / "mutants.md").write_text(HEAD + DRAWN + "\n".join(drawn) + "\n" + table, encoding="utf-8")


def unreached(files: dict[str, Counter[str]]) -> list[str]:
    """A line for each folder that says of which files none was drawn, where others were."""
    lines = []
    for folder in FOLDERS:
        inside = {name.removeprefix(f"{folder}/"): c for name, c in files.items() if name.startswith(f"{folder}/")}
        left = [f"`{name}`" for name, counts in inside.items() if counts["population"] and not counts["drawn"]]
        if 0 < len(left) < len(inside):
            lines += ["", textwrap.fill(f"Not reached in `{folder}/`: {', '.join(left)}.", 120)]
    return lines


def counted(path: Path, reasons: dict[str, str]) -> tuple[Counter[str], list[str]]:
    """How many of a file's mutants became of what, and those that live though they are not equivalent."""
    file, found = str(path.relative_to(ROOT)), records_of(path)
    counts, left = Counter[str](), []
    for mutant in mutants(path):
        line = found.get(mutant.key, {})
        drawn = int(line.get("drawn", 0))  # the first sample was recorded as true
        counts.update({"all": 1, "drawn": bool(drawn), "population": bool(drawn) or not line})
        counts.update({f"population {number}": drawn >= number or not line for number in SAMPLES})
        if not line:
            continue
        now = standing(line)
        if now == "survived" and mutant.key in reasons:
            now = "equivalent"
        counts.update({"asked": 1, now: 1})
        if drawn:
            counts.update({f"drawn {drawn}": 1, f"drawn {drawn} {now}": 1})
            counts[f"drawn {drawn} first"] += line["first"] == "noticed"
        if now == "survived":
            left.append(f"{file}:{mutant.line} {mutant.key}".replace("`", "'"))
    return counts, left


def row(name: str, counts: Counter[str]) -> str:
    """A line of the table of files."""
    due = counts["asked"] - counts["equivalent"]
    score = f"{100 * counts['noticed'] / due:.0f} %" if due else ""
    kinds = ("all", "asked", "noticed", "stopped", "equivalent", "survived")
    return f"| {' | '.join([name, *(str(counts[key]) for key in kinds), score])} |"


def drawn_row(folder: str, number: int, files: Sequence[Counter[str]]) -> str:
    """A line of the table of what was drawn: one sample of a folder."""
    total, of = sum(files, Counter[str]()), f"drawn {number}"
    due = total[of] - total[f"{of} equivalent"]
    shares = ["", "", ""]
    if due:
        share, low, high = share_noticed(
            [(c[f"population {number}"], c[of], c[f"{of} equivalent"], c[f"{of} first"]) for c in files if c[of]]
        )
        shares = [
            f"{total[f'{of} first']} of {due}",
            f"{100 * share:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)",
            f"{total[f'{of} noticed']} of {due}",
        ]
    counts = (str(total[key]) for key in ("all", f"population {number}", of, f"{of} equivalent"))
    return f"| {' | '.join([f'`{folder}/`', str(number), *counts, *shares, str(total[f'{of} stopped'])])} |"

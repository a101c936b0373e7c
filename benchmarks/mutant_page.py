"""The records of mutants, and the page that is written from them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from mutations import mutants

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "build" / "mutants" / "records.jsonl"
EQUIVALENT = ROOT / "docs" / "mutants.toml"
FOLDERS = ("rlblocks/functional", "rlblocks/targets", "rlblocks/returns", "rlblocks/stores")
HEAD = """# What mutants get away with

A mutant is a copy of the library in which one thing is wrong: a plus for a minus, `<` for `<=`, an argument left out, a
number greater by one. `benchmarks/mutants.py` makes them of the mathematics and asks the [laws](test-a-block.md) of the
built-in blocks, and nothing else, whether they notice. No unit test takes part.

    python benchmarks/mutants.py            ask what was not asked yet; records lie in build/mutants
    python benchmarks/mutants.py --again    ask the survivors once more, after a law was added
    python benchmarks/mutants.py --page     write this page

Killed are those under which a law breaks, or which do not even import. Equivalent are those that compute the same, each
listed with the reason in [mutants.toml](mutants.toml). The score is the share of those asked and not equivalent that
were killed. **Where fewer were asked than there are, they are every third or fourth one inside functions, as far as the
time went; the others are still to be asked, and files of which none was asked have no score.**

| file | mutants | asked | killed | equivalent | survived | score |
|---|---:|---:|---:|---:|---:|---:|
"""


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of records; none where it is not there."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def digest(path: Path) -> str:
    """Of a file's text: records of another version are not believed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def write_page() -> None:
    """Write docs/mutants.md."""
    reasons = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
    lines, alive, sums = [], [], Counter[str]()
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.py")):
            file = str(path.relative_to(ROOT))
            counts, left = counted(path, reasons.get(file, {}))
            if counts["all"]:
                lines.append(row(f"`{file}`", counts))
            alive += left
            sums.update(counts)
    survivors = ["", "## Survivors", "", *(f"- `{line}`" for line in alive)] if alive else []
    text = HEAD + "\n".join([*lines, row("**together**", sums), *survivors]) + "\n"
    (ROOT / "docs" / "mutants.md").write_text(text, encoding="utf-8")


def counted(path: Path, reasons: dict[str, str]) -> tuple[Counter[str], list[str]]:
    """How many of a file's mutants became of what, and those that live though they are not equivalent."""
    file, version = str(path.relative_to(ROOT)), digest(path)
    found = {line["key"]: line for line in read(RECORDS) if (line["file"], line["digest"]) == (file, version)}
    counts, left = Counter[str](), []
    for mutant in mutants(path):
        counts["all"] += 1
        status = found.get(mutant.key, {}).get("status", "")
        if not status:
            continue
        counts["asked"] += 1
        if status in {"killed", "refused"}:
            counts["killed"] += 1
        elif mutant.key in reasons:
            counts["equivalent"] += 1
        else:
            counts["survived"] += 1
            left.append(f"{file}:{mutant.line} {mutant.key}".replace("`", "'"))
    return counts, left


def row(name: str, counts: Counter[str]) -> str:
    """A line of the table."""
    due = counts["killed"] + counts["survived"]
    score = f"{100 * counts['killed'] / due:.0f} %" if due else ""
    cells = [name, *(str(counts[key]) for key in ("all", "asked", "killed", "equivalent", "survived")), score]
    return f"| {' | '.join(cells)} |"

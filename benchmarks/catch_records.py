"""The file of what was asked for docs/catch-rate.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlblocks._core.block import Block
    from tests.testing.registry import Fault

RECORDS = Path(__file__).parents[1] / "docs" / "catch-rate.jsonl"
SEED = 1  # of the examples that `rlblocks check` draws where no seed is given
Record = dict[str, Any]


def records(kind: str) -> list[Record]:
    """The lines of one kind, as they are on file."""
    found = [json.loads(line) for line in RECORDS.read_text().splitlines()] if RECORDS.exists() else []
    return [record for record in found if record["kind"] == kind]


def keep(**record: Any) -> None:
    """Put a line on file, and show it."""
    line = json.dumps(record, ensure_ascii=False)
    with RECORDS.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    print(line, flush=True)


def laws_by_role() -> dict[str, list[str]]:
    """The ids of the laws of every role that are asked in the fast profile."""
    from rlblocks.testing import known_roles, laws_for

    return {role: [law.id for law in laws_for(role) if not law.thorough] for role in known_roles()}


def versions() -> dict[str, int]:
    """The number of the laws that every role has now; they go on file where they are new."""
    found = {}
    for role, laws in laws_by_role().items():
        known = [record["laws"] for record in records("role") if record["role"] == role]
        if laws not in known:
            keep(kind="role", role=role, laws=laws)
        found[role] = [*known, laws].index(laws) + 1
    return found


def laws_of_version(role: str, number: int) -> list[str]:
    """The laws that a role had when a line was written; none for number 0."""
    known: list[list[str]] = [record["laws"] for record in records("role") if record["role"] == role]
    return known[number - 1] if number else []


def same_laws(record: Record, faults: Iterable[Fault]) -> bool:
    """Whether a line is of a fault that there is, with the laws that it names."""
    return any(fault.id == record["fault"] and list(fault.laws) == record["laws"] for fault in faults)


def blocks_of_kind(kind: str) -> list[tuple[str, Block, Mapping[str, str]]]:
    """The blocks that must break no law, each with its name and the laws that it need not obey."""
    from tests.test_laws import BLOCKS
    from tests.testing.registry import CORRECT

    if kind == "correct":
        return [(entry.id, entry.make(), entry.waive) for entry in CORRECT]
    return [(_named(block), block, {}) for block in BLOCKS]


def _named(block: Block) -> str:
    """A block as it prints, without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", f"{block.role}.{block!r}")


def latest(kind: str) -> dict[tuple[str, int], Record]:
    """The last line of every block and seed."""
    return {(record["block"], record["seed"]): record for record in records(kind)}

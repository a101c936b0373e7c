"""What the laws are worth, on docs/catch-rate.md: which planted faults they catch, which correct blocks they accuse.

    python benchmarks/catch_rate.py faults --seeds 1..4    # every planted fault, asked for the laws that must catch it
    python benchmarks/catch_rate.py laws                   # laws that no fault names, asked of all faults of the role
    python benchmarks/catch_rate.py correct --seeds 1..20  # correct blocks that are odd, asked for all laws
    python benchmarks/catch_rate.py built-in --seeds 1..3  # the library's own blocks, asked for all laws
    python benchmarks/catch_rate.py write                  # writes docs/catch-rate.md

All in the fast profile, of one role with `--role`. What has been asked is a line of docs/catch-rate.jsonl, so that it
can be broken off and gone on with. A line of a fault counts as long as the fault names the same laws; a block is asked
for laws that are new since its line. To ask again what has changed otherwise, delete its lines.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # of the registry in tests/, and of what is beside this file

from catch_page import write  # noqa: E402
from catch_records import (  # noqa: E402
    SEED,
    Record,
    blocks_of_kind,
    keep,
    latest,
    laws_by_role,
    laws_of_version,
    records,
    same_laws,
    versions,
)

if TYPE_CHECKING:
    from rlblocks._core.block import Block
    from rlblocks.testing import Result

PATIENCE = 1_200.0  # seconds for a law: on a machine that is busy, too
NOTHING: Record = {"of": 0, "asked": 0, "broken": [], "seconds": 0.0, "slowest": ("", 0.0)}  # of a block not asked yet


def broken(block: Block, laws: Iterable[str], seed: int) -> list[str]:
    """Which of these laws a block breaks."""
    from rlblocks.testing import check_block

    with contextlib.redirect_stdout(io.StringIO()):  # of blocks that print
        results = check_block(block, only=tuple(laws), seed=seed, limit=PATIENCE)
    return [result.law for result in results if result.status == "failed"]


def ask_faults(role: str, seeds: range) -> None:
    """Ask every fault for the laws that must catch it; where none does, for all of its role."""
    from tests.testing.registry import FAULTS

    laws = laws_by_role()
    done = {(record["fault"], record["seed"]) for record in records("fault") if same_laws(record, FAULTS)}
    for seed in seeds:
        for fault in FAULTS:
            if (fault.id, seed) in done or role not in ("", fault.role):
                continue
            caught = broken(fault.make(), fault.laws, seed)
            others = [] if caught else broken(fault.make(), set(laws[fault.role]) - set(fault.laws), seed)
            keep(kind="fault", fault=fault.id, seed=seed, laws=fault.laws, caught=caught, others=sorted(others))


def ask_laws(role: str, _: range) -> None:
    """Ask faults for laws that none of their role names, until one is caught."""
    from tests.testing.registry import FAULTS

    done = {(record["role"], record["law"]) for record in records("law") if record["caught"] or _all_asked(record)}
    for name, laws in laws_by_role().items():
        faults = [fault for fault in FAULTS if fault.role == name]
        named = {law for fault in faults for law in fault.laws}
        for law in laws:
            if law in named or (name, law) in done or role not in ("", name):
                continue
            catch = next((fault.id for fault in faults if broken(fault.make(), [law], SEED)), "")
            keep(kind="law", role=name, law=law, caught=catch, asked=len(faults))


def _all_asked(record: Record) -> bool:
    from tests.testing.registry import FAULTS

    count: int = record["asked"]
    return count == sum(fault.role == record["role"] for fault in FAULTS)


def ask_correct(role: str, seeds: range) -> None:
    """Ask correct blocks that are odd for all laws."""
    _ask_blocks("correct", role, seeds)


def ask_built_in(role: str, seeds: range) -> None:
    """Ask the library's own blocks for all laws."""
    _ask_blocks("built-in", role, seeds)


def _ask_blocks(kind: str, role: str, seeds: range) -> None:
    """Ask blocks for the laws that they have not been asked for, and add what is found to their lines."""
    now, laws, done = versions(), laws_by_role(), latest(kind)
    for seed in seeds:
        for name, block, waive in blocks_of_kind(kind):
            old = done.get((name, seed), NOTHING)
            if old["of"] == now[block.role] or role not in ("", block.role):
                continue
            known = {*laws_of_version(block.role, old["of"]), *waive}
            results, seconds = _timed(block, [law for law in laws[block.role] if law not in known], seed)
            wrong = [[result.law, result.reason] for result in results if result.status == "failed"]
            asked = sum(result.status in ("passed", "failed") for result in results)
            keep(kind=kind, block=name, seed=seed, of=now[block.role], asked=old["asked"] + asked,
                 broken=old["broken"] + wrong, seconds=round(old["seconds"] + sum(seconds.values()), 2),
                 slowest=max([*seconds.items(), old["slowest"]], key=lambda pair: pair[1]))  # fmt: skip


def _timed(block: Block, laws: list[str], seed: int) -> tuple[list[Result], dict[str, float]]:
    """What became of these laws, and the processor time of each."""
    from rlblocks.testing import laws_of

    results, seconds = [], {}
    for check in laws_of(block, only=tuple(laws), seed=seed, limit=PATIENCE) if laws else ():
        start = time.process_time()
        results.append(check.result())
        seconds[check.id] = round(time.process_time() - start, 2)
    return results, seconds


VERBS = {"faults": ask_faults, "laws": ask_laws, "correct": ask_correct, "built-in": ask_built_in}


def seeds_of(text: str) -> range:
    """The seeds that are meant: "1..20", or one of them."""
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


def main() -> None:
    """Ask, or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=[*VERBS, "write"])
    parser.add_argument("--role", default="", help="of this role alone")
    parser.add_argument("--seeds", default="1..1", type=seeds_of, help="of the examples, as in 1..20")
    arguments = parser.parse_args()
    if arguments.verb == "write":
        write()
    else:
        VERBS[arguments.verb](arguments.role, arguments.seeds)


if __name__ == "__main__":
    main()

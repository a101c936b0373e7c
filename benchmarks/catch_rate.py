"""What the laws are worth, on docs/catch-rate.md: which planted faults they catch, which correct blocks they accuse.

    python benchmarks/catch_rate.py faults --seeds 1..4    # every planted fault, asked for the laws that must catch it
    python benchmarks/catch_rate.py laws                   # laws that no fault names, asked of all faults of the role
    python benchmarks/catch_rate.py correct --seeds 1..20  # correct blocks that are odd, asked for all laws
    python benchmarks/catch_rate.py built-in --seeds 1..3  # the library's own blocks, asked for all laws
    python benchmarks/catch_rate.py write                  # writes docs/catch-rate.md

All in the fast profile, of one role with `--role`. What has been asked is a line of docs/catch-rate.jsonl, so that it
can be broken off and gone on with; a line of a fault counts as long as the fault names the same laws, and a line of a
block as long as its role has as many. To ask again what has changed otherwise, delete its lines.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # of the registry in tests/, which is not installed

if TYPE_CHECKING:
    from rlblocks._core.block import Block
    from rlblocks.testing import Result
    from tests.testing.registry import Fault

RECORDS, PAGE = ROOT / "docs" / "catch-rate.jsonl", ROOT / "docs" / "catch-rate.md"
SEED = 1  # of the examples that `rlblocks check` draws where no seed is given
LIMIT = 10.0  # seconds that a block may take in the fast profile, on one core
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
    """The ids of the laws of every role."""
    from rlblocks.testing import known_roles, laws_for

    return {role: [law.id for law in laws_for(role)] for role in known_roles()}


def broken(block: Block, laws: Iterable[str], seed: int) -> list[str]:
    """Which of these laws a block breaks."""
    from rlblocks.testing import check_block

    return [result.law for result in check_block(block, only=tuple(laws), seed=seed) if result.status == "failed"]


# -- asking ------------------------------------------------------------------------------------------------------------


def ask_faults(role: str, seeds: range) -> None:
    """Ask every fault for the laws that must catch it; where none does, for all of its role."""
    from tests.testing.registry import FAULTS

    laws = laws_by_role()
    done = {(record["fault"], record["seed"]) for record in records("fault") if _same_laws(record, FAULTS)}
    for seed in seeds:
        for fault in FAULTS:
            if (fault.id, seed) in done or role not in ("", fault.role):
                continue
            caught = broken(fault.make(), fault.laws, seed)
            others = [] if caught else broken(fault.make(), set(laws[fault.role]) - set(fault.laws), seed)
            keep(kind="fault", fault=fault.id, seed=seed, laws=fault.laws, caught=caught, others=sorted(others))


def _same_laws(record: Record, faults: Iterable[Fault]) -> bool:
    return {fault.id: list(fault.laws) for fault in faults}.get(record["fault"]) == record["laws"]


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
    from tests.testing.registry import CORRECT

    _ask_blocks("correct", [(entry.id, entry.make()) for entry in CORRECT], role, seeds)


def ask_built_in(role: str, seeds: range) -> None:
    """Ask the library's own blocks for all laws."""
    from tests.test_laws import BLOCKS

    _ask_blocks("built-in", [(f"{block.role}.{block!r}", block) for block in BLOCKS], role, seeds)


def _ask_blocks(kind: str, blocks: Iterable[tuple[str, Block]], role: str, seeds: range) -> None:
    laws = laws_by_role()
    done = {(r["block"], r["seed"]) for r in records(kind) if r["of"] == len(laws[r["block"].partition(".")[0]])}
    for seed in seeds:
        for name, block in blocks:
            if (name, seed) in done or role not in ("", block.role):
                continue
            results, seconds = _timed(block, seed)
            wrong = [[result.law, result.reason] for result in results if result.status == "failed"]
            asked = sum(result.status in ("passed", "failed") for result in results)
            keep(kind=kind, block=name, seed=seed, of=len(laws[block.role]), asked=asked, broken=wrong,
                 seconds=round(sum(seconds.values()), 2), slowest=max(seconds, key=seconds.__getitem__))  # fmt: skip


def _timed(block: Block, seed: int) -> tuple[list[Result], dict[str, float]]:
    """What became of all laws, and the processor time of each."""
    from rlblocks.testing import laws_of

    results, seconds = [], {}
    for check in laws_of(block, seed=seed):
        start = time.process_time()
        results.append(check.result())
        seconds[check.id] = time.process_time() - start
    return results, seconds


# -- the page ----------------------------------------------------------------------------------------------------------

HEAD = """# What the laws are worth

Written by `python benchmarks/catch_rate.py write` from docs/catch-rate.jsonl.

A law is worth what it catches. The tests of the kit hold blocks into which one fault each was planted, and the laws
that must catch it ([tests/testing](../tests/testing/registry.py)). This page counts, in the fast profile of
`rlblocks check`, how many are caught, and how many laws accuse blocks that are correct.

What it does not show:

- The faults were written by the authors of the laws, many of them beside the law that catches them. A share of 100 %
  says that no law has gone blind, and not that 100 % of other people's mistakes are caught.
- A fault counts as caught where one law fails; that its reason is understood is not measured.
- Correct blocks are few, and written or chosen by the same people. A law that is wrong about a kind of block that is
  not among them is not found out until somebody writes one.
- A fault that changes nothing that can be observed would be no fault; such are listed as equivalent below.
"""


def write() -> None:
    """Write the page from what is on file."""
    parts = [HEAD, *_caught(), *_seeds(), *_silent(), *_alarms(), *_times()]
    PAGE.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


def _of_now() -> list[Record]:
    """The lines of faults as they are now."""
    from tests.testing.registry import EQUIVALENT, FAULTS

    there = [fault for fault in FAULTS if fault.id not in EQUIVALENT]
    return [record for record in records("fault") if _same_laws(record, there)]


def _catches() -> dict[str, set[str]]:
    """By role, the laws that caught one fault at least."""
    found: dict[str, set[str]] = {role: set() for role in laws_by_role()}
    for record in _of_now():
        found[record["fault"].partition(".")[0]].update(record["caught"], record["others"])
    for record in records("law"):
        if record["caught"]:
            found[record["role"]].add(record["law"])
    return found


def _caught() -> Iterator[str]:
    from tests.testing.registry import EQUIVALENT, FAULTS

    first = {record["fault"]: record for record in _of_now() if record["seed"] == SEED}
    catches, totals = _catches(), Counter[str]()
    yield "## Planted faults\n\n    python benchmarks/catch_rate.py faults\n    python benchmarks/catch_rate.py laws\n"
    yield "| role | faults | caught by a law named | by another law | missed | laws | of these, with a catch |"
    yield "|---|---|---|---|---|---|---|"
    for role, laws in laws_by_role().items():
        asked = [first[f.id] for f in FAULTS if f.role == role and f.id in first]
        row = Counter(faults=len(asked), named=sum(bool(r["caught"]) for r in asked), laws=len(laws),
                      other=sum(bool(r["others"]) for r in asked), catch=len(catches[role]))  # fmt: skip
        totals.update(row)
        yield _row(role, row)
    yield _row("**all**", totals)
    lost = [r["fault"] for r in first.values() if not r["caught"] and not r["others"]]
    unnamed = [f"{r['fault']}: {law}" for r in first.values() for law in r["laws"] if law not in r["caught"]]
    missing = [f.id for f in FAULTS if f.id not in first and f.id not in EQUIVALENT]
    yield f"\n{sum(len(r['laws']) for r in first.values())} pairs of a fault and a law that must catch it were asked."
    yield _listed("Missed", lost) + _listed("Named, and silent", unnamed) + _listed("Not asked yet", missing)
    yield _listed("Equivalent, and not counted", [f"{name}: {why}" for name, why in EQUIVALENT.items()])


def _row(role: str, row: Counter[str]) -> str:
    missed = row["faults"] - row["named"] - row["other"]
    return f"| {role} | {row['faults']} | {row['named']} | {row['other']} | {missed} | {row['laws']} | {row['catch']} |"


def _listed(head: str, names: list[str]) -> str:
    """A list of names, or that there is none."""
    return f"\n{head}: " + ("none.\n" if not names else "\n\n" + "".join(f"- {name}\n" for name in names))


def _seeds() -> Iterator[str]:
    by_seed: dict[int, list[Record]] = {}
    for record in _of_now():
        by_seed.setdefault(record["seed"], []).append(record)
    yield "### With other examples\n\n    python benchmarks/catch_rate.py faults --seeds 1..4\n"
    yield "A fault that a law catches with the examples of one seed alone is caught by luck.\n"
    yield "| seed | faults | caught by a law named | by all laws named | missed |\n|---|---|---|---|---|"
    silent: Counter[str] = Counter()
    for seed, asked in sorted(by_seed.items()):
        named = sum(bool(r["caught"]) for r in asked)
        full = sum(set(r["caught"]) == set(r["laws"]) for r in asked)
        lost = sum(not r["caught"] and not r["others"] for r in asked)
        silent.update(f"{r['fault']}: {law}" for r in asked for law in r["laws"] if law not in r["caught"])
        yield f"| {seed} | {len(asked)} | {named} | {full} | {lost} |"
    yield _listed("Laws that were silent at some seed", [f"{name} ({n} seeds)" for name, n in sorted(silent.items())])


def _silent() -> Iterator[str]:
    laws, catches, asked = laws_by_role(), _catches(), {(r["role"], r["law"]) for r in records("law")}
    yield "## Laws that have caught nothing\n"
    yield "Nobody has planted what they are about, in blocks of these roles: this page says nothing for them.\n"
    for role, ids in laws.items():
        never = [law for law in ids if law not in catches[role]]
        unknown = "" if all((role, law) in asked for law in never) else " (not all asked)"
        yield f"- {role}: {', '.join(never) or 'none'}{unknown}"


def _alarms() -> Iterator[str]:
    yield "\n## False alarms\n\n    python benchmarks/catch_rate.py correct --seeds 1..20"
    yield "    python benchmarks/catch_rate.py built-in --seeds 1..3\n"
    yield "Correct blocks that work in another way than the library's, and the library's own, asked for all laws.\n"
    yield "| role | odd blocks | × seeds | laws asked | broken | own blocks | × seeds | laws asked | broken |"
    yield "|---|---|---|---|---|---|---|---|---|"
    odd, own = _now("correct"), _now("built-in")
    for role in [*laws_by_role(), ""]:
        cells = " | ".join(_count(kept, role) for kept in (odd, own))
        yield f"| {role or '**all**'} | {cells} |"
    wrong = [f"{r['block']}, seed {r['seed']}: {law}, {why}" for r in odd + own for law, why in r["broken"]]
    yield _listed("Broken", wrong)


def _now(kind: str) -> list[Record]:
    """The lines of blocks, as long as their roles have the same laws."""
    laws = laws_by_role()
    return [r for r in records(kind) if r["of"] == len(laws[r["block"].partition(".")[0]])]


def _count(kept: list[Record], role: str) -> str:
    of = [record for record in kept if role in ("", record["block"].partition(".")[0])]
    blocks, laws = len({record["block"] for record in of}), sum(record["asked"] for record in of)
    return f"{blocks} | {len(of)} | {laws:,} | {sum(len(record['broken']) for record in of)}"


def _times() -> Iterator[str]:
    yield "## Time\n"
    worst: dict[str, Record] = {}
    for record in _now("correct") + _now("built-in"):
        if record["seconds"] > worst.get(record["block"], record)["seconds"] or record["block"] not in worst:
            worst[record["block"]] = record
    over = sum(record["seconds"] > LIMIT for record in worst.values())
    yield f"Processor time of all laws of a block in the fast profile, on one core, at its worst seed. {over} of"
    yield f"{len(worst)} blocks take more than {LIMIT:g} s.\n"
    yield "| block | seconds | slowest law |\n|---|---|---|"
    for record in sorted(worst.values(), key=lambda r: -r["seconds"])[:12]:
        yield f"| `{record['block']}` | {record['seconds']:.1f} | {record['slowest']} |"


# -- the command -------------------------------------------------------------------------------------------------------

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

"""How many small faults the laws catch: mutants of the mathematics, with the contract kit alone as the test suite.

    python benchmarks/mutants.py                       all files, in pieces: what is recorded is not asked again
    python benchmarks/mutants.py rlblocks/targets      some files or folders
    python benchmarks/mutants.py --sample 150          about 150 of each folder that were not asked, drawn at random
    python benchmarks/mutants.py --sample 99 --seed 2  another sample, of those that were still not asked
    python benchmarks/mutants.py --again FILE          ask again those that survived, after a law was added
    python benchmarks/mutants.py --page                write docs/mutants.md from the records

A mutant is asked the laws of the blocks in `tests/test_laws.py`, but only those that call the function it is in when
nothing is wrong; the laws that killed most come first, and the first broken law ends it. `docs/mutants.toml` lists
the mutants that compute the same as the original, each with the reason.

mutmut 3.8 runs on this package, once `recipes` lies where an install puts it, but does not serve here. It changes
bodies of undecorated functions only, so that declarations (`inputs`, fields, defaults, properties) stay as they are;
it changes the text of every message, which no law reads; every kill waits until hypothesis has shrunk the example;
and laws cannot be asked in an order of ours. The operators are its own, without strings, and a few for tensors
(`mutations.py`). Here, a mutant is a fork of a process that has imported everything: code inside a function is
exchanged in place, and for all else the package is imported anew.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import select
import signal
import sys
import time
import types
from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from mutant_page import FOLDERS, RECORDS, digest, read, records_of, survivors, write_page  # noqa: E402  beside this file
from mutant_process import put_in  # noqa: E402
from mutant_sample import sample  # noqa: E402
from mutations import Mutant, mutants  # noqa: E402

BASELINE = RECORDS.with_name("baseline.jsonl")
LAW_LIMIT, LIMIT = 60.0, 30.0  # seconds for one law by the clock, and for all laws of one mutant on the processor
PATIENCE = 600.0  # seconds after which a mutant that has said nothing hangs
UNASKED = {"GEN-22", "GEN-22a"}  # hold a block against its own compiled self, which has the same fault
FEW = 12  # examples are enough to see which functions a law calls
ROLES_LAST = {"envs": 2, "wrappers": 2, "cadences": 2, "optimizers": 1, "bodies": 1, "heads": 1}


def name_of(block: object) -> str:
    """A block as it prints, without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(block))


def all_blocks() -> list[Any]:
    """The instances of every built-in block that the laws are asked of."""
    from tests.test_laws import BLOCKS

    return BLOCKS


def outer(code: types.CodeType) -> str:
    """The function or method that a code object stands in."""
    return code.co_qualname.partition(".<locals>")[0]


# --- what each law calls when nothing is wrong


def record_baseline() -> None:
    """Ask every law of every block, and write down how long it took and which functions it called."""
    known = {(line["block"], line["law"]) for line in read(BASELINE)}
    from rlblocks.testing import laws_of

    BASELINE.parent.mkdir(parents=True, exist_ok=True)
    files = {str(path): str(path.relative_to(ROOT)) for path in chosen_files(FOLDERS)}
    with BASELINE.open("a", encoding="utf-8") as file:
        for block in sorted(all_blocks(), key=lambda block: ROLES_LAST.get(block.role, 0)):
            for check in laws_of(block, limit=10 * LAW_LIMIT):
                if (name_of(block), check.id) not in known:
                    brief = attrs.evolve(check, law=attrs.evolve(check.law, examples=min(check.law.examples, FEW)))
                    line = {"block": name_of(block), "law": check.id, **asked(brief, files)}
                    file.write(json.dumps(line) + "\n")
                    file.flush()


def asked(check: Any, files: dict[str, str]) -> dict[str, Any]:
    """What became of a law, and which of the functions that are mutated it called."""
    called: set[types.CodeType] = set()

    def note(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    sys.setprofile(note)
    try:
        result = check.result()
    finally:
        sys.setprofile(None)
    functions = {f"{files[code.co_filename]}::{outer(code)}" for code in called if code.co_filename in files}
    held = result.status == "passed" or result.reason.startswith("vacuous")  # of so few examples
    return {"held": held, "seconds": round(result.seconds, 3), "calls": sorted(functions)}


@attrs.define
class Plan:
    """Which laws to ask of a mutant, and in which order.

    Attributes:
        checks: of each file and function, and of each class, the law, the block and the seconds of every check that
            calls it, or asks an instance of it.
        kills: how many mutants each law killed so far.
    """

    checks: dict[str, list[tuple[str, str, float]]]
    kills: Counter[str] = attrs.Factory(Counter)

    @classmethod
    def of_baseline(cls) -> Plan:
        """From what was recorded when nothing was wrong; laws that did not pass then, or are no more, say nothing."""
        from rlblocks.testing import laws_of

        there = {(name_of(block), check.id) for block in all_blocks() for check in laws_of(block)}
        found = defaultdict(list)
        for line in read(BASELINE):
            if line["held"] and line["law"] not in UNASKED and (line["block"], line["law"]) in there:
                for call in (*line["calls"], line["block"].partition("(")[0]):
                    found[call].append((line["law"], line["block"], line["seconds"]))
        return cls(found)

    def runs_later(self, file: str, mutant: Mutant) -> bool:
        """Whether what is changed runs when laws are asked, not when the file is imported."""
        return mutant.inside and f"{file}::{mutant.function}" in self.checks

    def order(self, file: str, mutant: Mutant) -> list[tuple[str, str]]:
        """Law and block of every check; each law of each kind of block once, before other settings of that block."""
        called = [f"{file}::{mutant.function}"]
        if not self.runs_later(file, mutant):
            called = [call for call in self.checks if call.startswith(f"{file}::")]
            called += [kind for kind in (mutant.function.partition(".")[0],) if kind in self.checks]
        if not called:  # it only declares: whatever is beside it may be built on it
            called = [call for call in self.checks if call.startswith(f"{file.rpartition('/')[0]}/")]
            called += {block.partition("(")[0] for call in called for _, block, _ in self.checks[call]}
        found = sorted({check for call in called for check in self.checks[call]})
        found.sort(key=lambda check: -(1 + 3 * self.kills[check[0]]) / (check[2] + 0.05))
        seen: Counter[tuple[str, str]] = Counter()
        ranked = []
        for name, block, _ in found:
            kind = name, block.partition("(")[0]
            ranked.append((seen[kind], len(ranked), name, block))
            seen[kind] += 1
        return [(name, block) for _, _, name, block in sorted(ranked)]


# --- one mutant, in a process of its own


def outcome(path: Path, mutant: Mutant, plan: Plan) -> dict[str, Any]:
    """What becomes of a mutant, in this process."""
    file = str(path.relative_to(ROOT))
    checks = plan.order(file, mutant)
    try:
        put_in(path, mutant, plan.runs_later(file, mutant))
        all_blocks()
    except Exception as error:  # noqa: BLE001  whatever an import raises, the fault has shown
        return {"status": "refused", "reason": f"{type(error).__name__}: {error}"[:100]}
    from rlblocks.testing import _check, laws_of

    phase = _check.Phase
    _check.Phase = types.SimpleNamespace(generate=phase.generate, shrink=phase.generate)  # any example will do
    blocks, start = {name_of(block): block for block in all_blocks()}, time.process_time()
    for count, (name, block) in enumerate(checks, 1):
        if block in blocks:
            (check,) = laws_of(blocks[block], only=(name,), limit=LAW_LIMIT)
            result = check.result()
            if result.status == "failed":
                return {"status": "killed", "law": name, "block": block, "asked": count, "reason": result.reason[:100]}
        if time.process_time() - start > LIMIT:
            return {"status": "survived", "asked": count, "of": len(checks)}
    return {"status": "survived" if checks else "unasked", "asked": len(checks), "of": len(checks)}


def forked(path: Path, mutant: Mutant, plan: Plan) -> dict[str, Any]:
    """The outcome, in a process of its own; a mutant that never comes back is killed by the clock."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(ours)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1), os.dup2(null, 2)
        try:
            os.write(theirs, json.dumps(outcome(path, mutant, plan)).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    try:
        ready, _, _ = select.select([ours], [], [], PATIENCE)
        said = os.read(ours, 65536) if ready else b""
        os.kill(pid, signal.SIGKILL)
    finally:
        os.waitpid(pid, 0)
        os.close(ours)
    gone = {"status": "stopped", "law": "", "reason": "it died" if ready else "it hung"}
    return json.loads(said) if said else gone


def warm_up() -> None:
    """Ask a law of one block of each role, so that what is imported late is there before the forks."""
    from rlblocks.testing import laws_of

    for block in {block.role: block for block in all_blocks()}.values():
        next(iter(laws_of(block))).result()


# --- many


def chosen_files(names: Iterable[str]) -> list[Path]:
    """The files that are meant, in order."""
    paths = [ROOT / name for name in names]
    return [file for path in paths for file in (sorted(path.glob("*.py")) if path.is_dir() else [path])]


def meant(options: argparse.Namespace) -> dict[Path, set[str]]:
    """The mutants of each file that are to be asked."""
    files = chosen_files(options.paths)
    if options.again:
        return {path: survivors(path) for path in files}
    if options.sample:
        found: dict[Path, set[str]] = {}
        for folder in sorted({path.parent for path in files}):
            found |= sample([path for path in files if path.parent == folder], options.sample, options.seed)
    else:
        found = {path: {mutant.key for mutant in islice(mutants(path), 0, None, options.every)} for path in files}
    return {path: keys - records_of(path).keys() for path, keys in found.items()}


def ask_file(path: Path, plan: Plan, keys: Container[str], *, inside: bool, drawn: int) -> None:
    """Ask the laws of those mutants of a file that are meant, inside functions or outside; of which sample, or 0."""
    file, version = str(path.relative_to(ROOT)), digest(path)
    for mutant in mutants(path):
        if mutant.key not in keys or plan.runs_later(file, mutant) != inside:
            continue
        start = time.monotonic()
        found = forked(path, mutant, plan)
        plan.kills[found.get("law", "")] += 1
        seconds = round(time.monotonic() - start, 2)
        line = {"file": file, "digest": version, "key": mutant.key, "line": mutant.line, "seconds": seconds, **found}
        with RECORDS.open("a", encoding="utf-8") as records:
            records.write(json.dumps(line | ({"drawn": drawn} if drawn else {})) + "\n")
        print(f"{file}:{mutant.line} {found['status']} {found.get('law', '')} {seconds} s  {mutant.key}", flush=True)


def main() -> None:
    """Read what is meant from the command line."""
    parser = argparse.ArgumentParser(description="How many small faults the laws catch.")
    parser.add_argument("paths", nargs="*", default=list(FOLDERS), help="files or folders")
    parser.add_argument("--again", action="store_true", help="ask those that survived, or were stopped, again")
    parser.add_argument("--first", nargs="*", default=(), help="laws to ask before others, such as one just written")
    parser.add_argument("--sample", type=int, default=0, help="about so many of each folder, drawn at random")
    parser.add_argument("--seed", type=int, default=1, help="of the sample, and its number on the page")
    parser.add_argument("--every", type=int, default=1, help="only each n-th mutant")
    parser.add_argument("--bodies", action="store_true", help="only mutants inside functions, which take no import")
    parser.add_argument("--baseline", action="store_true", help="only record what each law calls")
    parser.add_argument("--page", action="store_true", help="only write the page")
    options = parser.parse_args()
    if options.page:
        write_page()
        return
    record_baseline()
    if options.baseline:
        return
    plan, due = Plan.of_baseline(), meant(options)
    plan.kills.update(dict.fromkeys(options.first, 10**6))
    warm_up()
    gc.freeze()
    for inside in (True,) if options.bodies else (True, False):  # what is declared takes an import of everything
        for path, keys in due.items():
            ask_file(path, plan, keys, inside=inside, drawn=options.seed if options.sample else 0)


if __name__ == "__main__":
    main()

"""What a run that asks laws has found: how many batches, which laws, and an example of each that was broken.

In the run folder, `laws.json` says it, and `broken-laws/LAW-SLOT` holds the inputs, to be loaded again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.block import Block
from rlblocks._core.errors import RecipeError, RunError
from rlblocks.runs import checkpoint
from rlblocks.runs.events import LawsAsked, Warned

if TYPE_CHECKING:
    from rlblocks._core.state import State
    from rlblocks.runs._watch import Watch  # noqa: TC004  it loads hypothesis, which a run without laws need not
    from rlblocks.runs.options import Options
    from rlblocks.runs.session import Session

SUMMARY = "laws.json"  # in the run folder
EXAMPLES = "broken-laws"


@attrs.frozen
class Finding:
    """A law that a block broke in a run; told once for each block and law, however often it was broken.

    Attributes:
        law: its id.
        title: the law in words.
        slot: where the block stands in the recipe.
        block: the block, as it prints.
        said: what was found.
        example: the folder with the inputs that show it; empty where the run has no folder.
        env_steps: when it was first found.
        updates: likewise.
    """

    law: str
    title: str
    slot: str
    block: str
    said: str
    example: str = ""
    env_steps: int = 0
    updates: int = 0

    def __str__(self) -> str:
        where = f"; its inputs are in {self.example}" if self.example else ""
        return f"{self.law} is broken by {self.slot} ({self.block}): {self.title}; found: {self.said}{where}"


@attrs.define
class Report:
    """What was asked in a run, and what was found.

    Attributes:
        batches: how many batches were checked.
        asked: by slot, the ids of the laws that were asked.
        broken: each broken law once for each slot.
        unasked: why a batch could not be asked about, which is no fault of a block; empty where all could.
    """

    batches: int = 0
    asked: dict[str, list[str]] = attrs.Factory(dict)
    broken: list[Finding] = attrs.Factory(list)
    unasked: str = ""

    def note(self, slot: str, law: str) -> None:
        """A law was asked."""
        laws = self.asked.setdefault(slot, [])
        if law not in laws:
            laws.append(law)

    def is_known(self, slot: str, law: str) -> bool:
        """Whether this was told already."""
        return any((found.slot, found.law) == (slot, law) for found in self.broken)

    def save(self, folder: Path) -> None:
        """Write it into a run folder."""
        text = json.dumps(attrs.asdict(self), indent=2, ensure_ascii=False)
        (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


def load_report(run: str | Path) -> Report:
    """What a run folder says of laws; an empty report where none were asked.

    Raises:
        RunError: the file was not written by a run.
    """
    path = Path(run) / SUMMARY
    if not path.exists():
        return Report()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Report(found["batches"], found["asked"], [Finding(**one) for one in found["broken"]], found["unasked"])
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} does not say what laws a run asked", fix="remove it", path=path) from error


def together(runs: Mapping[int, Path]) -> tuple[LawsAsked, int]:
    """What several seeds asked, as of one run, and how many of them asked.

    Args:
        runs: the run folders, by seed.
    """
    reports = {seed: load_report(run) for seed, run in runs.items() if (run / SUMMARY).exists()}
    whole = Report(sum(report.batches for report in reports.values()))
    for slot, law in ((s, law) for report in reports.values() for s, laws in report.asked.items() for law in laws):
        whole.note(slot, law)
    broken = tuple(f"seed {seed}: {found}" for seed, report in reports.items() for found in report.broken)
    unasked = tuple(f"seed {seed}: {report.unasked}" for seed, report in reports.items() if report.unasked)
    laws = {slot: tuple(ids) for slot, ids in whole.asked.items()}
    return LawsAsked(0, 0, whole.batches, laws, broken, 0.0, unasked), len(reports)


@attrs.frozen(eq=False)
class Asking:
    """What a run does with laws: nothing, unless it is to ask them.

    Attributes:
        report: what was asked and found.
        watch: that asks; None where nothing is asked.
    """

    report: Report
    watch: Watch | None = None

    @classmethod
    def of(cls, state: State, options: Options, folder: Path | None) -> Asking:
        """Put a watch on a state that has not done anything, where laws are to be asked."""
        if options.check_laws == "never":
            return cls(Report())
        from rlblocks.runs._watch import watched

        report = Report() if folder is None else load_report(folder)
        return cls(report, watched(state, folder, everything=options.check_laws == "always", report=report))

    def begin(self, session: Session) -> None:
        """Let a session tell what is found."""
        if self.watch is not None:
            self.watch.tell = lambda found: session.emit(Warned(*_stand(session), str(found), session.seconds()))

    def end(self, session: Session) -> None:
        """Say what was asked and found, and write it into the run folder."""
        if self.watch is None:
            return
        if session.folder is not None:
            self.report.save(session.folder)
        laws = {slot: tuple(ids) for slot, ids in self.report.asked.items()}
        broken = tuple(map(str, self.report.broken))
        unasked = (self.report.unasked,) if self.report.unasked else ()
        session.emit(LawsAsked(*_stand(session), self.report.batches, laws, broken, session.seconds(), unasked))


def _stand(session: Session) -> tuple[int, int]:
    return session.state.counters.env_steps, session.state.counters.updates


@attrs.frozen(eq=False)
class Example:
    """The inputs on which a law was broken, loaded from a run folder.

    Attributes:
        finding: what was found.
        inputs: by what they are, as laws name them; of rows, the columns.
        arguments: what the block calls those of them that it was called with; none for rows.
        facts: what else the call needs.
    """

    finding: Finding
    inputs: Mapping[str, Any]
    arguments: Mapping[str, str]
    facts: Mapping[str, Any]

    def said_of(self, block: Block | None = None) -> str:
        """Ask the law again: why it is broken, empty where it holds.

        Args:
            block: the block to be asked; without it, the one in the recipe of the run folder.

        Raises:
            RunError: a function that the block was handed is in no file, these are rows and no call of a block, or
                the block is of another role.
        """
        from rlblocks.runs._examples import asked_again

        return asked_again(self, block)


def load_example(path: str | Path) -> Example:
    """The inputs on which a law was broken, such as `RUN/broken-laws/TGT-2-objectives.q.target`.

    Raises:
        CheckpointError: there is no example, or it is damaged.
    """
    tree, facts = checkpoint.load(Path(path))
    found = Finding(**{**facts["finding"], "example": str(path)})
    return Example(found, tree["inputs"], facts["arguments"], facts)


def folder_of(example: Example) -> Path:
    """The run folder that an example lies in."""
    return Path(example.finding.example).resolve().parents[1]


def block_of(example: Example) -> Block:
    """The block that broke the law, out of the recipe of its run.

    Raises:
        RunError: the recipe cannot be read, or names a block that is not installed.
    """
    from rlblocks.runs._record import recipe_of

    try:
        found = recipe_of(folder_of(example)).get(example.finding.slot)
    except RecipeError as error:
        raise RunError(f"the block of {example.finding.example} is not to be had: {error.what}",
                       fix="hand it over: said_of(block)") from error  # fmt: skip
    assert isinstance(found, Block)
    return found

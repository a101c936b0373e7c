"""What a run says in words: its banner, a line or rows on where it stands, and its verdict. Text, without colours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks.runs._progress import Progress, summary
from rlblocks.runs._text import Glyphs, count, duration, number, percent, printable, typed
from rlblocks.runs.folder import LAST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rlblocks.runs.events import Evaluated, Finished, LawsAsked, Started, Warned

Row = tuple[str, str]  # a label and what is said under it

NEXT = {
    "play": "watch it", "plot": "see its curves", "resume": "go on from its last checkpoint",
    "evaluate": "a hundred episodes from start states it never saw",
}  # fmt: skip
ORDER = {"budget": ("play", "plot", "evaluate"), "solved": ("play", "plot", "resume")}
STOPPED = ("resume", "play", "plot")


def banner(started: Started) -> tuple[list[Row], list[Row]]:
    """The facts of a run and its recipe, a row each."""
    facts = [(printable(name), printable(value)) for name, value in started.facts.items()]
    if started.env_steps:
        facts.append(("continues", f"at {count(started.env_steps)} of {count(started.budget)} steps"))
    else:
        facts.append(("steps", count(started.budget)))
    if started.folder is not None:
        facts.append(("folder", printable(typed(started.folder))))
    return facts, [(printable(slot), printable(block)) for slot, block in started.recipe]


def banner_lines(started: Started) -> list[str]:
    """The banner as plain text."""
    facts, recipe = banner(started)
    lines = [printable(started.title), *aligned(facts, "  ")]
    return [*lines, "  recipe", *aligned(recipe, "    ")] if recipe else lines


def aligned(rows: list[Row], indent: str) -> list[str]:
    """Rows with their second column at one place.

    >>> aligned([("seed", "0"), ("device", "cpu")], "  ")
    ['  seed    0', '  device  cpu']
    """
    width = max((len(label) for label, _ in rows), default=0)
    return [f"{indent}{label:<{width}}  {said}".rstrip() for label, said in rows]


def commands(finished: Finished) -> list[Row]:
    """What one would type next, and what for; to go on comes first where the run was cut short.

    A run that took all its steps has nothing to go on with, and one that broke before its first checkpoint nothing to
    go on from.
    """
    if finished.folder is None:
        return []
    order: tuple[str, ...] = ORDER.get(finished.reason, STOPPED)
    if finished.reason == "failed" and finished.folder.is_dir() and not (finished.folder / LAST).exists():
        order = ()
    return [(f"rlblocks {verb} {typed(finished.folder)}", NEXT[verb]) for verb in order]


def verdict_lines(finished: Finished) -> list[str]:
    """The end of a run as plain text."""
    lines = [printable(finished.verdict)]
    if finished.folder is not None:
        lines.append(f"  folder  {printable(typed(finished.folder))}")
        after = aligned(commands(finished), "    ")
        lines += ["  next", *after] if after else []
    return lines


def warning(warned: Warned) -> str:
    """A warning on one line, with where the run stood."""
    return f"warning at {count(warned.env_steps)} steps: {printable(warned.said)}"


def law_lines(asked: LawsAsked, seeds: int = 0) -> list[str]:
    """What a run that asked laws says at its end, or so many seeds together.

    >>> from rlblocks.runs.events import LawsAsked
    >>> print(*law_lines(LawsAsked(9, 9, 4, {"store": ("BUF-2", "BUF-7")}, (), 1.0)), sep=chr(10))
    laws: 4 batches checked, 2 laws of 1 slot, none broken
      store  BUF-2 BUF-7
    """
    batches = "1 batch" if asked.batches == 1 else f"{count(asked.batches)} batches"
    slots = "1 slot" if len(asked.laws) == 1 else f"{len(asked.laws)} slots"
    batches += f" of {seeds} seeds" if seeds > 1 else ""
    each, found = sum(map(len, asked.laws.values())), str(len(asked.broken) or "none")
    head = f"laws: {batches} checked, {each} {'law' if each == 1 else 'laws'} of {slots}, {found} broken"
    head += " where they could be asked" if asked.unasked else ""
    rows = [(printable(slot), " ".join(ids)) for slot, ids in asked.laws.items()]
    odd = [f"could not be asked about a batch: {why}" for why in asked.unasked]
    return [head, *aligned(rows, "  "), *(f"  {printable(said)}" for said in [*asked.broken, *odd])]


def losses_first(progress: Progress) -> list[Row]:
    """What learning last reported: losses, what they tell besides, the terms of which they are sums, then numbers.

    An objective is named where there are several.
    """
    of = {name.partition(".")[0] for name in progress.learned if "." in name} - {"objectives"}
    whose = f"{min(of)}." if len(of) == 1 else ""
    names = sorted(progress.learned, key=_weight)
    return [(printable(name.removeprefix(whose)), number(progress.learned[name])) for name in names]


def _weight(name: str) -> int:
    if name.endswith(".loss"):
        return 0
    if "." not in name or name.startswith("objectives."):
        return 3
    return 2 if ".loss." in name else 1


def evaluation(evaluated: Evaluated, glyphs: Glyphs) -> str:
    """Mean and standard deviation of the greedy episodes."""
    found = summary(evaluated.returns)
    spread = f" {glyphs.plus_minus} {number(float(f'{found.deviation:.2g}'))}" if found.count > 1 else ""
    return f"{number(found.mean)}{spread}"


def cut_short(cut: int, lengths: Sequence[int], option: str = "evaluation_steps=...") -> str:
    """The sentence on episodes that did not end by themselves; none where there were none.

    >>> cut_short(2, (80, 500, 500))
    '2 of 3 greedy episodes had not ended after 500 steps and were cut there; evaluation_steps=... sets another limit'
    """
    if not cut:
        return ""
    were, steps = "was" if cut == 1 else "were", count(max(lengths))
    return (
        f"{cut} of {len(lengths)} greedy episodes had not ended after {steps} steps and {were} cut there; "
        f"{option} sets another limit"
    )


def progress_line(progress: Progress, glyphs: Glyphs) -> str:
    """Where a run stands, on one line."""
    speed, updates = progress.speeds()
    parts = [f"{percent(progress.share):>5}", f"{count(progress.env_steps)} / {count(progress.budget)} steps"]
    if math.isfinite(speed):
        parts += [f"ETA {duration(progress.remaining())}", f"{count(speed)} steps/s", f"{count(updates)} updates/s"]
    if progress.recent:
        parts.append(f"return {number(summary(progress.recent).mean)}")
    parts += [f"{name} {value}" for name, value in losses_first(progress)[:1]]
    if progress.evaluated is not None:
        parts.append(f"evaluation {evaluation(progress.evaluated, glyphs)}")
    return "  ".join(parts)


def progress_rows(progress: Progress, glyphs: Glyphs) -> list[tuple[str, list[str]]]:
    """Where a run stands, a row for each thing one looks for, its parts by weight. There are always as many rows."""
    speed, updates = progress.speeds()
    known = math.isfinite(speed)
    steps = [f"{count(progress.env_steps)} of {count(progress.budget)}"]
    if progress.over:
        steps.append(f"took {duration(progress.seconds)}")
    else:
        steps += [f"ETA {duration(progress.remaining())}"] * known + [f"{duration(progress.seconds)} so far"]
    return [
        ("steps", steps),
        ("speed", [f"{count(speed)} steps/s", f"{count(updates)} updates/s"] if known else []),
        ("return", _returns(progress)),
        ("learning", [f"{name} {value}" for name, value in losses_first(progress)]),
        ("evaluation", _evaluated(progress, glyphs)),
        ("checkpoint", _saved(progress)),
    ]


def _returns(progress: Progress) -> list[str]:
    found = summary(progress.recent)
    if not found.count:
        return []
    whose = "last episode" if found.count == 1 else f"last {found.count} episodes"
    said = [f"{number(found.mean)} over the {whose}"]
    cells = [cell for cell in progress.curve(60) if math.isfinite(cell)]
    return [*said, f"curve {number(min(cells))} to {number(max(cells))}"] if cells else said


def _evaluated(progress: Progress, glyphs: Glyphs) -> list[str]:
    last = progress.evaluated
    if last is None:
        return []
    episodes = "1 episode" if len(last.returns) == 1 else f"{len(last.returns)} episodes"
    return [f"{evaluation(last, glyphs)} over {episodes} at {count(last.env_steps)}"] + ["best"] * last.best


def _saved(progress: Progress) -> list[str]:
    last = progress.saved
    if last is None:
        return []
    return [f"{printable(last.kind)} at {count(last.env_steps)}", f"{duration(progress.seconds - last.seconds)} ago"]

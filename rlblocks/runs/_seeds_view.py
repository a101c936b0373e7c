"""What a person sees of several seeds at once: a line for each, and a table in the end."""

from __future__ import annotations

import math
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

import attrs

from rlblocks._core.errors import RecipeError, did_you_mean
from rlblocks.runs._report import aligned, law_lines
from rlblocks.runs._seed_worker import Status
from rlblocks.runs._text import (
    Glyphs,
    bar,
    count,
    duration,
    glyphs_for,
    number,
    percent,
    printable,
    shorten,
    typed,
)
from rlblocks.runs.live import ENCODE, MODES, PANEL_EVERY, PANEL_SHARE, Outlet, Ration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live  # noqa: TC004  an annotation only; rich is loaded by the view that draws with it

    from rlblocks.runs.seeds import Group

BAR = 24  # cells
STATES = {"budget": "done", "solved": "solved", "stopped": "stopped", "interrupted": "stopped", "failed": "failed"}


class SeedsView(Protocol):
    """Shows several seeds."""

    @property
    def wants_records(self) -> bool:
        """Whether every event is to be passed on."""
        ...

    def update(self, seed: int, status: Status) -> None:
        """One seed has moved."""
        ...

    def record(self, seed: int, record: Mapping[str, Any]) -> None:
        """An event of one seed, where `wants_records`."""
        ...

    def close(self, group: Group) -> None:
        """All have ended."""
        ...


def seeds_view(mode: str, title: str, seeds: Sequence[int], folder: Path, notes: Sequence[str]) -> SeedsView:
    """The view that suits standard output; the modes are those of `live_view`."""
    if mode not in MODES:
        raise RecipeError(f"{mode!r} is no way to show a run; {did_you_mean(mode, MODES)}")
    if mode == "quiet" or sys.stdout is None:
        return QuietSeeds()
    out = Outlet(sys.stdout)
    if mode == "json":
        return JsonSeeds(out)
    glyphs = glyphs_for(out.encoding)
    head = [
        f"{title}, {len(seeds)} seeds",
        *aligned([("folder", typed(folder)), *(("note", note) for note in notes)], "  "),
    ]
    out.write("".join(f"{printable(line)}\n" for line in head))
    out.flush()
    if mode == "auto" and out.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
        return LiveSeeds(out, glyphs, Ration(time.monotonic, PANEL_EVERY, PANEL_SHARE), list(seeds))
    return PlainSeeds(out, glyphs)


@attrs.frozen(eq=False)
class QuietSeeds:
    """Shows nothing."""

    wants_records: bool = False

    def update(self, seed: int, status: Status) -> None:
        """Look away."""

    def record(self, seed: int, record: Mapping[str, Any]) -> None:
        """Look away."""

    def close(self, group: Group) -> None:
        """Look away."""


@attrs.frozen(eq=False)
class JsonSeeds:
    """Every event as an object on a line, with its seed."""

    out: Outlet
    wants_records: bool = True

    def update(self, seed: int, status: Status) -> None:
        """What is of interest came as a record, save that a process broke."""
        if status.state == "failed":
            self.record(seed, {"kind": "failed", "said": status.said})

    def record(self, seed: int, record: Mapping[str, Any]) -> None:
        """Write it."""
        self.out.write(ENCODE({"seed": seed, **record}) + "\n")
        self.out.flush()

    def close(self, group: Group) -> None:
        """The summary as the last object."""
        low, high = group.interval
        numbers = {"mean": _finite(group.mean), "low": _finite(low), "high": _finite(high)}
        seeds = {str(one.seed): {"last": _finite(one.last), "best": _finite(one.best)} for one in group.results}
        self.out.write(ENCODE({"kind": "seeds", "folder": str(group.folder), **numbers, "seeds": seeds}) + "\n")
        self.out.flush()


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


@attrs.frozen(eq=False)
class PlainSeeds:
    """A line whenever a seed was evaluated or has ended."""

    out: Outlet
    glyphs: Glyphs
    seen: dict[int, tuple[str, int]] = attrs.field(factory=dict)
    wants_records: bool = False

    def update(self, seed: int, status: Status) -> None:
        """Write where something was reached."""
        now = (status.state, status.evaluations)
        if self.seen.get(seed) == now:
            return
        self.seen[seed] = now
        if status.evaluations or status.state not in ("waiting", "starting", "running"):
            self.out.write(f"seed {seed}  {'  '.join(said_of(status, self.glyphs))}\n")
            self.out.flush()

    def record(self, seed: int, record: Mapping[str, Any]) -> None:
        """There are none."""

    def close(self, group: Group) -> None:
        """The table."""
        self.out.write("".join(f"{line}\n" for line in summary_lines(group)))
        self.out.flush()


@attrs.define(eq=False)
class LiveSeeds:
    """A line for each seed, drawn in place."""

    out: Outlet
    glyphs: Glyphs
    ration: Ration
    seeds: list[int]
    statuses: dict[int, Status] = attrs.field(factory=dict)
    live: Live | None = None
    wants_records: bool = False

    def update(self, seed: int, status: Status) -> None:
        """Take note; draw if it is time."""
        self.statuses[seed] = status
        if self.live is None and not self.out.silent:
            from rich.live import Live

            self.live = Live(self, console=self._console(), auto_refresh=False)
            self.live.start(refresh=True)
        if self.live is not None:
            self.ration.spend(self.live.refresh)

    def record(self, seed: int, record: Mapping[str, Any]) -> None:
        """There are none."""

    def close(self, group: Group) -> None:
        """Draw once more, and write the table."""
        if self.live is not None:
            self.live.refresh()
            self.live.stop()
        self.out.write("".join(f"{line}\n" for line in ["", *summary_lines(group)]))
        self.out.flush()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line for each seed, never more than the terminal is high: those that run come first."""
        from rich.text import Text

        room = max(3, (options.max_height or console.height) - 2)
        order = [seed for seed in self.seeds if seed in self.statuses]
        order.sort(key=lambda seed: self.statuses[seed].state not in ("running", "starting"))
        shown = sorted(order[:room], key=self.seeds.index)
        wide = max((len(str(seed)) for seed in self.seeds), default=1)
        for seed in shown:
            yield Text(
                shorten(
                    f"  {seed:>{wide}}  {self._line(self.statuses[seed])}", options.max_width - 1, self.glyphs.ellipsis
                )
            )
        waiting = len(self.seeds) - len(shown)
        if waiting:
            yield Text(f"  {waiting} more")

    def _line(self, status: Status) -> str:
        done, todo = bar(status.env_steps / max(1, status.budget), BAR)
        return f"{self.glyphs.done * done}{self.glyphs.todo * todo}  {'  '.join(said_of(status, self.glyphs))}"

    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=cast("TextIO", self.out), force_terminal=True, highlight=False, markup=False, emoji=False)


def said_of(status: Status, glyphs: Glyphs) -> list[str]:
    """Where one seed stands, in parts."""
    if status.state in ("waiting", "starting"):
        return [f"  0 %  {status.state}"]
    parts = [f"{percent(status.env_steps / max(1, status.budget)):>5}", f"{count(status.env_steps):>7} steps"]
    if status.state == "failed":
        return [*parts, f"failed: {printable(status.said)}"]
    if math.isfinite(status.value):
        parts.append(f"return {number(status.value)}")
    if status.evaluations:
        parts.append(
            f"evaluation {number(status.evaluation)} {glyphs.plus_minus} {number(float(f'{status.deviation:.2g}'))}"
        )
    if status.state in STATES:
        return [*parts, STATES[status.state]]
    return [*parts, f"ETA {duration(status.remaining)}"] if math.isfinite(status.remaining) else parts


def summary_lines(group: Group) -> list[str]:
    """The table of all seeds, the mean with its interval, and what to type next."""
    head = ("seed", "last", "best", "")
    rows = [(str(one.seed), _plain(one.last), _plain(one.best), _ending(one.reason, one.said)) for one in group.results]
    low, high = group.interval
    mean = (
        "mean",
        _plain(group.mean),
        "",
        f"95 % interval [{_plain(low)}, {_plain(high)}] of {len(group.lasts)} seeds",
    )
    widths = [max(len(row[i]) for row in [head, *rows, mean]) for i in range(3)]
    lines = [
        "  ".join([" ", row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3]]).rstrip()
        for row in [head, *rows, mean]
    ]
    place = typed(group.folder)
    verbs = [("resume", "go on with every seed")] if group.reason == "interrupted" else []
    verbs += [("plot", "draw them again"), ("compare", "beside other groups: add their folders")]
    after = aligned([(f"rlblocks {verb} {place}", what) for verb, what in verbs], "    ")
    laws = _laws_of(group)
    return [f"{group.title}: return of the evaluations", *lines, *laws, f"  folder  {place}", "  next", *after]


def _laws_of(group: Group) -> list[str]:
    """What the seeds say of laws; nothing where none were asked."""
    from rlblocks.runs.broken_laws import together

    asked, seeds = together({one.seed: one.folder for one in group.results if one.folder is not None})
    return [printable(line) for line in law_lines(asked, seeds)] if seeds else []


def _plain(value: float) -> str:
    return number(value) if math.isfinite(value) else "-"


def _ending(reason: str, said: str) -> str:
    if reason in ("failed", "waiting"):
        return f"{'not begun' if reason == 'waiting' else 'failed'}{': ' if said else ''}{printable(said)}"
    return "" if reason == "budget" else STATES.get(reason, reason)

"""The colours: a run's banner, live panel and verdict for a terminal. The only file that imports rich."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from rich import box
from rich.panel import Panel
from rich.text import Text

from rlblocks.runs import _report as report
from rlblocks.runs._progress import Progress
from rlblocks.runs._text import UNICODE, Glyphs, bar, percent, printable, shorten, sparkline

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from rlblocks.runs.events import Finished, Started

WIDEST = 100  # columns: beyond that the eye loses the line
LABEL = 12
COLOURS = {"budget": "cyan", "solved": "green", "interrupted": "yellow", "failed": "red"}


@attrs.frozen(eq=False)
class LivePanel:
    """The present state of `progress`, drawn anew at the width that the terminal has at that moment."""

    progress: Progress
    glyphs: Glyphs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw."""
        width = min(WIDEST, options.max_width)
        inner = max(8, width - 4)
        lines = [self._bar(inner - 6), self._curve(inner - 6)]
        rows = report.progress_rows(self.progress, self.glyphs)
        lines += [_row(label, fitting(parts, inner - LABEL, self.glyphs), self.glyphs) for label, parts in rows]
        title = Text(shorten(printable(self.progress.title), inner - 4, self.glyphs.ellipsis), "bold")
        edges = box.ROUNDED if self.glyphs is UNICODE else box.ASCII
        yield Panel(Text("\n").join(lines), edges, title=title, title_align="left", width=width, border_style="dim")

    def _bar(self, width: int) -> Text:
        done, todo = bar(self.progress.share, width)
        said = f"{percent(self.progress.share):>6}"
        return Text.assemble((self.glyphs.done * done, "cyan"), (self.glyphs.todo * todo, "dim"), (said, "bold"))

    def _curve(self, width: int) -> Text:
        return Text(sparkline(self.progress.curve(width), self.glyphs.levels), "green")


def fitting(parts: list[str], width: int, glyphs: Glyphs) -> str:
    """As many whole parts as fit; of the first, as much as fits.

    >>> fitting(["250 of 500", "ETA 0:10", "0:10 so far"], 24, UNICODE)
    '250 of 500 · ETA 0:10'
    """
    said = shorten(parts[0], width, glyphs.ellipsis) if parts else ""
    for part in parts[1:]:
        longer = f"{said} {glyphs.dot} {part}"
        if len(longer) > width:
            break
        said = longer
    return said


def _row(label: str, said: str, glyphs: Glyphs) -> Text:
    return Text.assemble((f"{label:<{LABEL}}", "dim"), said or (glyphs.todo, "dim"))


def banner(started: Started, width: int, glyphs: Glyphs) -> Text:
    """Title, facts and recipe, a line each, none longer than the terminal."""
    facts, recipe = report.banner(started)
    lines = [Text(shorten(printable(started.title), width, glyphs.ellipsis), "bold cyan")]
    lines += _table(facts, "  ", width, glyphs)
    if recipe:
        lines += [Text("  recipe", "dim"), *_table(recipe, "    ", width, glyphs)]
    return Text("\n").join(lines)


def verdict(finished: Finished, width: int) -> Text:
    """The last words, whole, and what to type next, never cut short."""
    lines = [Text(printable(finished.verdict), f"bold {COLOURS.get(finished.reason, 'cyan')}")]
    rows = report.verdict_lines(finished)[1:]
    if max(map(len, rows), default=0) <= width:
        lines += [Text(row) for row in rows]
    else:  # what a command is for gives way to the command
        lines += [Text(row) for row in rows[:2]] + [Text(f"    {typed}") for typed, _ in report.commands(finished)]
    return Text("\n").join(lines)


def _table(rows: list[report.Row], indent: str, width: int, glyphs: Glyphs) -> list[Text]:
    column = len(indent) + max((len(label) for label, _ in rows), default=0) + 2
    return [
        Text.assemble((f"{indent}{label}".ljust(column), "dim"), shorten(said, max(8, width - column), glyphs.ellipsis))
        for label, said in rows
    ]

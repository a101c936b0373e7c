"""What a person sees of a run while it runs: a live panel, plain lines, lines of JSON, or nothing."""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO, cast

import attrs

from rlblocks._core.errors import RecipeError, did_you_mean
from rlblocks.runs._progress import Progress
from rlblocks.runs._report import banner_lines, cut_short, law_lines, progress_line, verdict_lines, warning
from rlblocks.runs._text import Glyphs, encodable, glyphs_for
from rlblocks.runs.events import (
    Callback,
    EpisodeEnded,
    Evaluated,
    Event,
    Finished,
    LawsAsked,
    Learned,
    Started,
    Tick,
    Warned,
)
from rlblocks.runs.metrics import record_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live  # noqa: TC004  loaded when a panel is opened, not before

Seconds = Callable[[], float]

MODES = ("auto", "quiet", "json", "plain")
ENCODE = json.JSONEncoder(allow_nan=False).encode  # made once: `json.dumps` makes one for each call
PLAIN_EVERY = 10.0  # seconds between two plain lines
PLAIN_FIRST = 1.0  # seconds to the first: long enough to know a speed
PANEL_EVERY = 0.25  # seconds between two drawings of the panel
PANEL_SHARE = 0.01  # of the run's time that drawing may take


def live_view(stream: TextIO | None = None, mode: str = "auto", clock: Seconds = time.monotonic) -> Callback:
    """The view of a run that suits `stream` (standard output where none is given).

    Args:
        stream: where to write. Once it cannot be written to any more, the view goes silent and the run goes on.
        mode: "auto" draws a panel on a terminal and writes plain lines elsewhere; "plain" always writes plain lines;
            "json" writes one JSON object per event; "quiet" writes nothing.
        clock: seconds from any origin, by which drawing is rationed.

    >>> from rlblocks.runs.events import Finished
    >>> live_view(mode="plain").on(Finished(500, 400, "budget", "ran 500 steps", None, 2.0))
    ran 500 steps
    """
    out = sys.stdout if stream is None else stream
    if mode not in MODES:
        raise RecipeError(
            f"{mode!r} is no way to show a run; {did_you_mean(mode, MODES)}", fix=f"write one of {', '.join(MODES)}"
        )
    if mode == "quiet" or out is None:  # a process without a console has no standard output
        return Quiet()
    outlet = Outlet(out)
    if mode == "json":
        return JsonLines(outlet)
    if mode == "auto" and outlet.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
        return PanelView(outlet, glyphs_for(outlet.encoding), Ration(clock, PANEL_EVERY, PANEL_SHARE))
    return PlainLines(outlet, glyphs_for(outlet.encoding), Ration(clock, PLAIN_EVERY, PANEL_SHARE))


@attrs.define(eq=False)
class Outlet:
    """A text stream that goes silent, for good, once writing fails; what it cannot encode is written plainer."""

    stream: TextIO
    silent: bool = False

    @property
    def encoding(self) -> str:
        """As the stream says; ASCII where it does not."""
        return getattr(self.stream, "encoding", None) or "ascii"

    def write(self, text: str) -> int:
        """Write, or go silent."""
        if not self.silent:
            try:
                self.stream.write(encodable(text, self.encoding))
            except (OSError, ValueError):  # a closed pipe, a full disk, a stream that was closed
                self._fall_silent()
        return len(text)

    def flush(self) -> None:
        """Hand over what was written, or go silent."""
        if not self.silent:
            try:
                self.stream.flush()
            except (OSError, ValueError):
                self._fall_silent()

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        with suppress(ValueError, OSError):
            return self.stream.isatty()
        return False

    def fileno(self) -> int:
        """The descriptor; OSError where there is none."""
        return self.stream.fileno()

    def _fall_silent(self) -> None:
        self.silent = True
        with suppress(OSError, ValueError):  # else the interpreter fails at its end, when it flushes what is left
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)


@attrs.define(eq=False)
class Ration:
    """Says when it is time to draw again: not before `every` seconds, and never more than `share` of the time."""

    clock: Seconds
    every: float
    share: float
    due_at: float = -float("inf")

    def wait(self, seconds: float) -> None:
        """Nothing is due for so long."""
        self.due_at = self.clock() + seconds

    def spend(self, draw: Callable[[], None]) -> None:
        """Draw if it is time, and count what it took."""
        before = self.clock()
        if before < self.due_at:
            return
        draw()
        after = self.clock()
        self.due_at = max(before + self.every, after + (after - before) * (1 / self.share - 1))


@attrs.frozen
class Quiet:
    """Shows nothing: what goes wrong is raised, not shown."""

    def on(self, event: Event) -> None:
        """Look away."""


@attrs.frozen(eq=False)
class JsonLines:
    """One JSON object per event and line, for programs."""

    out: Outlet

    def on(self, event: Event) -> None:
        """Write it; hand it over at the latest with the next tick."""
        if self.out.silent:
            return
        self.out.write(ENCODE(record_of(event)) + "\n")
        if not isinstance(event, EpisodeEnded | Learned):
            self.out.flush()


@attrs.frozen(eq=False)
class PlainLines:
    """A banner, a line every ten seconds, a verdict: no colours and no cursor, for logs."""

    out: Outlet
    glyphs: Glyphs
    ration: Ration
    progress: Progress = attrs.field(factory=Progress)

    def on(self, event: Event) -> None:
        """Take note; write if it is time."""
        self.progress.note(event)
        match event:
            case Tick():
                self.ration.spend(lambda: self._write([progress_line(self.progress, self.glyphs)]))
            case Started():
                self._write(banner_lines(event))
                self.ration.wait(PLAIN_FIRST)
            case Evaluated() if event.cut and self.progress.cuts == 1:
                self._write([cut_short(event.cut, event.lengths)])
            case Warned():
                self._write([warning(event)])
            case LawsAsked():
                self._write(law_lines(event))
            case Finished():
                self._write(verdict_lines(event))
            case _:
                pass

    def _write(self, lines: list[str]) -> None:
        self.out.write("".join(f"{line}\n" for line in lines))
        self.out.flush()


@attrs.define(eq=False)
class PanelView:
    """A banner, a panel that is drawn in place, a verdict: for a person at a terminal."""

    out: Outlet
    glyphs: Glyphs
    ration: Ration
    progress: Progress = attrs.field(factory=Progress)
    live: Live | None = None

    def on(self, event: Event) -> None:
        """Take note; draw if it is time."""
        self.progress.note(event)
        if self.out.silent:
            return
        match event:
            case Tick():
                self.ration.spend(self._draw)
            case Started():
                self._open(event)
            case Evaluated() if event.cut and self.progress.cuts == 1 and self.live is not None:
                self.live.console.print(cut_short(event.cut, event.lengths), soft_wrap=True)  # above the panel
            case Warned() if self.live is not None:
                self.live.console.print(warning(event), soft_wrap=True)
            case LawsAsked() if self.live is not None:
                self.live.console.print("\n".join(law_lines(event)), soft_wrap=True)
            case Finished():
                self._close(event)
            case _:
                pass

    def _open(self, started: Started) -> None:
        from rich.live import Live

        from rlblocks.runs import _panel

        console = self._console()
        console.print(_panel.banner(started, console.width, self.glyphs), soft_wrap=True)
        console.print()
        ours = self.out.stream is sys.stdout  # then what others print appears above the panel
        self.live = Live(
            _panel.LivePanel(self.progress, self.glyphs), console=console, auto_refresh=False,
            redirect_stdout=ours, redirect_stderr=ours,
        )  # fmt: skip
        atexit.register(self.live.stop)  # the cursor comes back even where no end is announced
        self.live.start(refresh=True)

    def _draw(self) -> None:
        if self.live is not None:
            self.live.refresh()

    def _close(self, finished: Finished) -> None:
        from rlblocks.runs import _panel

        if self.live is not None:
            self.live.refresh()
            self.live.stop()
            atexit.unregister(self.live.stop)
            self.live = None
        console = self._console()
        console.print(_panel.verdict(finished, console.width), soft_wrap=True)

    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=cast("TextIO", self.out), force_terminal=True, highlight=False, markup=False, emoji=False)

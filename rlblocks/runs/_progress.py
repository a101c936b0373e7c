"""Where a run stands, gathered from its events. To take note costs a microsecond; what is drawn is computed later."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from rlblocks.runs.events import EpisodeEnded, Evaluated, Event, Finished, Learned, Saved, Started, Tick

if TYPE_CHECKING:
    from collections.abc import Sequence

SLICES = 240  # of the budget, each with the mean return of the episodes that ended in it
RECENT = 100  # episodes that the present return is averaged over
SPEED_WINDOW, SPEED_SHARE = 10.0, 0.25  # the present speed is that of so many seconds, or this share of the run
MARKS = 50  # in that time


@attrs.frozen
class Summary:
    """Mean and standard deviation (of the episodes, not of the mean) of `count` returns."""

    mean: float
    deviation: float
    count: int


def summary(values: Sequence[float]) -> Summary:
    """The mean and the population standard deviation; both NaN for no values.

    >>> summary([1.0, 3.0])
    Summary(mean=2.0, deviation=1.0, count=2)
    """
    if not values:
        return Summary(math.nan, math.nan, 0)
    mean = sum(values) / len(values)
    square = sum((value - mean) * (value - mean) for value in values) / len(values)
    return Summary(mean, math.sqrt(square) if square >= 0 else math.nan, len(values))


@attrs.define(eq=False)
class Progress:
    """What the views draw from. `note` is called for every event and takes a microsecond.

    Attributes:
        title: recipe and environment.
        budget: environment steps in all, at least 1.
        env_steps: where the run stands, as are `updates`, `episodes` and `seconds` (wall clock since the run began).
        recent: the returns of the last `RECENT` episodes.
        sums: of the returns that fell in each slice of the budget; `counts` says how many.
        learned: what learning last reported, by name.
        evaluated: the last evaluation; `saved` the last checkpoint.
        cuts: how many evaluations had episodes that were cut.
        marks: (seconds, env_steps, updates) at some of the last ticks.
        over: whether the run has ended.
    """

    title: str = ""
    budget: int = 1
    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    seconds: float = 0.0
    recent: deque[float] = attrs.field(factory=lambda: deque(maxlen=RECENT))
    sums: list[float] = attrs.field(factory=lambda: [0.0] * SLICES)
    counts: list[int] = attrs.field(factory=lambda: [0] * SLICES)
    learned: Mapping[str, float] = attrs.field(factory=dict)
    evaluated: Evaluated | None = None
    cuts: int = 0
    saved: Saved | None = None
    marks: deque[tuple[float, int, int]] = attrs.field(factory=deque)
    over: bool = False

    def note(self, event: Event) -> None:
        """Store what the event says."""
        match event:
            case EpisodeEnded():
                self.recent.append(event.value)
                if math.isfinite(event.value):
                    slot = min(SLICES - 1, event.env_steps * SLICES // self.budget)
                    self.sums[slot] += event.value
                    self.counts[slot] += 1
            case Learned():
                self.learned = event.values
            case Tick():
                self._stand(event)
                self.episodes = event.episodes
                self._mark(event)
            case Evaluated():
                self.evaluated = event
                self.cuts += event.cut > 0
            case Saved():
                self.saved = event
            case Finished():
                self._stand(event)
                self.over = True
            case Started():
                self.title, self.budget, self.env_steps = event.title, max(1, event.budget), event.env_steps
            case _:
                pass

    def _stand(self, event: Tick | Finished) -> None:
        self.env_steps, self.updates, self.seconds = event.env_steps, event.updates, event.seconds

    def _mark(self, tick: Tick) -> None:
        """Note the speed over a time that covers several chunks where learning comes in bursts."""
        window = max(SPEED_WINDOW, SPEED_SHARE * tick.seconds)
        if len(self.marks) > 1 and self.marks[-1][0] - self.marks[-2][0] < window / MARKS:
            self.marks.pop()
        self.marks.append((tick.seconds, tick.env_steps, tick.updates))
        while len(self.marks) > 2 and self.marks[1][0] < tick.seconds - window:  # noqa: PLR2004  both ends
            self.marks.popleft()

    @property
    def share(self) -> float:
        """How much of the budget is spent, in [0, 1]."""
        return min(1.0, self.env_steps / self.budget)

    def speeds(self) -> tuple[float, float]:
        """Environment steps and updates per second over the last ticks; NaN before the second tick."""
        if not self.marks or self.marks[-1][0] <= self.marks[0][0]:
            return math.nan, math.nan
        (before, steps, updates), (now, steps_now, updates_now) = self.marks[0], self.marks[-1]
        return (steps_now - steps) / (now - before), (updates_now - updates) / (now - before)

    def remaining(self) -> float:
        """Seconds to the end of the budget at the present speed; NaN where that is not known."""
        speed = self.speeds()[0]
        return (self.budget - self.env_steps) / speed if speed > 0 else math.nan

    def curve(self, width: int) -> list[float]:
        """The mean return in each of the first cells of `width` that the run has reached.

        A cell in which no episode ended repeats the one before; NaN before the first episode.
        """
        width = min(width, SLICES)
        cells, last = [], math.nan
        for cell in range(math.ceil(self.share * width)):
            low, high = cell * SLICES // width, (cell + 1) * SLICES // width
            ended = sum(self.counts[low:high])
            last = sum(self.sums[low:high]) / ended if ended else last
            cells.append(last)
        return cells

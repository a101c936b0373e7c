"""Learning at a fixed ratio to experience."""

from __future__ import annotations

import math
from collections.abc import Generator
from fractions import Fraction
from typing import ClassVar

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import Clock, EnvSteps
from rlblocks.cadences.base import Cadence, Collect, Learn, Op, Progress
from rlblocks.explorers import UniformRandom
from rlblocks.explorers.base import Explorer


@block("learn_every")
class LearnEvery(Cadence):
    """`updates` learn steps every `every` environment steps, once the store holds enough.

    Until it holds `warmup` rows (and at least one batch) actions come from `warmup_explorer`. After that, when t
    environment steps have been taken, exactly ⌊updates · ⌊(t − warm-up) / every⌋⌋ learn steps have been: the ratio is
    exact for any number of environments, and may be a fraction (`updates=0.25`).

    Attributes:
        every: environment steps between bursts of learning.
        updates: learn steps a burst; a ratio.
        batch: rows a learn step.
        warmup: rows before the first learn step.

    >>> from rlblocks.cadences import Progress
    >>> program = LearnEvery(EnvSteps(4), updates=2, batch=8, warmup=8).program(Progress(0, 0, 0, 0, 0, 100), 1)
    >>> next(program).steps, program.send(Progress(8, 8, 0, 0, 8, 100)), program.send(Progress(12, 8, 0, 0, 12, 100))
    (8, Collect(steps=4, explorer=None), Learn(updates=2, batch=8))
    """

    demands: ClassVar[str] = "sampled"
    every: Clock = fields.duration(EnvSteps(1), clocks=(EnvSteps,))
    updates: float = fields.number(1, gt=0.0, unit="learn steps")
    batch: int = fields.integer(128, ge=1, unit="rows")
    warmup: int = fields.integer(1_000, ge=0, unit="rows")
    warmup_explorer: Explorer = fields.slot("explorers", UniformRandom)

    def program(self, progress: Progress, environments: int) -> Generator[Op, Progress, None]:
        """Collect to the next burst, learn what is due, until the budget is spent."""
        every, ratio = int(self.every.count), Fraction(self.updates).limit_denominator(10**6)
        enough = self.needs()
        while True:
            warm = progress.rows >= enough
            bursts = (progress.env_steps - progress.warmup_steps) // every
            due = ratio.numerator * bursts // ratio.denominator - progress.updates
            if warm and due > 0:
                progress = yield Learn(due, self.batch)
                continue
            left = progress.budget - progress.env_steps
            if left <= 0:
                return
            if warm:
                phase = (progress.env_steps - progress.warmup_steps) % every
                progress = yield Collect(_whole(min(every - phase, left), environments))
            else:
                progress = yield Collect(_whole(min(enough - progress.rows, left), environments), self.warmup_explorer)

    def needs(self) -> int:
        """The warm-up, and at least one batch."""
        return max(self.warmup, self.batch)

    def burst(self, environments: int) -> int:
        """See `Cadence.burst`."""
        return math.ceil(self.updates * math.ceil(environments / self.every.count))

    def one_by_one(self) -> str:
        """See `Cadence.one_by_one`."""
        due = {"every": EnvSteps(1), "updates": 1, "batch": 1}
        wrong = [f"{name}={getattr(self, name)!r}" for name, value in due.items() if getattr(self, name) != value]
        fix = "write every=EnvSteps(1), updates=1, batch=1"
        return f"has {', '.join(wrong)}; {fix}" if wrong else ""

    def updates_planned(self, budget: int, chunk: tuple[int, int] = (0, 0)) -> int:  # noqa: ARG002  the role's signature
        """Learn steps after the warm-up."""
        return max(0, int((budget - self.needs()) // self.every.count * self.updates))


def _whole(steps: int, environments: int) -> int:
    """The least multiple of `environments` that is at least `steps`."""
    return -(-steps // environments) * environments

"""Exponential decay."""

from __future__ import annotations

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import Clock, EnvSteps
from rlblocks.schedules.base import Schedule


@block("exponential")
class Exponential(Schedule):
    """Exponential decay from `start` towards `end`: v(t) = end + (start − end)·exp(−t/τ).

    This is the decay of widely read DQN tutorials, where τ is called the decay. After τ the distance to `end` is 37 %
    of what it was, after 3τ 5 %; `end` itself is only approached.

    Attributes:
        start: the value at time 0.
        end: the value that is approached.
        over: τ, the time constant, on a typed clock.

    >>> epsilon = Exponential(0.9, 0.05, over=EnvSteps(1_000))
    >>> epsilon.at(0), round(epsilon.at(1_000), 4), round(epsilon.at(3_000), 4)
    (0.9, 0.3627, 0.0923)
    """

    equation = "v(t) = end + (start − end)·exp(−t/τ)"
    tags = {"tail": "asymptotic"}

    start: float = fields.number()
    end: float = fields.number()
    over: Clock = fields.duration(EnvSteps(10_000))

    def at(self, t: float) -> float:
        """The value after `t` units of the clock of `over`."""
        return functional.exponential(self.start, self.end, t / self.over.count)

    def span(self) -> tuple[float, ...]:
        """Start and end."""
        return (float(self.start), float(self.end))

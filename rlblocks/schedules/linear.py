"""The straight line."""

from __future__ import annotations

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import Clock, EnvSteps
from rlblocks.schedules.base import Schedule


@block("linear")
class Linear(Schedule):
    """A straight line from `start` to `end`, then `end`: v(t) = start + (end − start)·t/D for t ≤ D.

    Attributes:
        start: the value at time 0.
        end: the value from time D on, exactly.
        over: D, on a typed clock.

    >>> epsilon = Linear(1.0, 0.05, over=EnvSteps(1_000))
    >>> epsilon.at(0), epsilon.at(500), epsilon.at(1_000), epsilon.at(10**9)
    (1.0, 0.525, 0.05, 0.05)
    """

    equation = "v(t) = start + (end − start)·min(t/D, 1)"
    tags = {"tail": "end"}

    start: float = fields.number()
    end: float = fields.number()
    over: Clock = fields.duration(EnvSteps(10_000))

    def at(self, t: float) -> float:
        """The value after `t` units of the clock of `over`."""
        return functional.linear(self.start, self.end, t / self.over.count)

    def span(self) -> tuple[float, ...]:
        """Start and end."""
        return (float(self.start), float(self.end))

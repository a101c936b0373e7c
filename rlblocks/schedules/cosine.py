"""Half a cosine."""

from __future__ import annotations

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import Clock, EnvSteps
from rlblocks.schedules.base import Schedule


@block("cosine")
class Cosine(Schedule):
    """Half a cosine from `start` to `end`, then `end`: v(t) = end + ½(start − end)(1 + cos(π·t/D)) for t ≤ D.

    Loshchilov and Hutter, 2017, eq. 5, with ηᵢ_max = start and ηᵢ_min = end.

    Attributes:
        start: the value at time 0.
        end: the value from time D on, exactly.
        over: D, on a typed clock.

    >>> lr = Cosine(1e-3, 0.0, over=EnvSteps(1_000))
    >>> lr.at(0), round(lr.at(500), 12), lr.at(1_000)
    (0.001, 0.0005, 0.0)

    Differs from the paper: there are no restarts; `Piecewise` of several of these makes them.
    """

    equation = "v(t) = end + ½(start − end)(1 + cos(π·min(t/D, 1)))"
    tags = {"tail": "end"}

    start: float = fields.number()
    end: float = fields.number()
    over: Clock = fields.duration(EnvSteps(10_000))

    def at(self, t: float) -> float:
        """The value after `t` units of the clock of `over`."""
        return functional.cosine(self.start, self.end, t / self.over.count)

    def span(self) -> tuple[float, ...]:
        """Start and end."""
        return (float(self.start), float(self.end))

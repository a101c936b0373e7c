"""The schedule that never changes."""

from __future__ import annotations

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import Clock, EnvSteps
from rlblocks.schedules.base import Schedule


@block("constant")
class Constant(Schedule):
    """The same number at all times: v(t) = c.

    Attributes:
        amount: c, finite.

    >>> Constant(0.1).at(12_345)
    0.1
    """

    equation = "v(t) = c"
    tags = {"tail": "end"}

    amount: float = fields.number()

    @property
    def over(self) -> Clock:
        """One environment step: a constant is the same on every clock, so that any will do."""
        return EnvSteps(1)

    def at(self, t: float) -> float:  # noqa: ARG002  the role's signature
        """The amount."""
        return float(self.amount)

    def span(self) -> tuple[float, ...]:
        """The amount alone."""
        return (float(self.amount),)

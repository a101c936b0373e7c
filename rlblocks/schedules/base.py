"""The role of schedules: a number as a function of a typed clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import Block, role

if TYPE_CHECKING:
    from rlblocks._core.clocks import Clock, Times


@role("schedules")
class Schedule(Block):
    """A number as a function of time, pure in time: it may be asked about any time, in any order.

    A schedule has a duration D on one clock. Tags: `tail` is "end" where v(t) = v(D) exactly from D on, "asymptotic"
    where the last value is only approached, and "last" where that is up to the last piece.
    """

    @property
    def over(self) -> Clock:
        """The duration D, and by that the clock that is read."""
        raise NotImplementedError

    def at(self, t: float) -> float:
        """The value at `t` units of the schedule's clock, counted from 0; before 0 it is the value at 0."""
        raise NotImplementedError

    def span(self) -> tuple[float, ...]:
        """Extreme values: no value lies outside of the least and the greatest of them."""
        raise NotImplementedError

    def value(self, times: Times) -> float:
        """The value at the time that a run has reached."""
        return self.at(self.over.now(times))

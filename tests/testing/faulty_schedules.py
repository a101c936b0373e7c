"""Schedules with one planted fault each, and the law that must catch it."""

import math

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.clocks import Clock, EnvSteps, Updates
from rlblocks.schedules import Piecewise, Schedule
from rlblocks.testing import unlisted
from tests.testing.planting import each, hashed

with unlisted():

    @block("linear")
    class FaultyLine(Schedule):
        """A straight line."""

        start: float = fields.number(1.0)
        end: float = fields.number(0.0)
        over: Clock = fields.duration(EnvSteps(40))
        fault: str = fields.text("none")
        __hash__ = hashed

        def at(self, t):
            share = min(max(t / self.over.count, 0.0), 1.0)
            late = {
                "waves": 0.05 * math.sin(9 * math.pi * share), "never moves": -share, "infinite in the end": 0.0,
                "back at its start": -share if share == 1.0 else 0.0,
                "grows slowly for ever": 1e-3 * math.log1p(max(t, 0)),
                "in steps": math.floor(share * 4) / 4 - share, "too early": min(share, 1 - share) / 4,
            }.get(self.fault, 0.0)  # fmt: skip
            if self.fault == "infinite in the end" and t > 2**40:
                return math.inf
            if self.fault == "moves before it begins" and t < 0:
                return self.start + 1e-12
            return self.start + (self.end - self.start) * (share + late)

        def span(self):
            return (self.end / 2 + 0.25, self.end) if self.fault == "a narrow span" else (self.start, self.end)

        def value(self, times):
            if self.fault == "another clock":
                return self.at(times.updates)
            return self.at(self.over.now(times))

    @block("piecewise")
    class FaultyPieces(Schedule):
        """One schedule after the other."""

        pieces: tuple[Schedule, ...] = (FaultyLine(1.0, 0.5, over=Updates(10)), FaultyLine(2.0, 3.0, over=Updates(30)))
        fault: str = fields.text("none")

        @property
        def over(self):
            return Piecewise(self.pieces).over

        def at(self, t):
            first, second = self.pieces
            knot = first.over.count
            if self.fault == "the time of the whole":
                return first.at(t) if t < knot else second.at(t)
            if self.fault == "a knot too late":
                return first.at(t) if t <= knot else second.at(t - knot)
            return first.at(t) if t < knot / 2 else second.at(t - knot)

        def span(self):
            return (0.5, 1.0, 2.0, 3.0)


FAULTS = [
    *each(
        FaultyLine, ("waves", "SCH-2"), ("never moves", "SCH-6"), ("infinite in the end", "SCH-7"),
        ("back at its start", "SCH-2"), ("grows slowly for ever", "SCH-1"), ("in steps", "SCH-3"),
        ("too early", "SCH-3"), ("a narrow span", "SCH-2a"), ("another clock", "SCH-5"),
        ("moves before it begins", "SCH-1a"), ("hashed by its identity", "GEN-17"),
    ),
    *each(
        FaultyPieces, ("the time of the whole", "SCH-8"), ("a knot too late", "SCH-8"),
        ("half of the first", "SCH-8"),
    ),
]  # fmt: skip

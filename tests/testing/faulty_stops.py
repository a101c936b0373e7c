"""Early stops with one planted fault each, and the law that must catch it."""

import math
from typing import ClassVar

from rlblocks import block, read
from rlblocks._core import fields
from rlblocks.early_stops import EarlyStop
from rlblocks.testing import unlisted

LAWS = {
    "stops at NaN": ("STP-4",),
    "takes infinity for an error": ("STP-4", "STP-2"),
    "at the limit": ("STP-5",),
    "a little more": ("STP-5",),
    "one limit for all": ("STP-6", "STP-7"),
    "adds a constant": ("STP-6",),
    "the other way": ("STP-7",),
    "counts": ("STP-8",),
    "never twice": ("STP-8",),
    "by its digits": ("STP-9",),
    "whole numbers are none": ("STP-9",),
}

WRONG = {
    "stops at NaN": lambda kl, limit, _: kl > limit or math.isnan(kl),
    "takes infinity for an error": lambda kl, limit, _: limit < kl < 1e20,
    "at the limit": lambda kl, limit, _: kl >= limit,
    "a little more": lambda kl, limit, _: kl > limit * 1.1,
    "one limit for all": lambda kl, *_: kl > 0.015,
    "adds a constant": lambda kl, limit, _: kl + 0.01 > limit,
    "the other way": lambda kl, limit, _: kl > 0.0004 / limit,
    "counts": lambda kl, limit, asked: kl > limit or len(asked) % 3 == 0,
    "never twice": lambda kl, limit, asked: kl > limit and asked.count(float(kl)) < 2,
    "by its digits": lambda kl, limit, _: (kl > limit) != (type(kl) is not float and kl > 0.1),
    "whole numbers are none": lambda kl, limit, _: kl > limit and not isinstance(kl, int),
}

with unlisted():

    @block("kl_stop")
    class FaultyStop(EarlyStop):
        """A limit of the divergence; what it should not remember is the class's."""

        inputs = {"kl": read("kl")}
        asked: ClassVar[list[float]] = []
        fault: str = fields.choice(tuple(LAWS), "at the limit")
        limit: float = fields.number(0.015, gt=0.0)

        def compute(self, *, kl):
            self.asked.append(float(kl))
            return bool(WRONG[self.fault](kl, self.limit, self.asked))


FAULTS = [(FaultyStop(fault=fault), law) for fault, laws in LAWS.items() for law in laws]

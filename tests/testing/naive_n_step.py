"""Rows of n steps by histories: a correct store that works in another way, and the same with a fault.

A fault is the name of a place where the correct store does something else.
"""

import numpy as np

from rlblocks import block
from rlblocks._core import fields
from rlblocks.stores import Store, bytes_of
from rlblocks.testing import unlisted
from tests.testing.lists import EpisodesAround, refuse_misfits, require_columns, row_of
from tests.testing.naive_stores import ListMemory

LAST = ("terminated", "truncated")


class JoiningMemory(EpisodesAround):
    """Every environment's history of its episode, joined anew at each step."""

    def __init__(self, inner, n, spec, fault):
        super().__init__(inner, fault, spec.environments)
        self.n = n

    def add(self, rows, environments):
        refuse_misfits(self.inner.spec.columns, rows, len(environments))
        for i, environment in enumerate(environments.tolist()):
            row = row_of(rows, i)
            e = 0 if self.fault == "one history for all" else environment
            self.episodes[e].append(row)
            over = bool(row["terminated"][0] or row["truncated"][0])
            if self.fault == "crosses episodes":
                over = False
            while self.episodes[e] and (over or len(self.episodes[e]) >= self.n):
                if over and self.fault == "drops tails" and len(self.episodes[e]) < self.n:
                    break
                self.inner.add(self.joined(self.episodes[e][: self.n]), np.array([e]))
                self.episodes[e].pop(0)
            if over:
                self.episodes[e].clear()

    def joined(self, steps):
        total, discount = 0.0, 1.0
        for row in steps:
            total, discount = total + discount * float(row["reward"][0]), discount * float(row["discount"][0])
        if self.fault == "always n steps of discount" and discount:
            discount = 0.5**self.n
        if self.fault == "undiscounted":
            total = sum(float(row["reward"][0]) for row in steps)
        last = {name: value for name, value in steps[-1].items() if name in LAST or name.startswith("next.")}
        first = {**steps[-1], "reward": 0} if self.fault == "acts last" else steps[0]
        return {**first, **last, "reward": np.array([total]), "discount": np.array([discount])}


with unlisted():

    @block("n_step")
    class HistoryReplay(Store):
        """Rows of n steps over a list, by histories."""

        capacity: int = fields.integer(9, ge=1)
        n: int = fields.integer(3, ge=1)
        fault: str = fields.text("none")

        def build(self, spec):
            if self.fault != "looks for its columns later":
                require_columns(spec.columns, "reward", "discount", *LAST)
            return JoiningMemory(ListMemory(spec, self.capacity), self.n, spec, self.fault)

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns)


FAULTS = [
    (HistoryReplay(fault="goes on after a cut"), "NST-13"),
    (HistoryReplay(fault="crosses episodes"), "NST-1"),
    (HistoryReplay(fault="crosses episodes"), "NST-4"),
    (HistoryReplay(fault="one history for all"), "NST-5"),
    (HistoryReplay(fault="always n steps of discount"), "NST-2"),
    (HistoryReplay(fault="undiscounted"), "NST-10"),
    (HistoryReplay(fault="acts last"), "NST-1"),
    (HistoryReplay(fault="drops tails"), "NST-7"),
    (HistoryReplay(fault="forgets what waits"), "GEN-5"),
    (HistoryReplay(fault="looks for its columns later"), "BUF-23"),
]
CORRECT = [HistoryReplay(), HistoryReplay(n=1)]

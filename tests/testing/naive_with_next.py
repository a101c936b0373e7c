"""Rows with their next action by loops over lists: a correct store that works in another way, and with a fault.

A fault is the name of a place where the correct store does something else.
"""

import copy

import attrs
import numpy as np

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.keys import Spec
from rlblocks.stores import Store, bytes_of
from rlblocks.testing import unlisted
from tests.testing.lists import Around, refuse_misfits, require_columns, row_of
from tests.testing.naive_stores import ListMemory


class WaitingMemory(Around):
    """Every environment's last row, or none; it goes to a list of rows with the next one."""

    def __init__(self, spec, capacity, fault):
        columns = {**spec.columns, "next.action": spec.columns["action"]}
        super().__init__(ListMemory(attrs.evolve(spec, columns=columns), capacity), fault)
        self.columns, self.last = spec.columns, {}

    def add(self, rows, environments):
        refuse_misfits(self.columns, rows, len(environments))
        for i, environment in enumerate(environments.tolist()):
            e = 0 if self.fault == "one row for all" else environment
            row = row_of(rows, i)
            if e in self.last:
                first = self.fault == "the first of the step"
                self.hand_on(e, rows["action"][:1] if first else row["action"])
            self.last[e] = row
            over = bool(row["truncated"][0]) and not bool(row["terminated"][0])
            lost = {
                "loses terminated rows": bool(row["terminated"][0]),
                "loses rows of both flags": bool(row["truncated"][0]),
                "keeps truncated rows": False,
            }.get(self.fault, over)
            if lost:
                del self.last[e]
            elif self.fault == "terminated at once" and row["terminated"][0]:
                self.hand_on(e, row["action"])

    def hand_on(self, e, following):
        row = self.last.pop(e)
        if row["terminated"][0] and self.fault != "an action after the end":
            following = np.zeros_like(following)
        if self.fault == "its own action" and not row["terminated"][0]:
            following = row["action"]
        self.inner.add({**row, "next.action": following}, np.array([e]))

    def cut(self):
        self.inner.cut()
        for e in sorted(self.last):
            if self.last[e]["terminated"][0] and self.fault != "a cut that loses complete rows":
                self.hand_on(e, self.last[e]["action"])
        if self.fault != "goes on after a cut":
            self.last = {}

    def state(self):
        waiting = [[e, row] for e, row in self.last.items()]
        return {
            "inner": self.inner.state(),
            "last": [] if self.fault == "forgets what waits" else copy.deepcopy(waiting),
        }

    def load(self, state):
        self.inner.load(state["inner"])
        self.last = {int(e): copy.deepcopy(row) for e, row in state["last"]}


with unlisted():

    @block("with_next")
    class LoopedWithNext(Store):
        """(s, a, r, s', a') over lists."""

        tags = {"flush": "next step", "takes": "consecutive steps"}
        outputs = ("next.action",)
        specs = {"next.action": Spec((), "int64")}
        capacity: int = fields.integer(9, ge=1)
        fault: str = fields.text("none")

        def build(self, spec):
            require_columns(spec.columns, "action", "terminated", "truncated")
            return WaitingMemory(spec, self.capacity, self.fault)

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns) + 8


FAULTS = [
    (LoopedWithNext(fault="one row for all"), "NXT-1"),
    (LoopedWithNext(fault="keeps truncated rows"), "NXT-1"),
    (LoopedWithNext(fault="loses terminated rows"), "NXT-1"),
    (LoopedWithNext(fault="terminated at once"), "NXT-1"),
    (LoopedWithNext(fault="the first of the step"), "NXT-2"),
    (LoopedWithNext(fault="its own action"), "NXT-2"),
    (LoopedWithNext(fault="an action after the end"), "NXT-3"),
    (LoopedWithNext(fault="loses rows of both flags"), "NXT-3"),
    (LoopedWithNext(fault="a cut that loses complete rows"), "NXT-4"),
    (LoopedWithNext(fault="goes on after a cut"), "NXT-4"),
    (LoopedWithNext(fault="forgets what waits"), "GEN-5"),
]
CORRECT = [LoopedWithNext()]

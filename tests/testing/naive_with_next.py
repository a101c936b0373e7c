"""Rows with their next action by loops over lists: a correct store that works in another way, and with a fault.

A fault is the name of a place where the correct store does something else.
"""

import copy

import attrs
import numpy as np

from rlblocks import block
from rlblocks._core import fields
from rlblocks.stores import Store, bytes_of
from rlblocks.testing import unlisted
from tests.testing.naive_stores import ListMemory


class WaitingMemory:
    """Every environment's last row, or none; it goes to a list of rows with the next one."""

    def __init__(self, spec, capacity, fault):
        columns = {**spec.columns, "next.action": spec.columns["action"]}
        self.inner = ListMemory(attrs.evolve(spec, columns=columns), capacity)
        self.columns, self.fault = spec.columns, fault
        self.last = {}

    def __len__(self):
        return len(self.inner)

    def add(self, rows, environments):
        for name, spec in self.columns.items():
            kind = name in rows and np.can_cast(rows[name].dtype, spec.dtype, "same_kind")
            if not kind or rows[name].shape != (len(environments), *spec.shape) or len(rows) != len(self.columns):
                raise ValueError(f"{name} does not fit")
        for i, environment in enumerate(environments.tolist()):
            e = 0 if self.fault == "one row for all" else environment
            row = {name: value[i : i + 1].copy() for name, value in rows.items()}
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

    def sample(self, batch, keys, **numbers):
        return self.inner.sample(batch, keys, **numbers)

    def feed(self, **fed):
        self.inner.feed(**fed)

    def cut(self):
        for e in sorted(self.last):
            if self.last[e]["terminated"][0] and self.fault != "a cut that loses complete rows":
                self.hand_on(e, self.last[e]["action"])
        if self.fault != "goes on after a cut":
            self.last = {}

    def contents(self):
        return self.inner.contents()

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
        capacity: int = fields.integer(9, ge=1)
        fault: str = fields.text("none")

        def build(self, spec):
            return WaitingMemory(spec, self.capacity, self.fault)

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

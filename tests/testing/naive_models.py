"""A model by loops over dicts and lists: a correct store that works in another way, and the same with a fault.

A fault is the name of a place where the correct store does something else.
"""

import copy

import numpy as np
from gymnasium.spaces import Discrete

from rlblocks import block
from rlblocks._core import fields
from rlblocks.stores import Store, bytes_of
from rlblocks.testing import unlisted
from tests.testing.lists import refuse_misfits, refuse_saved, require_columns, row_of


class DictMemory:
    """What followed each pair in a dict, and the new rows in a list."""

    def __init__(self, spec, capacity, fault):
        self.spec, self.capacity, self.fault = spec, capacity, fault
        self.generator = np.random.default_rng() if fault == "its own generator" else spec.generator
        self.model, self.waits, self.count = {}, [], 0

    def __len__(self):
        return min(self.count, self.capacity)

    def add(self, rows, environments):
        refuse_misfits(self.spec.columns, rows, len(environments))
        for i in range(len(environments)):
            row = row_of(rows, i)
            pair = (int(row["observation"][0]), int(row["action"][0]))
            if self.fault == "a row for each state":
                pair = (pair[0], 0)
            if self.fault == "a row for each visit":
                pair = (*pair, self.count)
            if not (self.fault == "the first outcome" and pair in self.model):
                self.model[pair] = (self.count, row)
            newest = self.fault == "one row of a step" or (i == 0 and self.fault != "older rows wait too")
            self.waits = [] if newest else self.waits
            self.waits.append((self.count, row))
            self.count += 1
        del self.waits[: max(len(self.waits) - self.capacity, 0)]

    def sample(self, batch, keys, **_):
        if batch < 1 or not self.count:
            raise ValueError("nothing to sample")
        taken = [row for _, row in self.waits[:batch]]
        if self.fault == "the newest first":
            taken = [row for _, row in self.waits[::-1][:batch]]
        del self.waits[: 0 if self.fault == "the new row again and again" else batch]
        known = [row for _, row in self.model.values()]
        lacking = batch - len(taken)
        drawn = [known[i] for i in self.generator.integers(0, len(known), lacking)] if lacking else []
        if self.fault == "one pair for a batch":
            drawn = drawn[:1] * lacking
        if self.fault == "a mixed row" and drawn:
            drawn = [{**row, "action": drawn[0]["action"]} for row in drawn]
        return {key: np.concatenate([row[key] for row in taken + drawn]) for key in keys}

    def feed(self, **fed):
        if fed:
            raise ValueError("nothing was asked for")

    def cut(self):
        if self.fault == "a cut that loses new rows":
            self.waits = []

    def contents(self):
        held = dict([*self.model.values(), *self.waits])
        return {
            name: np.concatenate([np.empty((0, *spec.shape), spec.dtype), *(held[k][name] for k in sorted(held))])
            for name, spec in self.spec.columns.items()
        }

    def state(self):
        model = [[list(pair), count, row] for pair, (count, row) in self.model.items()]
        waits = [] if self.fault == "forgets what waits" else [list(one) for one in self.waits]
        return copy.deepcopy({"model": model, "waits": waits, "count": self.count})

    def load(self, state):
        rows = [row for _, _, row in state["model"]]
        refuse_saved(self.spec.columns, rows)
        state = copy.deepcopy(state)
        self.model = {tuple(pair): (count, row) for pair, count, row in state["model"]}
        if self.fault == "forgets the order of pairs":
            self.model = dict(sorted(self.model.items()))
        self.waits, self.count = [tuple(one) for one in state["waits"]], state["count"]


with unlisted():

    @block("model")
    class DictModel(Store):
        """Model(S, A) ← R, S' in a dict."""

        tags = {"keeps": "the last row of each pair", "takes": "counted states"}
        capacity: int = fields.integer(99, ge=1)
        fault: str = fields.text("none")

        def build(self, spec):
            require_columns(spec.columns, "observation", "action")
            return DictMemory(spec, self.capacity, self.fault)

        def misfit(self, facts):
            spaces = (facts.observation_space, facts.action_space)
            counted = all(isinstance(space, Discrete) for space in spaces)
            return (
                ""
                if counted or self.fault == "serves what it cannot count"
                else "counts states and actions; use Discretise"
            )

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns)


FAULTS = [
    (DictModel(fault="serves what it cannot count"), "BUF-21"),
    (DictModel(fault="the newest first"), "MDL-1"),
    (DictModel(fault="the new row again and again"), "MDL-1"),
    (DictModel(fault="one row of a step"), "MDL-1"),
    (DictModel(fault="older rows wait too"), "MDL-1"),
    (DictModel(fault="the first outcome"), "MDL-2"),
    (DictModel(fault="a mixed row"), "MDL-2"),
    (DictModel(fault="a row for each visit"), "MDL-3"),
    (DictModel(fault="a row for each state"), "MDL-3"),
    (DictModel(fault="a cut that loses new rows"), "MDL-4"),
    (DictModel(fault="one pair for a batch"), "MDL-5"),
    (DictModel(fault="its own generator"), "GEN-4"),
    (DictModel(fault="forgets what waits"), "MDL-6"),
    (DictModel(fault="forgets the order of pairs"), "MDL-6"),
]
CORRECT = [DictModel()]

"""Stores written anew, over plain lists: correct ones that work in other ways, and the same with a fault.

A fault is the name of a place where the correct store does something else.
"""

import copy

import numpy as np

from rlblocks import block, read, scheduled
from rlblocks._core import fields
from rlblocks.schedules import Constant, Schedule
from rlblocks.stores import Store, bytes_of
from rlblocks.testing import unlisted
from tests.testing.lists import refuse_misfits, refuse_saved, row_of
from tests.testing.planting import hashed


class ListMemory:
    """Rows as dicts in a list, the newest at the end."""

    def __init__(self, spec, capacity, fault=""):
        self.spec, self.capacity, self.fault = spec, capacity, fault
        self.generator = np.random.default_rng() if fault == "its own generator" else spec.generator
        self.rows = []

    def __len__(self):
        return len(self.rows)

    def add(self, rows, environments):
        if self.fault != "any shape":
            refuse_misfits(self.spec.columns, rows, len(environments))
        count = len(environments)
        for i in range(min(count, self.capacity) if self.fault == "the first of many at once" else count):
            row = row_of(rows, i)
            if self.fault == "no copies":
                row = {name: value[i : i + 1] for name, value in rows.items()}
            if self.fault == "one flag":
                row["terminated"] = row["terminated"] | row["truncated"]
            if self.fault == "narrow numbers":
                row = {
                    name: v.astype(np.float32).astype(v.dtype) if v.dtype.kind in "if" else v for name, v in row.items()
                }
            self.rows.append(row)
        del self.rows[: max(len(self.rows) - self.capacity - (self.fault == "one too many"), 0)]

    def take(self, indices):
        return {
            name: np.concatenate([self.rows[i][name] for i in indices]).astype(self.kind(spec.dtype))
            for name, spec in self.spec.columns.items()
        }

    def kind(self, dtype):
        """In which type a column is handed over."""
        other = {"bytes as floats": ("uint8", "float32"), "doubles as floats": ("float64", "float32")}.get(self.fault)
        return other[1] if other and dtype == other[0] else dtype

    def sample(self, batch, keys, **_):
        if not self.rows or batch < 1:
            raise ValueError("nothing to sample")
        batch = min(batch, len(self.rows)) if self.fault == "no more than it holds" else batch
        low = 1 if self.fault == "never the oldest" and len(self.rows) > 1 else 0
        high = len(self.rows) - (self.fault == "never the newest" and len(self.rows) > 1)
        indices = self.generator.integers(low, high, batch)
        if self.fault == "mixed columns":
            rows, other = self.take(indices), self.take(np.roll(indices, 1))
            return {**rows, "reward": other["reward"], "next.observation": other["next.observation"]}
        if self.fault == "prefers the first":
            indices = np.minimum(indices, self.generator.integers(low, high, batch))
        if self.fault == "one draw for the batch":
            indices = np.full(batch, indices[0])
        return self.take(indices)

    def feed(self, **fed):
        if fed:
            raise ValueError("nothing was asked for")

    def cut(self):
        """Every row is complete."""

    def contents(self):
        shown = self.take(range(len(self.rows)))
        if self.fault == "a column lacks its newest row":
            shown["reward"] = shown["reward"][:-1]
        return shown

    def state(self):
        rows = self.rows if self.fault == "a state that is no copy" else copy.deepcopy(self.rows)
        return {"rows": rows[-3:] if self.fault == "forgets rows" else rows}

    def load(self, state):
        if self.fault != "loads anything":
            refuse_saved(self.spec.columns, state["rows"], self.capacity)
        self.rows = (
            list(state["rows"]) if self.fault == "a state that is no copy" else copy.deepcopy(list(state["rows"]))
        )


class PriorityMemory(ListMemory):
    """Priorities beside the rows, and the cumulative sum of all of them at every sample."""

    def __init__(self, spec, capacity, alpha, epsilon, fault):
        super().__init__(spec, capacity, fault)
        self.alpha, self.epsilon, self.greatest = alpha, epsilon, 1.0
        self.ids, self.priority, self.sampled, self.count = [], [], [], 0

    def add(self, rows, environments):
        super().add(rows, environments)
        for _ in environments:
            self.ids.append(self.count)
            self.count += 1
            self.priority.append(1.0 if self.fault == "new rows are ordinary" else self.greatest)
        gone = len(self.ids) - len(self.rows)
        self.ids, self.priority = self.ids[gone:], self.priority[gone:]

    def powers(self):
        powers = np.array(self.priority) ** self.alpha
        return powers**self.alpha if self.fault == "alpha twice" else powers

    def sample(self, batch, keys, *, beta):
        if not self.rows or batch < 1:
            raise ValueError("nothing to sample")
        powers = self.powers()
        edges = np.cumsum(powers)
        strata = (np.arange(batch) + self.generator.random(batch)) / batch
        if self.fault == "one stratum":
            strata = self.generator.random(batch)
        if self.fault == "past the end":
            strata = strata * 1.0000001
        indices = np.minimum(np.searchsorted(edges, strata * edges[-1], side="right"), len(self.rows) - 1)
        if self.fault == "past the end" and (strata >= 1).any():
            raise IndexError("past the end")
        if self.fault == "the last of four among many" and len(powers) > 32 > batch:
            indices = np.minimum(indices // 4 * 4 + 3, len(powers) - 1)
        if self.fault == "never the newest":
            indices = np.minimum(indices, max(len(powers) - 2, 0))
        self.sampled = [self.ids[i] for i in indices]
        beta = max(beta, 0.25) if self.fault == "weights at all times" else beta
        weight = (len(powers) * powers / powers.sum()) ** -(-beta if self.fault == "weights upside down" else beta)
        scope = weight if self.fault == "weights of the memory" else weight[indices]
        scale = 1.0 if self.fault == "weights are not scaled" else scope.max()
        return {**self.take(indices), "weight": (weight[indices] / scale).astype(np.float32)}

    def feed(self, *, priority):
        good = priority.shape == (len(self.sampled),) and (priority >= 0).all() and np.isfinite(priority).all()
        if not good and self.fault != "takes any error":
            names = "" if self.fault == "a refusal that names nothing" else f": {priority.tolist()}"
            raise ValueError(f"errors that are none{names}")
        seen = {}
        for name, error in zip(self.sampled, priority.tolist(), strict=False):
            larger = name in seen and seen[name] > error and self.fault != "the last error counts"
            seen[name] = seen[name] if larger else error
        for name, error in seen.items():
            if name in self.ids or (self.fault == "errors reach new rows" and name + self.capacity in self.ids):
                place = self.ids.index(name if name in self.ids else name + self.capacity)
                self.priority[place] = error + self.epsilon
                self.greatest = max(self.greatest, self.priority[place])

    def state(self):
        kept = {"priority": self.priority, "greatest": self.greatest, "ids": self.ids, "sampled": self.sampled}
        if self.fault == "forgets priorities":
            del kept["priority"]
        return {**super().state(), **copy.deepcopy(kept), "count": self.count}

    def load(self, state):
        super().load(state)
        self.priority = list(state.get("priority", [1.0] * len(self.rows)))
        self.ids, self.sampled = list(state["ids"]), list(state["sampled"])
        self.greatest, self.count = state["greatest"], state["count"]


with unlisted():

    @block("uniform_replay")
    class ListReplay(Store):
        """Uniform replay over a list."""

        capacity: int = fields.integer(9)
        fault: str = fields.text("none")
        outputs = property(lambda self: ("age",) if self.fault == "announces what it does not write" else ())
        __hash__ = hashed

        def __attrs_post_init__(self):
            if self.capacity < 1 and self.fault != "room for none":
                raise ValueError("no room")

        def build(self, spec):
            return ListMemory(spec, self.capacity, self.fault)

        def most_rows(self):
            return self.capacity + (self.fault == "says that it holds one more")

        def in_order(self):
            return self.fault == "says that its rows come in order"

        def row_bytes(self, columns):
            return bytes_of(columns)

    @block("prioritized_replay")
    class CumulativeReplay(Store):
        """Prioritized replay by a cumulative sum, O(N) a sample."""

        inputs = {"beta": scheduled("beta"), "priority": read("error")}
        outputs = ("weight",)
        debts = property(lambda self: () if self.fault == "weights that nobody must read" else ("weight",))
        tags = {"replacement": "with", "weight_scope": "batch", "duplicates": "largest"}
        capacity: int = fields.integer(9, ge=1)
        alpha: float = fields.number(0.6)
        beta: Schedule = fields.schedule(Constant(0.5), ge=0.0, le=1.0)
        epsilon: float = fields.number(0.01, gt=0.0)
        fault: str = fields.text("none")

        def __attrs_post_init__(self):
            if not 0.0 <= self.alpha <= 1.0 and self.fault != "any exponent":
                raise ValueError("no such exponent")

        def build(self, spec):
            return PriorityMemory(spec, self.capacity, self.alpha, self.epsilon, self.fault)

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns) + 40


FAULTS = [
    (ListReplay(fault="never the newest"), "BUF-3"),
    (ListReplay(fault="never the oldest"), "BUF-4"),
    (ListReplay(fault="one too many"), "BUF-1"),
    (ListReplay(fault="mixed columns"), "BUF-2"),
    (ListReplay(fault="prefers the first"), "BUF-4"),
    (ListReplay(fault="one draw for the batch"), "BUF-4a"),
    (ListReplay(fault="no copies"), "BUF-6"),
    (ListReplay(fault="narrow numbers"), "BUF-1"),
    (ListReplay(fault="one flag"), "BUF-8"),
    (ListReplay(fault="its own generator"), "GEN-4"),
    (ListReplay(fault="forgets rows"), "GEN-5"),
    (ListReplay(fault="a state that is no copy"), "GEN-5a"),
    (ListReplay(fault="any shape"), "GEN-21"),
    (ListReplay(fault="hashed by its identity"), "GEN-17"),
    (ListReplay(fault="the first of many at once"), "BUF-5"),
    (ListReplay(fault="bytes as floats"), "BUF-7"),
    (ListReplay(fault="doubles as floats"), "BUF-7"),
    (ListReplay(fault="no more than it holds"), "BUF-14"),
    (ListReplay(fault="announces what it does not write"), "BUF-16"),
    (ListReplay(fault="says that it holds one more"), "BUF-17"),
    (ListReplay(fault="says that its rows come in order"), "BUF-18"),
    (ListReplay(fault="a column lacks its newest row"), "BUF-22"),
    (ListReplay(fault="room for none"), "BUF-24"),
    (ListReplay(fault="loads anything"), "GEN-21c"),
    (CumulativeReplay(fault="weights that nobody must read"), "BUF-16"),
    (CumulativeReplay(fault="a refusal that names nothing"), "GEN-21a"),
    (CumulativeReplay(fault="any exponent"), "PER-16"),
    (CumulativeReplay(fault="weights at all times"), "PER-6"),
    (CumulativeReplay(fault="alpha twice"), "PER-4"),
    (CumulativeReplay(fault="never the newest"), "PER-4"),
    (CumulativeReplay(fault="weights upside down"), "PER-5"),
    (CumulativeReplay(fault="weights are not scaled"), "PER-5"),
    (CumulativeReplay(fault="weights of the memory"), "PER-5"),
    (CumulativeReplay(fault="new rows are ordinary"), "PER-7"),
    (CumulativeReplay(fault="the last error counts"), "PER-10"),
    (CumulativeReplay(fault="errors reach new rows"), "PER-11"),
    (CumulativeReplay(fault="one stratum"), "PER-13"),
    (CumulativeReplay(fault="past the end"), "PER-3"),
    (CumulativeReplay(fault="the last of four among many"), "PER-4b"),
    (CumulativeReplay(fault="takes any error"), "GEN-21a"),
    (CumulativeReplay(fault="forgets priorities"), "GEN-5"),
]
CORRECT = [ListReplay(), CumulativeReplay()]

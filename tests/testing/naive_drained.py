"""Drained stores and their cadence written anew, over plain lists: correct ones, and the same with a fault.

A fault is the name of a place where the correct one does something else.
"""

import copy

import numpy as np

from rlblocks import block
from rlblocks._core import fields
from rlblocks.cadences import Cadence, Collect, Drain
from rlblocks.early_stops import EarlyStop, NoEarlyStop
from rlblocks.stores import Store, bytes_of
from rlblocks.testing import unlisted
from tests.testing.lists import refuse_misfits, refuse_saved, row_of


class ListLanes:
    """Rows as dicts, in a list for each environment, and the lanes that are complete."""

    def __init__(self, spec, block):
        self.spec, self.block, self.fault = spec, block, block.fault
        self.going = [[] for _ in range(spec.environments)]
        self.done = []
        self.taken = 0

    def ready(self):
        """The lanes of the next chunk, or none."""
        if self.fault == "in the order of names":
            return sorted(self.next_lanes(), key=lambda lane: -int(lane[0]["action"][0]) if lane else 0)
        return self.next_lanes()

    def __len__(self):
        return sum(map(len, self.ready()))

    def add(self, rows, environments):
        who = environments.tolist()
        refuse_misfits(self.spec.columns, rows, len(who))
        if self.fault != "two rows at once" and (len({*who}) < len(who) or not {*who} <= {*range(len(self.going))}):
            raise ValueError("one row of each environment")
        self.refuse(who)
        for i, e in enumerate(who):
            row = row_of(rows, i)
            if self.fault == "no copies":
                row = {name: value[i : i + 1] for name, value in rows.items()}
            if self.fault == "reset observations" and self.going[e % len(self.going)]:
                self.going[e % len(self.going)][-1]["next.observation"] = row["observation"]
            self.going[e % len(self.going)].append(row)
            if self.fault == "fat rows":
                row["ballast"] = np.zeros(1000)
        self.follow(rows, who)

    def drain(self, keys):
        lanes, fault = self.ready(), self.fault
        if not any(lanes) and fault != "half a chunk":
            raise ValueError("no chunk")
        if {*keys} - {*self.spec.columns, "weight"}:
            raise ValueError(f"no {keys}")
        wanted = [*self.spec.columns] if fault == "every column" else [key for key in keys if key != "weight"]
        chunk = self.padded(lanes or self.going, wanted)
        if fault != "never forgets":
            self.forget()
        return chunk

    def padded(self, lanes, keys):
        steps, count = self.block.chunk(self.spec.environments)
        rows = sum(map(len, lanes))
        made = {k: np.zeros((steps, count, *self.spec.columns[k].shape), self.spec.columns[k].dtype) for k in keys}
        weight = np.zeros((steps, count), np.float32)
        for i, lane in enumerate(lanes):
            gap = steps - len(lane) if self.fault == "padding first" else 0
            for t, row in enumerate(lane):
                for key in keys:
                    made[key][t + gap, i] = row[key][0]
                weight[t + gap, i] = 1.0 if self.fault == "no rescaling" else steps * count / max(rows, 1)
            self.close(made, lane, steps, i)
        if self.fault == "weighted padding":
            weight[:] = 1.0
        if self.fault == "batch first":
            made = {key: value.swapaxes(0, 1) for key, value in made.items()}
        if self.fault == "flags as floats":
            made = {key: value.astype(float) if value.dtype == bool else value for key, value in made.items()}
        return {**made, "weight": weight}

    def close(self, made, lane, steps, i):
        short = 0 < len(lane) < steps
        if "truncated" in made and self.fault != "no cut" and (short or (lane and self.fault == "always cuts")):
            made["truncated"][len(lane) - 1, i] |= not lane[-1]["terminated"][0]
        if self.fault == "dirty padding" and short and "reward" in made:
            made["reward"][len(lane) :, i] = 7.0

    def cut(self):
        if self.fault != "goes on after a cut":
            self.going, self.taken = [[] for _ in self.going], 0

    def contents(self):
        lanes = self.going if self.fault == "shows too early" else self.ready()
        count = self.block.chunk(self.spec.environments)[1]
        chunk = self.padded(lanes or [[]] * count, list(self.spec.columns))
        if self.fault == "looking forgets":
            self.forget()
        return {key: value[chunk["weight"] > 0] for key, value in chunk.items() if key != "weight"}

    def state(self):
        taken = 0 if self.fault == "forgets its steps" else self.taken
        lanes = self.going if self.fault == "states are views" else copy.deepcopy(self.going)
        return {"going": lanes, "done": copy.deepcopy(self.done), "taken": taken}

    def load(self, state):
        refuse_saved(self.spec.columns, [row for lane in (*state["going"], *state["done"]) for row in lane])
        self.refuse_more(state)
        state = copy.deepcopy(state)
        self.going, self.done, self.taken = state["going"], state["done"], state["taken"]


class ListRollout(ListLanes):
    """T steps of every environment."""

    def refuse_more(self, state):
        if state["taken"] > self.block.steps:
            raise ValueError("a longer rollout was saved")

    def next_lanes(self):
        late = self.fault == "a step late"
        return self.going if self.taken == self.block.steps + late else []

    def refuse(self, who):
        if self.taken == self.block.steps + (self.fault == "a step late") and self.fault != "writes over":
            raise ValueError("not drained")

    def follow(self, rows, who):
        if self.fault == "writes over" and self.taken == self.block.steps:
            self.going = [lane[1:] for lane in self.going]
            return
        self.taken += bool(who) or self.fault == "counts steps of nobody"
        if self.fault == "loses the last step" and 1 < self.block.steps == self.taken:
            self.going = [lane[:-1] if len(lane) == self.block.steps else lane for lane in self.going]

    def forget(self):
        self.going, self.taken = [[] for _ in self.going], 0


class ListEpisodes(ListLanes):
    """Whole episodes."""

    def refuse_more(self, state):
        if any(len(lane) > self.block.longest for lane in (*state["going"], *state["done"])):
            raise ValueError("longer episodes were saved")

    def next_lanes(self):
        return self.done[: self.block.count] if len(self.done) >= self.block.count else []

    def refuse(self, who):
        full = [e for e in who if len(self.going[e]) >= self.block.longest]
        if full and self.fault == "cuts long ones":
            self.done += [self.going[e] for e in full]
            self.going = [[] if e in full else lane for e, lane in enumerate(self.going)]
        elif full:
            raise ValueError(f"longer than {self.block.longest}")

    def follow(self, rows, who):
        for i, e in enumerate(who):
            over = rows["terminated"][i] or (rows["truncated"][i] and self.fault != "goes on after truncation")
            if over:
                self.done.append(self.going[e])
                self.going[e] = []
        if self.fault == "takes what goes on" and self.done and len(self.done) < self.block.count:
            longest = max(self.going, key=len)
            if longest:
                self.done.append(longest)
                self.going = [[] if lane is longest else lane for lane in self.going]

    def forget(self):
        self.done = [] if self.fault == "drops those that wait" else self.done[self.block.count :]


with unlisted():

    @block("rollout")
    class Rollout(Store):
        """T steps of every environment, over lists."""

        hands, outputs, debts = "drained", ("weight",), ("weight",)
        steps: int = fields.integer(3, ge=1)
        fault: str = fields.text("none")

        def build(self, spec):
            return ListRollout(spec, self)

        def chunk(self, environments):
            return self.steps, environments

        def least_rows(self, environments):
            return (self.steps + (self.fault == "announces a step too many")) * environments

        def row_bytes(self, columns):
            return bytes_of(columns)

    @block("lab/whole_episodes")
    class WholeEpisodes(Store):
        """Episodes, over lists."""

        hands, outputs, debts = "drained", ("weight",), ("weight",)
        tags = {"like": "whole_episodes"}
        count: int = fields.integer(2, ge=1)
        longest: int = fields.integer(20, ge=1)
        fault: str = fields.text("none")

        def build(self, spec):
            return ListEpisodes(spec, self)

        def chunk(self, environments):
            return self.longest, self.count

        def least_rows(self, environments):
            return self.count

        def misfit(self, facts):
            limit = facts.max_episode_steps
            fits = self.fault == "serves endless episodes" if limit is None else limit <= self.longest
            return "" if fits else "needs an end; limit the steps"

        def row_bytes(self, columns):
            return bytes_of(columns)

    @block("rollout_epochs")
    class Epochs(Cadence):
        """Collects and drains by a counter of its own."""

        demands = "drained"
        epochs: int = fields.integer(2, ge=1)
        minibatches: int = fields.integer(2, ge=1)
        early_stop: EarlyStop = fields.slot("early_stops", NoEarlyStop)
        fault: str = fields.text("none")

        def program(self, progress, environments):
            turn, fault = 0, self.fault
            drain = Drain(1 if fault == "one epoch" else self.epochs, self.minibatches, self.early_stop)
            while True:
                spent = progress.env_steps >= progress.budget
                if fault == "drains by itself" and turn and turn % 5 == 0:
                    turn, progress = 0, (yield drain)
                elif progress.rows and not (spent and fault == "leaves the last chunk"):
                    again = fault == "makes up for early stops" and progress.updates % (self.epochs * self.minibatches)
                    progress = yield Drain(2 * self.epochs, self.minibatches, self.early_stop) if again else drain
                elif spent:
                    return
                else:
                    many = 3 if fault == "collects too far" else 1
                    turn, progress = turn + 1, (yield Collect(many * environments))
                    if fault == "skips after a resume" and turn == 2 and not progress.rows:
                        progress = yield Collect(environments)

        def needs(self):
            return 0

        def updates_planned(self, budget, chunk=(0, 0)):
            parts = 1 if self.fault == "counts epochs alone" else self.minibatches
            return budget // (chunk[0] * chunk[1] or 1000) * self.epochs * parts

        def misfit(self, chunk):
            if chunk[0] * chunk[1] % self.minibatches == 0 or self.fault == "takes every chunk":
                return ""
            return f"leaves a rest of {chunk} in {self.minibatches} parts; use minibatches=1"


CORRECT = [Rollout(), WholeEpisodes(), Epochs()]
FAULTS = [
    *((Rollout(fault=fault), law) for fault, law in (
        ("a step late", "DRN-1"), ("in the order of names", "DRN-1"), ("loses the last step", "DRN-2"),
        ("never forgets", "DRN-3"), ("no rescaling", "DRN-4"), ("weighted padding", "DRN-5"),
        ("padding first", "DRN-4a"), ("dirty padding", "DRN-4a"), ("no cut", "DRN-1"), ("always cuts", "DRN-5"),
        ("reset observations", "DRN-5"), ("no copies", "DRN-6"), ("batch first", "DRN-7"), ("every column", "DRN-7"),
        ("flags as floats", "DRN-7"), ("shows too early", "DRN-8"), ("looking forgets", "DRN-8"),
        ("half a chunk", "DRN-9"), ("counts steps of nobody", "DRN-10"), ("forgets its steps", "DRN-11"),
        ("two rows at once", "DRN-12"), ("fat rows", "DRN-13"), ("writes over", "DRN-14"),
        ("batch first", "DRN-20"), ("states are views", "GEN-5a"), ("announces a step too many", "DRN-18"),
        ("goes on after a cut", "DRN-17"),
    )),
    *((WholeEpisodes(fault=fault), law) for fault, law in (
        ("in the order of names", "DRN-1"), ("drops those that wait", "DRN-2"), ("takes what goes on", "DRN-15"),
        ("goes on after truncation", "DRN-15"), ("cuts long ones", "DRN-16"),
        ("goes on after a cut", "DRN-17"), ("serves endless episodes", "DRN-19"),
    )),
    *((Epochs(fault=fault), law) for fault, law in (
        ("drains by itself", "CAD-2"), ("leaves the last chunk", "CAD-10"), ("collects too far", "CAD-10"),
        ("counts epochs alone", "CAD-11"), ("makes up for early stops", "CAD-12"), ("takes every chunk", "CAD-13"),
        ("one epoch", "CAD-14"),
    )),
]  # fmt: skip

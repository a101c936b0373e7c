"""Hindsight by loops over lists: a correct store that works in another way, and the same with a fault.

A fault is the name of a place where the correct store does something else.
"""

import numpy as np

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.errors import RunError
from rlblocks.stores import Store, bytes_of
from rlblocks.testing import unlisted
from tests.testing.lists import EpisodesAround, require_columns
from tests.testing.naive_stores import ListMemory


class RelabellingMemory(EpisodesAround):
    """Every environment's episode as a list of rows; copies are made when it is over, one by one."""

    def __init__(self, inner, goals, spec, fault):
        super().__init__(inner, fault, spec.environments)
        self.goals, self.spec = goals, spec
        self.before = None  # a goal of an earlier episode, of whichever environment

    def add(self, rows, environments):
        if self.fault != "loses its own rows":
            self.inner.add(rows, environments)
        for i, environment in enumerate(environments.tolist()):
            e = 0 if self.fault == "one episode for all" else environment
            row = {name: value[i].copy() for name, value in rows.items()}
            self.episodes[e].append(row)
            over = bool(row["terminated"] or row["truncated"])
            if self.fault == "forgets truncated episodes" and not row["terminated"] and over:
                self.episodes[e].clear()
            if over:
                self.finish(self.episodes[e], e)
                if self.fault != "crosses episodes":
                    self.episodes[e].clear()
            elif self.fault == "copies too early":
                self.finish(self.episodes[e][-1:], e)

    def finish(self, episode, e):
        same = int(self.spec.generator.integers(len(episode))) if episode else 0
        chosen = 0
        for t, row in enumerate(episode):
            self.pay(row)
            for k in range(self.goals):
                j = t + int(self.spec.generator.integers(len(episode) - t))
                if self.fault == "from the past":
                    j = int(self.spec.generator.integers(len(episode)))
                if self.fault == "the same for all":
                    j = max(t, same)
                if self.fault == "the same for a step" and k:
                    j = chosen
                if self.fault == "always the last":
                    j = len(episode) - 1
                chosen, goal = j, episode[j]["next.achieved_goal"].copy()
                if self.fault == "of another episode" and self.before is not None:
                    goal = self.before
                made = self.relabelled(row, goal)
                self.inner.add({name: value[None] for name, value in made.items()}, np.array([e]))
        self.before = episode[0]["next.achieved_goal"].copy() if episode else self.before

    def pay(self, row):
        """Refuse what is paid by another rule."""
        due = self.spec.judge(row["next.achieved_goal"][None], row["desired_goal"][None])[0][0]
        if due != row["reward"] and self.fault != "pays by any rule":
            raise RunError(f"{row['reward']} was paid, and {due} is due", fix="pay what the goals say")

    def relabelled(self, row, goal):
        made = {name: value.copy() for name, value in row.items()}
        seen = {"the observation's goal": "next.observation", "the next observation's goal": "observation"}
        for name in ("observation", "next.observation"):
            if seen.get(self.fault, name) == name:
                made[name][-1:] = goal
        if self.fault == "the whole observation":
            made["observation"][:] = goal
        reward, ends = (part[0] for part in self.spec.judge(row["next.achieved_goal"][None], goal[None]))
        made["desired_goal"] = goal
        made["reward"] = row["reward"] if self.fault == "the old reward" else reward
        if self.fault == "a reward in float32":
            made["reward"] = np.float64(np.float32(reward) + np.float32(1e-7))
        ended = ends if self.fault == "ends by the goal alone" else ends | row["terminated"]
        made["terminated"] = row["terminated"] if self.fault == "ends as the step" else np.asarray(ended)
        made["discount"] = np.where(made["terminated"], 0.0, row["discount"])
        if self.fault == "the old discount":
            made["discount"] = row["discount"]
        if self.fault == "loses truncations":
            made["truncated"] = np.asarray(False)
        if self.fault == "another achieved goal":
            made["next.achieved_goal"] = goal
        if self.fault == "forgets what else was written":
            made["log_prob"] = np.zeros_like(row["log_prob"])
        return {name: np.asarray(value) for name, value in made.items()}


def refuse_goals(columns):
    """Refuse what does not end in a goal."""
    goals, seen = ("next.achieved_goal", "desired_goal"), ("observation", "next.observation")
    require_columns(columns, *goals, *seen, "reward", "discount", "terminated", "truncated")
    (length,) = columns["desired_goal"].shape
    if columns["next.achieved_goal"].shape != (length,):
        raise ValueError("goals of two lengths")
    for name in seen:
        (whole,) = columns[name].shape
        if whole < length:
            raise ValueError(f"{name} is shorter than a goal")


with unlisted():

    @block("hindsight")
    class LoopedHindsight(Store):
        """Hindsight over lists."""

        tags = {"keeps": "relabelled copies too", "takes": "single steps"}
        capacity: int = fields.integer(9, ge=1)
        goals: int = fields.integer(3, ge=1)
        fault: str = fields.text("none")

        def build(self, spec):
            if self.fault != "goals of any form":
                refuse_goals(spec.columns)
            generator = np.random.default_rng() if self.fault == "its own generator" else spec.generator
            inner = ListMemory(spec, self.capacity)
            spec = type(spec)(spec.columns, spec.environments, generator, spec.judge)
            return RelabellingMemory(inner, self.goals, spec, self.fault)

        def misfit(self, facts):
            none = facts.goals is None and self.fault != "serves what has no goals"
            return "needs goals; use Goal()" if none else ""

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns)


FAULTS = [
    (LoopedHindsight(fault="loses its own rows"), "HER-1"),
    (LoopedHindsight(fault="forgets truncated episodes"), "HER-2"),
    (LoopedHindsight(fault="copies too early"), "HER-2"),
    (LoopedHindsight(fault="one episode for all"), "HER-2"),
    (LoopedHindsight(fault="one episode for all"), "HER-3"),
    (LoopedHindsight(fault="crosses episodes"), "HER-2"),
    (LoopedHindsight(fault="from the past"), "HER-3"),
    (LoopedHindsight(fault="of another episode"), "HER-3"),
    (LoopedHindsight(fault="the old reward"), "HER-4"),
    (LoopedHindsight(fault="a reward in float32"), "HER-4"),
    (LoopedHindsight(fault="the observation's goal"), "HER-5"),
    (LoopedHindsight(fault="the whole observation"), "HER-5"),
    (LoopedHindsight(fault="the next observation's goal"), "HER-6"),
    (LoopedHindsight(fault="ends as the step"), "HER-7"),
    (LoopedHindsight(fault="ends by the goal alone"), "HER-7"),
    (LoopedHindsight(fault="the old discount"), "HER-7"),
    (LoopedHindsight(fault="loses truncations"), "HER-7"),
    (LoopedHindsight(fault="another achieved goal"), "HER-8"),
    (LoopedHindsight(fault="forgets what else was written"), "HER-8"),
    (LoopedHindsight(fault="the same for all"), "HER-9"),
    (LoopedHindsight(fault="the same for a step"), "HER-9"),
    (LoopedHindsight(fault="always the last"), "HER-9"),
    (LoopedHindsight(fault="goes on after a cut"), "HER-10"),
    (LoopedHindsight(fault="pays by any rule"), "HER-11"),
    (LoopedHindsight(fault="goals of any form"), "HER-12"),
    (LoopedHindsight(fault="serves what has no goals"), "BUF-21"),
    (LoopedHindsight(fault="its own generator"), "GEN-4"),
    (LoopedHindsight(fault="forgets what waits"), "GEN-5"),
]
CORRECT = [LoopedHindsight(), LoopedHindsight(goals=1)]

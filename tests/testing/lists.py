"""What the stores over plain lists have in common."""

import copy

import numpy as np


def refuse_misfits(columns, rows, count):
    """Refuse rows that are not as the columns say, before anything is kept."""
    if rows.keys() != columns.keys():
        raise ValueError("other columns")
    for name, spec in columns.items():
        kind = np.can_cast(rows[name].dtype, spec.dtype, "same_kind")
        if rows[name].shape != (count, *spec.shape) or not kind:
            raise ValueError(f"{name} does not fit")


def row_of(rows, i):
    """A copy of one row, of which every column still has its batch dim."""
    return {name: value[i : i + 1].copy() for name, value in rows.items()}


class Around:
    """A memory that works on rows before another one, `inner`, gets them."""

    def __init__(self, inner, fault):
        self.inner, self.fault = inner, fault

    def __len__(self):
        return len(self.inner)

    def sample(self, batch, keys, **numbers):
        return self.inner.sample(batch, keys, **numbers)

    def feed(self, **fed):
        self.inner.feed(**fed)

    def contents(self):
        return self.inner.contents()


class EpisodesAround(Around):
    """One that holds back rows of the episodes under way, in a list for each environment."""

    def __init__(self, inner, fault, environments):
        super().__init__(inner, fault)
        self.episodes = [[] for _ in range(environments)]

    def cut(self):
        if self.fault != "goes on after a cut":
            self.episodes = [[] for _ in self.episodes]

    def state(self):
        waiting = [] if self.fault == "forgets what waits" else copy.deepcopy(self.episodes)
        return {"inner": self.inner.state(), "episodes": waiting}

    def load(self, state):
        self.inner.load(state["inner"])
        kept = [list(rows) for rows in copy.deepcopy(state["episodes"])]
        self.episodes = kept or [[] for _ in self.episodes]

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


def refuse_saved(columns, rows, most=float("inf")):
    """Refuse saved rows, `[1, ...]` by column, that are not of these columns, or that are too many."""
    for row in rows:
        if row.keys() != columns.keys():
            raise ValueError("saved of other columns")
        for name, spec in columns.items():
            if row[name].shape[1:] != spec.shape or not np.can_cast(row[name].dtype, spec.dtype, "same_kind"):
                raise ValueError(f"saved with another {name}")
    if len(rows) > most:
        raise ValueError(f"more than {most} rows were saved")


def require_columns(columns, *names):
    """Refuse to do without some columns."""
    for name in names:
        if name not in columns:
            raise ValueError(f"nothing writes {name}")


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
        self.inner.cut()
        if self.fault != "goes on after a cut":
            self.episodes = [[] for _ in self.episodes]

    def state(self):
        waiting = [] if self.fault == "forgets what waits" else copy.deepcopy(self.episodes)
        return {"inner": self.inner.state(), "episodes": waiting}

    def load(self, state):
        self.inner.load(state["inner"])
        kept = [list(rows) for rows in copy.deepcopy(state["episodes"])]
        self.episodes = kept or [[] for _ in self.episodes]

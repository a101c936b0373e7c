"""What is asked of rows on their way through a run: those that are collected, and those that learning is handed.

Each law is the cheap form of one that `rlblocks check` asks, under its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.keys import Spec
from rlblocks._core.plan import Plan

Columns = Mapping[str, NDArray[Any]]
MOST = 200_000  # rows whose digests are kept; beyond, what is handed over is not looked up any more

COLLECTED = {
    "COL-1": "the next observation of a row is the observation of the row after it, within an episode",
    "NST-2": "a discount is γ where the row is not terminated, and 0 where it is",
    "BUF-7": "columns have the type and the shape that is declared",
    "EXP-1": "every action is in the space",
    "GEN-15": "observations and rewards are finite",
}
HANDED = {
    "BUF-7": "columns have the type and the shape that is declared",
    "BUF-2": "the columns of a row that is handed over belong to one row that was written",
    "NST-2": "a discount is in [0, 1], and 0 where the row is terminated",
    "PER-5": "weights are above 0 and at most 1; where rows are padding, their weight is 0 and the mean is 1",
}
Said = tuple[str, str]  # the id of a law, and what was found


def shapes(columns: Columns, specs: Mapping[str, Spec], lead: int) -> Iterator[Said]:
    """BUF-7, of shapes."""
    for key in [key for key in specs if key in columns]:
        found, due = columns[key].shape[lead:], specs[key].shape
        if found != due:
            yield "BUF-7", f"{key} has the shape {list(found)} in each row, but must have {list(due)}"


def _unlike(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.shape != b.shape or not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@attrs.define
class Collected:
    """What is asked of rows as they are written, in the order of time.

    Attributes:
        plan: of the run.
        last: the last row of each environment, while its episode goes on.
    """

    plan: Plan
    last: dict[int, Columns] = attrs.Factory(dict)

    def broken(self, rows: Columns, environments: NDArray[np.int64]) -> Iterator[Said]:
        """The laws that one write breaks."""
        yield from shapes(rows, self.plan.columns, 1)
        yield from self._numbers(rows)
        over = rows["terminated"] | rows["truncated"]
        for i, environment in enumerate(environments.tolist()):
            row = {key: column[i].copy() for key, column in rows.items() if key.rpartition(".")[2] in self._linked}
            before = self.last.pop(environment, None)
            if before is not None:
                for key in self._linked:
                    if f"next.{key}" in before and _unlike(before[f"next.{key}"], row[key]):
                        yield "COL-1", f"environment {environment}: {key} is not the row before's next.{key}"
            if not over[i]:
                self.last[environment] = row

    @property
    def _linked(self) -> tuple[str, ...]:
        """The columns that stand in the row after as well."""
        return tuple(key for key in ("observation", "hidden") if f"next.{key}" in self.plan.columns)

    def _numbers(self, rows: Columns) -> Iterator[Said]:
        due = np.where(rows["terminated"], 0.0, self.plan.recipe.gamma).astype(rows["discount"].dtype)
        if _unlike(rows["discount"], due):
            yield "NST-2", f"discount is {rows['discount'].tolist()}, but must be {due.tolist()}"
        for key in ("observation", "next.observation", "reward"):
            if rows[key].dtype.kind == "f" and not np.isfinite(rows[key]).all():
                yield "GEN-15", f"{key} is not finite"
        action, spec = rows["action"], self.plan.columns["action"]
        if spec.n and not ((action >= 0) & (action < np.asarray(spec.n))).all():
            yield "EXP-1", f"the actions {action.tolist()} are not all in [0, {spec.n})"
        if not spec.n and not np.isfinite(action).all():
            yield "EXP-1", f"the actions {action.tolist()} are not all finite"

    def forget(self) -> None:
        """The next rows follow no row that is known."""
        self.last.clear()


@attrs.define
class Handed:
    """What is asked of rows that a store hands over.

    Attributes:
        plan: of the run.
        keys: the columns of the first row of each that is handed over, of those that learning asks for.
        known: digests of these columns, of every row written so far.
        whole: whether `known` holds all of them.
    """

    plan: Plan
    keys: tuple[str, ...]
    known: set[int] = attrs.Factory(set)
    whole: bool = True

    def remember(self, rows: Columns) -> None:
        """Take note of rows that are written."""
        if self.whole and self.keys:
            self.known.update(self._digests(rows))
            self.whole = len(self.known) <= MOST
            if not self.whole:
                self.known.clear()

    def _digests(self, rows: Columns) -> list[int]:
        as_stored = [np.asarray(rows[key], self.plan.columns[key].dtype) for key in self.keys]
        return [hash(tuple(part.tobytes() for part in row)) for row in zip(*as_stored, strict=True)]

    def asked(self, columns: Columns) -> dict[str, str]:
        """The laws that can be asked of a chunk, in words: those whose columns are there."""
        can = {"BUF-2": self._knows, "NST-2": "discount" in columns, "PER-5": self._weighted(columns)}
        return {law: title for law, title in HANDED.items() if can.get(law, True)}

    @property
    def _knows(self) -> bool:
        return bool(self.whole and self.keys and self.known)

    def _weighted(self, columns: Columns) -> bool:
        return "weight" in columns and "weight" in self.plan.recipe.store.outputs

    def broken(self, columns: Columns, *, drained: bool) -> Iterator[Said]:
        """The laws that a chunk breaks."""
        written = {key: spec for key, spec in self.plan.columns.items() if key in columns}
        yield from shapes(columns, written, 2 if drained else 1)
        for key, spec in written.items():
            if columns[key].dtype != np.dtype(spec.dtype):
                yield "BUF-7", f"{key} is {columns[key].dtype}, but must be {spec.dtype}"
        flat = {key: column.reshape(-1, *column.shape[2:]) for key, column in columns.items()} if drained else columns
        real = flat["weight"] != 0 if drained and "weight" in flat else np.ones(len(next(iter(flat.values()))), bool)
        rows = {key: column[real] for key, column in flat.items()}
        if self._weighted(flat):
            yield from _weights(flat["weight"], drained=drained)
        if "discount" in rows and not ((rows["discount"] >= 0) & (rows["discount"] <= 1)).all():
            yield "NST-2", "a discount is not in [0, 1]"
        if {"discount", "terminated"} <= set(rows) and (rows["discount"][rows["terminated"]] != 0).any():
            yield "NST-2", "a terminated row has a discount that is not 0"
        if self._knows and not self.known.issuperset(self._digests(rows)):
            yield "BUF-2", f"there is no row that was written with this {', '.join(self.keys)}"


def _weights(weight: NDArray[Any], *, drained: bool) -> Iterator[Said]:
    if not drained and not ((weight > 0) & (weight <= 1)).all():
        yield "PER-5", f"weights lie between {weight.min()} and {weight.max()}"
    if drained and not ((weight >= 0).all() and np.isclose(weight.mean(), 1, atol=1e-4)):
        yield "PER-5", f"weights have the mean {weight.mean()}, and the least of them is {weight.min()}"


def first_columns(plan: Plan, asked: list[str]) -> tuple[str, ...]:
    """The columns that a store may not change, of those that learning asks for: of the first of the rows it joins."""
    relabelled = {"observation", "next.observation"} if plan.facts.goals is not None else set()
    keys = [key for key in asked if key in plan.columns and not key.startswith("next.")]
    return tuple(k for k in keys if k not in {"reward", "discount", "terminated", "truncated", *relabelled})

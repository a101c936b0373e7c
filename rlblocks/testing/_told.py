"""A store that remembers what it was told: what stands inside of a wrapper under test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.declare import read, scheduled
from rlblocks._core.keys import Spec
from rlblocks.schedules import Constant, Schedule
from rlblocks.stores.base import Rows, Store, StoreSpec, bytes_of


class ToldMemory:
    """Rows in a list, and every call beside them.

    Attributes:
        spec: what it was built for.
        added: rows and environments of each `add`.
        asked: how many rows were asked for, the columns, and the numbers, of each `sample`.
        fed: what was fed, of each `feed`.
        cuts: how often it was cut.
    """

    def __init__(self, spec: StoreSpec) -> None:
        self.spec = spec
        self.added: list[tuple[Rows, NDArray[np.int64]]] = []
        self.asked: list[tuple[int, tuple[str, ...], dict[str, float]]] = []
        self.fed: list[dict[str, NDArray[Any]]] = []
        self.cuts = 0

    def __len__(self) -> int:
        return sum(len(environments) for _, environments in self.added)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Remember the rows as they are."""
        self.added.append(({name: np.array(column) for name, column in rows.items()}, np.array(environments)))

    def sample(self, batch: int, keys: Sequence[str], **numbers: float) -> dict[str, NDArray[Any]]:
        """The newest rows."""
        self.asked.append((batch, tuple(keys), numbers))
        shown = self.contents()
        return {**{key: shown[key][-batch:] for key in keys if key in shown}, "weight": np.ones(batch, np.float32)}

    def feed(self, **fed: NDArray[Any]) -> None:
        """Remember it."""
        self.fed.append(fed)

    def cut(self) -> None:
        """Count it."""
        self.cuts += 1

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every row."""
        return {
            name: np.concatenate([np.empty((0, *c.shape), c.dtype), *(rows[name] for rows, _ in self.added)])
            for name, c in self.spec.columns.items()
        }

    def state(self) -> dict[str, Any]:
        """How many rows there are."""
        return {"rows": len(self)}

    def load(self, state: dict[str, Any]) -> None:
        """Nothing: no law asks it."""


@attrs.frozen
class Told(Store):
    """Remembers what it is told. It writes a weight, and asks for an error and a number.

    Attributes:
        beta: the number.
        made: every memory that it built.
    """

    inputs = {"beta": scheduled("beta"), "priority": read("error")}
    outputs = ("weight",)
    debts = ("weight",)

    beta: Schedule = attrs.field(factory=lambda: Constant(0.25))
    made: list[ToldMemory] = attrs.field(factory=list, eq=False, repr=False)

    def build(self, spec: StoreSpec) -> ToldMemory:
        """See `Store.build`."""
        self.made.append(ToldMemory(spec))
        return self.made[-1]

    def most_rows(self) -> int:
        """See `Store.most_rows`."""
        return 1_000

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """See `Store.row_bytes`."""
        return bytes_of(columns) + 1

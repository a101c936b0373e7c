"""Rows in preallocated columns, of which the newest overwrites the oldest: what most memories are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlblocks._core.errors import CheckpointError, RunError, did_you_mean
from rlblocks.stores._room import available_bytes, no_room, require_room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rlblocks._core.keys import Spec
    from rlblocks.stores.base import Rows, Tree

Slots = NDArray[np.int64]
Signature = tuple[tuple[int, ...], Any]
_NOTHING: Signature = ((), None)


class Gate:
    """Lets through exactly the rows that a store was built for, before any of them is written.

    It runs at every step, so that the shapes and dtypes that were accepted last are recognised and not checked again.
    """

    def __init__(self, owner: str, columns: Mapping[str, Spec]) -> None:
        self._owner = owner
        self._expected = {name: (spec.shape, np.dtype(spec.dtype)) for name, spec in columns.items()}
        self._count = -1
        self._accepted = dict.fromkeys(columns, _NOTHING)

    def check(self, rows: Rows, count: int) -> None:
        """Check `count` rows.

        Raises:
            RunError: a column is missing, unknown, of another shape, or of a kind of number that would lose something.
        """
        if count != self._count:
            self._count, self._accepted = count, dict.fromkeys(self._expected, _NOTHING)
        if rows.keys() != self._expected.keys():
            missing, extra = sorted(self._expected.keys() - rows.keys()), sorted(rows.keys() - self._expected.keys())
            raise RunError(
                f"{self._owner} was given rows without {missing} and with {extra}, which it was not built for",
                fix=f"write exactly the columns {', '.join(self._expected)}", missing=missing, extra=extra,
            )  # fmt: skip
        accepted = self._accepted
        for name, (shape, dtype) in accepted.items():
            value = rows[name]
            if value.dtype is not dtype or value.shape != shape:
                accepted[name] = self._signature(name, value, count)

    def _signature(self, name: str, value: NDArray[Any], count: int) -> Signature:
        shape, dtype = self._expected[name]
        if value.shape != (count, *shape) or not np.can_cast(value.dtype, dtype, "same_kind"):
            raise RunError(
                f"{self._owner} was given {name!r} as {value.dtype}{list(value.shape)}, "
                f"but {count} rows of this column are {dtype}{[count, *shape]}",
                fix="write one entry for each environment, of the declared shape and kind of number",
                column=name, shape=value.shape, expected=(count, *shape),
            )  # fmt: skip
        return value.shape, value.dtype


def require_saved(owner: str, saved: Rows, expected: Mapping[str, tuple[tuple[int, ...], str]]) -> None:
    """Refuse saved columns of other names, shapes or dtypes than the expected ones.

    Raises:
        CheckpointError: names the columns that differ.
    """
    found = {name: (tuple(value.shape), str(value.dtype)) for name, value in saved.items()}
    if found != expected:
        wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        raise CheckpointError(
            f"the saved columns {wrong} are {[found.get(name) for name in wrong]}, but {owner} holds "
            f"{[expected.get(name) for name in wrong]}",
            fix="resume with the recipe that the run was started with", wrong=wrong,
        )  # fmt: skip


def require_alike(owner: str, saved: Rows, columns: Rows) -> None:
    """Refuse saved columns that do not fit into these.

    Raises:
        CheckpointError: they have other names, shapes or dtypes.
    """
    require_saved(owner, saved, {name: (column.shape, str(column.dtype)) for name, column in columns.items()})


class Ring:
    """The last `capacity` rows. Row number r, counted from the first ever written, lies in slot r mod capacity.

    Attributes:
        capacity: how many rows are held at most.
        written: how many rows were ever written.
        columns: `[capacity, ...]` by name; only slots below `len(self)` have a meaning.
    """

    def __init__(self, owner: str, columns: Mapping[str, Spec], capacity: int, row_bytes: int) -> None:
        require_room(owner, capacity, row_bytes)
        self.owner = owner
        self.capacity = capacity
        self.written = 0
        try:
            self.columns = {name: np.empty((capacity, *spec.shape), spec.dtype) for name, spec in columns.items()}
        except MemoryError:
            raise no_room(owner, capacity, row_bytes, available_bytes()) from None
        self._gate = Gate(owner, columns)

    def __len__(self) -> int:
        return min(self.written, self.capacity)

    def add(self, rows: Rows, count: int) -> None:
        """Write `count` rows. Where `count` exceeds the capacity, the last ones stay.

        Raises:
            RunError: the rows are not those that the ring was built for. Nothing was written.
        """
        self._gate.check(rows, count)
        start = self.written % self.capacity
        self.written += count
        if start + count <= self.capacity:
            place = slice(start, start + count)
            for name, column in self.columns.items():
                column[place] = rows[name]
            return
        kept = min(count, self.capacity)
        slots = self.newest(kept)
        for name, column in self.columns.items():
            column[slots] = rows[name][count - kept :]

    def check(self, rows: Rows, count: int) -> None:
        """Refuse rows that `add` would refuse; it writes nothing."""
        self._gate.check(rows, count)

    def require(self, batch: int, keys: Sequence[str]) -> None:
        """Refuse to sample nothing, from nothing, or columns that there are not.

        Raises:
            RunError: the ring is empty, `batch` is below 1, or a key is no column. Nothing was drawn.
        """
        if batch < 1 or not self.written:
            raise RunError(
                f"{self.owner} was asked for {batch} rows and holds {len(self)}",
                fix="ask for at least one row, after a warm-up of at least one step", batch=batch, held=len(self),
            )  # fmt: skip
        for key in keys:
            if key not in self.columns:
                raise RunError(f"{self.owner} has no column {key!r}", fix=did_you_mean(key, self.columns), key=key)

    def refuse(self, fed: Rows) -> None:
        """Refuse to be fed.

        Raises:
            RunError: something was fed to a store that asks for nothing.
        """
        if fed:
            raise RunError(f"{self.owner} asks for nothing, but was fed {sorted(fed)}", fix="do not feed it", fed=fed)

    def take(self, slots: Slots, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
        """The rows in these slots, as fresh arrays by column."""
        # Mode "clip" skips a check of every index; the slots are right by construction.
        return {key: self.columns[key].take(slots, axis=0, mode="clip") for key in keys}

    def newest(self, count: int) -> Slots:
        """The slots of the last `count` rows, oldest first."""
        return np.arange(self.written - count, self.written) % self.capacity

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every row held, oldest first."""
        return self.take(self.newest(len(self)), tuple(self.columns))

    def state(self) -> Tree:
        """The filled part, slot by slot, and how many rows were written."""
        held = len(self)
        return {"written": self.written, "columns": {name: c[:held].copy() for name, c in self.columns.items()}}

    def load(self, state: Tree) -> None:
        """Become what `state()` described.

        Raises:
            CheckpointError: it describes other columns or another capacity. Nothing was changed.
        """
        written, saved = int(state["written"]), state["columns"]
        held = min(written, self.capacity)
        expected = {name: ((held, *column.shape[1:]), str(column.dtype)) for name, column in self.columns.items()}
        require_saved(f"{self.owner} of capacity {self.capacity:,}", saved, expected)
        for name, column in self.columns.items():
            column[:held] = saved[name]
        self.written = written

"""Rows of several environments side by side, each at its own place in time: what drained memories are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlblocks._core.errors import BuildError, CheckpointError, RunError
from rlblocks.stores._chunk import absent
from rlblocks.stores._ring import Gate, require_saved
from rlblocks.stores._room import available_bytes, no_room, require_room

if TYPE_CHECKING:
    from rlblocks.stores.base import Rows, StoreSpec, Tree

FLAGS = ("terminated", "truncated")
UNEVEN = -1


class Lanes:
    """A lane of rows for each environment. Row t of environment e lies in slot t·E + e.

    Attributes:
        owner: the name of the store, for messages.
        environments: how many lanes there are, E.
        most: the most rows of a lane; room is made for more of them as it is needed.
        lengths: `[E]`, how many rows each lane holds.
        depth: how many the longest one holds.
        columns: the slots, by column; only those that hold a row have a meaning.
    """

    def __init__(self, owner: str, spec: StoreSpec, room: int, most: int, row_bytes: int) -> None:
        missing = [name for name in FLAGS if name not in spec.columns]
        if missing:
            raise BuildError(
                f"{owner} keeps episodes apart by {' and '.join(FLAGS)}, but nothing writes {', '.join(missing)}",
                fix="write these columns", missing=missing,
            )  # fmt: skip
        self.owner, self.environments, self.most = owner, spec.environments, most
        self.lengths: NDArray[np.int64] = np.zeros(spec.environments, np.int64)
        self.depth = 0
        self._level = 0  # the length of every lane, or UNEVEN: even lanes are written four times as fast
        self._everyone = np.arange(spec.environments, dtype=np.int64).tobytes()
        self._row_bytes, self._gate = row_bytes, Gate(owner, spec.columns)
        self._specs = {name: (column.shape, np.dtype(column.dtype)) for name, column in spec.columns.items()}
        self.columns: dict[str, NDArray[Any]] = {}
        self._room = 0
        self._make_room(room)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Write one row at the end of each named lane.

        Raises:
            RunError: the rows are not those that the lanes were built for, or two of them are of one environment.
                Nothing was written.
        """
        count = len(environments)
        self._gate.check(rows, count)
        together = self._level != UNEVEN and environments.tobytes() == self._everyone
        if not together:
            self._check(environments)
        if self.depth == self._room:
            self._make_room(min(2 * self._room, self.most))
        if together:
            place = slice(self._level * count, (self._level + 1) * count)
            for name, column in self.columns.items():
                column[place] = rows[name]
            self.lengths += 1
            self._level = self.depth = self._level + 1
        elif count:
            slots = self.lengths[environments] * self.environments + environments
            for name, column in self.columns.items():
                column[slots] = rows[name]
            self.lengths[environments] += 1
            self._settle()

    def _check(self, environments: NDArray[np.int64]) -> None:
        who = environments.tolist()
        if len(set(who)) < len(who) or not all(0 <= one < self.environments for one in who):
            raise RunError(
                f"{self.owner} was given rows of the environments {who}, but takes one row of each of "
                f"{self.environments}, which count from 0",
                fix="call add once for every step", environments=who,
            )  # fmt: skip

    def _settle(self) -> None:
        self.depth = int(self.lengths.max())
        self._level = self.depth if bool((self.lengths == self.depth).all()) else UNEVEN

    def _make_room(self, room: int) -> None:
        """Let every lane hold so many rows; those that are held stay where they are."""
        require_room(self.owner, room * self.environments, self._row_bytes)
        filled = self.depth * self.environments
        try:
            for name, (shape, dtype) in self._specs.items():
                column = np.empty((room * self.environments, *shape), dtype)
                if filled:
                    column[:filled] = self.columns[name][:filled]
                self.columns[name] = column
        except MemoryError:
            raise no_room(self.owner, room * self.environments, self._row_bytes, available_bytes()) from None
        self._room = room

    def lane(self, environment: int) -> dict[str, NDArray[Any]]:
        """The rows of one lane, as fresh arrays by column."""
        end = int(self.lengths[environment]) * self.environments
        return {name: column[environment : end : self.environments].copy() for name, column in self.columns.items()}

    def block(self, name: str, steps: int) -> NDArray[Any]:
        """`[steps, E, ...]`: the first rows of every lane, fresh and contiguous, 0 where a lane is shorter."""
        column = self.columns[name]
        made = column[: steps * self.environments].reshape(steps, self.environments, *column.shape[1:]).copy()
        if self._level != steps:
            made[absent(self.lengths, steps)] = 0
        return made

    def clear(self, environment: int) -> None:
        """Forget the rows of one lane."""
        self.lengths[environment] = 0
        self._settle()

    def clear_all(self) -> None:
        """Forget the rows of every lane."""
        self.lengths[:] = 0
        self._level = self.depth = 0

    def state(self) -> Tree:
        """The rows of every lane, side by side as deep as the longest."""
        columns = {name: self.block(name, self.depth) for name in self.columns}
        return {"lengths": self.lengths.copy(), "columns": columns}

    def require(self, state: Tree) -> None:
        """Refuse what `load` would refuse.

        Raises:
            CheckpointError: it describes other columns, longer lanes or another number of them.
        """
        lengths, depth = state["lengths"], int(state["lengths"].max(initial=0))
        if lengths.shape != self.lengths.shape or depth > self.most:
            raise CheckpointError(
                f"the saved rows are of {len(lengths)} environments and {depth} steps, but {self.owner} holds "
                f"those of {self.environments} and of at most {self.most}",
                fix="resume with the recipe that the run was started with", depth=depth, most=self.most,
            )  # fmt: skip
        expected = {name: ((depth, self.environments, *shape), str(dt)) for name, (shape, dt) in self._specs.items()}
        require_saved(self.owner, state["columns"], expected)

    def load(self, state: Tree) -> None:
        """Become what `state()` described.

        Raises:
            CheckpointError: as `require`. Nothing was changed.
        """
        self.require(state)
        lengths, depth = state["lengths"], int(state["lengths"].max(initial=0))
        if depth > self._room:
            self._make_room(depth)
        self.lengths[:] = lengths
        self._settle()
        for name, column in self.columns.items():
            rows = state["columns"][name]
            column[: depth * self.environments] = rows.reshape(-1, *rows.shape[2:])

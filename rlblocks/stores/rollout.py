"""A fixed number of steps of every environment (Mnih et al., 2016; Schulman et al., 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import CheckpointError, RunError
from rlblocks._core.keys import Spec
from rlblocks.stores._chunk import WEIGHT, cut, require_chunk, rows_of, weights
from rlblocks.stores._lanes import Lanes
from rlblocks.stores.base import DrainedMemory, Rows, Store, StoreSpec, Tree, bytes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray


@block("rollout")
class Rollout(Store):
    """Hands over the next T steps of all N environments, once, and forgets them.

    "Run policy in environment for T timesteps", in each of N parallel actors (Schulman et al., 2017, algorithm 1):
    every column is handed over as `[T, N, ...]`. Episodes go on from one rollout to the next, and every row keeps its
    own `next.observation`, so the value behind the last row, and behind every end of an episode, is that of the true
    next state.

    An environment that had to be reset in one of the steps wrote no row in it. Its rows stand without a gap, the rows
    it lacks are padding at its end (0 in every column), and the last row in front of padding is marked `truncated`
    unless its episode ended there. `weight`, float32 `[T, N]`, is 0 for padding and T·N / (number of rows) for rows: 1
    where nothing is padded. A loss must read it. A step in which no environment wrote is not counted.

    Attributes:
        steps: T, the steps of a rollout, at least 1.

    >>> import numpy as np
    >>> columns = {"reward": Spec(), "terminated": Spec((), "bool"), "truncated": Spec((), "bool")}
    >>> memory = Rollout(steps=2).build(StoreSpec(columns, environments=2, generator=np.random.default_rng(0)))
    >>> no = np.zeros(2, bool)
    >>> memory.add({"reward": np.array([1.0, 2.0]), "terminated": no, "truncated": no}, np.array([0, 1]))
    >>> memory.add({"reward": np.array([3.0]), "terminated": no[:1], "truncated": no[:1]}, np.array([0]))
    >>> len(memory), memory.drain(["reward", "truncated"]), len(memory)
    (3, {'reward': array([[1., 2.],
           [3., 0.]], dtype=float32), 'truncated': array([[False,  True],
           [False, False]]), 'weight': array([[1.3333334, 1.3333334],
           [1.3333334, 0.       ]], dtype=float32)}, 0)
    """

    hands = "drained"
    outputs = (WEIGHT,)
    debts = (WEIGHT,)
    specs = {WEIGHT: Spec(dims=("time", "batch"))}
    equation = "(s_t, a_t, r_t, s_{t+1}) for t < T, of N environments"
    tags = {"padding": "at the end", "reset_steps": "left out"}

    steps: int = fields.integer(128, ge=1, unit="steps")

    def build(self, spec: StoreSpec) -> DrainedMemory:
        """Make room for one rollout."""
        return RolloutMemory(
            Lanes(type(self).__name__, spec, self.steps, self.steps, self.row_bytes(spec.columns)), self.steps
        )

    def least_rows(self, environments: int) -> int:
        """See `Store.least_rows`: a rollout."""
        return self.steps * environments

    def chunk(self, environments: int) -> tuple[int, int]:
        """See `Store.chunk`."""
        return self.steps, environments

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """The columns, and nothing besides."""
        return bytes_of(columns)


@attrs.define(eq=False)
class RolloutMemory:
    """The rows of one rollout, environment beside environment.

    Attributes:
        lanes: the rows.
        steps: how many steps make a rollout.
        taken: how many of them have been taken.
    """

    lanes: Lanes
    steps: int
    taken: int = 0

    def __len__(self) -> int:
        return int(self.lanes.lengths.sum()) if self.taken == self.steps else 0

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Write one row of each environment that took a step.

        Raises:
            RunError: a complete rollout waits. Nothing was written.
        """
        if self.taken == self.steps:
            raise RunError(
                f"{self.lanes.owner} was given another step, but its {self.steps} steps are complete and nobody has "
                "drained them",
                fix="drain it as soon as it holds rows, as RolloutEpochs does", steps=self.steps,
            )  # fmt: skip
        self.lanes.add(rows, environments)
        self.taken += len(environments) > 0

    def drain(self, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Hand over the rollout, `[T, N, ...]` by column, and its `weight`; then begin the next one."""
        names, lengths = require_chunk(self.lanes.owner, len(self), keys, self.lanes.columns), self.lanes.lengths
        handed = {**self._chunk(names), WEIGHT: weights(lengths, self.steps)}
        self.cut()
        return handed

    def _chunk(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        chunk = {name: self.lanes.block(name, self.steps) for name in names}
        if "truncated" in chunk:
            cut(chunk["truncated"], self.lanes.block("terminated", self.steps), self.lanes.lengths)
        return chunk

    def cut(self) -> None:
        """Begin the rollout anew."""
        self.lanes.clear_all()
        self.taken = 0

    def contents(self) -> dict[str, NDArray[Any]]:
        """The rows of a complete rollout as they would be handed over, step by step, without padding; else none."""
        names, lengths = tuple(self.lanes.columns), self.lanes.lengths
        return rows_of(self._chunk(names), lengths if len(self) else lengths * 0, self.steps)

    def state(self) -> Tree:
        """The rows so far, and how many steps were taken."""
        return {"lanes": self.lanes.state(), "taken": self.taken}

    def load(self, state: Tree) -> None:
        """Become what `state()` described.

        Raises:
            CheckpointError: it describes a longer rollout, or other columns. Nothing was changed.
        """
        taken = int(state["taken"])
        if taken > self.steps:
            raise CheckpointError(
                f"the saved rollout has {taken} steps, but {self.lanes.owner} is over after {self.steps}",
                fix="resume with the recipe that the run was started with", taken=taken, steps=self.steps,
            )  # fmt: skip
        self.lanes.load(state["lanes"])
        self.taken = taken

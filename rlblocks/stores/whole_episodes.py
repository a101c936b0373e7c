"""Whole episodes (Williams, 1992)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import CheckpointError, RunError
from rlblocks._core.keys import Spec
from rlblocks.stores._chunk import WEIGHT, Lengths, require_chunk, rows_of, weights
from rlblocks.stores._lanes import Lanes
from rlblocks.stores._ring import require_saved
from rlblocks.stores.base import DrainedMemory, Rows, Store, StoreSpec, Tree, bytes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rlblocks.envs.base import Facts

ROOM = 64  # steps for which there is room at first; it doubles as often as an episode needs
Episode = dict[str, NDArray[Any]]


@block("whole_episodes")
class WholeEpisodes(Store):
    """Hands over the next `count` whole episodes, once, and forgets them.

    (s_t, a_t, r_t, s_{t+1}) for t < L_i of the episodes i < N that ended first: the "episodic" case of REINFORCE
    (Williams, 1992, section 5). Every column is handed over as `[longest, count, ...]`, an episode beside the other in
    the order in which they ended. Of episodes that end in the same step, those beyond the number wait for the next
    time; what is not over stays until it is.

    Rows behind the end of an episode are padding, 0 in every column. `weight`, float32 `[longest, count]`, is 0 for
    padding and T·N / (number of rows) for rows, and a loss must read it.

    Attributes:
        count: N, how many episodes are handed over at once.
        longest: T, the most steps of an episode. A longer one is an error, never cut.

    >>> columns = {"reward": Spec(), "terminated": Spec((), "bool"), "truncated": Spec((), "bool")}
    >>> memory = WholeEpisodes(longest=3).build(StoreSpec(columns, environments=1, generator=np.random.default_rng(0)))
    >>> for reward, over in ((1.0, False), (2.0, True), (4.0, False)):
    ...     row = {"reward": np.array([reward]), "terminated": np.array([over]), "truncated": np.array([False])}
    ...     memory.add(row, np.array([0]))
    >>> len(memory), memory.drain(["reward"])["reward"].tolist(), len(memory)
    (2, [[1.0], [2.0], [0.0]], 0)

    Differs from the paper: with several environments, what an episode did before the last learn step was decided by the
    parameters of that time.
    """

    hands = "drained"
    outputs = (WEIGHT,)
    debts = (WEIGHT,)
    specs = {WEIGHT: Spec(dims=("time", "batch"))}
    equation = "(s_t, a_t, r_t, s_{t+1}) for t < L_i, of N episodes"
    tags = {"padding": "at the end", "unfinished": "waits"}

    count: int = fields.integer(1, ge=1, unit="episodes")
    longest: int = fields.integer(500, ge=1, unit="steps")

    def build(self, spec: StoreSpec) -> DrainedMemory:
        """Make room for the beginnings of episodes."""
        room, row_bytes = min(ROOM, self.longest), self.row_bytes(spec.columns)
        return WholeEpisodesMemory(
            Lanes(type(self).__name__, spec, room, self.longest, row_bytes), spec.columns, self.count, self.longest
        )

    def least_rows(self, environments: int) -> int:  # noqa: ARG002  the role's signature
        """See `Store.least_rows`: episodes of one step."""
        return self.count

    def chunk(self, environments: int) -> tuple[int, int]:  # noqa: ARG002  the role's signature
        """See `Store.chunk`."""
        return self.longest, self.count

    def misfit(self, facts: Facts) -> str:
        """See `Store.misfit`: the episodes must be known to be short enough."""
        limit, which = facts.max_episode_steps, f"takes episodes of at most {self.longest:,} steps, but"
        inside = f"put gymnasium.wrappers.TimeLimit(env, {self.longest}) around each environment inside the vector"
        fix = f"end them: wrappers=(TimeLimit({self.longest}),)" if facts.takes_wrappers else inside
        if limit is None:
            return f"{which} nothing limits those of {facts.name}; {fix}"
        if limit > self.longest:
            return f"{which} those of {facts.name} may have {limit:,}; use longest={limit}, or {fix}"
        return ""

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """The columns, and nothing besides."""
        return bytes_of(columns)


@attrs.define(eq=False)
class WholeEpisodesMemory:
    """Episodes that have ended, and those that go on.

    Attributes:
        lanes: the rows of what each environment is in.
        columns: what a row holds.
        count: how many episodes are handed over at once.
        longest: the most steps of one.
        ended: those that wait, `[L_i, ...]` by column, in the order in which they ended.
    """

    lanes: Lanes
    columns: Mapping[str, Spec]
    count: int
    longest: int
    ended: list[Episode] = attrs.field(factory=list)

    def __len__(self) -> int:
        return int(self._lengths().sum()) if len(self.ended) >= self.count else 0

    def _lengths(self) -> Lengths:
        return np.array([len(episode["terminated"]) for episode in self.ended[: self.count]], np.int64)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Write one row of each environment, and set aside the episodes that ended.

        Raises:
            RunError: an episode is longer than `longest`. Nothing was written.
        """
        if self.lanes.depth >= self.longest:
            self._require_room(environments)
        self.lanes.add(rows, environments)
        over = rows["terminated"] | rows["truncated"]
        if over.any():
            for environment in environments[over].tolist():
                self.ended.append(self.lanes.lane(environment))
                self.lanes.clear(environment)

    def _require_room(self, environments: NDArray[np.int64]) -> None:
        full = [one for one in environments.tolist() if self.lanes.lengths[one] >= self.longest]
        if full:
            raise RunError(
                f"{self.lanes.owner} was given step {self.longest + 1} of an episode of environment {full[0]}, but "
                f"takes episodes of at most {self.longest} steps",
                fix=f"raise longest, or limit the episodes of the environment to {self.longest} steps",
                environment=full[0], longest=self.longest,
            )  # fmt: skip

    def drain(self, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Hand over the episodes that ended first, `[T, N, ...]` by column, and their `weight`; the others stay."""
        names = require_chunk(self.lanes.owner, len(self), keys, self.columns)
        handed = {**self._chunk(names), WEIGHT: weights(self._lengths(), self.longest)}
        del self.ended[: self.count]
        return handed

    def _chunk(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        shapes = {name: (self.longest, self.count, *self.columns[name].shape) for name in names}
        chunk: dict[str, NDArray[Any]] = {n: np.zeros(shape, self.columns[n].dtype) for n, shape in shapes.items()}
        for i, episode in enumerate(self.ended[: self.count]):
            for name, column in chunk.items():
                column[: len(episode[name]), i] = episode[name]
        return chunk

    def cut(self) -> None:
        """Let go of the episodes that have not ended; those that have stay."""
        self.lanes.clear_all()

    def contents(self) -> dict[str, NDArray[Any]]:
        """The rows of the episodes that would be handed over, step by step, without padding; else none."""
        ready = len(self.ended) >= self.count
        lengths = self._lengths() if ready else np.zeros(self.count, np.int64)
        return rows_of(self._chunk(tuple(self.columns)), lengths, self.longest)

    def state(self) -> Tree:
        """What goes on, and what has ended, one episode behind the other."""
        none = {name: np.empty((0, *column.shape), column.dtype) for name, column in self.columns.items()}
        rows = {name: np.concatenate([none[name], *(one[name] for one in self.ended)]) for name in none}
        lengths = np.array([len(one["terminated"]) for one in self.ended], np.int64)
        return {"lanes": self.lanes.state(), "lengths": lengths, "ended": rows}

    def load(self, state: Tree) -> None:
        """Become what `state()` described.

        Raises:
            CheckpointError: it describes longer episodes, or other columns. Nothing was changed.
        """
        lengths, rows = state["lengths"], state["ended"]
        if (longest := int(lengths.max(initial=0))) > self.longest:
            raise CheckpointError(
                f"a saved episode has {longest} steps, but {self.lanes.owner} takes at most {self.longest}",
                fix="resume with the recipe that the run was started with", steps=longest, longest=self.longest,
            )  # fmt: skip
        total = int(lengths.sum())
        expected = {name: ((total, *one.shape), str(np.dtype(one.dtype))) for name, one in self.columns.items()}
        require_saved(self.lanes.owner, rows, expected)
        self.lanes.load(state["lanes"])
        ends = np.cumsum(lengths).tolist()
        self.ended = [
            {name: column[end - length : end].copy() for name, column in rows.items()}
            for end, length in zip(ends, lengths.tolist(), strict=True)
        ]

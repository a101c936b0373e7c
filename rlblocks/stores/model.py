"""A model of what follows each state and action, and rows that are generated from it (Sutton, 1990)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import BuildError, CheckpointError, RunError
from rlblocks.stores._ring import Ring, require_alike
from rlblocks.stores._room import require_room
from rlblocks.stores.base import Rows, SampledMemory, Store, StoreSpec, Tree, bytes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rlblocks._core.keys import Spec
    from rlblocks.envs.base import Facts

BOOKKEEPING = 16  # bytes of a pair: when it was seen last, and its place among those that were seen
FEWER = "count fewer states: fewer bins of Discretise, or learn without a model: store=uniform_replay"


@block("model")
class Model(Store):
    """Hands over the new row of a step, and after it rows of its model: what followed a state and an action last.

    Model(S, A) ← R, S'; then (S, A) ~ U(pairs seen) and R, S' ← Model(S, A): tabular Dyna-Q (Sutton and Barto, 2018,
    section 8.2). After each step its rows come first, one of each environment; whatever is asked for beyond them, until
    the next step, is drawn from the model, with replacement. So with a batch of one row and `updates=n + 1`, one learn
    step is of the real row and n are planning.

    The model is deterministic: of what followed a pair it knows the last. Where that is random, planning takes chance
    for a rule, and `UniformReplay`, which keeps every outcome, serves better.

    Attributes:
        capacity: the largest warm-up and batch, and how many new rows of a step can wait: one of each environment.

    >>> from rlblocks._core.keys import Spec
    >>> columns = {"observation": Spec((), "int64", n=3), "action": Spec((), "int64", n=2), "reward": Spec()}
    >>> memory = Model().build(StoreSpec(columns, 1, np.random.default_rng(0)))
    >>> for state, reward in ((2, 1.0), (0, 5.0), (2, 7.0)):
    ...     row = {"observation": np.array([state]), "action": np.array([1]), "reward": np.array([reward])}
    ...     memory.add(row, np.array([0]))
    >>> memory.sample(3, ["reward"])["reward"], memory.sample(4, ["reward"])["reward"]
    (array([7., 5., 5.], dtype=float32), array([5., 7., 5., 5.], dtype=float32))

    Differs from the book: its box draws a state and then an action; here, as its section 8.4 says of the same agent,
    pairs are drawn uniformly.
    """

    equation = "Model(S, A) ← R, S'; (S, A) ~ U(pairs seen)"
    tags = {"keeps": "the last row of each pair", "takes": "counted states"}

    capacity: int = fields.integer(1_024, ge=1, unit="new rows")

    def build(self, spec: StoreSpec) -> SampledMemory:
        """Make a table of all pairs, none of which was seen, and room for new rows.

        Raises:
            BuildError: states or actions are not counted, or the table needs more memory than there is; nothing was
                allocated.
        """
        missing = [name for name in ("observation", "action") if not _count(spec.columns, name)]
        if missing:
            raise BuildError(
                f"Model has a row for each state and action, but {' and '.join(missing)} cannot be counted",
                fix="use the wrapper Discretise, or learn without a model: store=uniform_replay", missing=missing,
            )  # fmt: skip
        row = bytes_of(spec.columns)
        require_room("Model", _pairs(spec.columns), row + BOOKKEEPING, FEWER)
        return ModelMemory(Ring("Model", spec.columns, self.capacity, row), spec)

    def misfit(self, facts: Facts) -> str:
        """See `Store.misfit`: states and actions must be counted."""
        from gymnasium.spaces import Discrete

        spaces = {"observations": facts.observation_space, "actions": facts.action_space}
        wrong = [name for name, space in spaces.items() if not isinstance(space, Discrete)]
        if not wrong:
            return ""
        fix = "use the wrapper Discretise" if wrong == ["observations"] else "use a store that keeps rows"
        return (
            f"has a row for each state and action, and {' and '.join(wrong)} of {facts.name} cannot be counted; "
            f"{fix}, or learn without a model: store=uniform_replay"
        )

    def most_rows(self) -> int:
        """See `Store.most_rows`: as many as can wait. The model generates any number."""
        return self.capacity

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """The columns, and a row's share of the table."""
        row = bytes_of(columns)
        return row + -(-_pairs(columns) * (row + BOOKKEEPING) // self.capacity)


def _count(columns: Mapping[str, Spec], name: str) -> int:
    """How many values a column can have; 0 where they cannot be counted."""
    n = columns[name].n if name in columns and not columns[name].shape else 0
    return n if isinstance(n, int) else 0


def _pairs(columns: Mapping[str, Spec]) -> int:
    return _count(columns, "observation") * _count(columns, "action")


class ModelMemory:
    """The newest rows, some of which wait, and the last row of each pair.

    Attributes:
        ring: the newest rows.
        waiting: how many of them were not handed over yet.
        table: `[S·A, ...]` by column; only pairs that were seen have a meaning.
        when: `[S·A]`, the number of the write that wrote each pair last, counted from 1; 0 where it was never seen.
        pairs: `[S·A]`, the pairs that were seen, in the order in which they first were.
        seen: how many.
    """

    def __init__(self, ring: Ring, spec: StoreSpec) -> None:
        self.ring, self.waiting, self.seen = ring, 0, 0
        self._sizes = _count(spec.columns, "observation"), _count(spec.columns, "action")
        many = _pairs(spec.columns)
        self.table = {name: np.empty((many, *c.shape), c.dtype) for name, c in spec.columns.items()}
        self.when, self.pairs = np.zeros(many, np.int64), np.zeros(many, np.int64)
        self._generator = spec.generator

    def __len__(self) -> int:
        """As many rows as were written, up to the capacity: of one pair alone it generates any number."""
        return len(self.ring)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Let these rows wait, and no others, and remember them in the place of what followed their pairs before.

        Raises:
            RunError: the rows are not those that it was built for, or of states that there are not. Nothing was
                written.
        """
        count = len(environments)
        self.ring.check(rows, count)
        pairs = self._pairs_of(rows)
        self.ring.add(rows, count)
        self.waiting = min(count, self.ring.capacity)
        for number, pair in enumerate(pairs.tolist(), self.ring.written - count + 1):
            if not self.when[pair]:
                self.pairs[self.seen] = pair
                self.seen += 1
            self.when[pair] = number
        for name, column in self.table.items():
            column[pairs] = rows[name]

    def _pairs_of(self, rows: Rows) -> NDArray[np.int64]:
        state, action = rows["observation"], rows["action"]
        for name, numbers, many in (("state", state, self._sizes[0]), ("action", action, self._sizes[1])):
            wrong = numbers[(numbers < 0) | (numbers >= many)]
            if wrong.size:
                raise RunError(
                    f"Model was given {name} {int(wrong[0])}, but there are {many}, counted from 0",
                    fix="let the environment stay in its spaces", found=int(wrong[0]), many=many,
                )  # fmt: skip
        pairs: NDArray[np.int64] = state * self._sizes[1] + action
        return pairs

    def sample(self, batch: int, keys: Sequence[str], **_: float) -> dict[str, NDArray[Any]]:
        """The rows that wait, in their order, and where they are too few, rows of the model."""
        self.ring.require(batch, keys)
        real = min(batch, self.waiting)
        new = self.ring.take(self.ring.newest(self.waiting)[:real], keys)
        self.waiting -= real
        if real == batch:
            return new
        drawn = self.pairs[self._generator.integers(0, self.seen, batch - real)]
        generated = {key: self.table[key].take(drawn, axis=0) for key in keys}
        return {key: np.concatenate((new[key], rows)) for key, rows in generated.items()} if real else generated

    def feed(self, **fed: NDArray[Any]) -> None:
        """Refuse: it asks for nothing."""
        self.ring.refuse(fed)

    def cut(self) -> None:
        """Nothing: every row is complete when it is written."""

    def contents(self) -> dict[str, NDArray[Any]]:
        """The model's rows and those that wait, each once, in the order in which they were written."""
        pairs = self.pairs[: self.seen]
        told = pairs[self.when[pairs] <= self.ring.written - self.waiting]
        told = told[np.argsort(self.when[told])]
        new = self.ring.take(self.ring.newest(self.waiting), tuple(self.table))
        return {name: np.concatenate((column[told], new[name])) for name, column in self.table.items()}

    def state(self) -> Tree:
        """The newest rows, and the pairs that were seen with their rows. The generator belongs to the run."""
        pairs = self.pairs[: self.seen].copy()
        return {
            "ring": self.ring.state(),
            "waiting": self.waiting,
            "pairs": pairs,
            "when": self.when[pairs],
            "table": {name: column[pairs] for name, column in self.table.items()},
        }

    def load(self, state: Tree) -> None:
        """Become what `state()` described.

        Raises:
            CheckpointError: it describes other columns, or another number of states or actions. Nothing was changed.
        """
        pairs, many = state["pairs"], len(self.pairs)
        if int(pairs.max(initial=0)) >= many:
            raise CheckpointError(
                f"a saved model knows pair {int(pairs.max())}, but there are {many} of states and actions",
                fix="resume with the recipe that the run was started with", pairs=many,
            )  # fmt: skip
        require_alike("Model", state["table"], {name: column[: len(pairs)] for name, column in self.table.items()})
        self.ring.load(state["ring"])
        self.waiting, self.seen = int(state["waiting"]), len(pairs)
        self.pairs[: self.seen] = pairs
        self.when[:] = 0
        self.when[pairs] = state["when"]
        for name, column in self.table.items():
            column[pairs] = state["table"][name]

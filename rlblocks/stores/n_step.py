"""Rows that span n steps, for any store (Sutton, 1988; Hessel et al., 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import BuildError, CheckpointError
from rlblocks._core.keys import Spec, parse
from rlblocks.functional.replay import accumulate
from rlblocks.stores._inner import (
    CONSECUTIVE,
    DRAINED,
    SINGLE,
    debts_inside,
    inputs_inside,
    misfit_inside,
    outputs_inside,
    refuse,
    rows_inside,
    specs_inside,
)
from rlblocks.stores._ring import Gate, require_alike
from rlblocks.stores.base import Rows, SampledMemory, Store, StoreSpec, Tree
from rlblocks.stores.uniform_replay import UniformReplay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_LAST = ("terminated", "truncated")
_JOINED = ("reward", "discount")

Waiting = tuple[int, float, float]  # its place, and the return and the discount that it has gathered
Complete = tuple[int, int, int, float, float]  # which of the rows just written completes it, whose it is, and the above


@block("n_step")
class NStep(Store):
    """Joins up to n consecutive rows of an environment into one, before they reach the store inside.

    R_t^(m) = Σ_{k<m} (Π_{j<k} γ_{t+j})·r_{t+k+1} and γ_t^(m) = Π_{j<m} γ_{t+j} (Hessel et al., 2018, section
    "Multi-step learning", with a discount of each row's own): `reward` and `discount` are these, in float64 until they
    are stored; `next.*`, `terminated` and `truncated` are those of the last row joined, every other column that of the
    first.

    m = n, but m is less for the last rows of an episode, which are joined as soon as it ends: an episode of L steps
    yields L rows. So `discount` is γ^m·(1 − terminated), and the store never knows γ. Rows of an unfinished episode
    whose n steps are not complete cannot be sampled yet.

    Attributes:
        inner: the store that is handed the joined rows.
        n: steps joined at most, at least 1; at 1 nothing is changed.

    >>> import numpy as np
    >>> from rlblocks._core.keys import Spec
    >>> columns = {"reward": Spec(), "discount": Spec(), "terminated": Spec((), "bool"), "truncated": Spec((), "bool")}
    >>> memory = NStep(UniformReplay(8), n=2).build(StoreSpec(columns, 1, np.random.default_rng(0)))
    >>> for reward, over in ((1.0, False), (2.0, False), (4.0, True)):
    ...     row = {"reward": [reward], "discount": [0.5 * (not over)], "terminated": [over], "truncated": [False]}
    ...     memory.add({key: np.array(value) for key, value in row.items()}, np.array([0]))
    >>> memory.contents()["reward"], memory.contents()["discount"]
    (array([2., 4., 4.], dtype=float32), array([0.25, 0.  , 0.  ], dtype=float32))
    """

    equation = "R_t^(m) = Σ_{k<m} (Π_{j<k} γ_{t+j})·r_{t+k+1}, γ_t^(m) = Π_{j<m} γ_{t+j}"
    tags = {"flush": "episode end", "takes": "consecutive steps"}

    inner: Store = fields.slot("stores", lambda: UniformReplay(10_000))
    n: int = fields.integer(3, ge=1, unit="steps")

    outputs = property(outputs_inside)  # a wrapper answers for what it wraps
    specs = property(specs_inside)
    debts = property(debts_inside)
    inputs = property(inputs_inside)
    most_rows = rows_inside
    misfit = misfit_inside

    def __attrs_post_init__(self) -> None:
        twice = "which needs the steps one by one, but joined rows overlap"
        alone = f"learn from single steps: {self.inner!r} without NStep"
        refuse(self, {
            DRAINED: (
                "whose rows are drained in chunks of whole time steps",
                "use that store alone, and a block of returns, which sums over its steps",
            ),
            SINGLE: ("which pays for single steps anew and cannot take a sum of rewards apart", alone),
            CONSECUTIVE: (twice, f"write NStep(..., n={self.n}) around the store inside it, or it alone"),
        })  # fmt: skip

    def build(self, spec: StoreSpec) -> SampledMemory:
        """Make the memory inside, and the pending rows of each environment.

        Raises:
            BuildError: a column that is joined or that says where an episode ends is not written.
        """
        missing = [name for name in _JOINED + _LAST if name not in spec.columns]
        if missing:
            raise BuildError(
                f"NStep joins rows by {', '.join(_JOINED + _LAST)}, but nothing writes {', '.join(missing)}",
                fix="write these columns, or use the store inside alone", missing=missing,
            )  # fmt: skip
        return NStepMemory(cast("SampledMemory", self.inner.build(spec)), self.n, spec)

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """As the store inside: the pending rows do not count."""
        return self.inner.row_bytes(columns)


class NStepMemory:
    """A memory, and in front of it the rows that are not complete yet.

    Attributes:
        inner: the memory of joined rows.
        pending: for each environment the rows that wait, oldest first.
        first: `[E·n, ...]` by column and place: what stays as it was in the first row. Environment e has the n places
            from e·n on, and goes round in them.
    """

    def __init__(self, inner: SampledMemory, n: int, spec: StoreSpec) -> None:
        self.inner = inner
        self._n = n
        self._gate = Gate("NStep", spec.columns)
        self.pending: list[list[Waiting]] = [[] for _ in range(spec.environments)]
        kept = {name: c for name, c in spec.columns.items() if name not in _JOINED + _LAST and not parse(name).next}
        self.first = {name: np.zeros((spec.environments * n, *c.shape), c.dtype) for name, c in kept.items()}

    def __len__(self) -> int:
        return len(self.inner)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Let every row that waits gather one more step, and hand on those that are complete."""
        self._gate.check(rows, len(environments))
        reward, discount = rows["reward"].astype(np.float64).tolist(), rows["discount"].astype(np.float64).tolist()
        ended = (rows["terminated"] | rows["truncated"]).tolist()
        places: list[int] = []
        turns: list[list[Complete]] = [[] for _ in range(self._n)]
        for row, of in enumerate(environments.tolist()):
            waiting = self.pending[of]
            places.append(of * self._n + ((waiting[-1][0] + 1) % self._n if waiting else 0))
            grown = [(place, *accumulate(g, d, reward[row], discount[row])) for place, g, d in waiting]
            grown.append((places[-1], reward[row], discount[row]))
            due = len(grown) if ended[row] else len(grown) // self._n
            self.pending[of] = grown[due:]
            for turn, complete in zip(turns, grown[:due], strict=False):
                turn.append((row, of, *complete))
        for name, column in self.first.items():
            column[places] = rows[name]
        for turn in turns:  # one row of each environment at a time, in the order of the steps
            if turn:
                self._hand_on(rows, turn)

    def _hand_on(self, rows: Rows, turn: list[Complete]) -> None:
        row, of, place, reward, discount = map(np.array, zip(*turn, strict=True))
        everyone = len(turn) == len(rows["reward"])  # as at most steps: nothing to pick
        joined = {"reward": reward, "discount": discount}
        for name, column in rows.items():
            if name in self.first:
                joined[name] = self.first[name].take(place, axis=0)
            elif name not in _JOINED:
                joined[name] = column if everyone else column[row]
        self.inner.add(joined, of)

    def sample(self, batch: int, keys: Sequence[str], **numbers: float) -> dict[str, NDArray[Any]]:
        """Joined rows, as the memory inside picks them."""
        return self.inner.sample(batch, keys, **numbers)

    def feed(self, **fed: NDArray[Any]) -> None:
        """Hand back to the memory inside."""
        self.inner.feed(**fed)

    def cut(self) -> None:
        """Let go of the rows whose n steps are not complete, at most n − 1 of each environment."""
        self.pending = [[] for _ in self.pending]
        self.inner.cut()

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every joined row held, oldest first."""
        return self.inner.contents()

    def state(self) -> Tree:
        """The memory inside, and the rows that wait."""
        return {
            "inner": self.inner.state(),
            "pending": [[list(row) for row in waiting] for waiting in self.pending],
            "first": {name: column.copy() for name, column in self.first.items()},
        }

    def load(self, state: Tree) -> None:
        """Become what `state()` described.

        Raises:
            CheckpointError: it describes other columns, another n or another number of environments.
        """
        environments = len(self.pending)
        require_alike(f"NStep with n={self._n} of {environments} environments", state["first"], self.first)
        if len(state["pending"]) != environments:
            raise CheckpointError(
                f"the saved rows of {len(state['pending'])} environments wait, but NStep holds those of {environments}",
                fix="resume with the recipe that the run was started with", environments=environments,
            )  # fmt: skip
        self.inner.load(state["inner"])
        for name, column in self.first.items():
            column[...] = state["first"][name]
        self.pending = [[(int(p), float(g), float(d)) for p, g, d in waiting] for waiting in state["pending"]]

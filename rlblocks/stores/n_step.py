"""Rows that span n steps, for any store (Sutton, 1988; Hessel et al., 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import Declared, Scheduled
from rlblocks._core.errors import CheckpointError, FieldError
from rlblocks._core.keys import Spec, parse
from rlblocks.functional.replay import accumulate
from rlblocks.stores._ring import Gate
from rlblocks.stores.base import Memory, Rows, Store, StoreSpec, Tree
from rlblocks.stores.uniform_replay import UniformReplay

_LAST = ("terminated", "truncated")
_JOINED = ("reward", "discount")


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

    >>> columns = {"reward": Spec(), "discount": Spec(), "terminated": Spec((), "bool"), "truncated": Spec((), "bool")}
    >>> memory = NStep(UniformReplay(8), n=2).build(StoreSpec(columns, 1, np.random.default_rng(0)))
    >>> for reward, over in ((1.0, False), (2.0, False), (4.0, True)):
    ...     row = {"reward": [reward], "discount": [0.5 * (not over)], "terminated": [over], "truncated": [False]}
    ...     memory.add({key: np.array(value) for key, value in row.items()}, np.array([0]))
    >>> memory.contents()["reward"], memory.contents()["discount"]
    (array([2., 4., 4.], dtype=float32), array([0.25, 0.  , 0.  ], dtype=float32))
    """

    equation = "R_t^(m) = Σ_{k<m} (Π_{j<k} γ_{t+j})·r_{t+k+1}, γ_t^(m) = Π_{j<m} γ_{t+j}"
    tags = {"flush": "episode end"}  # noqa: RUF012  read-only by the type of the role

    inner: Store = fields.slot("stores", lambda: UniformReplay(10_000))
    n: int = fields.integer(3, ge=1, unit="steps")

    def __attrs_post_init__(self) -> None:
        if isinstance(self.inner, NStep):
            raise FieldError(
                "NStep.inner holds an NStep, but its rows overlap and cannot be joined again",
                fix=f"write NStep(..., n={self.n}) around the store itself",
                block="NStep", field="inner", value=self.inner,
            )  # fmt: skip

    @property
    def hands(self) -> str:  # type: ignore[override]  # a wrapper answers for what it wraps
        """As the store inside."""
        return self.inner.hands

    @property
    def outputs(self) -> tuple[str, ...]:  # type: ignore[override]
        """As the store inside."""
        return self.inner.outputs

    @property
    def debts(self) -> tuple[str, ...]:  # type: ignore[override]
        """As the store inside."""
        return self.inner.debts

    @property
    def inputs(self) -> Mapping[str, Declared]:  # type: ignore[override]
        """As the store inside; a scheduled number is found there."""
        return {
            name: Scheduled(f"inner.{asked.name}") if isinstance(asked, Scheduled) else asked
            for name, asked in self.inner.inputs.items()
        }

    def build(self, spec: StoreSpec) -> Memory:
        """Make the memory inside, and the pending rows of each environment."""
        return NStepMemory(self.inner.build(spec), self.n, spec)

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """As the store inside: the pending rows do not count."""
        return self.inner.row_bytes(columns)


class NStepMemory:
    """A memory, and in front of it the rows that are not complete yet.

    Attributes:
        inner: the memory of joined rows.
        steps: `[E]`, steps so far of each environment's episode; its row t is pending in place t mod n.
        reward: `[E, n]`, what each pending row has gathered.
        discount: `[E, n]`, the product of its discounts.
        first: `[E, n, ...]` by column, what stays as it was in the first row.
    """

    def __init__(self, inner: Memory, n: int, spec: StoreSpec) -> None:
        self.inner = inner
        self._n = n
        self._gate = Gate("NStep", spec.columns)
        self.steps = np.zeros(spec.environments, np.int64)
        self.reward = np.zeros((spec.environments, n))
        self.discount = np.zeros((spec.environments, n))
        kept = [c for c in spec.columns if c not in (*_JOINED, *_LAST) and not parse(c).next]
        self.first = {c: np.zeros((spec.environments, n, *spec.columns[c].shape), spec.columns[c].dtype) for c in kept}

    def __len__(self) -> int:
        return len(self.inner)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Let every pending row of these environments gather one more step, and hand on those that are complete."""
        self._gate.check(rows, len(environments))
        self._gather(rows, environments)
        done = rows["terminated"] | rows["truncated"]
        steps = self.steps[environments]
        pending = np.minimum(steps, self._n)
        due = np.where(done, pending, steps >= self._n)
        for k in range(due.max(initial=0)):  # one row of each environment at a time, in the order of the steps
            chosen = np.flatnonzero(due > k)
            self._hand_on(rows, environments, chosen, (steps - pending + k)[chosen] % self._n)
        self.steps[environments[done]] = 0

    def _gather(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        place = self.steps[environments] % self._n
        for name, column in self.first.items():
            column[environments, place] = rows[name]
        self.reward[environments, place], self.discount[environments, place] = 0.0, 1.0
        self.reward[environments], self.discount[environments] = accumulate(
            self.reward[environments], self.discount[environments],
            rows["reward"][:, None].astype(np.float64), rows["discount"][:, None].astype(np.float64),
        )  # fmt: skip
        self.steps[environments] += 1

    def _hand_on(
        self, rows: Rows, environments: NDArray[np.int64], chosen: NDArray[np.int64], place: NDArray[np.int64]
    ) -> None:
        of = environments[chosen]
        joined = {name: column[chosen] for name, column in rows.items() if name not in self.first}
        joined |= {name: column[of, place] for name, column in self.first.items()}
        joined |= {"reward": self.reward[of, place], "discount": self.discount[of, place]}
        self.inner.add(joined, of)

    def sample(self, batch: int, keys: Sequence[str], **numbers: float) -> dict[str, NDArray[Any]]:
        """Joined rows, as the memory inside picks them."""
        return self.inner.sample(batch, keys, **numbers)

    def feed(self, **fed: NDArray[Any]) -> None:
        """Hand back to the memory inside."""
        self.inner.feed(**fed)

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every joined row held, oldest first."""
        return self.inner.contents()

    def _pending(self) -> dict[str, NDArray[Any]]:
        own: dict[str, NDArray[Any]] = {"steps": self.steps, "reward": self.reward, "discount": self.discount}
        return own | {f"first.{name}": column for name, column in self.first.items()}

    def state(self) -> Tree:
        """The memory inside, and the pending rows."""
        return {"inner": self.inner.state(), "pending": {name: held.copy() for name, held in self._pending().items()}}

    def load(self, state: Tree) -> None:
        """Become what `state()` described."""
        pending, saved = self._pending(), state["pending"]
        shapes = {name: held.shape for name, held in pending.items()}
        found = {name: held.shape for name, held in saved.items()}
        if shapes != found:
            raise CheckpointError(
                f"the saved pending rows are {found}, but NStep with n={self._n} holds {shapes}",
                fix="resume with the recipe that the run was started with", found=found, expected=shapes,
            )  # fmt: skip
        self.inner.load(state["inner"])
        for name, held in pending.items():
            held[...] = saved[name]

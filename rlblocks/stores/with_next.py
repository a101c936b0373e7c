"""Rows that know what comes after them, for any store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import BuildError
from rlblocks._core.keys import Spec
from rlblocks.stores._inner import CONSECUTIVE, DRAINED, SINGLE, debts_inside, inputs_inside, refuse, rows_inside
from rlblocks.stores._ring import Gate, require_alike
from rlblocks.stores.base import Rows, SampledMemory, Store, StoreSpec, Tree, bytes_of
from rlblocks.stores.latest import Latest
from rlblocks.stores.uniform_replay import UniformReplay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rlblocks.envs.base import Facts

COUNTED = Spec((), "int64")


@block("with_next")
class WithNext(Store):
    """Hands a row on when the next action is known, as the column `next.action`.

    (s_t, a_t, r_{t+1}, s_{t+1}, a_{t+1}): what SARSA is named for (Rummery and Niranjan, 1994). A row waits for the
    next one of its environment, so that exactly one row of each environment is handed on at each step but the first.

    After a terminated row no action follows: it is handed on with the next row all the same, and its `next.action` is
    0, which no target uses, since its discount is 0. A row that was truncated and not terminated is let go: its episode
    goes on, but nobody chose how. At the end of a truncated episode a store of the newest rows hands the row before it
    over twice.

    Attributes:
        inner: the store that is handed the rows.

    >>> spec = StoreSpec({"action": COUNTED, "terminated": Spec((), "bool"), "truncated": Spec((), "bool")}, 1,
    ...                  np.random.default_rng(0))
    >>> memory = WithNext(Latest(4)).build(spec)
    >>> for action, over in ((3, False), (1, True), (2, False)):
    ...     row = {"action": [action], "terminated": [over], "truncated": [False]}
    ...     memory.add({key: np.array(value) for key, value in row.items()}, np.array([0]))
    >>> memory.contents()["action"], memory.contents()["next.action"]
    (array([3, 1]), array([1, 0]))
    """

    equation = "(s, a, r, s', a') = (s_t, a_t, r_{t+1}, s_{t+1}, a_{t+1})"
    tags = {"flush": "next step", "takes": "consecutive steps"}

    inner: Store = fields.slot("stores", lambda: UniformReplay(10_000))

    outputs = property(lambda self: ("next.action", *self.inner.outputs))  # a wrapper answers for what it wraps
    specs = property(lambda self: {"next.action": COUNTED, **self.inner.specs})
    debts = property(debts_inside)
    inputs = property(inputs_inside)
    most_rows = rows_inside

    def __attrs_post_init__(self) -> None:
        refuse(self, {
            DRAINED: ("whose rows are drained in chunks of whole time steps",
                      "use a store that samples: latest, uniform_replay or prioritized_replay"),
            SINGLE: ("whose copies of steps were never followed by an action",
                     "put the store inside it there: WithNext(UniformReplay(...))"),
            CONSECUTIVE: ("which would take the next action for that of the next step",
                          f"write WithNext({getattr(self.inner, 'inner', Latest(1))!r})"),
        })  # fmt: skip

    def build(self, spec: StoreSpec) -> SampledMemory:
        """Make the memory inside, and room for one row of each environment.

        Raises:
            BuildError: no action, or no flag that says where an episode ends, is written.
        """
        missing = [name for name in ("action", "terminated", "truncated") if name not in spec.columns]
        if missing:
            raise BuildError(
                f"WithNext waits for the next action, but nothing writes {', '.join(missing)}",
                fix="write these columns, or use the store inside alone", missing=missing,
            )  # fmt: skip
        inside = attrs.evolve(spec, columns={**spec.columns, "next.action": spec.columns["action"]})
        return WithNextMemory(cast("SampledMemory", self.inner.build(inside)), spec)

    def misfit(self, facts: Facts) -> str:
        """See `Store.misfit`: actions must be counted."""
        from gymnasium.spaces import Discrete

        if not isinstance(facts.action_space, Discrete):
            return (
                f"keeps next actions that are counted, and those of {facts.name} are not; use a target that needs none"
            )
        return self.inner.misfit(facts)

    def in_order(self) -> bool:
        """See `Store.in_order`: as the store inside, but for the end of a truncated episode."""
        return self.inner.in_order()

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """As the store inside, and the next action: the rows that wait do not count."""
        return self.inner.row_bytes(columns) + bytes_of({"next.action": columns["action"]})


class WithNextMemory:
    """A memory, and in front of it the last row of each environment.

    Attributes:
        inner: the memory of rows whose next action is known.
        last: `[E, ...]` by column.
        waits: `[E]` bool, whether there is such a row.
    """

    def __init__(self, inner: SampledMemory, spec: StoreSpec) -> None:
        self.inner = inner
        self.last = {name: np.zeros((spec.environments, *c.shape), c.dtype) for name, c in spec.columns.items()}
        self.waits = np.zeros(spec.environments, bool)
        self._gate = Gate("WithNext", spec.columns)

    def __len__(self) -> int:
        return len(self.inner)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Hand on the rows that have waited for these, and let these wait."""
        self._gate.check(rows, len(environments))
        seen: set[int] = set()
        start = 0
        for place, environment in enumerate(environments.tolist()):  # an environment may write several rows at once
            if environment in seen:
                self._step({name: column[start:place] for name, column in rows.items()}, environments[start:place])
                seen, start = set(), place
            seen.add(environment)
        self._step({name: column[start:] for name, column in rows.items()}, environments[start:])

    def _step(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """At most one row of each environment."""
        due = self.waits[environments]
        if due.any():
            self._hand_on(environments[due], rows["action"][due])
        for name, column in self.last.items():
            column[environments] = rows[name]
        self.waits[environments] = rows["terminated"] | ~rows["truncated"]

    def _hand_on(self, environments: NDArray[np.int64], following: NDArray[Any]) -> None:
        complete = {name: column[environments] for name, column in self.last.items()}
        self.inner.add({**complete, "next.action": np.where(complete["terminated"], 0, following)}, environments)

    def sample(self, batch: int, keys: Sequence[str], **numbers: float) -> dict[str, NDArray[Any]]:
        """Rows as the memory inside picks them, with the next action."""
        return self.inner.sample(batch, (*(key for key in keys if key != "next.action"), "next.action"), **numbers)

    def feed(self, **fed: NDArray[Any]) -> None:
        """Hand back to the memory inside."""
        self.inner.feed(**fed)

    def cut(self) -> None:
        """Hand on the terminated rows that wait, which need no next action, and let go of the others."""
        over = np.flatnonzero(self.waits & self.last["terminated"])
        if over.size:
            self._hand_on(over, self.last["action"][over])
        self.waits[:] = False
        self.inner.cut()

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every row held, oldest first."""
        return self.inner.contents()

    def state(self) -> Tree:
        """The memory inside, and the rows that wait."""
        return {
            "inner": self.inner.state(),
            "last": {name: column.copy() for name, column in self.last.items()},
            "waits": self.waits.copy(),
        }

    def load(self, state: Tree) -> None:
        """Become what `state()` described.

        Raises:
            CheckpointError: it describes other columns or another number of environments.
        """
        require_alike(f"WithNext of {len(self.waits)} environments", state["last"], self.last)
        self.inner.load(state["inner"])
        for name, column in self.last.items():
            column[...] = state["last"][name]
        self.waits[...] = state["waits"]

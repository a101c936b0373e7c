"""The newest rows only: learning online, without replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import RunError
from rlblocks.stores._ring import Ring
from rlblocks.stores.base import Rows, SampledMemory, Store, StoreSpec, Tree, bytes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rlblocks._core.keys import Spec


@block("latest")
class Latest(Store):
    """Hands over the newest rows, oldest of them first, and draws nothing at random.

    This is the store of online learning, such as tabular Q-learning (Watkins and Dayan, 1992): a learn step after every
    environment step, with a batch of one row for each environment, sees every transition exactly once, in order. With a
    larger batch it is a sliding window.

    Attributes:
        capacity: the largest batch that can be asked for, in rows.

    >>> import numpy as np
    >>> from rlblocks._core.keys import Spec
    >>> spec = StoreSpec({"reward": Spec()}, environments=1, generator=np.random.default_rng(0))
    >>> memory = Latest().build(spec)
    >>> for reward in (1.0, 2.0, 3.0):
    ...     memory.add({"reward": np.array([reward])}, np.array([0]))
    >>> memory.sample(2, ["reward"])["reward"]
    array([2., 3.], dtype=float32)
    """

    equation = "(s, a, r, s') = (s_t, a_t, r_t, s_{t+1})"
    tags = {"order": "oldest first"}

    capacity: int = fields.integer(1_024, ge=1, unit="rows")

    def build(self, spec: StoreSpec) -> SampledMemory:
        """Make an empty ring of rows."""
        return LatestMemory(Ring(type(self).__name__, spec.columns, self.capacity, self.row_bytes(spec.columns)))

    def most_rows(self) -> int:
        """See `Store.most_rows`."""
        return self.capacity

    def in_order(self) -> bool:
        """See `Store.in_order`: the newest row is."""
        return True

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """The columns, and nothing besides."""
        return bytes_of(columns)


@attrs.frozen(eq=False)
class LatestMemory:
    """A ring of rows that is read at its newest end."""

    ring: Ring

    def __len__(self) -> int:
        return len(self.ring)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Write one row of each environment."""
        self.ring.add(rows, len(environments))

    def sample(self, batch: int, keys: Sequence[str], **_: float) -> dict[str, NDArray[Any]]:
        """The newest `batch` rows.

        Raises:
            RunError: there are fewer. A row handed over twice in one batch would count twice, so none is.
        """
        self.ring.require(batch, keys)
        if batch > len(self.ring):
            small = batch > self.ring.capacity
            raise RunError(
                f"Latest was asked for the newest {batch} rows, but holds {len(self.ring)} of at most "
                f"{self.ring.capacity}",
                fix=f"use Latest(capacity={batch}) or a smaller batch" if small else f"warm up for {batch} rows",
                batch=batch, held=len(self.ring), capacity=self.ring.capacity,
            )  # fmt: skip
        return self.ring.take(self.ring.newest(batch), keys)

    def feed(self, **fed: NDArray[Any]) -> None:
        """Refuse: it asks for nothing."""
        self.ring.refuse(fed)

    def cut(self) -> None:
        """Nothing: every row is complete when it is written."""

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every row held, oldest first."""
        return self.ring.contents()

    def state(self) -> Tree:
        """The rows and their order."""
        return self.ring.state()

    def load(self, state: Tree) -> None:
        """Become what `state()` described."""
        self.ring.load(state)

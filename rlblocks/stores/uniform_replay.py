"""Uniform replay (Lin, 1992; Mnih et al., 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.stores._ring import Ring
from rlblocks.stores.base import Rows, SampledMemory, Store, StoreSpec, Tree, bytes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rlblocks._core.keys import Spec


@block("uniform_replay")
class UniformReplay(Store):
    """Remembers the last `capacity` rows and hands over independent, uniformly drawn ones.

    (s, a, r, s') ~ U(D), with D the replay memory (Mnih et al., 2015, methods, "Training algorithm for deep
    Q-networks"). Draws are with replacement: a row may stand twice in a batch, and a batch may be larger than the
    memory.

    Attributes:
        capacity: rows held, at least 1; the newest overwrites the oldest.

    >>> import numpy as np
    >>> from rlblocks._core.keys import Spec
    >>> spec = StoreSpec({"reward": Spec()}, environments=1, generator=np.random.default_rng(0))
    >>> memory = UniformReplay(capacity=2).build(spec)
    >>> for reward in (1.0, 2.0, 3.0):
    ...     memory.add({"reward": np.array([reward])}, np.array([0]))
    >>> memory.contents()["reward"], memory.sample(4, ["reward"])["reward"]
    (array([2., 3.], dtype=float32), array([2., 2., 2., 3.], dtype=float32))
    """

    equation = "(s, a, r, s') ~ U(D)"
    tags = {"replacement": "with"}

    capacity: int = fields.integer(ge=1, unit="rows")

    def build(self, spec: StoreSpec) -> SampledMemory:
        """Make an empty ring of rows."""
        ring = Ring(type(self).__name__, spec.columns, self.capacity, self.row_bytes(spec.columns))
        return UniformMemory(ring, spec.generator)

    def most_rows(self) -> int:
        """See `Store.most_rows`."""
        return self.capacity

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """The columns, and nothing besides."""
        return bytes_of(columns)


@attrs.frozen(eq=False)
class UniformMemory:
    """A ring of rows, and the generator that picks among them."""

    ring: Ring
    generator: np.random.Generator

    def __len__(self) -> int:
        return len(self.ring)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Write one row of each environment."""
        self.ring.add(rows, len(environments))

    def sample(self, batch: int, keys: Sequence[str], **_: float) -> dict[str, NDArray[Any]]:
        """Draw rows independently and uniformly from those held."""
        self.ring.require(batch, keys)
        return self.ring.take(self.generator.integers(0, len(self.ring), batch), keys)

    def feed(self, **fed: NDArray[Any]) -> None:
        """Refuse: uniform replay asks for nothing."""
        self.ring.refuse(fed)

    def cut(self) -> None:
        """Nothing: every row is complete when it is written."""

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every row held, oldest first."""
        return self.ring.contents()

    def state(self) -> Tree:
        """The rows and their order. The generator belongs to the run."""
        return self.ring.state()

    def load(self, state: Tree) -> None:
        """Become what `state()` described."""
        self.ring.load(state)

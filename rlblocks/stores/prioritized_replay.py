"""Prioritized replay, proportional variant (Schaul et al., 2016)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import OfRun
from rlblocks._core.declare import read, scheduled
from rlblocks._core.errors import CheckpointError, RunError
from rlblocks.functional.replay import importance_weights, stratified
from rlblocks.functional.sum_tree import find, leaves_at, set_leaves, sum_tree, total
from rlblocks.schedules import Linear, Schedule
from rlblocks.stores._ring import Ring, Slots
from rlblocks.stores.base import Rows, SampledMemory, Store, StoreSpec, Tree, bytes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rlblocks._core.keys import Spec


@block("prioritized_replay")
class PrioritizedReplay(Store):
    """Remembers the last `capacity` rows and hands over those more often from which more can be learnt.

    P(i) = p_i^α / Σ_k p_k^α with p_i = |δ_i| + ε (Schaul et al., 2016, equation 1 and section 3.3), drawn from B equal
    parts of the sum (appendix B.2.1). The bias is undone by w_i = (N·P(i))^−β / max_j w_j (section 3.4), the maximum
    over the batch, which is written as `weight`, float32 in [0, 1], and must be read by a loss. A new row gets max p.

    Learning hands back the `error` of every row of the last sample, at least 0. An error whose row was overwritten in
    the meantime is dropped; of several errors of one row the largest counts.

    Attributes:
        capacity: rows held, at least 1; the newest overwrites the oldest.
        alpha: α; at 0 rows are drawn uniformly, at 1 in proportion to their error.
        beta: β, a schedule; at 1 the bias is undone in full.
        epsilon: ε, in units of the error: what keeps a row without error within reach.

    >>> import numpy as np
    >>> from rlblocks._core.keys import Spec
    >>> spec = StoreSpec({"reward": Spec()}, environments=1, generator=np.random.default_rng(0))
    >>> memory = PrioritizedReplay(capacity=4, alpha=1.0).build(spec)
    >>> for reward in (1.0, 2.0):
    ...     memory.add({"reward": np.array([reward])}, np.array([0]))
    >>> memory.sample(2, ["reward"], beta=1.0)
    {'reward': array([1., 2.], dtype=float32), 'weight': array([1., 1.], dtype=float32)}
    >>> memory.feed(priority=np.array([3.0, 1.0]))
    >>> memory.sample(4, ["reward"], beta=1.0)["weight"].round(2)
    array([0.33, 0.33, 0.33, 1.  ], dtype=float32)

    Differs from the paper: max p is over 1 (algorithm 1 begins with p_1 = 1) and every priority ever given, whether or
    not its row is still held. The paper gives no number for ε.
    """

    inputs = {"beta": scheduled("beta"), "priority": read("error")}
    outputs = ("weight",)
    debts = ("weight",)
    equation = "P(i) = p_i^α / Σ_k p_k^α, w_i = (N·P(i))^−β / max_j w_j"
    tags = {
        "replacement": "with",
        "weight_scope": "batch",
        "maximum_scope": "run",
        "duplicates": "largest",
        "overwritten": "dropped",
    }

    capacity: int = fields.integer(ge=1, unit="rows")
    alpha: float = fields.number(0.6, ge=0.0, le=1.0)
    beta: Schedule = fields.schedule(Linear(0.4, 1.0, over=OfRun(1.0)), ge=0.0, le=1.0)
    epsilon: float = fields.number(1e-6, gt=0.0)

    def build(self, spec: StoreSpec) -> SampledMemory:
        """Make an empty ring of rows and the tree of their priorities."""
        ring = Ring(type(self).__name__, spec.columns, self.capacity, self.row_bytes(spec.columns))
        return PrioritizedMemory(ring, spec.generator, self.alpha, self.epsilon)

    def most_rows(self) -> int:
        """See `Store.most_rows`."""
        return self.capacity

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """The columns, a priority, and at most four numbers of the tree."""
        return bytes_of(columns) + (1 + 4) * np.dtype(np.float64).itemsize


@attrs.define(eq=False)
class PrioritizedMemory:
    """A ring of rows, the raw priority of each, and the sum tree over their powers.

    Attributes:
        ring: the rows.
        generator: picks among them.
        alpha: the exponent of the priorities.
        epsilon: what is added to every error.
        maximum: the largest raw priority ever given, 1 at first.
        sampled: the slots of the last sample.
        sampled_at: how many rows had been written then.
        priority: p of every slot; 0 where no row is.
        tree: the sum tree over p^α.
    """

    ring: Ring
    generator: np.random.Generator
    alpha: float
    epsilon: float
    maximum: float = 1.0
    sampled: Slots = attrs.field(factory=lambda: np.empty(0, np.int64))
    sampled_at: int = 0
    priority: NDArray[np.float64] = attrs.field(init=False)
    tree: NDArray[np.float64] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.priority = np.zeros(self.ring.capacity)
        self.tree = sum_tree(self.priority)

    def __len__(self) -> int:
        return len(self.ring)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Write one row of each environment, with the largest priority so far."""
        self.ring.add(rows, len(environments))
        slots = self.ring.newest(min(len(environments), self.ring.capacity))
        self.priority[slots] = self.maximum
        self._follow(slots)

    def _follow(self, slots: Slots) -> None:
        """Make the tree agree with the priorities of these slots."""
        set_leaves(self.tree, slots, np.power(self.priority.take(slots), self.alpha))

    def sample(self, batch: int, keys: Sequence[str], **numbers: float) -> dict[str, NDArray[Any]]:
        """Draw rows by priority, and write their weights with β = `numbers["beta"]`."""
        beta, columns = numbers["beta"], [key for key in keys if key != "weight"]
        self.ring.require(batch, columns)
        slots = find(self.tree, stratified(self.generator.random(batch), total(self.tree)))
        self.sampled, self.sampled_at = slots, self.ring.written
        weight = importance_weights(leaves_at(self.tree, slots), beta)
        return {**self.ring.take(slots, columns), "weight": weight.astype(np.float32)}

    def feed(self, **fed: NDArray[Any]) -> None:
        """Take the errors of the rows of the last sample, `priority` [B], at least 0.

        Raises:
            RunError: there is not one error for each row, or one is NaN, negative or too large. Nothing was changed.
        """
        error = np.asarray(fed["priority"], np.float64)
        self._check(error)
        added = self.ring.written - self.sampled_at
        kept = (self.sampled - self.sampled_at) % self.ring.capacity >= added  # the others were overwritten since
        if kept.any():
            slots, priority = self.sampled[kept], error[kept] + self.epsilon
            self.maximum = max(self.maximum, float(priority.max()))
            self.priority[slots] = 0.0
            np.maximum.at(self.priority, slots, priority)
            self._follow(slots)

    def _check(self, error: NDArray[np.float64]) -> None:
        if error.shape != self.sampled.shape:
            raise RunError(
                f"PrioritizedReplay was fed errors of shape {list(error.shape)}, but the last sample was of shape "
                f"{list(self.sampled.shape)}",
                fix="feed the error of every row, [batch], after each sample", shape=error.shape,
            )  # fmt: skip
        limit = sys.float_info.max / self.tree.size  # so that the sum of all stays finite
        if error.size and not (error.min() >= 0.0 and error.max() <= limit):  # so written, NaN is refused as well
            row = int(np.flatnonzero(~((error >= 0.0) & (error <= limit)))[0])
            raise RunError(
                f"PrioritizedReplay was fed the error {error[row]} for row {row} of the last sample, "
                f"but an error is a number from 0 to {limit:.1e}",
                fix="lower the learning rate or clip the gradient if learning diverges; a loss writes |δ|, not δ",
                row=row, error=float(error[row]), limit=limit,
            )  # fmt: skip

    def cut(self) -> None:
        """Nothing: every row is complete when it is written."""

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every row held, oldest first."""
        return self.ring.contents()

    def state(self) -> Tree:
        """The rows, their raw priorities and the last sample. The tree follows from these, bit for bit."""
        return {
            "ring": self.ring.state(), "priority": self.priority[: len(self.ring)].copy(), "maximum": self.maximum,
            "sampled": self.sampled.copy(), "sampled_at": self.sampled_at,
        }  # fmt: skip

    def load(self, state: Tree) -> None:
        """Become what `state()` described."""
        held = min(int(state["ring"]["written"]), self.ring.capacity)
        if state["priority"].shape != (held,):
            raise CheckpointError(
                f"the saved priorities are {list(state['priority'].shape)}, but {held} rows were saved",
                fix="resume from another checkpoint", shape=state["priority"].shape, held=held,
            )  # fmt: skip
        self.ring.load(state["ring"])
        self.priority[:] = 0.0
        self.priority[:held] = state["priority"]
        leaves = np.zeros(self.ring.capacity)
        leaves[:held] = np.power(self.priority[:held], self.alpha)
        self.tree = sum_tree(leaves)
        self.maximum = float(state["maximum"])
        self.sampled, self.sampled_at = state["sampled"].copy(), int(state["sampled_at"])

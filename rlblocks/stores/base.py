"""The role of stores: what is remembered, and what is handed to learning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.block import Block, role
from rlblocks._core.keys import Spec
from rlblocks.envs.base import Judge, no_goals

if TYPE_CHECKING:
    from rlblocks.envs.base import Facts

Rows = Mapping[str, NDArray[Any]]
Tree = dict[str, Any]


@attrs.frozen
class StoreSpec:
    """What a store is built for.

    Attributes:
        columns: every column that is written, without the leading row dim.
        environments: how many environments write, E.
        generator: the store's own source of randomness; it belongs to the run's state.
        judge: what the environments pay for goals; raises where they have none.
    """

    columns: Mapping[str, Spec]
    environments: int
    generator: np.random.Generator
    judge: Judge = no_goals


class Memory(Protocol):
    """A built store, the mutable half, owned by the run: what all of them have."""

    def __len__(self) -> int:
        """How many rows can be handed to learning now; of a drained memory 0 until a chunk is complete."""
        ...

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Remember one row of each of the named environments: arrays `[E', ...]` by column, which are copied."""
        ...

    def cut(self) -> None:
        """Let go of rows that wait for later ones of their episodes, which will not come; complete rows stay.

        A run asks for it where it is resumed and its environments begin new episodes.
        """
        ...

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every row that can be handed over, `[rows, ...]` by column, oldest first, as fresh arrays. Moves nothing."""
        ...

    def state(self) -> Tree:
        """Everything: a nested dict of arrays, numbers, texts, lists and None. Arrays are copies."""
        ...

    def load(self, state: Tree) -> None:
        """Become what `state()` described; afterwards every answer is bit-equal."""
        ...


class SampledMemory(Memory, Protocol):
    """A memory that hands over some of its rows, any number, and keeps them."""

    def sample(self, batch: int, keys: Sequence[str], **numbers: float) -> dict[str, NDArray[Any]]:
        """Hand over `batch` rows of the columns asked for, and what the store writes itself, as fresh arrays."""
        ...

    def feed(self, **fed: NDArray[Any]) -> None:
        """Take what the store's `inputs` asked for, one entry for each row of the last sample."""
        ...


class DrainedMemory(Memory, Protocol):
    """A memory that hands over each row once, in chunks of T steps and N environments or episodes."""

    def drain(self, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Hand over a chunk and forget it: `[T, N, ...]` by column, and what the store writes itself.

        The columns are those asked for, time-major, as fresh contiguous arrays. Where there is no row they hold 0;
        such padding stands behind the last row of its environment or episode.
        """
        ...


@role("stores")
class Store(Block):
    """What is remembered. `build` makes its memory.

    Rows hold the columns `observation, action, reward, terminated, truncated, discount, next.observation` and whatever
    the explorer writes besides. `discount` is γ·(1 − terminated) when a row arrives; a store that joins rows
    multiplies.

    Attributes:
        hands: "sampled" (random rows, any number; its memory is a `SampledMemory`) or "drained" (all that was
            collected, once; its memory is a `DrainedMemory`).
        outputs: keys that the store writes beside its columns, such as `weight`.
        debts: those of `outputs` that must be read by a loss, or the composition is wrong.
        inputs: what learning must hand back, such as the priority; each is a debt of the objectives.
    """

    hands: ClassVar[str] = "sampled"
    debts: ClassVar[tuple[str, ...]] = ()

    def build(self, spec: StoreSpec) -> Memory:
        """Make an empty memory. Allocates all that it will ever hold, where that is known."""
        raise NotImplementedError

    def least_rows(self, environments: int) -> int:  # noqa: ARG002  a sampled store can hand over any row
        """How many steps, summed over the environments, are taken at least before it hands over anything."""
        return 0

    def most_rows(self) -> int:
        """The most rows that a sampled store can ever hold; 0 of a drained one, which answers `chunk`."""
        return 0

    def in_order(self) -> bool:
        """Whether one row, asked for after each step of one environment, is each of its rows once, in order."""
        return False

    def chunk(self, environments: int) -> tuple[int, int]:  # noqa: ARG002  the role's signature
        """The steps T and the environments or episodes N of what a drained store hands over; zeros of a sampled one."""
        return 0, 0

    def misfit(self, facts: Facts) -> str:  # noqa: ARG002  the role's signature
        """Why it cannot serve such an environment, to stand after its name: "what; fix"; empty where it can."""
        return ""

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """Bytes of one remembered row, bookkeeping included, for the estimate shown before anything is allocated."""
        raise NotImplementedError


def bytes_of(columns: Mapping[str, Spec]) -> int:
    """Bytes of one row of these columns.

    >>> bytes_of({"observation": Spec((4,)), "action": Spec((), "int64"), "terminated": Spec((), "bool")})
    25
    """
    return sum(math.prod(spec.shape) * np.dtype(spec.dtype).itemsize for spec in columns.values())

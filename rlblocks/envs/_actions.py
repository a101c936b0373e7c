"""Actions as learning stores them, and as environments take them."""

from __future__ import annotations

import math
from typing import Any, Protocol

import attrs
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlblocks._core.errors import BuildError, RunError


class Actions(Protocol):
    """The two forms of a row of actions."""

    def stored(self, actions: NDArray[Any], n: int) -> list[Any]:
        """What is remembered, one entry for each of n environments, sharing no memory with `actions`.

        Raises:
            RunError: the actions are not of the space: whoever chose them is at fault, not the environment.
        """
        ...

    def executed(self, stored: list[Any]) -> list[Any]:
        """What the environments are given; they may write into it."""
        ...

    def batch(self, stored: list[Any]) -> NDArray[Any]:
        """The remembered actions as one array."""
        ...

    def unbatch(self, batch: NDArray[Any]) -> list[Any]:
        """What `batch` was made of."""
        ...


def _refuse(what: str, space: spaces.Space[Any]) -> RunError:
    return RunError(f"{what}, and the action space is {space}", fix="mend the explorer or the network that chose it")


@attrs.frozen
class DiscreteActions:
    """Whole numbers. Learning counts from 0, the environment from wherever its space starts."""

    space: spaces.Discrete
    n: int
    start: int

    def stored(self, actions: NDArray[Any], n: int) -> list[Any]:
        """See `Actions.stored`."""
        if actions.shape != (n,) or actions.dtype.kind not in "iu":
            raise _refuse(f"the actions of {n} environments are {actions.dtype}{list(actions.shape)}", self.space)
        chosen: list[int] = actions.tolist()
        for action in chosen:
            if not 0 <= action < self.n:
                raise _refuse(f"the action is {action} (counted from 0)", self.space)
        return chosen

    def executed(self, stored: list[Any]) -> list[Any]:
        """See `Actions.executed`."""
        return [action + self.start for action in stored] if self.start else stored

    def batch(self, stored: list[Any]) -> NDArray[Any]:
        """See `Actions.batch`."""
        return np.asarray(stored, dtype=np.int64)

    def unbatch(self, batch: NDArray[Any]) -> list[Any]:
        """See `Actions.unbatch`."""
        return batch.tolist()  # type: ignore[no-any-return]


@attrs.frozen
class ArrayActions:
    """Arrays of one shape: Box, MultiDiscrete, MultiBinary."""

    space: spaces.Space[Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def stored(self, actions: NDArray[Any], n: int) -> list[Any]:
        """See `Actions.stored`."""
        if actions.shape != (n, *self.shape):
            raise _refuse(f"the actions of {n} environments are {actions.dtype}{list(actions.shape)}", self.space)
        if actions.dtype.kind == "f" and not math.isfinite(actions.sum()):
            raise _refuse(f"the actions are not finite: {actions.tolist()}", self.space)
        return list(actions.astype(self.dtype))

    def executed(self, stored: list[Any]) -> list[Any]:
        """See `Actions.executed`."""
        return [action.copy() for action in stored]

    def batch(self, stored: list[Any]) -> NDArray[Any]:
        """See `Actions.batch`."""
        return np.asarray(stored, dtype=self.dtype).reshape(-1, *self.shape)

    def unbatch(self, batch: NDArray[Any]) -> list[Any]:
        """See `Actions.unbatch`."""
        return list(batch.astype(self.dtype))


def actions_of(space: spaces.Space[Any], name: str) -> Actions:
    """The two forms of the actions of a space.

    Raises:
        BuildError: one action is not one number or one array.
    """
    if isinstance(space, spaces.Discrete):
        return DiscreteActions(space, int(space.n), int(space.start))
    if isinstance(space, spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary):
        assert space.shape is not None
        return ArrayActions(space, space.shape, np.dtype(space.dtype))
    raise BuildError(
        f"environment {name!r} takes actions of the space {space}, and only Discrete, Box, MultiDiscrete and "
        "MultiBinary ones are handled",
        fix="write a Wrapper that makes one array of it", environment=name,
    )  # fmt: skip

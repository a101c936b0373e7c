"""Actions as learning stores them, and as environments take them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import attrs
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlblocks._core.errors import BuildError, RunError

MOST_ACTIONS = 1_000_000  # a network with one output for each would hardly fit into memory


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
    """Whole numbers. Learning counts from 0, the environment from wherever its space starts.

    Attributes:
        space: the action space.
        n: how many actions there are.
        names: by action, the number that the environment takes: one of numpy's, as the space would draw it, and which
            gymnasium checks faster than one of Python's. Looked up, because making one takes as long as all the rest.
    """

    space: spaces.Discrete
    n: int
    names: Sequence[Any]

    def stored(self, actions: NDArray[Any], n: int) -> list[Any]:
        """See `Actions.stored`."""
        if actions.shape != (n,) or actions.dtype.kind not in "iu":
            raise _refuse(f"the actions of {n} environments are {actions.dtype}{list(actions.shape)}", self.space)
        chosen: list[int] = actions.tolist()
        n_actions = self.n
        for action in chosen:
            if not 0 <= action < n_actions:
                raise _refuse(f"the action is {action} (counted from 0)", self.space)
        return chosen

    def executed(self, stored: list[Any]) -> list[Any]:
        """See `Actions.executed`."""
        names = self.names
        return [names[action] for action in stored]

    def batch(self, stored: list[Any]) -> NDArray[Any]:
        """See `Actions.batch`."""
        return np.asarray(stored, dtype=np.int64)

    def unbatch(self, batch: NDArray[Any]) -> list[Any]:
        """See `Actions.unbatch`."""
        unbatched: list[int] = batch.tolist()
        return unbatched


@attrs.frozen
class ArrayActions:
    """Arrays of one shape: MultiDiscrete, MultiBinary.

    Attributes:
        space: the action space.
        shape: of one action.
        dtype: of one action.
        start: by component, the least number that the environment takes; learning counts from 0.
    """

    space: spaces.Space[Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: NDArray[Any]

    def stored(self, actions: NDArray[Any], n: int) -> list[Any]:
        """See `Actions.stored`."""
        if actions.shape != (n, *self.shape):
            raise _refuse(f"the actions of {n} environments are {actions.dtype}{list(actions.shape)}", self.space)
        if actions.dtype.kind == "f" and not math.isfinite(actions.sum()):
            raise _refuse(f"the actions are not finite: {actions.tolist()}", self.space)
        return list(actions.astype(self.dtype))

    def executed(self, stored: list[Any]) -> list[Any]:
        """See `Actions.executed`."""
        return [action + self.start for action in stored]

    def batch(self, stored: list[Any]) -> NDArray[Any]:
        """See `Actions.batch`."""
        return np.asarray(stored, dtype=self.dtype).reshape(-1, *self.shape)

    def unbatch(self, batch: NDArray[Any]) -> list[Any]:
        """See `Actions.unbatch`."""
        return list(batch.astype(self.dtype))


@attrs.frozen
class BoxActions:
    """Arrays of real numbers. What was chosen is remembered; the environment gets it cut to its bounds.

    So a policy may have mass outside the bounds, and its stored log-probability stays that of what it chose.
    """

    arrays: ArrayActions
    low: NDArray[Any]
    high: NDArray[Any]

    def stored(self, actions: NDArray[Any], n: int) -> list[Any]:
        """See `Actions.stored`."""
        return self.arrays.stored(actions, n)

    def executed(self, stored: list[Any]) -> list[Any]:
        """See `Actions.executed`."""
        return [np.asarray(np.clip(action, self.low, self.high)) for action in stored]

    def batch(self, stored: list[Any]) -> NDArray[Any]:
        """See `Actions.batch`."""
        return self.arrays.batch(stored)

    def unbatch(self, batch: NDArray[Any]) -> list[Any]:
        """See `Actions.unbatch`."""
        return self.arrays.unbatch(batch)


def actions_of(space: spaces.Space[Any], name: str) -> Actions:
    """The two forms of the actions of a space.

    Raises:
        BuildError: one action is not one number or one array.
    """
    if isinstance(space, spaces.Discrete):
        n, start = int(space.n), int(space.start)
        if n > MOST_ACTIONS:
            raise BuildError(
                f"environment {name!r} has {n} discrete actions, more than {MOST_ACTIONS}",
                fix="write a Wrapper that takes a Box or MultiDiscrete action", environment=name,
            )  # fmt: skip
        return DiscreteActions(space, n, list(np.arange(start, start + n, dtype=space.dtype)))
    if isinstance(space, spaces.Box):
        dtype = np.dtype(space.dtype)
        return BoxActions(ArrayActions(space, space.shape, dtype, np.zeros((), dtype)), space.low, space.high)
    if isinstance(space, spaces.MultiDiscrete | spaces.MultiBinary):
        assert space.shape is not None
        dtype = np.dtype(space.dtype)
        least = space.start if isinstance(space, spaces.MultiDiscrete) else 0
        return ArrayActions(space, space.shape, dtype, np.asarray(least, dtype))
    raise BuildError(
        f"environment {name!r} takes actions of the space {space}, and only Discrete, Box, MultiDiscrete and "
        "MultiBinary ones are handled",
        fix="write a Wrapper that makes one array of it", environment=name,
    )  # fmt: skip

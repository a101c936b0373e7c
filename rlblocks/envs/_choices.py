"""The choices that an action makes, and the shape of a mask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from gymnasium import spaces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rlblocks.envs.base import Facts


@attrs.frozen
class Choices:
    """The choices that an action makes, each among some entries.

    Attributes:
        counts: how many entries each has: `(A,)` for a Discrete action, `(n_1, ..., n_k)` for a MultiDiscrete one.
        shape: of a mask as it is stored: `(A,)`, or `(k, max n)`, False where a choice has fewer entries.
    """

    counts: tuple[int, ...]
    shape: tuple[int, ...]

    def all_legal(self) -> NDArray[np.bool_]:
        """The mask that lets every action be legal.

        >>> Choices((2, 3), (2, 3)).all_legal().astype(int).tolist()
        [[1, 1, 0], [1, 1, 1]]
        """
        if len(self.shape) == 1:
            return np.ones(self.shape, bool)
        mask: NDArray[np.bool_] = np.arange(self.shape[1]) < np.array(self.counts)[:, None]
        return mask


UNMASKED = Choices((), (0,))


def choices_in(space: spaces.Space[Any]) -> Choices:
    """The choices that an action of a space makes; `UNMASKED` where masks say nothing of such actions.

    >>> choices_in(spaces.MultiDiscrete([2, 3])).shape, choices_in(spaces.Box(0, 1)) == UNMASKED
    ((2, 3), True)
    """
    if isinstance(space, spaces.Discrete):
        return Choices((int(space.n),), (int(space.n),))
    if isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
        counts = tuple(int(n) for n in space.nvec)
        return Choices(counts, (len(counts), max(counts)))
    return UNMASKED


def choices_of(facts: Facts) -> Choices:
    """The choices that a mask of actions is of; `UNMASKED` where actions are not masked.

    >>> from rlblocks.envs import Gym
    >>> choices_of(Gym("Taxi-v4").facts()).counts, choices_of(Gym("CartPole-v1").facts()).counts
    ((6,), ())
    """
    return choices_in(facts.action_space) if facts.masked else UNMASKED

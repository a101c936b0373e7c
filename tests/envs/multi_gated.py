"""An environment whose actions make two choices, in which other entries are legal at every step."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

COUNTS = (2, 3)
LONGEST = 5
# By place: the entries of the first choice and those of the second one, as a stored mask.
PAIRS = np.array(
    [[[1, 0, 0], [0, 1, 1]], [[0, 1, 0], [1, 0, 1]], [[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [1, 1, 1]]], bool
)  # fmt: skip
EVERY = np.array([[1, 1, 0], [1, 1, 1]], bool)


def as_tuple(mask: Any) -> Any:
    """As gymnasium's `MultiDiscrete.sample` takes it."""
    return tuple(mask[choice, :count].astype(np.int8) for choice, count in enumerate(COUNTS))


def as_array(mask: Any) -> Any:
    """All flags in one array, choice by choice."""
    return mask[EVERY].astype(np.int8)


class PairGated(gymnasium.Env[Any, Any]):
    """Goes round four places and pays 1; raises at an illegal entry.

    Episodes have one to five steps; a third of them terminates where nothing is legal, another one where nothing is
    said of it, and the others are truncated.

    Attributes:
        form: how the info holds a mask.
    """

    observation_space = spaces.Discrete(len(PAIRS))
    action_space = spaces.MultiDiscrete(COUNTS, start=(0, -1))

    def __init__(self, form: Any = as_tuple) -> None:
        self.form, self.place, self.t, self.length, self.end = form, 0, 0, 0, -1

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        gymnasium.Env.reset(self, seed=seed)
        self.place, self.t, self.end = int(self.np_random.integers(len(PAIRS))), 0, int(self.np_random.integers(3))
        self.length = int(self.np_random.integers(1, LONGEST + 1))
        return self.place, {"action_mask": self.form(PAIRS[self.place])}

    def step(self, action: Any) -> Any:
        first, second = (int(x) for x in np.asarray(action) - self.action_space.start)
        if not PAIRS[self.place, 0, first] or not PAIRS[self.place, 1, second]:
            raise AssertionError(f"{action} was taken in {self.place}")
        self.place, self.t = (self.place + first + second + 1) % len(PAIRS), self.t + 1
        over = self.t == self.length
        terminated, mask = over and self.end < 2, PAIRS[self.place]
        info = [{"action_mask": self.form(mask & False)}, {}][self.end] if terminated else {
            "action_mask": self.form(mask)
        }  # fmt: skip
        return self.place, 1.0, terminated, over and not terminated, info


def told(places: Any, terminated: Any) -> Any:
    """The masks at places, `[n, 2, 3]`; all entries are legal where an episode terminated."""
    return (PAIRS[np.asarray(places)] | np.asarray(terminated)[:, None, None]) & EVERY


def legal_actions(mask: Any, seed: int = 0) -> Any:
    """A legal action for each row, counted from 0."""
    return np.argmax(np.random.default_rng(seed).random(mask.shape) * mask, axis=-1)

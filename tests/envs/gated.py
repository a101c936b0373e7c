"""An environment in which other actions are legal at every step, and an illegal one ends the test."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

LEGAL = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]], bool)  # by place and action
LONGEST = 5


class Gated(gymnasium.Env[Any, Any]):
    """Goes round six places, one to three of them at a time, and pays 1.

    Episodes have one to five steps; a third of them terminates where nothing is legal, another one where nothing is
    said of it, and the others are truncated.

    Attributes:
        resets: how often an environment of this kind was reset.
    """

    observation_space = spaces.Discrete(len(LEGAL))
    action_space = spaces.Discrete(3, start=-1)
    resets: ClassVar[int] = 0

    def __init__(self) -> None:
        self.place, self.t, self.length, self.end = 0, 0, 0, -1

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        gymnasium.Env.reset(self, seed=seed)
        Gated.resets += 1
        self.place, self.t, self.end = int(self.np_random.integers(len(LEGAL))), 0, int(self.np_random.integers(3))
        self.length = int(self.np_random.integers(1, LONGEST + 1))
        return self.place, {"action_mask": LEGAL[self.place].astype(np.int8)}

    def step(self, action: Any) -> Any:
        if not LEGAL[self.place, action + 1]:
            raise AssertionError(f"{action} was taken in {self.place}")
        self.place, self.t = int(self.place + action + 2) % len(LEGAL), self.t + 1
        over = self.t == self.length
        terminated, mask = over and self.end < 2, LEGAL[self.place].astype(np.int8)
        info = [{"action_mask": 0 * mask}, {}][self.end] if terminated else {"action_mask": mask}
        return self.place, 1.0, terminated, over and not terminated, info


def told(places: Any, terminated: Any) -> Any:
    """The masks at places, `[n, A]`; all actions are legal where an episode terminated."""
    return LEGAL[np.asarray(places)] | np.asarray(terminated)[:, None]


def legal_actions(mask: Any, seed: int = 0) -> Any:
    """A legal action for each row, counted from 0."""
    return np.argmax(np.random.default_rng(seed).random(mask.shape) * mask, axis=1)


class Broken(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Changes the infos of steps, or those of all resets but the first."""

    def __init__(self, env: Any, step: Any = lambda info: info, reset: Any = lambda info: info) -> None:
        gymnasium.Wrapper.__init__(self, env)
        self.change_step, self.change_reset, self.count = step, reset, 0

    def reset(self, **how: Any) -> Any:
        self.count += 1
        observation, info = self.env.reset(**how)
        return observation, info if self.count == 1 else self.change_reset(info)

    def step(self, action: Any) -> Any:
        *result, info = self.env.step(action)
        return (*result, self.change_step(info))


class Ungated(gymnasium.Env[Any, Any]):
    """One place without an end, in which every action is legal, and that says so."""

    observation_space = spaces.Discrete(1)

    def __init__(self, action_space: spaces.Space[Any] | None = None) -> None:
        self.action_space = action_space or spaces.Discrete(3)

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        gymnasium.Env.reset(self, seed=seed)
        return 0, {"action_mask": np.ones(3, np.int8)}

    def step(self, action: Any) -> Any:
        return 0, 0.0, False, False, {"action_mask": np.ones(3, np.int8)}

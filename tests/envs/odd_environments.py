"""Environments whose every number says where it comes from, and environments that break their contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium import spaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Ending = tuple[int, bool, bool]  # length, terminated, truncated


class Clock(gymnasium.Env[Any, Any]):
    """Observes (environment, episode, t) and rewards with one number made of the three.

    Its episodes end as scripted, over and over. It remembers what it was reset with and what it was given.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 7}
    observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float32)

    def __init__(
        self,
        index: int = 0,
        script: Sequence[Ending] = ((3, True, False),),
        render_mode: str | None = None,
        action_space: spaces.Space[Any] | None = None,
    ) -> None:
        self.index, self.script, self.render_mode = index, tuple(script), render_mode
        self.action_space = action_space or spaces.Discrete(4)
        self.episode, self.t = -1, 0
        self.seeds: list[Any] = []
        self.actions: list[Any] = []

    def observe(self) -> Any:
        return np.array([self.index, self.episode, self.t], np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.seeds.append(seed)
        self.episode, self.t = self.episode + 1, 0
        return self.observe(), {}

    def step(self, action: Any) -> Any:
        self.actions.append(action)
        self.t += 1
        length, terminated, truncated = self.script[self.episode % len(self.script)]
        over = self.t >= length
        return self.observe(), stamp(self.index, self.episode, self.t), over and terminated, over and truncated, {}

    def render(self) -> Any:
        return np.full((4, 6, 3), self.t, np.uint8)


def stamp(index: int, episode: int, t: int) -> float:
    """A reward that belongs to one transition alone, exact in float64."""
    return float(index * 1_000_000 + episode * 1_000 + t)


class BufferReusing(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Writes every observation into the same array."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        gymnasium.Wrapper.__init__(self, env)
        self.buffer = np.zeros(env.observation_space.shape, env.observation_space.dtype)

    def reset(self, **how: Any) -> Any:
        self.buffer[...], info = self.env.reset(**how)
        return self.buffer, info

    def step(self, action: Any) -> Any:
        observation, *rest = self.env.step(action)
        self.buffer[...] = observation
        return (self.buffer, *rest)


class Wanderer(gymnasium.Env[Any, Any]):
    """Reproducible from its seed and its actions alone: every number depends on both, and so do its ends."""

    def __init__(self, action_space: spaces.Space[Any] | None = None, end: float = 0.15) -> None:
        self.observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
        self.action_space = action_space or spaces.Discrete(3, start=-1)
        self.end = end

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        gymnasium.Env.reset(self, seed=seed)
        self.place = self.np_random.normal(size=2)
        return self.place.copy(), {}

    def step(self, action: Any) -> Any:
        self.place = 0.9 * self.place + 0.1 * np.sum(action) + self.np_random.normal(size=2)
        if isinstance(action, np.ndarray):
            action[...] = np.nan  # an environment may clip or normalise what it was given in place
        terminated, truncated = self.np_random.random(2) < self.end
        return self.place.copy(), float(self.place[0]), bool(terminated), bool(truncated), {}


class Broken(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Changes what one step, or one reset, returns."""

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        step: Callable[[Any], Any] = lambda result: result,
        reset: Callable[[Any], Any] = lambda result: result,
        at: int = 2,
    ) -> None:
        gymnasium.Wrapper.__init__(self, env)
        self.change_step, self.change_reset, self.at, self.count = step, reset, at, 0

    def reset(self, **how: Any) -> Any:
        return self.change_reset(self.env.reset(**how))

    def step(self, action: Any) -> Any:
        self.count += 1
        result = self.env.step(action)
        return self.change_step(result) if self.count == self.at else result


def clocks(scripts: Sequence[Sequence[Ending]], **more: Any) -> Callable[[], Clock]:
    """A function that makes the first, second, … clock, each with its own script."""
    made: list[int] = []

    def make() -> Clock:
        index = len(made) % len(scripts)
        made.append(index)
        return Clock(index, scripts[index], **more)

    return make

"""An environment whose observations say which episode and step they belong to, for laws of pools and wrappers."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

CLOCK = "rlblocks/Clock-v0"
LONGEST = 6  # steps of an episode


class ClockEnv(gymnasium.Env[Any, Any]):
    """Observations `[episode's stamp, t, last action]`; episodes last 1 to 6 steps and end in every way, by their seed.

    It is as nasty as an environment may be: it writes every observation into the same array, its actions do not count
    from 0, and an episode may be terminated and truncated at once.
    """

    metadata = {"render_modes": []}

    def __init__(self) -> None:
        self.observation_space = spaces.Box(-1.0, 2.0**20, (3,), np.float32)
        self.action_space = spaces.Discrete(3, start=1)
        self._buffer = np.zeros(3, np.float32)
        self._length, self._end = 0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode whose stamp, length and end are drawn."""
        super().reset(seed=seed, options=options)
        self._buffer[:] = self.np_random.integers(1, 2**20), 0, -1
        self._length, self._end = (int(x) for x in self.np_random.integers((1, 0), (LONGEST + 1, 3)))
        return self._buffer, {}

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """One step; the reward is the stamp's last bits and the time, so that returns tell episodes apart."""
        self._buffer[1:] = self._buffer[1] + 1, action
        over = bool(self._buffer[1] >= self._length)
        reward = float(self._buffer[0] % 8 + self._buffer[1] / 4)
        return self._buffer, reward, over and self._end != 1, over and self._end != 0, {}


class PictureEnv(gymnasium.Env[Any, Any]):
    """Pictures `[40, 36, 3]` of noise, by seed and step; episodes of 5 steps."""

    metadata = {"render_modes": []}

    def __init__(self) -> None:
        self.observation_space = spaces.Box(0, 255, (40, 36, 3), np.uint8)
        self.action_space = spaces.Discrete(2)
        self._t = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed, options=options)
        self._t = 0
        return self._picture(), {}

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """One step; the reward is −2, 0 or 2."""
        self._t += 1
        return self._picture(), float(2 * (self._t % 3 - 1) * (1 if action else -1)), self._t >= 5, False, {}  # noqa: PLR2004

    def _picture(self) -> NDArray[Any]:
        return self.np_random.integers(0, 256, (40, 36, 3), np.uint8)


class PairsEnv(gymnasium.Env[Any, Any]):
    """Observations that are no array: a pair of whole numbers, by seed and step; episodes of 4 steps."""

    metadata = {"render_modes": []}

    def __init__(self) -> None:
        self.observation_space = spaces.Tuple((spaces.Discrete(5), spaces.Discrete(3)))
        self.action_space = spaces.Discrete(2)
        self._t = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed, options=options)
        self._t = 0
        return self._pair(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step."""
        self._t += 1
        return self._pair(), float(action), self._t >= 4, False, {}  # noqa: PLR2004

    def _pair(self) -> tuple[np.int64, np.int64]:
        return self.np_random.integers(5), self.np_random.integers(3)


if CLOCK not in gymnasium.registry:
    gymnasium.register(CLOCK, entry_point="rlblocks.testing.clock:ClockEnv")

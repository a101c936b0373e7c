"""An environment whose observations say which episode and step they belong to, for laws of pools and wrappers."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

CLOCK = "rlblocks/Clock-v0"
MASKED_CLOCK = "rlblocks/MaskedClock-v0"
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


class MaskedClock(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A clock whose info says which actions are legal, others at every step; see `clock_mask`.

    It writes every mask into the same array, and obeys illegal actions too. At an end it may say nothing, or, where it
    terminates, that no action is legal.

    Attributes:
        fault: what is wrong with the masks of its steps: "", "none legal", "too many" or "missing".
    """

    def __init__(self, fault: str = "") -> None:
        gymnasium.Wrapper.__init__(self, ClockEnv())
        self.fault = fault
        self._mask = np.zeros(4 if fault == "too many" else 3, np.int8)

    def reset(self, **arguments: Any) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode."""
        observation, _ = self.env.reset(**arguments)
        return observation, {"action_mask": np.array(clock_mask(observation), np.int8)}

    def step(self, action: Any) -> tuple[NDArray[Any], Any, bool, bool, dict[str, Any]]:
        """One step."""
        observation, reward, terminated, truncated, _ = self.env.step(action)
        silent = (terminated or truncated) and observation[0] % 2 == 1
        none = (terminated and observation[0] % 4 == 0) or self.fault == "none legal"
        self._mask[:3] = 0 if none else clock_mask(observation)
        info = {} if silent or self.fault == "missing" else {"action_mask": self._mask}
        return observation, reward, terminated, truncated, info


def clock_mask(observation: Any, *, terminated: bool = False, truncated: bool = False) -> list[bool]:
    """Which of its three actions a masked clock lets be legal where it observes this; all, where it does not say.

    >>> clock_mask([3.0, 0.0, -1.0]), clock_mask([3.0, 1.0, 2.0]), clock_mask([3.0, 1.0, 2.0], truncated=True)
    ([False, False, True], [True, False, True], [True, True, True])
    """
    stamp, t, *_ = (int(x) for x in observation)
    if ((terminated or truncated) and stamp % 2 == 1) or (terminated and stamp % 4 == 0):
        return [True, True, True]
    return [bool((stamp + t) % 7 + 1 & 1 << action) for action in range(3)]


class GoalClock(gymnasium.Env[Any, Any]):
    """A clock that is told a goal, its episode's stamp halved, and achieves its time; paid for the difference.

    It writes its goals into the same arrays, too.
    """

    metadata = {"render_modes": []}

    def __init__(self) -> None:
        self._clock = ClockEnv()
        self.action_space = self._clock.action_space
        seen, goal = self._clock.observation_space, spaces.Box(-np.inf, np.inf, (1,), np.float64)
        self.observation_space = spaces.Dict({"observation": seen, "achieved_goal": goal, "desired_goal": goal})
        self._goals = np.zeros((2, 1))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Begin an episode."""
        observation, info = self._clock.reset(seed=seed, options=options)
        return self._told(observation), info

    def step(self, action: Any) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """One step."""
        observation, _, terminated, truncated, info = self._clock.step(action)
        told = self._told(observation)
        return told, float(self.compute_reward(self._goals[0], self._goals[1], info)), terminated, truncated, info

    def compute_reward(self, achieved_goal: NDArray[Any], desired_goal: NDArray[Any], info: Any) -> NDArray[Any]:  # noqa: ARG002  the signature of goal environments
        """The difference, for one goal `[1]` or for rows `[m, 1]`."""
        paid: NDArray[Any] = (achieved_goal - desired_goal)[..., 0]
        return paid

    def _told(self, observation: NDArray[Any]) -> dict[str, NDArray[Any]]:
        self._goals[:, 0] = observation[1], observation[0] / 2
        return {"observation": observation, "achieved_goal": self._goals[0], "desired_goal": self._goals[1]}


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
    gymnasium.register(MASKED_CLOCK, entry_point="rlblocks.testing.clock:MaskedClock")

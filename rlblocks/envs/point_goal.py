"""A point in a square that is to go far, and is told only whether it has arrived."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

POINT_GOAL = "rlblocks/PointGoal-v0"
STRIDE, NEAR, RADIUS = 0.05, 0.6, 0.05


class PointGoal(gymnasium.Env[Any, Any]):
    """A goal environment: p ← clip(p + 0.05·a, −1, 1) in the plane, r = 0 where |p − g| ≤ 0.05 and −1 elsewhere.

    An episode begins near the middle and has 50 steps; g is 0.6 to 1 away from the middle in the larger coordinate, so
    that it takes 12 to 20 steps in one direction, and steps in random directions hardly ever arrive. What is paid is
    what `compute_reward` says, as in gymnasium-robotics; nothing terminates, so that it pays to stay. `is_success` in
    the info of a step says whether the point is there.

    >>> env = gymnasium.make("rlblocks/PointGoal-v0")
    >>> sorted(env.reset(seed=0)[0]), env.step(np.zeros(2, np.float32))[1]
    (['achieved_goal', 'desired_goal', 'observation'], -1.0)
    >>> env.unwrapped.compute_reward(np.zeros((2, 2)), np.array([[0.03, 0.04], [0.04, 0.04]]), {}).tolist()
    [0.0, -1.0]
    """

    metadata = {"render_modes": []}

    def __init__(self) -> None:
        square = spaces.Box(-1.0, 1.0, (2,), np.float64)
        self.observation_space = spaces.Dict({"observation": square, "achieved_goal": square, "desired_goal": square})
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._point, self._goal = np.zeros(2), np.zeros(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
        """Begin near the middle, with a goal far from it."""
        gymnasium.Env.reset(self, seed=seed, options=options)
        self._point = self.np_random.uniform(-0.1, 0.1, 2)
        direction = self.np_random.uniform(-1.0, 1.0, 2)
        self._goal = direction * (self.np_random.uniform(NEAR, 1.0) / np.abs(direction).max())
        return self._seen(), {"is_success": False}

    def step(self, action: NDArray[Any]) -> tuple[dict[str, NDArray[np.float64]], float, bool, bool, dict[str, Any]]:
        """Move by at most 0.05 in each coordinate."""
        moved = self._point + STRIDE * np.clip(np.asarray(action, np.float64), -1.0, 1.0)
        self._point = np.clip(moved, -1.0, 1.0)
        reward = float(self.compute_reward(self._point, self._goal, {}))
        return self._seen(), reward, False, False, {"is_success": reward == 0.0}

    def compute_reward(self, achieved_goal: NDArray[Any], desired_goal: NDArray[Any], info: Any) -> NDArray[np.float64]:  # noqa: ARG002  the signature of goal environments
        """0 where the goal is achieved and −1 elsewhere, for one `[2]` or for rows `[m, 2]`."""
        distance = np.sqrt(np.square(achieved_goal - desired_goal).sum(-1))
        return np.where(distance <= RADIUS, 0.0, -1.0)

    def _seen(self) -> dict[str, NDArray[np.float64]]:
        return {
            "observation": self._point.copy(), "achieved_goal": self._point.copy(), "desired_goal": self._goal.copy()
        }  # fmt: skip


if POINT_GOAL not in gymnasium.registry:
    gymnasium.register(
        POINT_GOAL, entry_point="rlblocks.envs.point_goal:PointGoal", max_episode_steps=50, reward_threshold=-20.0
    )

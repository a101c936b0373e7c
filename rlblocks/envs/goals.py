"""Environments that are told a goal: their observation and the goal as one vector, and what is paid for reaching it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium import spaces

from rlblocks._core.block import block
from rlblocks._core.errors import BuildError, RunError
from rlblocks.envs.base import Wrapper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rlblocks.envs.base import Judged

Env = gymnasium.Env[Any, Any]
ACHIEVED, DESIRED = "achieved_goal", "desired_goal"
PARTS = ("observation", ACHIEVED, DESIRED)
GOALS = "goal_space"  # the attribute by which an environment whose observations end in a goal is known
OVER_ROWS = "over the last axis, as in np.linalg.norm(achieved_goal - desired_goal, axis=-1)"


def has_goals(space: spaces.Space[Any]) -> bool:
    """Whether a space is that of a goal environment, as gymnasium-robotics defines it.

    >>> has_goals(spaces.Dict({name: spaces.Box(-1.0, 1.0, (2,)) for name in PARTS})), has_goals(spaces.Discrete(2))
    (True, False)
    """
    return isinstance(space, spaces.Dict) and set(PARTS) <= set(space)


@block("goal")
class Goal(Wrapper):
    """The observation and the desired goal of a goal environment side by side, as one vector `[D + d]`.

    o' = o ‖ g, what a universal value function reads (Schaul et al., 2015; Andrychowicz et al., 2017, section 3.2, who
    write s‖g). The environment observes a Dict of the vectors `observation` [D], `achieved_goal` [d] and
    `desired_goal` [d], and has `compute_reward(achieved_goal, desired_goal, info)`, which takes rows `[m, d]` too, as
    in gymnasium-robotics. Collecting then writes two columns more: `next.achieved_goal`, which goal the next state
    achieves, and `desired_goal`, the one that the reward was paid for.

    Wrappers that change observations belong inside it.

    >>> import gymnasium
    >>> env = Goal().wrap(gymnasium.make("rlblocks/PointGoal-v0"))
    >>> env.observation_space.shape, env.get_wrapper_attr("goal_space").shape
    ((4,), (2,))
    """

    equation = "o' = o ‖ g"

    def wrap(self, env: Env) -> Env:
        """See `Wrapper.wrap`.

        Raises:
            BuildError: it has no goals, they are no vectors of one shape, or it has no `compute_reward`.
        """
        space = env.observation_space
        if not has_goals(space):
            raise BuildError(
                f"Goal() takes a Dict of {', '.join(PARTS)}, and the observations are {space}",
                fix="leave the wrapper out where an environment has no goals, or put it first", space=space,
            )  # fmt: skip
        assert isinstance(space, spaces.Dict)
        for name in PARTS:
            if not isinstance(space[name], spaces.Box) or len(space[name].shape or ()) != 1:
                raise BuildError(
                    f"Goal() joins vectors, and {name} is {space[name]}",
                    fix=f"make a one-dimensional Box of {name} in a wrapper before Goal()", space=space,
                )  # fmt: skip
        if space[ACHIEVED].shape != space[DESIRED].shape:
            raise BuildError(
                f"{ACHIEVED} has the shape {space[ACHIEVED].shape} and {DESIRED} the shape {space[DESIRED].shape}, "
                "but a goal achieved must be one that can be desired",
                fix="let the environment observe both in one form", space=space,
            )  # fmt: skip
        if not env.has_wrapper_attr("compute_reward"):
            raise BuildError(
                f"{type(env.unwrapped).__name__} observes goals, but has no compute_reward",
                fix="write its method compute_reward(achieved_goal, desired_goal, info), which takes rows too",
            )
        return GoalVector(env)


class GoalVector(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Observes `[observation, desired_goal]`, and tells both goals in the info of every step.

    Attributes:
        goal_space: of a goal.
    """

    def __init__(self, env: Env) -> None:
        gymnasium.Wrapper.__init__(self, env)
        parts: Any = env.observation_space
        seen, goal = parts["observation"], parts[DESIRED]
        self._shapes = {name: parts[name].shape for name in PARTS}
        self.goal_space: spaces.Box = parts[ACHIEVED]
        dtype = np.result_type(seen.dtype, goal.dtype)
        low, high = (np.concatenate([getattr(part, end) for part in (seen, goal)]) for end in ("low", "high"))
        self.observation_space = spaces.Box(low.astype(dtype), high.astype(dtype), dtype=dtype.type)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, whose goal is part of its first observation."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._joined(observation), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step; the info holds copies of the goal achieved and of the one desired."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        joined = self._joined(observation)
        return joined, reward, terminated, truncated, {**info, **{n: np.array(observation[n]) for n in PARTS[1:]}}

    def _joined(self, parts: Mapping[str, Any]) -> NDArray[Any]:
        for name, shape in self._shapes.items():
            part = parts[name]
            if np.shape(part) != shape or not np.isfinite(part).all():
                raise ValueError(f"{name} is {part}, not {shape[0]} finite numbers")
        return np.concatenate([parts["observation"], parts[DESIRED]]).astype(self.observation_space.dtype)

    def judge(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Judged:
        """What the environment pays where goals `[m, d]` are achieved that were to be others, and whether that ends it.

        `compute_reward` is asked once, with an empty info; `compute_terminated` row by row, because only the first is
        required to take rows. Where there is no `compute_terminated`, nothing ends.

        Raises:
            RunError: it pays something else than one finite number a row.
        """
        compute = self.env.get_wrapper_attr("compute_reward")
        try:
            reward = np.array(compute(achieved, desired, {}), np.float64)
        except Exception as error:
            raise RunError(
                f"compute_reward raised {type(error).__name__}: {error}, for goals of the shape {achieved.shape} and "
                "an empty info",
                fix=f"let it depend on the two goals alone, {OVER_ROWS}",
            ) from error
        if reward.shape != achieved.shape[:1] or not np.isfinite(reward).all():
            raise RunError(
                f"compute_reward gave numbers of the shape {reward.shape} for goals of the shape {achieved.shape}, not "
                "one finite number a row",
                fix=f"compute {OVER_ROWS}",
            )
        if not self.env.has_wrapper_attr("compute_terminated"):
            return reward, np.zeros(len(reward), bool)
        ends = self.env.get_wrapper_attr("compute_terminated")
        return reward, np.array([bool(ends(a, d, {})) for a, d in zip(achieved, desired, strict=True)], bool)


def goal_space_of(env: Env, name: str) -> spaces.Space[Any] | None:
    """The space of the goals in which an environment's observations end; None where they end in none.

    Raises:
        BuildError: a wrapper around `Goal()` changed its observations.
    """
    if not env.has_wrapper_attr(GOALS):
        return None
    around: Any = env
    while not isinstance(around, GoalVector):
        around = around.env
    if env.observation_space != around.observation_space:
        raise BuildError(
            f"environment {name!r}: a wrapper changes the observations that Goal() has joined, so that nobody knows "
            "where in them the goal stands",
            fix="write Goal() behind every wrapper that changes observations", environment=name,
        )  # fmt: skip
    space: spaces.Space[Any] = around.goal_space
    return space

"""One running environment: the object, the episode it is in, and the actions that led there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import gymnasium
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.errors import EnvironmentFault
from rlblocks.envs._contract import Contract, Wrong, flag_of, raised, reward_of, wrong_reset, wrong_step
from rlblocks.envs._masks import mask_of, told
from rlblocks.envs.goals import ACHIEVED, DESIRED

Env = gymnasium.Env[Any, Any]
REWARDS_CHANGED = "raw_return"  # the attribute under which wrappers that change rewards keep the unchanged sum


@attrs.define
class Running:
    """One environment of a pool.

    `step` and `start` touch the environment alone. What is remembered of the episode changes by `record` and `begin`,
    when the whole pool has come through, so that a step that raises leaves what was remembered as it was.

    Attributes:
        env: the environment, in its wrappers.
        name: what messages call it.
        index: its place in the pool.
        contract: what it must return.
        between: the environment object for the next episode, from that of the last one.
        episode: the number of the present episode, from 0.
        seed: what the present episode was reset with.
        actions: the actions of the present episode, as learning stores them.
        total: the sum of its rewards.
        gained: the reward of the step that was taken last, which `record` adds to it.
        legal: which actions are legal now, `[A]` or `[k, max n]`; None where they are not masked.
        offered: which were after the step or reset that was taken last; `record` and `begin` make it what is legal.
        goals: the goal achieved by the step that was taken last, and the one desired; empty where there are none.
    """

    env: Env
    name: str
    index: int
    contract: Contract
    between: Callable[[Env], Env]
    episode: int = -1
    seed: int = 0
    actions: list[Any] = attrs.field(factory=list)
    total: float = 0.0
    gained: float = 0.0
    legal: NDArray[np.bool_] | None = None
    offered: NDArray[np.bool_] | None = None
    goals: tuple[NDArray[Any], ...] = ()

    def begin(self, seed: int) -> None:
        """Remember that the next episode has started."""
        self.episode, self.seed, self.actions, self.total = self.episode + 1, seed, [], 0.0
        self.legal = self.offered

    def record(self, action: Any) -> None:
        """Remember the step that was taken last."""
        self.actions.append(action)
        self.total += self.gained
        self.legal = self.offered

    def finished(self) -> tuple[int, float, int]:
        """Index, return and length of the episode that the last step ended, by the environment's own rewards."""
        return self.index, self._return(self.total + self.gained), len(self.actions) + 1

    def so_far(self) -> tuple[int, float, int]:
        """The same of the episode that is under way, when its last step is recorded."""
        return self.index, self._return(self.total), len(self.actions)

    def _return(self, summed: float) -> float:
        """The return by the environment's own rewards, where a wrapper changed those that were summed."""
        if self.env.has_wrapper_attr(REWARDS_CHANGED):
            return float(self.env.get_wrapper_attr(REWARDS_CHANGED))
        return summed

    def start(self, seed: int) -> Any:
        """Reset for the next episode; its first observation.

        Raises:
            EnvironmentFault: the reset raised, or returned something else than an observation and a dict.
        """
        try:
            self.env = self.between(self.env)
            result = self.env.reset(seed=seed)
        except Exception as error:
            raise reset_fault(self, raised("reset", error), seed) from error
        try:
            if not isinstance(result, tuple) or len(result) != 2:  # noqa: PLR2004  observation and info
                raise wrong_reset(result)
            observation = self.contract.observation(result[0])
            self.contract.must_be_finite(observation)
            if self.contract.choices.counts:
                self.offered = mask_of(told(result[1]), self.contract.choices)
        except Wrong as wrong:
            raise reset_fault(self, wrong, seed) from None
        return observation

    def step(self, action: Any) -> tuple[Any, float, bool, bool]:
        """Apply an action; the observation (not yet checked for NaN), the reward and the two flags.

        Raises:
            EnvironmentFault: the step raised, or returned something that it may not return.
        """
        try:
            result = self.env.step(action)
        except Exception as error:
            raise step_fault(self, raised("step", error), action) from error
        try:
            observation, reward, terminated, truncated, info = result
        except (TypeError, ValueError):
            raise step_fault(self, wrong_step(result), action) from None
        contract = self.contract
        try:
            # The usual types are let through here; everything else takes the long way, which knows what to say.
            if type(observation) is not np.ndarray or observation.shape != contract.shape or (
                observation.dtype != contract.dtype
            ):  # fmt: skip
                observation = contract.observation(observation)
            if type(reward) is not float or not math.isfinite(reward):
                reward = reward_of(reward)
            if type(terminated) is not bool:
                terminated = flag_of(terminated, "terminated")
            if type(truncated) is not bool:
                truncated = flag_of(truncated, "truncated")
            if contract.choices.counts:
                self.offered = mask_of(told(info), contract.choices, terminated=terminated, truncated=truncated)
        except Wrong as wrong:
            raise step_fault(self, wrong, action) from None
        self.gained = reward
        if contract.goals:
            self.goals = info[ACHIEVED], info[DESIRED]
        return observation, reward, terminated, truncated

    def must_be_finite(self, observation: Any, action: Any) -> None:
        """Refuse an observation that holds NaN or infinity.

        Raises:
            EnvironmentFault: it does.
        """
        try:
            self.contract.must_be_finite(observation)
        except Wrong as wrong:
            raise step_fault(self, wrong, action) from None


def all_legal(pool: Sequence[Running]) -> NDArray[np.bool_] | None:
    """Which actions are legal now, `[n, ...]`; None where they are not masked."""
    return None if pool[0].legal is None else np.array([one.legal for one in pool])


def all_offered(pool: Sequence[Running]) -> NDArray[np.bool_] | None:
    """The same after the step or reset that was taken last."""
    return None if pool[0].offered is None else np.array([one.offered for one in pool])


def all_goals(pool: Sequence[Running]) -> tuple[NDArray[Any], ...]:
    """The goals that the last step achieved and those that were desired, `[n, d]` each; empty where there are none."""
    return tuple(np.array(goals) for goals in zip(*(one.goals for one in pool), strict=True)) if pool[0].goals else ()


def step_fault(running: Running, wrong: Wrong, action: Any) -> EnvironmentFault:
    """The error that says which environment, when, after which action, and how to mend it."""
    step = len(running.actions) + 1
    return EnvironmentFault(
        f"environment {running.name!r} #{running.index}, episode {running.episode}, step {step}: {wrong.what} "
        f"(seed {running.seed}, last action {action})",
        fix=wrong.fix, environment=running.name, index=running.index, episode=running.episode, step=step,
        seed=running.seed, action=action,
    )  # fmt: skip


def reset_fault(running: Running, wrong: Wrong, seed: int) -> EnvironmentFault:
    """The same for a reset, before which there is no action."""
    episode = running.episode + 1
    return EnvironmentFault(
        f"environment {running.name!r} #{running.index}, episode {episode}, at its reset: {wrong.what} (seed {seed})",
        fix=wrong.fix, environment=running.name, index=running.index, episode=episode, step=0, seed=seed, action=None,
    )  # fmt: skip

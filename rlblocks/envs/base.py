"""The role of environments: where experience comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, Protocol

import attrs
import gymnasium
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.block import Block, role
from rlblocks._core.errors import RunError

Tree = dict[str, Any]
Judged = tuple[NDArray[np.float64], NDArray[np.bool_]]
Judge = Callable[[NDArray[Any], NDArray[Any]], Judged]  # goals achieved and goals desired, to reward and terminated


def no_goals(achieved: NDArray[Any], desired: NDArray[Any]) -> NoReturn:  # noqa: ARG001  the signature of a judge
    """The judge where there are no goals.

    Raises:
        RunError: always.
    """
    raise RunError("goals were to be judged, and the environments have none", fix="use a goal environment in Goal()")


@attrs.frozen
class Facts:
    """What is known of an environment before its first step."""

    name: str
    observation_space: gymnasium.Space[Any]
    action_space: gymnasium.Space[Any]
    reward_threshold: float | None = None
    max_episode_steps: int | None = None
    renders: bool = False
    fps: int = 30
    n: int = 1  # how many run beside each other in training
    takes_wrappers: bool = True  # whether its block has a field for them
    masked: bool = False  # whether the info of a reset, and of every step, says which actions are legal
    goals: gymnasium.Space[Any] | None = None  # of the goals in which observations end; None where they end in none
    first: int = 0  # what the environment calls the first of its Discrete observations, which columns count from 0


class Step(NamedTuple):
    """One step of n environments. Row i belongs to environment i.

    A named tuple, because one is made in every step and it is made four times as fast as a frozen attrs value.

    Attributes:
        next_observation: `[n, ...]`, the true successor; at an episode's end its final observation, never a reset one.
        observation: `[n, ...]`, what to act on next: the reset observation where an episode ended.
        reward: `[n]` float64.
        terminated: `[n]` bool.
        truncated: `[n]` bool; both flags may be set.
        real: `[n]` bool; False for the dummy step of an autoresetting vector environment, which is nowhere counted.
        episodes: `(environment, return, length)` of every episode that ended in this step.
        action_mask: `[n, A]` bool, which actions are legal in `observation`; None where they are not masked. Of
            MultiDiscrete actions `[n, k, max n]`, choice by choice, False where a choice has fewer entries.
        next_action_mask: the same, which are legal in `next_observation`: all of them where an episode ended and
            the environment does not say; None where they are not masked.
        next_achieved_goal: `[n, d]`, which goal `next_observation` achieves; None where there are no goals.
        desired_goal: `[n, d]`, the goal that the reward was paid for; None where there are no goals.
    """

    next_observation: NDArray[Any]
    observation: NDArray[Any]
    reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    real: NDArray[np.bool_]
    episodes: tuple[tuple[int, float, int], ...] = ()
    action_mask: NDArray[np.bool_] | None = None
    next_action_mask: NDArray[np.bool_] | None = None
    next_achieved_goal: NDArray[Any] | None = None
    desired_goal: NDArray[Any] | None = None


class Pool(Protocol):
    """n running environments: the mutable half, owned by the run."""

    @property
    def n(self) -> int:
        """How many environments there are."""
        ...

    @property
    def facts(self) -> Facts:
        """What is known of each."""
        ...

    @property
    def inexact(self) -> str:
        """Why a resume of this pool cannot be bit-exact; empty where it is."""
        ...

    @property
    def action_mask(self) -> NDArray[np.bool_] | None:
        """Which actions are legal in what is to be acted on now, as in `Step`; None where they are not masked."""
        ...

    def reset(self) -> NDArray[Any]:
        """Start every environment; the observations `[n, ...]`."""
        ...

    def step(self, actions: NDArray[Any]) -> Step:
        """Apply one action to each environment. Actions are as learning stores them: Discrete ones count from 0.

        Raises:
            EnvironmentFault: an environment broke its contract; names environment, step, seed and last action.
        """
        ...

    def judge(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Judged:
        """Reward `[m]` and termination `[m]` where goals `[m, d]` are achieved and others `[m, d]` were desired.

        Raises:
            RunError: the environments have no goals.
        """
        ...

    def under_way(self) -> tuple[tuple[int, float, int], ...]:
        """`(environment, return, length)` of the present episode of each environment, so far."""
        ...

    def render(self) -> NDArray[np.uint8] | None:
        """The picture `[H, W, 3]` of environment 0, or None where it does not draw."""
        ...

    def state(self) -> Tree:
        """Everything that is needed to go on: a nested dict of arrays, numbers, texts and lists."""
        ...

    def load(self, state: Tree) -> NDArray[Any]:
        """Become what `state()` described; returns the observations to act on."""
        ...

    def close(self) -> None:
        """Close every environment. Never raises."""
        ...


@role("envs")
class Environment(Block):
    """Where experience comes from. `build` makes a pool of running environments."""

    def facts(self) -> Facts:
        """What is known before the first step. May make one environment, reset it, and close it again."""
        raise NotImplementedError

    def build(self, seed: int, *, n: int | None = None, render_mode: str | None = None) -> Pool:
        """Make the environments; every episode of every one gets a seed of its own, derived from `seed`.

        `n` overrides how many (evaluation and videos use their own number).
        """
        raise NotImplementedError


@role("wrappers")
class Wrapper(Block):
    """A change to one environment, applied before vectorising, in the order written."""

    def wrap(self, env: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        """The wrapped environment."""
        raise NotImplementedError

"""Greedy episodes on environments of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.errors import BuildError
from rlblocks.envs.base import Environment, Facts
from rlblocks.runs.agent import Agent

LIMIT = 100_000  # steps of an episode that nothing else limits


@attrs.frozen
class Scores:
    """What an evaluation found.

    >>> scores = Scores((1.0, 3.0), (10, 30))
    >>> scores.mean, round(scores.std, 3)
    (2.0, 1.0)
    """

    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    cut: int = 0  # how many of these episodes were cut, because they had not ended by themselves

    @property
    def mean(self) -> float:
        """Mean undiscounted return."""
        return float(np.mean(self.returns))

    @property
    def std(self) -> float:
        """Standard deviation of the returns, over the episodes."""
        return float(np.std(self.returns))


def limit_of(steps: int, facts: Facts) -> int:
    """After how many steps an episode of an evaluation is cut, where so many are asked for; 0 asks for none.

    >>> from gymnasium.spaces import Discrete
    >>> endless = Facts("Endless-v0", Discrete(2), Discrete(2))
    >>> limit_of(0, endless), limit_of(500, endless)
    (100000, 500)
    """
    return steps or facts.max_episode_steps or LIMIT


def nothing() -> None:
    """What there is to do between two steps, as a rule."""


def evaluate(
    agent: Agent, environment: Environment, episodes: int, seed: int, *, steps: int = 0,
    between: Callable[[], None] = nothing,
) -> Scores:  # fmt: skip
    """Play `episodes` greedy episodes, the first one of each of as many environments, so that none is favoured.

    Args:
        agent: who acts.
        environment: where; built anew, closed afterwards.
        episodes: how many, at least 1.
        seed: of the start states; the same seed gives the same start states.
        steps: after which an episode is cut; 0 leaves it to the environment's own time limit, or to `LIMIT`.
        between: called before each step of all environments; what it raises ends the evaluation.
    """
    pool = environment.build(seed, n=episodes)
    agent.restart(seed)
    found: dict[int, tuple[float, int]] = {}
    cut = 0
    try:
        observation = pool.reset()
        for _ in range(limit_of(steps, pool.facts)):
            between()
            step = pool.step(agent.act(observation, pool.action_mask))
            for index, value, length in step.episodes:
                found.setdefault(index, (value, length))
            observation = step.observation
            if len(found) == episodes:
                break
        else:
            cut = episodes - len(found)
            for index, value, length in pool.under_way():  # whoever has ended nothing is still in the first episode
                found.setdefault(index, (value, length))
    finally:
        pool.close()
    return Scores(tuple(found[i][0] for i in range(episodes)), tuple(found[i][1] for i in range(episodes)), cut)


def frames_of(agent: Agent, environment: Environment, seed: int, limit: int = 2_000) -> Iterator[NDArray[np.uint8]]:
    """The pictures of one greedy episode, at most `limit` of them.

    Raises:
        BuildError: the environment does not draw.
    """
    pool = environment.build(seed, n=1, render_mode="rgb_array")
    agent.restart(seed)
    try:
        observation: NDArray[Any] = pool.reset()
        for _ in range(limit):
            picture = pool.render()
            if picture is None:
                raise BuildError(
                    f"{pool.facts.name} does not draw", fix="use an environment with render mode rgb_array"
                )
            yield picture
            step = pool.step(agent.act(observation, pool.action_mask))
            if step.episodes:
                return
            observation = step.observation
    finally:
        pool.close()

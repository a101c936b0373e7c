"""Greedy episodes on environments of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.errors import BuildError
from rlblocks.envs.base import Environment
from rlblocks.runs.agent import Agent


@attrs.frozen
class Scores:
    """What an evaluation found.

    >>> scores = Scores((1.0, 3.0), (10, 30))
    >>> scores.mean, round(scores.std, 3)
    (2.0, 1.0)
    """

    returns: tuple[float, ...]
    lengths: tuple[int, ...]

    @property
    def mean(self) -> float:
        """Mean undiscounted return."""
        return float(np.mean(self.returns))

    @property
    def std(self) -> float:
        """Standard deviation of the returns, over the episodes."""
        return float(np.std(self.returns))


def evaluate(agent: Agent, environment: Environment, episodes: int, seed: int) -> Scores:
    """Play `episodes` greedy episodes, the first one of each of as many environments, so that none is favoured.

    Args:
        agent: who acts.
        environment: where; built anew, closed afterwards.
        episodes: how many, at least 1.
        seed: of the start states; the same seed gives the same start states.
    """
    pool = environment.build(seed, n=episodes)
    agent.restart(seed)
    found: dict[int, tuple[float, int]] = {}
    try:
        observation = pool.reset()
        while len(found) < episodes:
            step = pool.step(agent.act(observation))
            for index, value, length in step.episodes:
                found.setdefault(index, (value, length))
            observation = step.observation
    finally:
        pool.close()
    return Scores(tuple(found[i][0] for i in range(episodes)), tuple(found[i][1] for i in range(episodes)))


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
            step = pool.step(agent.act(observation))
            if step.episodes:
                return
            observation = step.observation
    finally:
        pool.close()

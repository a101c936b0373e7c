"""Pools over given environment objects, and what they collect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from rlblocks.envs._making import describe
from rlblocks.envs._pool import EnvPool, Plan, build_pool, keep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.envs.odd_environments import Ending

flags = st.sampled_from([(True, False), (False, True), (True, True)])
endings = st.builds(lambda length, flag: (length, *flag), st.integers(1, 4), flags)
scripts = st.lists(st.lists(endings, min_size=1, max_size=4), min_size=1, max_size=4)


def pool_of(make: Callable[[], Any], n: int = 1, seed: int = 0, name: str = "Clock") -> EnvPool:
    """A pool of n environments. The first one made only describes, so that clocks count from 0 in the second round."""
    made = [make() for _ in range(n)]
    left = iter(made)
    plan = Plan(describe(made[0], name), lambda: next(left, None) or make(), keep)
    return build_pool(plan, n, seed)


def zeros(pool: Any) -> Any:
    """Action 0 for every environment."""
    return np.zeros((pool.n, *(pool.facts.action_space.shape or ())), pool.facts.action_space.dtype)


def environments(pool: EnvPool) -> list[Any]:
    """The environment objects in a pool, without wrappers."""
    return [running.env.unwrapped for running in pool._running]


def transitions(pool: Any, episodes: int) -> list[tuple[Any, ...]]:
    """Every real transition of the first so many episodes of clocks, as numbers; the stamp fixes the action."""
    found = []
    observation = pool.reset()
    for _ in range(5 * episodes):  # no scripted episode is longer than four steps and a dummy
        actions = observation.sum(axis=1).astype(np.int64) % 4
        step = pool.step(actions)
        for i in range(pool.n):
            if step.real[i] and observation[i, 1] < episodes:
                row = (observation[i], [actions[i], step.reward[i]], step.next_observation[i])
                numbers = tuple(float(x) for part in row for x in part)
                found.append((i, *numbers, bool(step.terminated[i]), bool(step.truncated[i])))
        observation = step.observation
    return sorted(found)


def expected(scripts_: Sequence[Sequence[Ending]], episodes: int) -> list[tuple[Any, ...]]:
    """What `transitions` must find, from the scripts alone."""
    found = []
    for i, script in enumerate(scripts_):
        for episode in range(episodes):
            length, terminated, truncated = script[episode % len(script)]
            for t in range(length):
                last = t + 1 == length
                action = float((i + episode + t) % 4)
                reward = i * 1_000_000 + episode * 1_000 + t + 1
                before, after = (float(i), float(episode), float(t)), (float(i), float(episode), float(t + 1))
                stamps = (*before, action, float(reward), *after)
                found.append((i, *stamps, last and terminated, last and truncated))
    return sorted(found)

"""Environments by their gymnasium id."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.envs import _fields
from rlblocks.envs._catalogue import FRESH_OBJECT, spec_of
from rlblocks.envs._making import Env, make, probe, wrapped
from rlblocks.envs._pool import EnvPool, Plan, build_pool, keep, renew
from rlblocks.envs.base import Environment, Facts, Wrapper


@block("gym")
class Gym(Environment):
    """A registered gymnasium environment, n of them, each in its wrappers.

    Discrete actions and observations are counted from 0, whatever their space starts with. Every episode is reset with
    a seed of its own: a function of the run's seed, the environment's index and the episode's number.

    Attributes:
        id: what gymnasium registers it as, with its version.
        n: how many run beside each other.
        wrappers: applied in the order written, the first one innermost.
        options: keyword arguments of `gymnasium.make`.

    >>> facts = Gym("CartPole-v1").facts()
    >>> facts.observation_space.shape, int(facts.action_space.n), facts.max_episode_steps, facts.reward_threshold
    ((4,), 2, 500, 475.0)
    >>> pool = Gym("CartPole-v1", n=2).build(seed=0)
    >>> pool.reset().shape
    (2, 4)
    """

    id: str = fields.text()
    n: int = fields.integer(default=1, ge=1)
    wrappers: tuple[Wrapper, ...] = _fields.wrappers()
    options: Mapping[str, Any] = _fields.options()

    def facts(self) -> Facts:
        """See `Environment.facts`. Makes one environment, resets it, and closes it again."""
        return attrs.evolve(probe(self._make, self.id)[0], n=self.n)

    def build(self, seed: int, *, n: int | None = None, render_mode: str | None = None) -> EnvPool:
        """See `Environment.build`."""
        facts, modes = probe(self._make, self.id)
        mode = render_mode if render_mode in modes else None
        make_one = partial(self._make, mode)
        between = renew(make_one) if self.id.startswith(FRESH_OBJECT) else keep
        inexact = f"{self.id} is registered as nondeterministic" if spec_of(self.id).nondeterministic else ""
        return build_pool(Plan(facts, make_one, between, inexact), self.n if n is None else n, seed)

    def _make(self, render_mode: str | None = None) -> Env:
        return wrapped(make(self.id, _fields.thawed(self.options), render_mode), self.wrappers, self.id)

"""A plain list of single environments, stepped in one process.

A vector environment around the same list takes three times as long for one environment and half as long again for
eight, and would not give every episode a seed of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from rlblocks._core.errors import BuildError, RunError
from rlblocks.envs._actions import actions_of
from rlblocks.envs._choices import choices_of
from rlblocks.envs._contract import contract_of
from rlblocks.envs._making import Env, close, picture
from rlblocks.envs._replay import episodes_of, replay, same_number
from rlblocks.envs._running import Running, all_goals, all_legal, all_offered
from rlblocks.envs._seeding import episode_seed
from rlblocks.envs.base import Facts, Judge, Judged, Step, Tree, no_goals

if TYPE_CHECKING:
    from numpy.typing import NDArray


@attrs.frozen
class Plan:
    """How the environments of a pool come about.

    Attributes:
        facts: what is known of each.
        make: makes one environment, in its wrappers.
        between: the environment object for the next episode, from that of the last one.
        inexact: why a resume cannot be bit-exact; empty where it can.
    """

    facts: Facts
    make: Callable[[], Env]
    between: Callable[[Env], Env]
    inexact: str = ""


def keep(env: Env) -> Env:
    """Use the same object for the next episode."""
    return env


def renew(make: Callable[[], Env]) -> Callable[[Env], Env]:
    """Use an object of its own for every episode."""

    def renewed(env: Env) -> Env:
        close(env)
        return make()

    return renewed


def build_pool(plan: Plan, n: int, seed: int) -> EnvPool:
    """Make n environments and put them in a pool.

    Raises:
        BuildError: one does not start, or its actions are of a space that is not handled.
    """
    if n < 1:
        raise BuildError(f"environment {plan.facts.name!r} is asked for {n} times", fix="ask for at least one")
    made: list[Env] = []
    try:
        made.extend(plan.make() for _ in range(n))
        return EnvPool(plan, made, seed)
    except BaseException:
        for env in made:
            close(env)
        raise


class EnvPool:
    """n environments in a list. See `Pool` for what its methods promise.

    An episode that ends is reset at once, with its own seed. What is remembered of an episode changes only when the
    whole step has come through: after a fault `state()` still describes the pool before it, and only `reset` and
    `load` can go on.
    """

    def __init__(self, plan: Plan, environments: Sequence[Env], seed: int) -> None:
        self._plan, self._seed = plan, seed
        contract = contract_of(environments[0].observation_space, choices_of(plan.facts))
        goals = () if plan.facts.goals is None else plan.facts.goals.shape or ()
        self._contract = attrs.evolve(contract, goals=goals)
        self._actions = actions_of(plan.facts.action_space, plan.facts.name)
        self._running = [self._run(env, index) for index, env in enumerate(environments)]
        n = len(environments)
        # Observations are written into one buffer while the other still holds those of the last step.
        self._now, self._next = (np.zeros((n, *self._contract.shape), self._contract.dtype) for _ in range(2))
        self._finite = self._contract.finite
        self._none, self._all = np.zeros(n, bool), np.ones(n, bool)
        self._all.flags.writeable = False  # every step hands over the same one
        self._legal: NDArray[np.bool_] | None = None
        self._ready = False

    def _run(self, env: Env, index: int) -> Running:
        return Running(env, self._plan.facts.name, index, self._contract, self._plan.between)

    @property
    def n(self) -> int:
        """How many environments there are."""
        return len(self._running)

    @property
    def facts(self) -> Facts:
        """What is known of each."""
        return self._plan.facts

    @property
    def inexact(self) -> str:
        """Why a resume cannot be bit-exact; empty where it is."""
        return self._plan.inexact

    @property
    def action_mask(self) -> NDArray[np.bool_] | None:
        """Which actions are legal now; None where they are not masked."""
        return None if self._legal is None else self._legal.copy()

    def reset(self) -> NDArray[Any]:
        """Start the next episode of every environment; an episode that is under way is dropped."""
        self._ready = False
        self._turn(self._running, self._start(self._running))
        self._legal = all_legal(self._running)
        self._contract.warn_outside(self._now, self.facts.name)
        return self._now.copy()

    def step(self, actions: NDArray[Any]) -> Step:
        """Apply one action to each environment; those that end are reset."""
        if not self._ready:
            raise RunError("the environments are not running", fix="call reset, or load a state, before step")
        n, rows = len(self._running), self._next
        stored = self._actions.stored(actions, n)
        executed = self._actions.executed(stored)
        self._ready = False
        reward, terminated, truncated = np.empty(n), self._none.copy(), self._none.copy()
        ended: list[Running] = []
        for i, running in enumerate(self._running):
            rows[i], reward[i], over, cut = running.step(executed[i])
            if over or cut:
                terminated[i], truncated[i] = over, cut
                ended.append(running)
        if not self._finite(rows):
            for running, row, action in zip(self._running, rows, executed, strict=True):
                running.must_be_finite(row, action)
        observation = next_observation = rows.copy()
        next_mask, goals = all_offered(self._running), all_goals(self._running)
        episodes: tuple[tuple[int, float, int], ...] = ()
        seeds: list[int] = []
        if ended:
            episodes, seeds = tuple([running.finished() for running in ended]), self._start(ended)
            observation = rows.copy()
        for i, running in enumerate(self._running):
            running.record(stored[i])
        self._turn(ended, seeds)
        flags = terminated, truncated, self._all
        masks = all_legal(self._running) if ended else next_mask, next_mask
        self._legal = None if masks[0] is None else masks[0].copy()
        return Step(next_observation, observation, reward, *flags, episodes, *masks, *goals)

    def _start(self, some: list[Running]) -> list[int]:
        """Reset some environments into the next buffer; the seeds that they were reset with."""
        seeds = [episode_seed(self._seed, running.index, running.episode + 1) for running in some]
        for running, seed in zip(some, seeds, strict=True):
            self._next[running.index] = running.start(seed)
        return seeds

    def _turn(self, begun: list[Running], seeds: list[int]) -> None:
        """Remember that everything came through: what is in the next buffer is now present."""
        if begun:
            for running, seed in zip(begun, seeds, strict=True):
                running.begin(seed)
        self._now, self._next = self._next, self._now
        self._ready = True

    def judge(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Judged:
        """What the environments pay for achieved goals where others were desired. See `Pool.judge`."""
        judge: Judge = no_goals if self.facts.goals is None else self._running[0].env.get_wrapper_attr("judge")
        return judge(achieved, desired)

    def under_way(self) -> tuple[tuple[int, float, int], ...]:
        """What is known of the present episode of each environment."""
        return tuple(running.so_far() for running in self._running)

    def render(self) -> NDArray[np.uint8] | None:
        """The picture of environment 0, or None where it does not draw."""
        return picture(self._running[0].env)

    def state(self) -> Tree:
        """Seeds and actions of the episodes under way, and the observations that they led to."""
        if self._running[0].episode < 0:
            raise RunError("the environments have not started, so they have no state", fix="call reset first")
        episodes = episodes_of(self._running, self._actions)
        return {"seed": self._seed, "episodes": episodes, "observation": self._now.copy()}

    def load(self, state: Tree) -> NDArray[Any]:
        """Go on where `state` was taken: reset fresh environments with its seeds and replay its actions."""
        same_number(len(state["episodes"]), self.n)
        # An object in which something has happened is not trusted to forget it.
        envs = [running.env if running.episode < 0 else self._plan.make() for running in self._running]
        fresh = [self._run(env, index) for index, env in enumerate(envs)]
        replay(fresh, state["episodes"], state["observation"], self._actions)
        for old, new in zip(self._running, fresh, strict=True):
            if old.env.unwrapped is not new.env.unwrapped:
                close(old.env)
        self._running, self._seed = fresh, int(state["seed"])
        self._next[...] = state["observation"]
        self._turn([], [])
        self._legal = all_legal(fresh)
        return self._now.copy()

    def close(self) -> None:
        """Close every environment."""
        for running in self._running:
            close(running.env)

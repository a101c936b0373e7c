"""Environments that state their transitions as a table, many of them stepped at once."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import attrs
import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import BuildError
from rlblocks.envs import _fields
from rlblocks.envs._catalogue import spec_of
from rlblocks.envs._making import close, make, step_limit
from rlblocks.envs._vector import VectorPool
from rlblocks.envs.base import Environment, Facts, Pool, Tree
from rlblocks.envs.gym import Gym

BEYOND = ("fickle_passenger",)  # of Taxi: its `step` draws another destination on the way, which `P` does not know

ROUNDING = 1e-6  # of sums of probabilities


@block("transition_table")
class TransitionTable(Environment):
    """A registered environment with few states, n of them, stepped together by looking up its table of transitions.

    Such an environment states as `P[s][a]` what can happen: `(probability, next state, reward, terminated)`.
    FrozenLake, CliffWalking and Taxi of gymnasium do. What is drawn has the probabilities of the table, as in the
    environment itself, by other random numbers. Where pictures are asked for, `Gym` makes them.

    Attributes:
        id: what gymnasium registers it as, with its version.
        n: how many run beside each other.
        options: keyword arguments of `gymnasium.make`.

    >>> pool = TransitionTable("CliffWalking-v1", n=3).build(seed=0)
    >>> pool.reset().tolist(), pool.step(np.array([0, 1, 2])).next_observation.tolist()
    ([36, 36, 36], [24, 36, 36])
    """

    id: str = fields.text()
    n: int = fields.integer(default=64, ge=1)
    options: Mapping[str, Any] = _fields.options()

    def facts(self) -> Facts:
        """See `Environment.facts`."""
        return attrs.evolve(self._alone().facts(), n=self.n, takes_wrappers=False)

    def build(self, seed: int, *, n: int | None = None, render_mode: str | None = None) -> Pool:
        """See `Environment.build`.

        Raises:
            BuildError: the environment states no table.
        """
        if render_mode is not None:
            return self._alone().build(seed, n=n, render_mode=render_mode)
        env = make(self.id, _fields.thawed(self.options), None)
        try:
            table = table_of(env, self.id)
            many = Tabulated(table, self.n if n is None else n, _limited(env, self.id))
        finally:
            close(env)
        return VectorPool(many, seed, masked=table.legal is not None, kept=many)

    def _alone(self) -> Gym:
        return Gym(self.id, options=self.options)


@attrs.frozen(eq=False)
class Table:
    """What can happen in each state, by the number s·A + a of a state and an action, `[S·A, K]`.

    Attributes:
        below: the probability of this outcome or one before it, infinite from the last one on.
        after: the next state.
        reward: what is paid.
        over: whether the episode ends.
        start: the probability of beginning in a state or one before it, `[S]`, infinite from the last one on.
        legal: which actions are legal, `[S, A]`; None where the environment does not say.
    """

    below: NDArray[np.float64]
    after: NDArray[np.int64]
    reward: NDArray[np.float64]
    over: NDArray[np.bool_]
    start: NDArray[np.float64]
    legal: NDArray[np.bool_] | None


def table_of(env: gymnasium.Env[Any, Any], name: str) -> Table:
    """The table of an environment.

    Raises:
        BuildError: it states none, or one that leaves something out.
    """
    inside: Any = env.unwrapped
    stated, first = getattr(inside, "P", None), getattr(inside, "initial_state_distrib", None)
    if stated is None or first is None:
        raise BuildError(
            f"environment {name!r} states no table P of its transitions",
            fix="use env=gym, or one of FrozenLake-v1, FrozenLake8x8-v1, CliffWalking-v1, Taxi-v4", environment=name,
        )  # fmt: skip
    if beyond := next((option for option in BEYOND if getattr(inside, option, False)), ""):
        raise BuildError(
            f"environment {name!r} with {beyond} does more than its table P states",
            fix=f"use env=gym, or leave {beyond} out", environment=name,
        )  # fmt: skip
    outcomes = _outcomes(stated, env, name)
    most = max(map(len, outcomes))
    padded = np.array([[*some, *[(0.0, 0, 0.0, False)] * (most - len(some))] for some in outcomes], np.float64)
    mask: Any = getattr(inside, "action_mask", None)
    return Table(
        _below(padded[..., 0]), padded[..., 1].astype(np.int64), padded[..., 2], padded[..., 3].astype(bool),
        _below(np.asarray(first, np.float64)[None])[0],
        None if mask is None else np.array([mask(s) for s in range(len(stated))]).astype(bool),
    )  # fmt: skip


def _outcomes(stated: Any, env: gymnasium.Env[Any, Any], name: str) -> list[Any]:
    """What can happen, by the number s·A + a.

    Raises:
        BuildError: a state or an action of the spaces is not in the table, or its probabilities do not add up to 1.
    """
    states, actions = (getattr(space, "n", 0) for space in (env.observation_space, env.action_space))
    try:
        found = [stated[s][a] for s in range(states) for a in range(actions)]
    except (KeyError, IndexError):
        found = []
    if not found or not all(abs(sum(outcome[0] for outcome in some) - 1) < ROUNDING for some in found):
        raise BuildError(
            f"environment {name!r} states a table P that has not, for each of {states} states and {actions} actions "
            f"counted from 0, outcomes whose probabilities add up to 1", fix="use env=gym", environment=name,
        )  # fmt: skip
    return found


def _limited(env: gymnasium.Env[Any, Any], name: str) -> EnvSpec:
    """What is registered, with the time limit that the environment was made with: options may ask for another."""
    spec = copy.copy(spec_of(name))
    spec.max_episode_steps = step_limit(env)
    return spec


def _below(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Their sums up to each, infinite from the last one that is not 0: rounding must not lead beyond it."""
    last = probabilities.shape[1] - 1 - (probabilities[:, ::-1] > 0).argmax(1)
    sums = probabilities.cumsum(1)
    return np.where(np.arange(probabilities.shape[1]) >= last[:, None], np.inf, sums)


class Tabulated(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """A table as a vector environment of gymnasium, which is told when to reset which episodes."""

    def __init__(self, table: Table, n: int, spec: EnvSpec) -> None:
        self.spec = spec
        self.metadata = {"autoreset_mode": gymnasium.vector.AutoresetMode.DISABLED}
        self.num_envs = n
        states = len(table.start)
        self._table, self._actions = table, len(table.below) // states
        self.single_observation_space = gymnasium.spaces.Discrete(states)
        self.single_action_space = gymnasium.spaces.Discrete(self._actions)
        self.observation_space = gymnasium.vector.utils.batch_space(self.single_observation_space, n)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, n)
        self._limit = spec.max_episode_steps or np.iinfo(np.int64).max
        self._state, self._steps = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._random = np.random.default_rng()

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        """Begin the episodes in `options["reset_mask"]`, or all."""
        if seed is not None:
            self._random = np.random.default_rng(seed)
        begun = (options or {}).get("reset_mask", np.ones(self.num_envs, bool))
        drawn = np.searchsorted(self._table.start, self._random.random(int(begun.sum())), side="right")
        self._state[begun], self._steps[begun] = drawn, 0
        return self._state.copy(), self._info()

    def step(self, actions: Any) -> Any:
        """Draw what happens in each; episodes that are over are not reset."""
        table, pair = self._table, self._state * self._actions + actions
        drawn = (table.below[pair] <= self._random.random((self.num_envs, 1))).sum(1)
        self._state = table.after[pair, drawn]
        self._steps += 1
        truncated = self._steps >= self._limit
        return self._state.copy(), table.reward[pair, drawn], table.over[pair, drawn], truncated, self._info()

    def state(self) -> Tree:
        """Where each is, since how many steps, and the random numbers to come."""
        return {"at": self._state.copy(), "steps": self._steps.copy(), "random": self._random.bit_generator.state}

    def load(self, state: Tree) -> None:
        """Become what `state()` described."""
        self._state, self._steps = np.array(state["at"], np.int64), np.array(state["steps"], np.int64)
        self._random.bit_generator.state = state["random"]

    def _info(self) -> dict[str, Any]:
        legal = self._table.legal
        return {} if legal is None else {"action_mask": legal[self._state]}

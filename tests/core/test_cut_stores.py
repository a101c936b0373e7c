"""Where a resumed run begins new episodes, no store joins their rows to those of the old ones."""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from rlblocks.recipes import dqn, ppo, prioritized, reinforce

from rlblocks import Recipe, WiringError, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State
from rlblocks.envs import Supplied, TimeLimit, as_environment
from rlblocks.stores import NStep, WholeEpisodes
from rlblocks.testing.clock import LONGEST, ClockEnv
from tests.core.small_blocks import ran, small
from tests.states import state_of

SMALL_POLICY = {"networks.policy.body.widths": (6,)}
SMALL = {**SMALL_POLICY, "networks.value.body.widths": (6,)}


def in_vectors(mode: AutoresetMode = AutoresetMode.NEXT_STEP) -> Any:
    """Three clocks, whose observations name their episode."""
    return as_environment(lambda num_envs=3: SyncVectorEnv([copied] * num_envs, autoreset_mode=mode))


def copied() -> Any:
    """A clock that hands over copies: gymnasium keeps the last observation of an episode as it was handed over."""
    return gymnasium.wrappers.TransformObservation(ClockEnv(), np.copy, None)


def joined(env: Any, base: Recipe | None = None) -> Recipe:
    """Values over four steps."""
    return small((base or dqn()).swap(env=env).wrap("store", NStep, n=4))


def resumed(recipe: Recipe, steps: int) -> tuple[State, State]:
    """A state in the middle of episodes, and another one that has become it, and has gone on."""
    saved, twin = state_of(recipe, steps=120, seed=1), state_of(recipe, steps=120, seed=2)
    for _ in Loop(saved).steps():
        if saved.counters.env_steps >= steps:
            break
    twin.load(saved.tree())
    saved.pool.close()
    return saved, twin


def go_on(state: State, steps: int) -> None:
    """So many more steps."""
    until = state.counters.env_steps + steps
    for _ in Loop(state).steps():
        if state.counters.env_steps >= until:
            break
    state.pool.close()


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("base", [dqn, lambda: prioritized(dqn())])
def test_rows_that_waited_join_no_other_episode(mode: AutoresetMode, base: Any) -> None:
    """Each row begins and ends in one episode, and the complete ones of before are there still."""
    saved, twin = resumed(joined(in_vectors(mode), base()), 33)
    waiting = sum(map(len, saved.memory.pending))  # type: ignore[attr-defined]  # n-step rows
    before = saved.memory.contents()
    assert waiting > 0
    assert np.array_equal(twin.memory.contents()["observation"], before["observation"])
    go_on(twin, 40)

    rows = twin.memory.contents()
    assert len(rows["reward"]) > len(before["reward"]) + 20
    assert np.array_equal(rows["observation"][:, 0], rows["next.observation"][:, 0])


def test_rows_that_waited_go_on_where_their_episodes_do() -> None:
    """Environments that are brought back lose none of them."""
    saved, twin = resumed(joined(Supplied(ClockEnv, n=3)), 33)
    twin.pool.close()

    assert twin.memory.pending == saved.memory.pending  # type: ignore[attr-defined]  # n-step rows
    assert any(twin.memory.pending)  # type: ignore[attr-defined]  # n-step rows


def test_episodes_that_had_ended_are_kept() -> None:
    """Of a store of whole episodes only what had begun is let go."""
    recipe = (
        ppo()
        .swap(env=Supplied(ClockEnv, wrappers=(TimeLimit(LONGEST),)), store=WholeEpisodes(9, longest=LONGEST))
        .set({**SMALL, "cadence.minibatches": 3})
    )
    state = state_of(recipe, steps=60)
    for _ in Loop(state).steps():
        if state.counters.env_steps >= 20:
            break
    memory: Any = state.memory
    ended = len(memory.ended)
    memory.lanes.lengths[:] = 1
    memory.cut()
    state.pool.close()

    assert len(memory.ended) == ended
    assert memory.lanes.lengths.tolist() == [0]


# -- limits of vector environments


def of_episodes(env: Any) -> Recipe:
    """Policies from whole episodes."""
    return reinforce().swap(env=env, store=WholeEpisodes(2, longest=LONGEST)).set(SMALL_POLICY)


def test_a_vector_environment_without_limits_is_told_where_they_go() -> None:
    """Its block takes no wrappers, so none is offered; what is offered serves."""
    with pytest.raises(WiringError) as caught:
        wire(of_episodes(in_vectors()))
    assert "put gymnasium.wrappers.TimeLimit(env, 6) around each environment inside the vector" in str(caught.value)
    assert "wrappers=(" not in str(caught.value)

    def limited(num_envs: int = 2) -> Any:
        return SyncVectorEnv([lambda: gymnasium.wrappers.TimeLimit(copied(), LONGEST)] * num_envs)

    env = as_environment(limited)
    assert env.facts().max_episode_steps == LONGEST
    assert ran(of_episodes(env), 40).counters.updates > 0


def test_a_vector_environment_is_as_long_as_its_longest() -> None:
    """And without a limit where one of them has none; a spec says it for all."""

    def of(*limits: int | None) -> Any:
        makers = [partial(gymnasium.wrappers.TimeLimit, copied(), limit) if limit else copied for limit in limits]
        return as_environment(SyncVectorEnv(makers)).facts().max_episode_steps

    assert (of(3, 9, 5), of(3, None)) == (9, None)
    assert as_environment(gymnasium.make_vec("CartPole-v1", num_envs=2)).facts().max_episode_steps == 500

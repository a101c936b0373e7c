"""What explorers remember: from step to step of an episode, in the checkpoint, and never in evaluation or warm-up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from rlblocks.recipes import ddpg

from rlblocks import Recipe, wire
from rlblocks._core.state import State
from rlblocks.envs import Gym, TimeLimit
from rlblocks.explorers import OrnsteinUhlenbeck
from rlblocks.runs.agent import Agent
from rlblocks.runs.evaluation import evaluate
from tests.core.rollouts import MODES, Told, in_vectors, told
from tests.core.small_blocks import ran
from tests.states import CPU, leaves, run_on, state_of

BOX = spaces.Box(np.array([-1.0, 2.0], np.float32), np.array([3.0, 2.5], np.float32))
SIZES = {
    "networks.policy.body.widths": (6,), "networks.critic.body.widths": (6,), "cadence.batch": 4,
    "cadence.warmup": 8, "store.capacity": 3000,
}  # fmt: skip


def noisy(env: Any = None, **numbers: Any) -> Recipe:
    """DDPG on a scale on which a hundred steps take a tenth of a second."""
    return ddpg().swap(env=env or told(BOX)).set({**SIZES, **numbers})


def carried(state: State) -> torch.Tensor:
    """How far the noise of each environment is from 0."""
    return state.carries["explorer"]["x"][0]


def test_a_run_resumes_exactly() -> None:
    """Saved in the middle of episodes, noise included, it goes on as if it had never stopped."""
    short = noisy(Gym("Pendulum-v1", n=2, wrappers=(TimeLimit(7),)))
    saved, twin = state_of(short, steps=60, seed=1), state_of(short, steps=40, seed=2)
    run_on(saved, 61)
    run_on(twin, 40)
    assert (carried(saved) != 0).all()
    twin.load(saved.tree())
    assert torch.equal(carried(twin), carried(saved))

    run_on(saved, 50)
    run_on(twin, 50)

    assert leaves(twin.tree()) == leaves(saved.tree())
    saved.pool.close()
    twin.pool.close()


@pytest.mark.parametrize("mode", MODES)
def test_noise_begins_anew_where_episodes_do_not_go_on(mode: AutoresetMode) -> None:
    """Environments that cannot be brought back begin new episodes, and no noise goes from the old ones into them."""
    saved, twin = (
        state_of(noisy(in_vectors(mode, BOX)), steps=60, seed=1),
        state_of(noisy(in_vectors(mode, BOX)), steps=1),
    )
    run_on(saved, 60)
    tree = saved.tree()
    tree["carries"]["explorer"]["x"][0].fill_(1e6)
    twin.load(tree)
    run_on(twin, 2)

    assert twin.pool.inexact
    assert (carried(twin).abs() < 10).all()
    saved.pool.close()
    twin.pool.close()


def test_noise_forgets_the_episode_before() -> None:
    """Where σ is so small that noise hardly moves, what was put into it is gone once each episode has ended."""
    state = state_of(noisy(**{"explorer.scale": 0.01, "explorer.theta": 0.0}), steps=20)
    run_on(state, 20)
    carried(state).fill_(1e6)
    run_on(state, 2 * 6 * 2)  # episodes of two environments last at most six steps

    assert (carried(state).abs() < 1).all()
    state.pool.close()


def test_warm_up_is_uniform_in_units_of_the_environment() -> None:
    """Each component between its own bounds, as stored and as the environment got it; noise does not move."""
    Told.taken.clear()
    state = ran(noisy(**{"cadence.warmup": 2000}), 1000)
    stored = state.memory.contents()["action"]
    got = np.stack([action for _, action, _, _ in Told.taken])

    assert (carried(state) == 0).all()
    assert sorted(map(tuple, stored.tolist())) == sorted(map(tuple, got.tolist()))
    for share in (0.25, 0.5, 0.75):
        due = BOX.low + share * (BOX.high - BOX.low)
        assert np.abs((stored < due).mean(0) - share).max() < 0.06  # 3.8 standard deviations of 1000 rows


def test_evaluation_moves_no_noise() -> None:
    """It acts as the policy says, reads nothing that is remembered and draws from no generator of the run."""
    plan = wire(noisy())
    assert "carry" not in plan.evaluate.source
    assert not plan.evaluate.draws
    state = state_of(noisy(), steps=40)
    run_on(state, 40)
    before = leaves(state.tree())
    evaluate(Agent(state.plan, state.online, state.carries, CPU), told(BOX), episodes=3, seed=7)

    assert leaves(state.tree()) == before
    state.pool.close()


def test_two_explorers_that_remember_have_a_memory_each() -> None:
    """Warm-up's noise is not training's."""
    state = ran(noisy().swap({"cadence.warmup_explorer": OrnsteinUhlenbeck(0.5)}), 60)

    assert {"explorer", "cadence.warmup_explorer"} <= set(state.carries)
    assert not torch.equal(carried(state), state.carries["cadence.warmup_explorer"]["x"][0])

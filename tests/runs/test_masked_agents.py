"""Agents where not every action is legal: in their hands, in evaluation, and where they are watched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from rlblocks.recipes import dqn, ppo
from small_runs import small, train

import rlblocks
from rlblocks import wire
from rlblocks._core.dry_run import build_modules
from rlblocks.cli.play import played
from rlblocks.envs import Gym, Supplied, as_environment
from rlblocks.explorers import Greedy, UniformRandom
from rlblocks.runs.agent import Agent
from rlblocks.runs.evaluation import evaluate, frames_of
from tests.envs.gated import LEGAL, LONGEST, Gated

CPU = torch.device("cpu")
RECIPES = [dqn().swap(explorer=Greedy()), dqn().swap(explorer=UniformRandom()), ppo()]
GATED = "rlblocks-tests/Gated-v0"

if GATED not in gymnasium.registry:
    gymnasium.register(GATED, entry_point=Gated, disable_env_checker=True)


def agent_of(recipe: Any = None) -> Agent:
    plan = wire((recipe or RECIPES[0]).swap(env=Supplied(Gated)))
    return Agent(plan, build_modules(plan, torch.Generator().manual_seed(1), CPU), {}, CPU)


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_agent_takes_a_legal_action(recipe: Any) -> None:
    """For one observation, and for each of a batch; actions are counted as the space counts them, from −1."""
    agent, places = agent_of(recipe), np.arange(len(LEGAL))

    for _ in range(5):
        assert LEGAL[places, agent(places, LEGAL) + 1].all()
        assert LEGAL[places, agent(places, LEGAL.astype(np.int8).tolist()) + 1].all()
        assert all(LEGAL[place, agent(place, LEGAL[place]) + 1] for place in places.tolist())


def test_without_a_mask_all_actions_are_legal() -> None:
    """The greatest value wins."""
    agent, places = agent_of(), np.arange(len(LEGAL))
    best = agent.networks["q"](torch.from_numpy(places))["q"].argmax(1).tolist()

    assert (agent(places) + 1).tolist() == best
    assert (agent(places, np.ones((6, 3), bool)) + 1).tolist() == best
    assert (agent(places, LEGAL) + 1).tolist() != best


@pytest.mark.parametrize(
    ("mask", "said"),
    [(np.ones(3), r"has the shape \(3,\), and is one of \(6, 3\)"), (np.ones((6, 4)), r"has the shape \(6, 4\)"),
     (np.eye(6, 3), "lets no action be legal")],
)  # fmt: skip
def test_what_is_no_mask_of_its_observations_is_refused(mask: Any, said: str) -> None:
    """It names both shapes."""
    with pytest.raises(ValueError, match=said):
        agent_of()(np.arange(6), mask)


def test_an_agent_that_learned_without_masks_takes_none() -> None:
    """It could not obey."""
    plan = wire(small())
    agent = Agent(plan, build_modules(plan, torch.Generator(), CPU), {}, CPU)

    with pytest.raises(ValueError, match="this agent learned where all actions were legal"):
        agent(np.zeros(3, np.float32), [True, False])


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_evaluation_obeys(recipe: Any) -> None:
    """An illegal action would end it; every episode is played to its end."""
    scores = evaluate(agent_of(recipe), Supplied(Gated), 20, seed=0)

    assert max(scores.lengths) == LONGEST
    assert scores.cut == 0


def test_a_vector_environment_is_evaluated_by_its_masks() -> None:
    """Whoever resets it."""
    for mode in gymnasium.vector.AutoresetMode:

        def make(num_envs: int = 2, mode: Any = mode) -> Any:
            return gymnasium.vector.SyncVectorEnv([Gated] * num_envs, autoreset_mode=mode)

        assert len(evaluate(agent_of(), as_environment(make), 7, seed=0).lengths) == 7


def test_played_and_recorded_episodes_obey() -> None:
    """In a window and in a video."""
    agent, scores = agent_of(), []
    pool = Supplied(Gated).build(0)
    assert len(list(played(agent, pool, 4, 100, scores, drawn=False))) == sum(length for _, length in scores) > 4

    taxi = wire(small(dqn().swap(env=Gym("Taxi-v4")), **{"env.id": "Taxi-v4"}))
    driver = Agent(taxi, build_modules(taxi, torch.Generator(), CPU), {}, CPU)
    assert [frame.ndim for frame in frames_of(driver, Gym("Taxi-v4"), seed=0, limit=2)] == [3, 3]


def test_a_masked_run_is_trained_evaluated_and_loaded(tmp_path: Path) -> None:
    """From the first step to the agent that is loaded from its folder."""
    recipe = small(dqn().swap(env=Gym(GATED)), **{"env.id": GATED})
    run = train(tmp_path, recipe)
    agent = rlblocks.load(run.folder)
    places = np.arange(len(LEGAL))

    assert LEGAL[places, agent(places, LEGAL) + 1].all()

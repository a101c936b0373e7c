"""Runs of policies: what is saved acts as the run's own agent does, statistics and memory included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from rlblocks.recipes import RECIPES
from small_runs import ID, Watch, saved, train

import rlblocks
from rlblocks import Recipe
from rlblocks.envs import Gym
from rlblocks.normalizers import ObservationNorm, RewardScale
from rlblocks.runs import checkpoint
from rlblocks.runs.events import Evaluated, StopRun
from rlblocks.runs.folder import BEST, LAST

pytestmark = pytest.mark.usefixtures("no_waiting", "no_pictures")

SEEN = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
NORMALIZERS = {"observation": ObservationNorm(), "reward": RewardScale()}


def small(name: str, **numbers: Any) -> Recipe:
    """A policy recipe with statistics on the walk, which takes a moment for a few chunks."""
    recipe = attrs.evolve(RECIPES[name](), env=Gym(ID, n=2), normalizers=NORMALIZERS)
    sizes = {"store.steps": 8, "cadence.minibatches": 2, "optimizer.lr.start": 5e-3, "policy.head.layer.gain": 3.0}
    return recipe.set({**sizes, **({"cadence.window": 4} if "memory" in recipe.networks else {}), **numbers})


def chosen(agent: Any) -> list[int]:
    """What an agent does with 64 observations, one after the other, from the start of an episode."""
    agent.restart()
    return [agent(row) for row in SEEN]


@pytest.mark.parametrize("name", ["a2c", "ppo", "ppo_lstm"])
def test_the_last_checkpoint_acts_as_the_agent_of_the_run(name: str, tmp_path: Path) -> None:
    """Action for action; the statistics are those of the end."""
    run = train(tmp_path, small(name))
    loaded = rlblocks.load(run.folder)

    assert chosen(loaded) == chosen(run.agent)
    assert len(set(chosen(loaded))) == 2
    tree, _ = checkpoint.load(run.folder / LAST)
    (known,) = tree["carries"]["normalizers.reward"]["seen"]
    assert known == 48  # three whole chunks of sixteen; what came since waits
    assert len(tree["pending"]["real"]) == 6


@pytest.mark.parametrize("name", ["ppo", "ppo_lstm"])
def test_the_best_checkpoint_acts_as_the_run_did_then(name: str, tmp_path: Path) -> None:
    """With the networks and the statistics of that step: as the agent of a run that was stopped there."""
    lines = {"evaluate_every": 20, "episodes": 4, "steps": 120}
    run = train(tmp_path / "whole", small(name), **lines)
    at = run.outcome.best_at
    assert 0 < at < 120

    def stop() -> None:
        raise StopRun

    stopping = Watch(lambda event: isinstance(event, Evaluated) and event.env_steps == at, stop)
    stopped = train(tmp_path / "stopped", small(name), callbacks=[stopping], **lines)
    best = rlblocks.load(run.folder, "best")

    assert stopped.reason == "stopped"
    assert chosen(best) == chosen(stopped.agent)
    then, _ = checkpoint.load(run.folder / BEST)
    assert then["carries"]["normalizers.reward"]["seen"][0] == at // 16 * 16
    assert set(then) == {"networks", "carries"}
    assert {name: type(block) for name, block in best.plan.recipe.normalizers.items()} == {
        "observation": ObservationNorm, "reward": RewardScale,
    }  # fmt: skip


def test_evaluations_change_nothing_of_a_run(tmp_path: Path) -> None:
    """One that is evaluated often ends where one does that is never: networks, statistics, memory and all."""
    plain = train(tmp_path / "plain", small("ppo_lstm"), episodes=0)
    often = train(tmp_path / "often", small("ppo_lstm"), evaluate_every=5, episodes=3)
    ours, theirs = (saved(run.folder) for run in (plain, often))

    assert [at for at in theirs if not at.startswith(".session") and ours[at] != theirs[at]] == []


def test_a_run_on_continuous_actions_is_loaded_with_its_bounds(tmp_path: Path) -> None:
    """Pendulum: actions of the loaded agent are those of the run's, within the space."""
    recipe = small("ppo").swap(env=Gym("Pendulum-v1", n=2))
    run = train(tmp_path, recipe, evaluation_steps=5, episodes=1)
    loaded = rlblocks.load(run.folder)
    actions = loaded(10 * SEEN)

    assert np.array_equal(actions, run.agent(10 * SEEN))
    assert np.abs(actions).max() == 2.0
    assert run.plan.facts.action_space.contains(actions[0])

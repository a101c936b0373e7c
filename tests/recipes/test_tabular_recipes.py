"""The tabular recipes are made of DQN's blocks, learn as a textbook does, resume and compile."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from rlblocks.recipes import RECIPES, dqn, expected_sarsa, q_learning, sarsa

from rlblocks import Recipe, wire
from rlblocks.envs import Discretise, Gym
from rlblocks.optimizers import SGD
from rlblocks.stores import NStep, PrioritizedReplay, UniformReplay, WithNext
from tests.core.graphs import assert_alike, captured, traced
from tests.recipes.test_control_recipes import leaves, run_on, state_of
from tests.recipes.test_policy_recipes import blocks_and_numbers

TABULAR = ("q_learning", "sarsa", "expected_sarsa")
REPLAYS = [UniformReplay(64), PrioritizedReplay(64)]


def numbers_of(state: Any) -> Any:
    """The table of a state, `[S, A]`."""
    (table,) = state.online["q"].parameters()
    return table.detach().numpy().T.copy()


def test_sarsa_is_q_learning_with_two_blocks() -> None:
    """The store that waits for the next action, and the target that reads it."""
    assert blocks_and_numbers(q_learning(), sarsa()) == (
        {"store": "WithNext", "objectives.q.target": "Sarsa"}, set()
    )  # fmt: skip


def test_expected_sarsa_is_q_learning_with_a_target_and_what_tells_it_epsilon() -> None:
    """The explorer says ε, in the warm-up as well."""
    blocks, numbers = blocks_and_numbers(q_learning(), expected_sarsa())

    assert blocks == {
        "explorer": "EpsilonSoft",
        "cadence.warmup_explorer": "EpsilonSoft",
        "objectives.q.target": "ExpectedSarsa",
    }
    assert numbers == set()


def test_q_learning_has_the_target_of_dqn() -> None:
    """What they have in common stands in one place."""
    assert q_learning().get("target") == dqn().get("target")


@pytest.mark.parametrize("store", [*REPLAYS, NStep(UniformReplay(64), n=3)])
@pytest.mark.parametrize("name", ["q_learning", "expected_sarsa"])
def test_replay_fits(name: str, store: Any) -> None:
    """Tables learn from replay by one swap."""
    assert wire(RECIPES[name]().swap(store=store)).recipe.store == store


@pytest.mark.parametrize("store", REPLAYS)
def test_sarsa_takes_replay_inside_its_store(store: Any) -> None:
    """Whatever samples fits, weights and priorities included."""
    state = run_on(state_of(sarsa().swap(store=WithNext(store)), 80), 80)
    state.pool.close()

    assert state.counters.updates > 70


def test_a_run_of_q_learning_is_that_of_a_textbook() -> None:
    """After every step the table is bit-equal to one that is kept by hand along the same rows."""
    recipe = q_learning().swap({"optimizer": SGD(lr=0.125)}).set({"gamma": 0.5, "explorer.epsilon.end": 1.0})
    state, q, visited = state_of(recipe, 150), np.full((16, 4), 1.0, np.float32), set()
    run_on(state, 1)  # the warm-up, of which nothing is learned
    for _ in range(149):
        row = {key: column[0] for key, column in run_on(state, 1).memory.contents().items()}
        s, a = row["observation"], row["action"]
        y = row["reward"] + row["discount"] * q[row["next.observation"]].max()
        q[s, a] += np.float32(0.125) * (y - q[s, a])
        visited.add(int(s))

        np.testing.assert_array_equal(numbers_of(state), q)
    state.pool.close()
    assert len(visited) > 4


@pytest.mark.parametrize("name", TABULAR)
def test_a_run_goes_on_as_if_it_had_never_stopped(name: str) -> None:
    """Loaded into a state of another seed that has lived, every leaf is bit-equal after 40 more steps."""
    recipe = RECIPES[name]()
    saved, twin = run_on(state_of(recipe, 120, seed=1), 70), run_on(state_of(recipe, 120, seed=2), 21)
    twin.load(saved.tree())
    run_on(saved, 40)
    run_on(twin, 40)
    for state in (saved, twin):
        state.pool.close()

    assert saved.counters.updates > 80
    assert leaves(twin.tree()) == leaves(saved.tree())


@pytest.mark.parametrize("name", TABULAR)
def test_the_learn_step_is_captured_whole_and_once(name: str) -> None:
    """No break, one graph whatever the numbers are, and the same results."""
    with traced() as counters:
        ours, theirs = (run_on(state_of(RECIPES[name](), 40), 28, how) for how in (captured, lambda function: function))

        assert theirs.counters.updates >= 12
        assert counters["stats"]["unique_graphs"] == 1
        assert counters["graph_break"] == {}
        assert_alike(ours, theirs)


@pytest.mark.parametrize("name", TABULAR)
def test_discretised_observations_are_states(name: str) -> None:
    """CartPole in bins has as many rows as cells."""
    bins = Discretise((2, 2, 3, 2), low=(-2.4, -3.0, -0.25, -3.0), high=(2.4, 3.0, 0.25, 3.0))
    recipe: Recipe = RECIPES[name]().swap(env=Gym("CartPole-v1", wrappers=(bins,)))
    state = run_on(state_of(recipe, 30), 30)
    state.pool.close()

    assert numbers_of(state).shape == (24, 2)
    assert isinstance(gymnasium.make("CartPole-v1").observation_space, gymnasium.spaces.Box)
    assert all(torch.isfinite(p).all() for p in state.online["q"].parameters())

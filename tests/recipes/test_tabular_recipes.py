"""The tabular recipes are made of DQN's blocks, learn as a textbook does, resume and compile."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from rlblocks.recipes import RECIPES, double_q_learning, dqn, expected_sarsa, q_learning, sarsa, sarsa_lambda

from rlblocks import Recipe, wire
from rlblocks.envs import Discretise, Gym
from rlblocks.optimizers import SGD, Traces
from rlblocks.stores import NStep, PrioritizedReplay, UniformReplay, WithNext
from tests.core.graphs import assert_alike, captured, traced
from tests.recipes.test_policy_recipes import blocks_and_numbers
from tests.states import leaves, run_on, state_of

TABULAR = ("q_learning", "sarsa", "expected_sarsa", "dyna_q", "double_q_learning", "sarsa_lambda")
REPLAYS = [UniformReplay(64), PrioritizedReplay(64)]


def numbers_of(state: Any) -> Any:
    """The table of a state, `[S, A]`, or its tables, `[2, S, A]`."""
    (table,) = state.online["q"].parameters()
    return table.detach().numpy().swapaxes(-1, -2).copy()


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


def test_double_q_learning_is_q_learning_with_two_tables() -> None:
    """One target, and an explorer around the same one."""
    blocks, numbers = blocks_and_numbers(q_learning(), double_q_learning())

    assert blocks == {"explorer": "OverMembers", "objectives.q.target": "DoubleEstimator"}
    assert numbers == {"networks.q.members"}
    assert double_q_learning().get("explorer").inner == q_learning().get("explorer")


def test_sarsa_lambda_is_sarsa_with_a_trace() -> None:
    """The loss that leaves the gradient of the value, and the optimizer around the same one."""
    assert blocks_and_numbers(sarsa(), sarsa_lambda()) == (
        {"objectives.q.losses[0]": "Eligibility", "objectives.q.optimizer": "Traces"}, set()
    )  # fmt: skip
    assert sarsa_lambda().get("optimizer.inner") == sarsa().get("optimizer")


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


def test_a_run_of_double_q_learning_is_that_of_a_textbook() -> None:
    """Each step changes one entry of one table, to what the other one says of its choice; about half of them either."""
    recipe = double_q_learning().swap({"optimizer": SGD(lr=0.125)}).set({"gamma": 0.5})
    recipe = recipe.set({"explorer.inner.epsilon.end": 1.0, "networks.q.head.layer.initial": 0.0})
    state, learned = state_of(recipe, 600), [0, 0]
    run_on(state, 1)
    (table,) = state.online["q"].parameters()
    with torch.no_grad():
        table.copy_(torch.randn(table.shape, generator=torch.Generator().manual_seed(0)))
    for _ in range(599):
        before = numbers_of(state)
        row = {key: column[0] for key, column in run_on(state, 1).memory.contents().items()}
        s, a, q = row["observation"], row["action"], numbers_of(state)
        told = [before.copy(), before.copy()]
        for i, due in enumerate(told):
            after = before[1 - i, row["next.observation"], before[i, row["next.observation"]].argmax()]
            due[i, s, a] += np.float32(0.125) * (row["reward"] + row["discount"] * after - before[i, s, a])
        equal = [np.array_equal(q, due) for due in told]

        assert any(equal)
        for i in (0, 1):
            learned[i] += equal[i]
    state.pool.close()
    assert min(learned) > 240


def test_double_q_learning_acts_by_both_tables() -> None:
    """Of tables that disagree, what is greatest on average, in training without exploration and in evaluation."""
    state = state_of(double_q_learning().set({"explorer.inner.epsilon": 0.0}), 20)
    (table,) = state.online["q"].parameters()
    with torch.no_grad():
        table.copy_(torch.tensor([[0.0, 3.0, 2.0, 0.0], [0.0, -3.0, 2.0, 0.0]]).unsqueeze(-1).expand_as(table))
    chunk, names = {"observation": torch.tensor([5])}, state.namespace()
    for printed in (state.plan.act, state.plan.evaluate):
        draws = {name: torch.tensor([0.9]) for name in printed.draws}
        act = printed.define("test", names)
        assert act(chunk, dict.fromkeys(printed.numbers, torch.tensor(0.0)), draws)["action"].tolist() == [2]
    state.pool.close()


def test_a_run_of_sarsa_lambda_is_that_of_a_textbook() -> None:
    """After every step the table and its trace are bit-equal to those that are kept by hand along the same rows."""
    inner = SGD(lr=0.125)
    recipe = sarsa_lambda().swap({"optimizer": Traces(0.5, inner)}).set({"gamma": 0.5, "explorer.epsilon.end": 1.0})
    state, ends = state_of(recipe, 300), 0
    q, z = np.full((16, 4), 1.0, np.float32), np.zeros((16, 4), np.float32)
    run_on(state, 2)  # the warm-up, and the row that is learned from when the next action is known
    for _ in range(298):
        learned = state.counters.updates
        row = {key: column[0] for key, column in run_on(state, 1).memory.contents().items()}
        if state.counters.updates == learned:
            continue
        s, a = row["observation"], row["action"]
        delta = row["reward"] + row["discount"] * q[row["next.observation"], row["next.action"]] - q[s, a]
        z = np.where(row["is_first"], np.float32(0.0), z)
        z[s, a] += np.float32(1.0)
        q = q + np.float32(0.125) * (delta * z)
        z = z * (row["discount"] * np.float32(0.5))
        ends += row["terminated"]

        np.testing.assert_array_equal(numbers_of(state), q)
        np.testing.assert_array_equal(state.carries["q"]["trace"][0].numpy(), z.T.ravel())
    state.pool.close()
    assert ends > 10


def test_sarsa_lambda_without_a_trace_is_sarsa() -> None:
    """λ = 0: after 200 steps the tables are bit-equal."""
    ours, theirs = (run_on(state_of(recipe, 200), 200) for recipe in (sarsa_lambda().set({"decay": 0.0}), sarsa()))
    for state in (ours, theirs):
        state.pool.close()

    np.testing.assert_array_equal(numbers_of(ours), numbers_of(theirs))
    assert len(np.unique(numbers_of(ours))) > 10


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

    assert numbers_of(state).shape[-2:] == (24, 2)
    assert isinstance(gymnasium.make("CartPole-v1").observation_space, gymnasium.spaces.Box)
    assert all(torch.isfinite(p).all() for p in state.online["q"].parameters())

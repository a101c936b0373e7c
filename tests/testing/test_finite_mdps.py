"""Exact values agree with each other, with equations that are solved by hand, and with what is published."""

import attrs
import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings

from rlblocks import RecipeError
from rlblocks._core.errors import BuildError
from rlblocks.testing.finite_mdps import (
    backup,
    corridor,
    expected_return,
    finite_mdps,
    greedy_policy,
    policy_evaluation,
    soft_policy,
    toy_text,
    value_iteration,
)

quietly = settings(derandomize=True, deadline=None, max_examples=40, database=None)
BEST = [
    ("FrozenLake-v1", 0.99, 100, 0.7402),
    ("FrozenLake8x8-v1", 0.995, 200, 0.8936),
    ("FrozenLake8x8-v1", 0.99, 200, 0.8630),
    ("Taxi-v4", 0.99, 200, 7.93),
    ("CliffWalking-v1", 0.99, 200, -13.0),
]


@given(mdp=finite_mdps())
@quietly
def test_the_best_values_are_those_of_the_policy_that_is_greedy_for_them(mdp):
    """Found by iteration, and again by solving linear equations."""
    q = value_iteration(mdp)

    np.testing.assert_allclose(policy_evaluation(mdp, greedy_policy(mdp, q)), q, atol=1e-9)


@given(mdp=finite_mdps())
@quietly
def test_the_best_soft_values_are_those_of_the_soft_policy(mdp):
    """With ε = 0.3 as with none; they are nowhere above the best."""
    q = value_iteration(mdp, 0.3)

    np.testing.assert_allclose(policy_evaluation(mdp, soft_policy(mdp, q, 0.3)), q, atol=1e-9)
    assert (q <= value_iteration(mdp) + 1e-9).all()


@given(mdp=finite_mdps())
@quietly
def test_policies_are_probabilities(mdp):
    """Of each state they add up to 1, and P does as well."""
    for found in (greedy_policy(mdp, mdp.rewards), soft_policy(mdp, mdp.rewards, 0.5), mdp.transitions):
        np.testing.assert_allclose(found.sum(-1), 1.0)


@given(mdp=finite_mdps())
@quietly
def test_values_stay_within_what_rewards_allow(mdp):
    """|Q| is at most the greatest |r| / (1 − γ), and 0 where episodes are over."""
    q = value_iteration(mdp)

    assert np.abs(q).max() <= np.abs(mdp.rewards).max() / (1 - mdp.gamma) + 1e-9
    assert not q[mdp.terminal].any()


@given(mdp=finite_mdps())
@quietly
def test_terminal_rows_are_never_used(mdp):
    """Whatever P and r say of states that are over."""
    odd = attrs.evolve(
        mdp,
        transitions=np.where(mdp.terminal[:, None, None], 7.0, mdp.transitions),
        rewards=np.where(mdp.terminal[:, None], 99.0, mdp.rewards),
    )

    np.testing.assert_array_equal(value_iteration(odd), value_iteration(mdp))


def test_problems_are_of_all_kinds():
    """Among 60 are uncertain moves, certain ones, ends, none, and two numbers of actions."""
    seen = []

    @settings(quietly, max_examples=60)
    @given(finite_mdps())
    def look(mdp):
        seen.append(mdp)

    look()

    assert any((mdp.going_on.max(2) < 1).any() for mdp in seen)
    assert any((mdp.transitions == 1).any() for mdp in seen)
    assert {mdp.terminal.any() for mdp in seen} == {True, False}
    assert {mdp.rewards.shape[1] for mdp in seen} == {2, 3}


def test_a_corridor_by_hand():
    """Of three states, γ = ½: −1, and −1 − ½; the way back costs one more step."""
    assert value_iteration(corridor(3)).tolist() == [[-1.75, -1.5], [-1.75, -1.0], [0.0, 0.0]]
    assert backup(corridor(3), np.zeros(3)).tolist() == [[-1.0, -1.0], [-1.0, -1.0], [0.0, 0.0]]


def test_an_episode_that_is_cut_costs_no_more():
    """Walking left for ever costs as many steps as there are."""
    assert expected_return(corridor(3), np.array([[1.0, 0.0]] * 3), 50) == -50.0


@pytest.mark.parametrize(("name", "gamma", "steps", "due"), BEST)
def test_the_best_policies_of_toy_texts_are_worth_what_is_known(name, gamma, steps, due):
    """Found with γ, scored without it over episodes of the registered length, 200 where none is registered."""
    mdp = toy_text(gymnasium.make(name), gamma)

    assert expected_return(mdp, greedy_policy(mdp, value_iteration(mdp)), steps) == pytest.approx(due, abs=5e-5)


def test_taxi_begins_in_300_states_with_some_actions_illegal():
    """Each as likely as the others."""
    mdp = toy_text(gymnasium.make("Taxi-v4"))

    assert sorted(set(mdp.start.tolist())) == [0.0, pytest.approx(1 / 300)]
    assert not mdp.legal.all()


def test_an_environment_without_a_table_is_refused():
    """CartPole states no P; the fix names environments that do."""
    with pytest.raises(BuildError, match="states no table P") as raised:
        toy_text(gymnasium.make("CartPole-v1"))

    assert isinstance(raised.value, RecipeError)
    assert "FrozenLake" in str(raised.value)

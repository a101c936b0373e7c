"""Dyna-Q is Q-learning with another store, and is the book's algorithm to the last bit."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rlblocks.recipes import dyna_q, q_learning

from rlblocks.optimizers import SGD
from tests.recipes.test_policy_recipes import blocks_and_numbers
from tests.recipes.test_tabular_recipes import numbers_of
from tests.states import run_on, state_of


def test_it_is_q_learning_with_a_store_and_a_number() -> None:
    """The store that generates rows, and how often it is asked."""
    assert blocks_and_numbers(q_learning(), dyna_q()) == ({"store": "Model"}, {"cadence.updates"})


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(0, 99), st.sampled_from([0, 1, 5]), st.sampled_from([0.125, 1.0]))
def test_a_run_is_that_of_the_book(seed: int, n: int, alpha: float) -> None:
    """Sutton and Barto, 2018, section 8.2, in ten lines: after every step the same table, along the same draws."""
    recipe = (
        dyna_q().swap({"optimizer": SGD(lr=alpha)}).set({"gamma": 0.5, "explorer.epsilon.end": 1.0, "updates": n + 1})
    )
    state, q = state_of(recipe, 60, seed=seed), np.full((16, 4), 1.0, np.float32)
    model: dict[tuple[int, int], tuple[Any, Any, int]] = {}

    def learn(s: int, a: int) -> None:
        reward, discount, following = model[s, a]
        q[s, a] += np.float32(alpha) * (reward + discount * q[following].max() - q[s, a])

    for step in range(60):
        generator = copy.deepcopy(state.memory._generator)  # the book draws as the store does
        run_on(state, 1)
        row = {key: column[-1] for key, column in state.memory.contents().items()}  # the newest is the last
        s, a = int(row["observation"]), int(row["action"])
        model[s, a] = row["reward"], row["discount"], int(row["next.observation"])
        if step:  # the first is the warm-up, of which nothing is learned
            learn(s, a)
            for _ in range(n):
                learn(*list(model)[generator.integers(0, len(model))])
        np.testing.assert_array_equal(numbers_of(state), q)
    state.pool.close()


@pytest.mark.parametrize("n", [2, 3])
def test_environments_beside_each_other_are_each_learned_from(n: int) -> None:
    """Of every step of the environments, each row is handed over once before the model is asked."""
    state = run_on(state_of(dyna_q().set({"env.n": n, "updates": 2}), 40), 30)
    state.pool.close()

    assert state.memory.waiting <= n
    assert state.counters.updates >= 2 * 24

"""What the printed learn step of a tabular recipe does to the table, whichever rows it is handed.

Only one entry changes, steps of size 0 and 1 are nothing and all, values stay within what rewards allow, and states
have no order. Each is also asked of recipes that break it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from rlblocks.recipes import RECIPES
from torch import nn

from rlblocks import Recipe, block
from rlblocks._core.learning import Update
from rlblocks.losses import SquaredError
from rlblocks.networks import MLP, Body, Dense, Lookup, QValues
from rlblocks.optimizers import SGD, Optimizer
from rlblocks.testing import unlisted
from tests.states import state_of
from tests.testing.faulty_networks import Module
from tests.testing.faulty_tables import BeyondTheBest

TABULAR = [name for name in ("q_learning", "sarsa", "expected_sarsa", "double_q_learning") if name in RECIPES]
STATES, ACTIONS, GAMMA, LARGEST = 16, 4, 0.75, 2.0
Table = np.ndarray[Any, Any]
Row = dict[str, Any]


class Learner:
    """A recipe's learn step, handed rows one by one."""

    def __init__(self, recipe: Recipe) -> None:
        self.state = state_of(recipe, 1000)
        self.learn = Update(self.state, self.state.namespace(), 1, lambda function: function)
        self.state.pool.close()

    @property
    def table(self) -> Table:
        """What the network says of all states, `[*, S, A]`; of members one table each."""
        with torch.no_grad():
            said: Table = self.state.online["q"](torch.arange(STATES))["q"].numpy().astype(float)
        return said

    def __call__(self, row: Row) -> Table:
        """Learn from a row; the table afterwards."""
        self.learn({key: torch.tensor([row[key]]) for key in self.state.plan.learn.columns if key in row})
        return self.table


def rows(seed: int, count: int) -> list[Row]:
    """Rows as they come: some end an episode, all rewards are at most `LARGEST`."""
    random = np.random.default_rng(seed)
    return [
        {
            "observation": int(random.integers(STATES)), "action": int(random.integers(ACTIONS)),
            "next.observation": int(random.integers(STATES)), "next.action": int(random.integers(ACTIONS)),
            "reward": float(random.choice([-LARGEST, 0.0, LARGEST, 0.5])), "epsilon": float(random.random()),
            "discount": GAMMA * float(random.random() < 0.8), "weight": 1.0,
        }
        for _ in range(count)
    ]  # fmt: skip


def with_step(recipe: Recipe, size: float) -> Recipe:
    """A recipe with steps of one size, and a table that starts at 0 where it starts at one number."""
    started = recipe.set({"networks.q.head.layer.initial": 0.0}) if isinstance(_layer(recipe), Lookup) else recipe
    return started.set({"optimizer.lr": size}) if isinstance(recipe.get("optimizer"), SGD) else started


def _layer(recipe: Recipe) -> Any:
    return recipe.get("networks.q.head").layer


def only_one_entry_changes(recipe: Recipe) -> None:
    """TAB-2: that of the state and the action."""
    learner = Learner(with_step(recipe, 0.5))
    before, moved = learner.table, 0
    for row in rows(2, 30):
        after = learner(row)
        changed = np.argwhere(after != before)
        assert len(changed) <= 1, f"{len(changed)} entries changed"
        assert all(tuple(at[-2:]) == (row["observation"], row["action"]) for at in changed)
        before, moved = after, moved + len(changed)
    assert moved > 10


def sizes_0_and_1_are_nothing_and_all(recipe: Recipe) -> None:
    """TAB-3: where the step is 1, a row that ends an episode leaves its reward, whatever stood there."""
    still = Learner(with_step(recipe, 0.0))
    start = still.table
    for row in rows(3, 5):
        np.testing.assert_array_equal(still(row), start)
    whole = Learner(with_step(recipe, 1.0))
    for row in rows(3, 30):
        before = whole.table
        after = whole({**row, "discount": 0.0})
        entries = after[..., row["observation"], row["action"]]
        told = entries[after[..., row["observation"], row["action"]] != before[..., row["observation"], row["action"]]]
        np.testing.assert_allclose(told, row["reward"], atol=1e-6)


def values_stay_within_bounds(recipe: Recipe) -> None:
    """TAB-9: |Q| ≤ Rmax / (1 − γ)."""
    learner = Learner(with_step(recipe, 0.75))
    for row in rows(9, 400):
        learner(row)
    assert np.abs(learner.table).max() <= LARGEST / (1 - GAMMA) + 1e-5


def states_have_no_order(recipe: Recipe) -> None:
    """TAB-10: under other numbers, in every row, the table is the same under these numbers."""
    order = np.random.default_rng(10).permutation(STATES)
    ours, theirs = (Learner(with_step(recipe, 0.5)) for _ in range(2))
    for row in rows(10, 60):
        ours(row)
        theirs({**row, **{key: int(order[row[key]]) for key in ("observation", "next.observation")}})
    np.testing.assert_array_equal(theirs.table[..., order, :], ours.table)


LAWS = [only_one_entry_changes, sizes_0_and_1_are_nothing_and_all, values_stay_within_bounds, states_have_no_order]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", TABULAR)
def test_a_tabular_recipe_obeys(name: str, law: Callable[[Recipe], None]) -> None:
    """Its learn step, as it is printed."""
    law(RECIPES[name]())


with unlisted():

    @block("sgd")
    class Shrinks(Optimizer):
        """A step of plain descent, and a little of everything is forgotten."""

        inputs: dict[str, Any] = {}

        def init(self, params: list[torch.Tensor]) -> dict[str, list[torch.Tensor]]:
            return {}

        def compute(self, *, params: Any, grads: Any, carry: Any) -> None:
            for param, grad in zip(params, grads, strict=True):
                param.mul_(0.99).sub_(0.5 * grad)

    @block("table")
    class Pairs(Body):
        """Two neighbours are one state."""

        def misfit(self, spec: Any) -> str:
            return ""

        def width(self, spec: Any) -> int:
            return int(spec.n) // 2

        def build(self, spec: Any, generator: Any) -> nn.Module:
            return Module(lambda m, x, noise: torch.nn.functional.one_hot(x // 2, spec.n // 2).float())


FAULTS = [
    ({"optimizer": SGD(lr=0.5, momentum=0.5)}, only_one_entry_changes),
    ({"networks.q.body": MLP((8,)), "networks.q.head": QValues(layer=Dense())}, only_one_entry_changes),
    ({"networks.q.body": Pairs()}, only_one_entry_changes),
    ({"optimizer": Shrinks()}, only_one_entry_changes),
    ({"optimizer": Shrinks()}, sizes_0_and_1_are_nothing_and_all),
    ({"losses": SquaredError(1.5)}, sizes_0_and_1_are_nothing_and_all),
    ({"losses": SquaredError(4.0)}, values_stay_within_bounds),
    ({"target": BeyondTheBest()}, values_stay_within_bounds),
    ({"networks.q.body": Pairs()}, states_have_no_order),
    ({"networks.q.head": QValues(layer=Dense())}, states_have_no_order),
]


@pytest.mark.parametrize(("swaps", "law"), FAULTS)
def test_a_recipe_that_breaks_a_law_is_caught(swaps: dict[str, Any], law: Callable[[Recipe], None]) -> None:
    """Each with one block in which the fault is."""
    recipe = RECIPES["q_learning"]().swap(swaps)

    with pytest.raises(AssertionError):
        law(recipe)

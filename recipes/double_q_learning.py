"""Double Q-learning with two tables."""

from __future__ import annotations

import attrs

from rlblocks._core.recipe import Recipe
from rlblocks.explorers import OverMembers
from rlblocks.targets import DoubleEstimator

from .q_learning import q_learning


def double_q_learning() -> Recipe:
    """Double Q-learning: two tables, of which one chooses the next action and the other one says what it is worth.

    van Hasselt, 2010, algorithm 1; Sutton and Barto, 2018, section 6.7. A maximum over noisy values is too high on
    average; what another table says of the same action is not. Actions are chosen by the mean of both.

    >>> double_q_learning().get("target"), double_q_learning().networks["q"].members
    (DoubleEstimator(), 2)
    """
    recipe = q_learning()
    return (
        recipe.swap({"networks.q": attrs.evolve(recipe.networks["q"], members=2), "target": DoubleEstimator()})
        .wrap("explorer", OverMembers)
        .named("double_q_learning")
    )

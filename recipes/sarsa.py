"""SARSA with a table."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.stores import WithNext
from rlblocks.targets import Sarsa

from .q_learning import q_learning


def sarsa() -> Recipe:
    """SARSA: Q-learning that learns the value of the policy that acts, exploration included.

    Rummery and Niranjan, 1994; Sutton and Barto, 2018, section 6.4. A row is learned from when the next action is
    known, one step later.

    >>> sarsa().get("store"), sarsa().get("target")
    (WithNext(inner=Latest(capacity=1)), Sarsa())
    """
    return q_learning().wrap("store", WithNext).swap(target=Sarsa()).named("sarsa")

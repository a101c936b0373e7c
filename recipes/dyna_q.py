"""Dyna-Q: Q-learning that also learns from a model of what it has seen."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.stores import Model

from .q_learning import q_learning


def dyna_q() -> Recipe:
    """Dyna-Q: after every step of Q-learning, fifty more on what a table says followed states and actions last.

    Sutton, 1990; Sutton and Barto, 2018, section 8.2, "Tabular Dyna-Q" with n = 50. The model is deterministic, so that
    it serves where the world is.

    >>> dyna_q().get("store"), dyna_q().get("updates")
    (Model(capacity=1024), 51)
    """
    return q_learning().swap(store=Model()).set(updates=51).named("dyna_q")

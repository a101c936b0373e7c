"""DQN with n-step returns."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe

from .dqn import dqn
from .patches import n_step


def n_step_dqn() -> Recipe:
    """DQN that bootstraps after three rewards instead of one.

    Sutton, 1988, "Learning to predict by the methods of temporal differences"; in DQN: Hessel et al., 2018, eq. 1. Not
    corrected for being off-policy, as in Rainbow.

    >>> from rlblocks.recipes import dqn
    >>> n_step_dqn().get("store").n
    3
    """
    return n_step(3)(dqn()).named("n_step_dqn")

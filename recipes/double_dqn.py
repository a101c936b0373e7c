"""Double DQN."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe

from .dqn import dqn
from .patches import double


def double_dqn() -> Recipe:
    """DQN whose target chooses the next action by the online network and values it by the target network.

    van Hasselt, Guez and Silver, 2016, "Deep reinforcement learning with double Q-learning", eq. 4. It overestimates
    less. Differs from the paper as `dqn` does.

    >>> from rlblocks.recipes import dqn
    >>> double_dqn().get("target")
    DoubleQ()
    """
    return double(dqn()).named("double_dqn")

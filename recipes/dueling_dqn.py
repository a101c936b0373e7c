"""Dueling DQN."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe

from .dqn import dqn
from .patches import dueling


def dueling_dqn() -> Recipe:
    """DQN whose network splits action values into a state value and advantages.

    Wang et al., 2016, "Dueling network architectures for deep reinforcement learning", eq. 9. Differs from the paper
    as `dqn` does; and gradients are not rescaled where the two streams meet.

    >>> from rlblocks.recipes import dqn
    >>> type(dueling_dqn().get("head")).__name__
    'DuelingQ'
    """
    return dueling(dqn()).named("dueling_dqn")

"""DQN with prioritized replay."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe

from .dqn import dqn
from .patches import prioritized


def prioritized_dqn() -> Recipe:
    """DQN that replays rows in proportion to their last error, with importance weights in the loss.

    Schaul et al., 2016, "Prioritized experience replay", algorithm 1, proportional variant. Differs from the paper as
    `dqn` does; and the paper's learner is Double DQN: add the patch `double`.

    >>> from rlblocks.recipes import dqn
    >>> type(prioritized_dqn().get("store")).__name__
    'PrioritizedReplay'
    """
    return prioritized(dqn()).named("prioritized_dqn")

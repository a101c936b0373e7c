"""Expected SARSA with a table."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.explorers import EpsilonSoft
from rlblocks.targets import ExpectedSarsa

from .q_learning import q_learning


def expected_sarsa() -> Recipe:
    """Expected SARSA: SARSA with the mean over next actions in the place of the one that was taken.

    van Seijen et al., 2009; Sutton and Barto, 2018, section 6.6. No row need wait for the next action, so that the
    store is that of Q-learning, and replay fits: `swap(store=UniformReplay(...))`.

    >>> expected_sarsa().get("explorer"), expected_sarsa().get("target")
    (EpsilonSoft(epsilon=Linear(start=1.0, end=0.0, over=OfRun(0.9))), ExpectedSarsa())
    """
    recipe = q_learning()
    return recipe.swap(
        {
            "explorer": EpsilonSoft(recipe.get("explorer").epsilon),
            "cadence.warmup_explorer": EpsilonSoft(1.0),
            "target": ExpectedSarsa(),
        }
    ).named("expected_sarsa")

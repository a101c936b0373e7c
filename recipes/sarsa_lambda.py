"""SARSA(λ) with a table."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.losses import Eligibility
from rlblocks.optimizers import Traces

from .sarsa import sarsa


def sarsa_lambda() -> Recipe:
    """SARSA(λ): SARSA that credits each error to all steps that led to it, the nearest ones most.

    Rummery and Niranjan, 1994; Sutton and Barto, 2018, section 12.7, with accumulating traces. The loss leaves the
    gradient of the value and hands the error over, and the optimizer steps by the error along its trace.

    >>> sarsa_lambda().get("losses"), sarsa_lambda().get("optimizer.decay")
    ((Eligibility(coefficient=1.0),), 0.9)
    """
    return sarsa().wrap("optimizer", lambda inner: Traces(inner=inner)).swap(losses=Eligibility()).named("sarsa_lambda")

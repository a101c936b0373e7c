"""Naive oracles of explorers of real numbers, in float64: loops over rows and components, from the equations alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.testing._policy_calls import bounds_of
from rlblocks.testing.oracles import like


@attrs.frozen
class Place:
    """One component of one row in one step.

    Attributes:
        noise: ε.
        scale: σ.
        first: whether an episode begins there.
        before: how far the noise of the step before was from 0, in units of half the width of the bounds.
    """

    noise: float
    scale: float
    first: bool
    before: float


def _gaussian(block: Any, at: Place) -> float:  # noqa: ARG001  the signature of all
    return at.scale * at.noise


def _ornstein_uhlenbeck(block: Any, at: Place) -> float:
    x = 0.0 if at.first else at.before
    return x - float(block.theta * x * block.dt) + at.scale * math.sqrt(block.dt) * at.noise


SHARES: dict[str, Callable[[Any, Place], float]] = {
    "gaussian_noise": _gaussian,
    "ornstein_uhlenbeck": _ornstein_uhlenbeck,
}


def unknown(block: Block) -> str:
    """Why there is no oracle of an explorer's noise; empty where there is one."""
    return "" if like(block) in SHARES else f"the kit has no oracle for the equation of {like(block)!r}"


def noisy_actions(block: Block, action: Spec, steps: Sequence[Mapping[str, Tensor]]) -> Iterator[Tensor]:
    """The action of each step, clip(μ + h·x, low, high), `[B, *shape]` float64.

    Args:
        block: says the equation and its numbers.
        action: what is known of the action, with bounds.
        steps: what each step is given: `mode` and `noise` `[B, *shape]`, `scale` 0-dim, `is_first` `[B]`.
    """
    low, high = (bound.flatten().tolist() for bound in bounds_of(action))
    before: dict[tuple[int, int], float] = {}
    for step in steps:
        mode = step["mode"].double()
        found = mode.clone().view(len(mode), -1)
        noise = step["noise"].double().view(len(mode), -1).tolist()
        for row, of_row in enumerate(noise):
            for i, epsilon in enumerate(of_row):
                at = Place(epsilon, float(step["scale"]), bool(step["is_first"][row]), before.get((row, i), 0.0))
                share = before[row, i] = SHARES[like(block)](block, at)
                moved = float(found[row, i]) + share * (high[i] - low[i]) / 2
                found[row, i] = min(max(moved, low[i]), high[i])
        yield found.view(mode.shape)

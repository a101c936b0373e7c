"""Naive oracles of normalizers in float64: everything that was ever seen in one list, and two passes over it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks.normalizers.base import Steps
from rlblocks.testing.oracles import like

Map = Callable[[NDArray[Any]], NDArray[np.float64]]


def unknown(block: Block) -> str:
    """Why there is no oracle for a block; empty where there is one."""
    return "" if like(block) in NORMALIZERS else f"the kit has no oracle for the equation of {like(block)!r}"


def normalized(block: Any, steps: Steps) -> Map:
    """What a normalizer makes of a column after all these steps."""
    return NORMALIZERS[like(block)](block, steps)


def _mean_and_variance(numbers: list[float]) -> tuple[float, float]:
    mean = math.fsum(numbers) / len(numbers)
    return mean, math.fsum((x - mean) ** 2 for x in numbers) / len(numbers)


def _observation_norm(block: Any, steps: Steps) -> Map:
    """(x − μ)/√(σ² + ε) of observations that were acted on and of last ones."""
    seen = []
    for t, n in zip(*np.nonzero(steps.real), strict=True):
        seen.append(steps.observation[t, n])
        if steps.terminated[t, n] or steps.truncated[t, n]:
            seen.append(steps.next_observation[t, n])
    components = zip(*(entry.astype(np.float64).ravel().tolist() for entry in seen), strict=True)
    known = [_mean_and_variance(list(numbers)) for numbers in components]
    mean, variance = (np.array(part).reshape(seen[0].shape) for part in zip(*known, strict=True))
    return lambda x: np.clip((x.astype(np.float64) - mean) / np.sqrt(variance + block.eps), -block.clip, block.clip)


def _reward_scale(block: Any, steps: Steps) -> Map:
    """r/√(Var(R) + ε) with R = Σ (Π γ)·r over the steps of an episode so far, each R summed anew."""
    returns = []
    for n in range(steps.real.shape[1]):
        episode: list[tuple[float, float]] = []
        for t in np.nonzero(steps.real[:, n])[0]:
            episode.append((float(steps.reward[t, n]), float(steps.discount[t, n])))
            later = [math.prod(discount for _, discount in episode[k:-1]) for k in range(len(episode))]
            returns.append(math.fsum(reward * reach for (reward, _), reach in zip(episode, later, strict=True)))
            if steps.terminated[t, n] or steps.truncated[t, n]:
                episode = []
    scale = math.sqrt(_mean_and_variance(returns)[1] + block.eps)
    return lambda x: np.clip(x.astype(np.float64) / scale, -block.clip, block.clip)


NORMALIZERS: dict[str, Callable[[Any, Steps], Map]] = {
    "observation_norm": _observation_norm,
    "reward_scale": _reward_scale,
}

"""What is known of the tensors of a gymnasium space."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from rlblocks._core.errors import RecipeError
from rlblocks._core.keys import Spec


def spec_of(space: gymnasium.Space[Any]) -> Spec:
    """What is known of the tensors of a space. Discrete values count from 0, wherever the space starts.

    Raises:
        RecipeError: it is none of Box, Discrete, MultiDiscrete and MultiBinary.
    """
    match space:
        case spaces.Discrete():
            return Spec((), "int64", n=int(space.n))
        case spaces.MultiDiscrete() if space.nvec.ndim == 1:
            return Spec(space.shape, "int64", n=tuple(int(n) for n in space.nvec))
        case spaces.MultiBinary() if len(space.shape) == 1:
            return Spec(space.shape, "int8", n=(2,) * space.shape[0])
        case spaces.Box():
            dtype = "uint8" if space.dtype == np.uint8 else "float32"
            return Spec(space.shape, dtype, low=_bounds(space.low), high=_bounds(space.high))
    raise RecipeError(
        f"the space {space} is none of Box, Discrete, MultiDiscrete and MultiBinary (the last two of one dim)",
        fix="wrap the environment so that it is",
    )


def _bounds(bound: np.ndarray[Any, Any]) -> float | tuple[float, ...] | None:
    """One number where it is the same for all components, or one for each; None where any is unbounded."""
    numbers = [float(x) for x in bound.flat]
    if not all(map(math.isfinite, numbers)):
        return None
    return numbers[0] if numbers and len(set(numbers)) == 1 else tuple(numbers)

"""The bias corrections of Adam, in double precision, for the step that is about to be taken."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlblocks._core.clocks import Times


def corrected_step_size(lr: float, beta1: float, beta2: float, times: Times) -> float:
    """αₜ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ), t = updates + 1 (Kingma and Ba, 2015, end of section 2)."""
    return lr * root_of_correction(beta2, times) / _correction(beta1, times)


def root_of_correction(beta2: float, times: Times) -> float:
    """√(1 − β₂ᵗ), t = updates + 1."""
    return math.sqrt(_correction(beta2, times))


def _correction(beta: float, times: Times) -> float:
    """1 − βᵗ, t = updates + 1."""
    return 1.0 - beta ** (times.updates + 1)

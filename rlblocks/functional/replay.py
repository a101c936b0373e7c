"""Prioritized sampling (Schaul et al., 2016), n-step accumulation and goals of later steps, on numpy arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stratified(uniform: Floats, total: float) -> Floats:
    """One point of each of B equal parts of [0, total): `[B] -> [B]`, ascending.

    "To sample a minibatch of size k, the range [0, p_total] is divided equally into k ranges. Next, a value is
    uniformly sampled from each range" (Schaul et al., 2016, appendix B.2.1).

    Args:
        uniform: in [0, 1), one number for each part.
        total: above 0.

    >>> stratified(np.array([0.5, 0.0, 0.75]), 6.0)
    array([1. , 2. , 5.5])
    """
    edges = np.arange(uniform.size + 1) / uniform.size * total
    low, high = edges[:-1], edges[1:]
    # u close to 1 rounds up to the edge, which belongs to the next part (and the last one to none).
    return np.minimum(low + uniform * (high - low), np.nextafter(high, 0.0))


def importance_weights(priority: Floats, beta: float) -> Floats:
    """w_i / max_j w_j with w_i = (N·P(i))^−β, the maximum over the batch: `[B] -> [B]` in [0, 1].

    Schaul et al., 2016, section 3.4 and algorithm 1, line 10. With P(i) = p_i^α / Σ_k p_k^α, N and the sum cancel, and
    what is left is (min_j p_j^α / p_i^α)^β, which neither overflows nor divides by zero.

    Args:
        priority: p_i^α of the rows of a batch, above 0, in any unit.
        beta: β, at least 0. At 1 the weights undo the sampling in full.

    >>> importance_weights(np.array([1.0, 2.0, 4.0]), 1.0)
    array([1.  , 0.5 , 0.25])
    """
    weights: Floats = np.power(priority.min() / priority, beta)
    return weights


def accumulate(return_tm1: float, discount_tm1: float, r_t: float, discount_t: float) -> tuple[float, float]:
    """Return and discount that reach one step further: G + Γ·r and Γ·γ.

    Starting from G = 0 and Γ = 1, m steps give G = Σ_k (Π_{j<k} γ_j)·r_k and Γ = Π_j γ_j (Sutton and Barto, 2018,
    equation 7.1 without its bootstrap, with a discount of each step's own).

    >>> accumulate(1.0, 0.5, 2.0, 0.25)
    (2.0, 0.125)
    """
    return return_tm1 + discount_tm1 * r_t, discount_tm1 * discount_t


def later_steps(uniform: Floats) -> NDArray[np.int64]:
    """For each step t of an episode of T steps some that are not before it: `[T, k] -> [T, k]`, j = t + ⌊u·(T − t)⌋.

    Each of t … T − 1 with the same chance: the strategy "future" of Andrychowicz et al., 2017, section 4.5.

    Args:
        uniform: u in [0, 1); the product never rounds up to T − t.

    >>> later_steps(np.array([[0.0, 0.5], [0.25, 0.75], [0.0, 0.9]]))
    array([[0, 1],
           [1, 2],
           [2, 2]])
    """
    step = np.arange(len(uniform))[:, None]
    later: NDArray[np.int64] = step + (uniform * (len(uniform) - step)).astype(np.int64)
    return later

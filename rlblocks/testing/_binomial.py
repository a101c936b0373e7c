"""Exact binomial tails, so that a test of frequencies is wrong less often than once in 10⁹."""

from __future__ import annotations

import math

from rlblocks.testing._compare import require

LEVEL = 1e-9


def log_pmf(k: int, n: int, p: float) -> float:
    """Log P(X = k) for X ~ Bin(n, p)."""
    if p in {0.0, 1.0}:
        return 0.0 if k == n * p else -math.inf
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + k * math.log(p) + (n - k) * math.log1p(-p)


def tail(k: int, n: int, p: float) -> float:
    """The probability of a count at least as far from the mean as k, on k's own side.

    >>> round(tail(8, 10, 0.5), 6), round(tail(2, 10, 0.5), 6)
    (0.054688, 0.054688)
    """
    term = math.exp(log_pmf(k, n, p))
    total, step = term, 1 if k >= n * p else -1
    while 0 <= k + step <= n and term > total * 1e-12:
        k += step
        term = math.exp(log_pmf(k, n, p))
        total += term
    return total


def frequencies(counts: dict[str, int], probabilities: dict[str, float], what: str) -> None:
    """Every count lies in the exact two-sided region at a level shared among the cells."""
    n = sum(counts.values())
    for cell, p in probabilities.items():
        k = counts.get(cell, 0)
        good = tail(k, n, p) > LEVEL / (2 * len(probabilities))
        require(good, f"{what}: {cell} was drawn {k} times of {n}, and {n * p:.1f} times were due")

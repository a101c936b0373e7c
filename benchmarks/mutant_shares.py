"""How large a share of all is noticed, as far as a sample can say."""

from __future__ import annotations

import math
from collections.abc import Iterable

SIGMAS = 1.959964  # standard deviations that leave out 5 % of a normal distribution


def share_noticed(strata: Iterable[tuple[int, int, int, int]]) -> tuple[float, float, float]:
    """The share of mutants, not equivalent, that are noticed: estimate, and the ends of its 95 % interval.

    A stratum is a file: how many mutants there were to draw from, how many were drawn, how many of these are
    equivalent, and how many were noticed. A file of which more was drawn counts less for each, w = size / drawn. The
    interval is Wilson's (1927), of so many equal draws as would have the same variance: (Σ w)² / Σ w² (Kish 1965).

    >>> share_noticed([(80, 10, 2, 4), (20, 10, 0, 10)])[0]  # 4 of 8 where one stands for 8, all of 10 where it is 2
    0.6190476190476191
    """
    due = [(size / drawn, drawn - same, noticed) for size, drawn, same, noticed in strata if drawn > same]
    total = sum(w * n for w, n, _ in due)
    p = sum(w * k for w, _, k in due) / total
    return p, *wilson(p, total**2 / sum(w * w * n for w, n, _ in due))


def wilson(p: float, n: float) -> tuple[float, float]:
    """The ends of the interval of a share p of n.

    >>> [round(end, 4) for end in wilson(0.9, 100)]
    [0.8256, 0.9448]
    """
    z = SIGMAS
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)

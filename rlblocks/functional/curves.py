"""Numbers as functions of a share of time x: 0 at the start of a schedule, 1 at its end."""

from __future__ import annotations

import math


def linear(start: float, end: float, x: float) -> float:
    """The straight line v(x) = start + (end − start)·x, held at its ends outside of [0, 1].

    >>> linear(1.0, 0.5, 0.5), linear(1.0, 0.5, -1.0), linear(1.0, 0.5, 7.0)
    (0.75, 1.0, 0.5)
    """
    if x <= 0:
        return float(start)
    if x >= 1:
        return float(end)
    return _between(start, end, start + (end - start) * x)


def cosine(start: float, end: float, x: float) -> float:
    """Half a cosine, v(x) = end + ½(start − end)(1 + cos πx), held at its ends outside of [0, 1].

    Loshchilov and Hutter, 2017, eq. 5.

    >>> cosine(1.0, 0.0, 0.0), round(cosine(1.0, 0.0, 0.5), 12), cosine(1.0, 0.0, 1.0)
    (1.0, 0.5, 0.0)
    """
    if x <= 0:
        return float(start)
    if x >= 1:
        return float(end)
    return _between(start, end, end + (start - end) * 0.5 * (1 + math.cos(math.pi * x)))


def exponential(start: float, end: float, x: float) -> float:
    """Exponential decay v(x) = end + (start − end)·e⁻ˣ; x counts time constants and has no last value.

    >>> exponential(1.0, 0.0, 0.0), round(exponential(1.0, 0.0, 1.0), 6)
    (1.0, 0.367879)
    """
    if x <= 0:
        return float(start)
    return _between(start, end, end + (start - end) * math.exp(-x))


def _between(start: float, end: float, value: float) -> float:
    """Undo a rounding that leaves the range, so that a schedule checked to end at 0 never is below 0."""
    return min(max(value, min(start, end)), max(start, end))

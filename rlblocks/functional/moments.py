"""Running means and variances (Chan, Golub and LeVeque, 1983) and running returns, on numpy arrays in float64."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Moments(NamedTuple):
    """What is known of rows that were seen.

    Attributes:
        seen: how many, 0-dim.
        mean: `[...]`, 0 where none was seen.
        square: `[...]`, the sum of squared deviations from the mean.
    """

    seen: Floats
    mean: Floats
    square: Floats

    @property
    def variance(self) -> Floats:
        """Of the population: the sum of squares by the number of rows, of which there must be one."""
        return np.asarray(self.square / self.seen)


def moments(rows: NDArray[Any]) -> Moments:
    """Mean and sum of squared deviations of one or more rows `[K, ...]`, in two passes.

    The sum of the deviations, 0 but for rounding, corrects both (Chan et al., 1983, equation 1.7).

    >>> moments(np.array([[1.0, 5.0], [3.0, 5.0]]))
    Moments(seen=array(2.), mean=array([2., 5.]), square=array([2., 0.]))
    """
    shape, seen = rows.shape[1:], len(rows)
    values = np.ascontiguousarray(rows.reshape(seen, -1).T, np.float64)  # sums along memory: faster, and rounded less
    mean = values.sum(1) / seen
    values -= mean[:, None]
    slip = values.sum(1) / seen
    np.square(values, out=values)
    square = values.sum(1) - seen * slip**2
    return Moments(np.asarray(float(seen)), (mean + slip).reshape(shape), np.maximum(square, 0.0).reshape(shape))


def merged(a: Moments, b: Moments) -> Moments:
    """The moments of two sets of rows, of which one may be empty (Chan et al., 1983, equations 2.1).

    With δ the difference of the means and m, n the counts: mean + δ·n/(m + n), and S_a + S_b + δ²·m·n/(m + n).

    >>> merged(moments(np.array([1.0, 3.0])), moments(np.array([8.0])))
    Moments(seen=array(3.), mean=array(4.), square=array(26.))
    """
    seen, apart = a.seen + b.seen, b.mean - a.mean
    share = b.seen / seen
    mean, square = a.mean + apart * share, a.square + b.square + apart**2 * (a.seen * share)
    return Moments(np.asarray(seen), np.asarray(mean), np.asarray(square))


def chosen(column: NDArray[Any], where: Flags) -> NDArray[Any]:
    """The entries `[K, ...]` of a column `[T, n, ...]` at some steps `[T, n]`.

    >>> chosen(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[False, True], [True, False]]))
    array([2., 3.])
    """
    rows = column.reshape(where.size, *column.shape[where.ndim :])
    return rows.compress(where.ravel(), axis=0)  # ten times as fast as column[where] where entries are small


def running_returns(left: Floats, reward: NDArray[Any], keep: NDArray[Any]) -> tuple[Floats, Floats]:
    """Discounted sums of the rewards so far: R_t = r_t + k_{t−1}·R_{t−1}, in n environments side by side.

    Args:
        left: `[n]`, k₀·R₀: what is left of the return before the first row.
        reward: `[T, n]`.
        keep: `[T, n]` in [0, 1], k_t: the discount, 0 where an episode ends.

    Returns:
        R_t, `[T, n]`, and what is left of the last, `[n]`.

    >>> running_returns(np.array([4.0]), np.array([[1.0], [1.0]]), np.array([[0.0], [0.5]]))
    (array([[5.],
           [1.]]), array([0.5]))
    """
    sums: Floats = np.empty(reward.shape)
    for r_t, k_t, sum_t in zip(reward, keep, sums, strict=True):
        np.add(r_t, left, out=sum_t)
        left = k_t * sum_t
    return sums, left

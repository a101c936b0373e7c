"""Summaries of returns: means, intervals by bootstrap, moving averages, and the curves of several seeds on one axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]

MOST_AT_ONCE = 4_000_000  # numbers gathered at a time by the bootstrap: 32 MB


class Statistic(Protocol):
    """Reduces one axis of an array, as `mean`, `interquartile_mean` and `numpy.median` do."""

    def __call__(self, values: Array, axis: int) -> Array:
        """`values` without the axis."""
        ...


def mean(values: Array, axis: int = 0) -> Array:
    """The arithmetic mean over one axis.

    >>> float(mean(np.array([1.0, 2.0, 6.0])))
    3.0
    """
    return np.asarray(np.mean(values, axis=axis), np.float64)


def interquartile_mean(values: Array, axis: int = 0) -> Array:
    """The mean of the middle half: the lowest and the highest quarter are left out (Agarwal et al., 2021, section 4.3).

    Of n values ⌊n/4⌋ are left out on either side, so with fewer than four it is the mean.

    >>> float(interquartile_mean(np.array([-1e6, 1.0, 3.0, 1e6])))
    2.0
    """
    ordered = np.sort(np.moveaxis(np.asarray(values, np.float64), axis, 0), axis=0)
    cut = len(ordered) // 4
    return mean(ordered[cut : len(ordered) - cut])


@attrs.frozen(eq=False)
class Interval:
    """Where a statistic probably lies: `low` and `high`, float64, of the statistic's shape."""

    low: Array
    high: Array


def bootstrap_interval(
    *strata: ArrayLike, statistic: Statistic = mean, level: float = 0.95, resamples: int = 2_000, seed: int = 0
) -> Interval:
    """The stratified percentile bootstrap interval of a statistic (Efron, 1979; Agarwal et al., 2021, section 4.1).

    The interval is [Q((1−level)/2), Q((1+level)/2)] over `resamples` draws, each of which takes from every stratum as
    many values as it has, with replacement. One stratum gives the ordinary percentile interval.

    Args:
        *strata: `[n_k, *shape]` each, such as the returns of all seeds on task k. Rows are drawn whole.
        statistic: reduces the axis of the pooled rows.
        level: the coverage, in (0, 1).
        resamples: how many draws; at least 1.
        seed: of a generator of its own; the same seed gives the same interval.

    >>> interval = bootstrap_interval([1.0, 2.0, 3.0, 4.0])
    >>> float(interval.low), float(interval.high)
    (1.5, 3.5)
    """
    generator = np.random.default_rng(seed)
    rows = [np.asarray(stratum, np.float64) for stratum in strata]
    if not rows or any(not len(stratum) for stratum in rows):
        raise ValueError("a bootstrap needs at least one value in every stratum")
    picks = [generator.integers(0, len(stratum), (resamples, len(stratum))) for stratum in rows]
    step = max(1, MOST_AT_ONCE // sum(stratum.size for stratum in rows))
    drawn = []
    for start in range(0, resamples, step):
        pooled = [stratum[pick[start : start + step]] for stratum, pick in zip(rows, picks, strict=True)]
        drawn.append(statistic(np.concatenate(pooled, axis=1), axis=1))  # [step, N, *shape] -> [step, *shape]
    low, high = np.quantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Interval(low, high)


@attrs.frozen(eq=False)
class Curve:
    """One learning curve: `values[i]` was measured at `steps[i]` environment steps, in order. Both `[n]` float64."""

    steps: Array
    values: Array


def trailing_average(curve: Curve, span: float, least: int = 10) -> Curve:
    """At each step the mean of what was measured over the last `span` steps, and of the last `least` values at least.

    Episodes grow longer or shorter as a policy improves; over a span of steps the average does not lag more for that.
    Values that are not finite are left out, and so are steps that have no average.

    >>> episodes = Curve(np.array([10.0, 20.0, 30.0, 90.0]), np.array([1.0, 3.0, 5.0, 9.0]))
    >>> trailing_average(episodes, span=20, least=1).values
    array([1., 2., 4., 9.])
    """
    since = np.searchsorted(curve.steps, curve.steps - span, side="right")
    average = _means_since(curve.values, np.minimum(since, np.arange(len(curve.steps)) - least + 1))
    kept = np.isfinite(average)
    return Curve(curve.steps[kept], average[kept])


def _means_since(values: Array, first: NDArray[np.intp]) -> Array:
    """The mean of the finite values from `first[i]` to i, for every i; NaN where there is none."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.full(len(values), np.nan)
    exponent = int(np.frexp(np.abs(values[finite]).max())[1])  # a power of two is exact, and no sum of ours overflows
    scaled = np.ldexp(np.where(finite, values, 0.0), -exponent)
    center = scaled[finite].mean()  # running sums of what is left lose fewer digits
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, scaled - center, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    after, before = np.arange(1, len(values) + 1), np.maximum(first, 0)
    inside = counts[after] - counts[before]
    average = center + (sums[after] - sums[before]) / np.maximum(inside, 1)
    return np.where(inside > 0, np.ldexp(average, exponent), np.nan)


@attrs.frozen(eq=False)
class Band:
    """Several curves as one: a centre and the interval around it, all `[p]` float64; empty where no step is common."""

    steps: Array
    center: Array
    interval: Interval
    curves: int


def common_axis(curves: Sequence[Curve], points: int = 200) -> Array:
    """The steps on which all curves can be compared, never beyond the end of the shortest.

    Curves that were measured at the same steps keep them; otherwise `points` steps are spread evenly over what all
    cover. Empty where they have no step in common.

    >>> early, late = Curve(np.array([0.0, 100.0]), np.zeros(2)), Curve(np.array([50.0, 400.0]), np.zeros(2))
    >>> common_axis([early, late], points=3)
    array([ 50.,  75., 100.])
    """
    if any(not len(curve.steps) for curve in curves):
        return np.empty(0)
    first = max(curve.steps[0] for curve in curves)
    last = min(curve.steps[-1] for curve in curves)
    inside: list[Array] = [curve.steps[(curve.steps >= first) & (curve.steps <= last)] for curve in curves]
    if all(np.array_equal(steps, inside[0]) for steps in inside):
        return inside[0]
    return np.linspace(first, last, points) if first < last else np.full(int(first == last), first)


def aggregate(curves: Sequence[Curve], statistic: Statistic = mean, points: int = 200, seed: int = 0) -> Band:
    """The statistic over several seeds' curves at common steps, with its 95 % bootstrap interval.

    Between two measurements a curve is read off the straight line that joins them. Whole curves are drawn by the
    bootstrap, one per seed, so the interval is pointwise and the seeds are what varies.

    >>> seeds = [Curve(np.array([0.0, 10.0]), np.array([0.0, height])) for height in (1.0, 3.0)]
    >>> band = aggregate(seeds)
    >>> band.center, band.interval.low, band.interval.high
    (array([0., 2.]), array([0., 1.]), array([0., 3.]))
    """
    steps = common_axis(curves, points)
    if not len(steps):
        return Band(steps, steps, Interval(steps, steps), len(curves))
    values = np.stack([np.interp(steps, curve.steps, curve.values) for curve in curves])  # [curves, p]
    interval = bootstrap_interval(values, statistic=statistic, seed=seed)
    return Band(steps, statistic(values, axis=0), interval, len(curves))

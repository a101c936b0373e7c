"""Means, intervals, moving averages and several seeds on one axis."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rlblocks.runs import statistics
from rlblocks.runs.statistics import Curve

SETTINGS = settings(derandomize=True, deadline=None, max_examples=60)
numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
samples = hnp.arrays(np.float64, st.integers(1, 40), elements=numbers)


@SETTINGS
@given(samples)
def test_the_interquartile_mean_is_scipys_trimmed_mean(values):
    """A quarter is cut from either side, rounded down, as by `scipy.stats.trim_mean`."""
    np.testing.assert_allclose(
        statistics.interquartile_mean(values), scipy.stats.trim_mean(values, 0.25), rtol=1e-9, atol=1e-6
    )


def test_the_interquartile_mean_reduces_the_axis_it_is_given():
    """Every row of a `[2, 8]` array is averaged for itself."""
    values = np.random.default_rng(0).normal(size=(2, 8))

    rows = [statistics.interquartile_mean(row) for row in values]

    np.testing.assert_allclose(statistics.interquartile_mean(values, axis=1), rows)


@pytest.mark.parametrize("statistic", [statistics.mean, statistics.interquartile_mean, np.median])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_interval_is_scipys_percentile_interval(statistic, level):
    """With the same generator the interval is that of `scipy.stats.bootstrap` to the last digits."""
    values = np.random.default_rng(3).lognormal(size=23)

    ours = statistics.bootstrap_interval(values, statistic=statistic, level=level, resamples=999, seed=7)

    theirs = scipy.stats.bootstrap(
        (values,), statistic, method="percentile", confidence_level=level, n_resamples=999,
        rng=np.random.default_rng(7), vectorized=True,
    ).confidence_interval  # fmt: skip
    np.testing.assert_allclose([ours.low, ours.high], [theirs.low, theirs.high], rtol=1e-12)


def test_the_stratified_interval_is_scipys_of_several_samples():
    """Each stratum is drawn from within itself, as scipy draws each of several samples."""
    generator = np.random.default_rng(5)
    tasks = [generator.normal(center, 1, size=n) for center, n in ((0, 5), (100, 9), (-40, 3))]

    ours = statistics.bootstrap_interval(*tasks, resamples=500, seed=11)

    theirs = scipy.stats.bootstrap(
        tasks, lambda *samples, axis: np.concatenate(samples, axis=axis).mean(axis=axis), method="percentile",
        n_resamples=500, rng=np.random.default_rng(11), vectorized=True, paired=False,
    ).confidence_interval  # fmt: skip
    np.testing.assert_allclose([ours.low, ours.high], [theirs.low, theirs.high], rtol=1e-12)


def test_strata_keep_the_spread_between_them_out_of_the_interval():
    """Two constant tasks have no uncertainty, however far apart they are."""
    interval = statistics.bootstrap_interval(np.zeros(4), np.full(4, 100.0))

    assert (interval.low, interval.high) == (50.0, 50.0)


def test_the_interval_does_not_depend_on_how_much_is_gathered_at_once(monkeypatch):
    """Drawing in small portions gives the same bits as drawing everything at once."""
    values = np.random.default_rng(0).normal(size=(6, 5))
    whole = statistics.bootstrap_interval(values, statistic=statistics.interquartile_mean)
    monkeypatch.setattr(statistics, "MOST_AT_ONCE", 97)

    portions = statistics.bootstrap_interval(values, statistic=statistics.interquartile_mean)

    assert np.array_equal(whole.low, portions.low)
    assert np.array_equal(whole.high, portions.high)


@SETTINGS
@given(samples, st.integers(0, 9))
def test_the_interval_lies_within_the_values_and_repeats(values, seed):
    """The mean of a resample lies between the smallest and the largest value, and a seed fixes it."""
    one, two = (statistics.bootstrap_interval(values, seed=seed, resamples=50) for _ in range(2))

    slack = 1e-9 * max(1.0, np.abs(values).max())
    assert values.min() - slack <= one.low <= one.high <= values.max() + slack
    assert (one.low, one.high) == (two.low, two.high)


def test_the_interval_covers_the_mean_about_as_often_as_it_says():
    """Over 400 samples of 30 normal numbers a 90 % interval holds the true mean in 83 % to 95 % of them."""
    generator = np.random.default_rng(1)
    hits = 0
    for trial in range(400):
        interval = statistics.bootstrap_interval(generator.normal(size=30), level=0.9, resamples=400, seed=trial)
        hits += bool(interval.low <= 0 <= interval.high)

    assert 0.83 * 400 <= hits <= 0.95 * 400


@pytest.mark.parametrize("strata", [(), ([],), ([1.0], [])])
def test_an_empty_sample_has_no_interval(strata):
    """Nothing can be drawn from nothing."""
    with pytest.raises(ValueError, match="at least one value"):
        statistics.bootstrap_interval(*strata)


@SETTINGS
@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.one_of(numbers, st.just(np.nan), st.just(np.inf))),
       st.integers(1, 70))  # fmt: skip
def test_numbers_that_are_not_finite_are_left_out(values, window):
    """Each entry is the mean of the finite values of its span; where there is none, there is no entry."""
    windows = [values[max(0, i + 1 - window) : i + 1] for i in range(len(values))]
    kept = [part[np.isfinite(part)] for part in windows]
    steps = np.arange(float(len(values)))

    averaged = statistics.trailing_average(Curve(steps, values), window, least=1)

    assert averaged.steps.tolist() == [step for step, part in zip(steps, kept, strict=True) if len(part)]
    np.testing.assert_allclose(averaged.values, [part.mean() for part in kept if len(part)], rtol=1e-9, atol=1e-4)


@SETTINGS
@given(samples, st.integers(0, 50), st.integers(1, 12), st.integers(0, 10**6))
def test_the_trailing_average_is_that_of_a_slow_loop(values, span, least, seed):
    """Each entry is the mean of what was measured in the last `span` steps, and of `least` values at least."""
    steps = np.cumsum(np.random.default_rng(seed).integers(0, 9, len(values))).astype(float)

    averaged = statistics.trailing_average(Curve(steps, values), span, least)

    expected = [
        np.mean([v for k, v in enumerate(values[: i + 1]) if steps[k] > step - span or k > i - least])
        for i, step in enumerate(steps)
    ]
    assert np.array_equal(averaged.steps, steps)
    np.testing.assert_allclose(averaged.values, expected, rtol=1e-9, atol=1e-4)


@pytest.mark.parametrize("size", [1e308, 1.7e308, 5e-324])
def test_the_largest_and_the_smallest_numbers_have_an_average(size):
    """No sum overflows on the way, whatever order the values come in."""
    values = size * np.array([1.0, -1.0] * 20)

    averaged = statistics.trailing_average(Curve(np.arange(40.0), values), span=1, least=1)

    np.testing.assert_allclose(averaged.values, values, rtol=1e-12)


def test_steps_without_an_average_are_left_out():
    """Where no finite value was measured yet, there is no point on the curve."""
    curve = Curve(np.array([1.0, 2.0, 3.0]), np.array([np.nan, 4.0, np.inf]))

    averaged = statistics.trailing_average(curve, span=10)

    assert (averaged.steps.tolist(), averaged.values.tolist()) == ([2, 3], [4, 4])


def test_curves_of_the_same_steps_keep_them():
    """Nothing is interpolated where every seed was evaluated at the same steps; the shortest ends the axis."""
    long, short = (np.arange(1, n) * 1000.0 for n in (9, 5))
    curves = [Curve(long, long * 2), Curve(short, short * 4)]

    band = statistics.aggregate(curves)

    assert np.array_equal(band.steps, short)
    np.testing.assert_allclose(band.center, short * 3)
    assert band.curves == 2


def test_curves_of_other_steps_meet_on_an_even_axis():
    """Straight lines stay straight whatever steps they were measured at."""
    steps = [np.array([0.0, 30.0, 100.0]), np.array([10.0, 40.0, 90.0, 120.0])]
    curves = [Curve(s, 3 * s + 1) for s in steps]

    band = statistics.aggregate(curves, points=50)

    assert (band.steps[0], band.steps[-1], len(band.steps)) == (10, 100, 50)
    np.testing.assert_allclose(band.center, 3 * band.steps + 1)
    np.testing.assert_allclose(band.interval.low, band.interval.high)


@pytest.mark.parametrize("second", [np.array([]), np.array([11.0, 12.0])])
def test_curves_without_a_common_step_have_an_empty_band(second):
    """No value is invented where one of the seeds has none."""
    curves = [Curve(np.array([1.0, 10.0]), np.zeros(2)), Curve(second, second)]

    assert not len(statistics.aggregate(curves).steps)


def test_curves_of_one_point_give_a_band_of_one_point():
    """A single evaluation per seed is enough for a mean and an interval."""
    band = statistics.aggregate([Curve(np.array([5.0]), np.array([v])) for v in (1.0, 2.0, 6.0)])

    assert band.center == [3.0]
    assert band.interval.low >= 1
    assert band.interval.high <= 6


@SETTINGS
@given(st.lists(samples, min_size=1, max_size=5))
def test_the_band_holds_its_centre_between_the_extremes(rows):
    """The mean of the seeds lies between the lowest and the highest curve at every step."""
    curves = [Curve(np.sort(row), row) for row in rows]
    band = statistics.aggregate(curves, points=20)

    read = [np.interp(band.steps, curve.steps, curve.values) for curve in curves]
    assert np.all(band.center >= np.min(read, axis=0) - 1e-6)
    assert np.all(band.center <= np.max(read, axis=0) + 1e-6)

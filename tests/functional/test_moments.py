"""Running moments and running returns."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rlblocks.functional.moments import Moments, chosen, merged, moments, running_returns

LAW = settings(max_examples=100, deadline=None, derandomize=True)
ROWS = hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(-999, 999).map(float))
NOTHING = Moments(np.zeros(()), np.zeros(2), np.zeros(2))


def assert_close(found, due):
    """Moments agree."""
    for ours, theirs in zip(found, due, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-6)


def test_moments_by_hand():
    """1, 2, 6: mean 3 and squared deviations 4 + 1 + 9; the variance is of the population."""
    found = moments(np.array([1.0, 2.0, 6.0]))

    assert (found.seen, found.mean, found.square) == (3.0, 3.0, 14.0)
    assert found.variance == 14 / 3


@LAW
@given(ROWS, st.integers(-(10**9), 10**9))
def test_moments_are_exact_sums(rows, far):
    """However far the mean is from 0, to 12 digits of the largest deviation."""
    moved = rows + far
    for k in range(2):
        column = moved[:, k].tolist()
        mean = math.fsum(column) / len(column)
        found = moments(moved)
        assert math.isclose(found.mean[k], mean, rel_tol=1e-15)
        square = math.fsum((x - mean) ** 2 for x in column)
        assert math.isclose(found.square[k], square, rel_tol=1e-9, abs_tol=1e-10)


@LAW
@given(ROWS, ROWS, ROWS)
def test_merging_is_the_moments_of_all_rows(a, b, c):
    """In either order, in any grouping, and with nothing."""
    due = moments(np.concatenate((a, b, c)))
    one, two, three = moments(a), moments(b), moments(c)

    assert_close(merged(merged(one, two), three), due)
    assert_close(merged(one, merged(two, three)), due)
    assert_close(merged(merged(three, one), two), due)
    assert_close(merged(NOTHING, due), due)
    assert_close(merged(due, NOTHING), due)


def test_a_variance_is_never_below_0():
    """Where all rows are equal it is 0, though their mean is rounded."""
    assert moments(np.full((7, 1), 0.1)).square.tolist() == [0.0]
    assert moments(np.full((1000, 3), 1e6 + 0.1, np.float32)).square.tolist() == [0.0, 0.0, 0.0]


@LAW
@given(hnp.arrays(np.float32, (3, 2, 2)), hnp.arrays(bool, (3, 2)))
def test_chosen_is_what_an_index_chooses(column, where):
    """In the same order, of entries of any shape."""
    np.testing.assert_array_equal(chosen(column, where), column[where])
    np.testing.assert_array_equal(chosen(column[..., 0], where), column[..., 0][where])


def test_returns_by_hand():
    """The first environment keeps a half, the second ends after its first row."""
    sums, left = running_returns(
        np.array([1.0, 2.0]), np.array([[1.0, 1.0], [4.0, 4.0]]), np.array([[0.5, 0.0], [0.5, 1.0]])
    )

    assert sums.tolist() == [[2.0, 3.0], [5.0, 4.0]]
    assert left.tolist() == [2.5, 4.0]


def test_no_rows_leave_what_was_left():
    """A chunk may be empty."""
    sums, left = running_returns(np.array([3.0]), np.zeros((0, 1)), np.zeros((0, 1)))

    assert sums.shape == (0, 1)
    assert left.tolist() == [3.0]

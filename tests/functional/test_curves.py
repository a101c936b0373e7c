"""Hand-worked curves."""

import math

import pytest

from rlblocks.functional import cosine, exponential, linear


@pytest.mark.parametrize("curve", [linear, cosine])
def test_curves_are_held_at_their_ends(curve):
    """Before 0 the start, after 1 the end, exactly."""
    assert [curve(3.0, 0.1, x) for x in (-1, 0, 1, 2, math.inf)] == [3.0, 3.0, 0.1, 0.1, 0.1]


def test_values_inside():
    """A quarter of the way: the line has ¾ left, the cosine (2 + √2)/4, the decay e^−¼."""
    assert linear(1.0, 0.0, 0.25) == 0.75
    assert cosine(1.0, 0.0, 0.25) == pytest.approx((2 + math.sqrt(2)) / 4)
    assert exponential(1.0, 0.0, 0.25) == pytest.approx(math.exp(-0.25))


def test_rounding_does_not_leave_the_range():
    """Where end − start is rounded up, the last value before the end is not beyond it."""
    start, end = 0.1, 0.7
    x = 1 - 2.0**-53

    assert start <= linear(start, end, x) <= end
    assert end <= linear(end + 0.2, end, x) <= end + 0.2

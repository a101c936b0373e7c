"""Half a cosine."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_cases import law

from rlblocks._core.clocks import Updates
from rlblocks.schedules import Cosine


@law
@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 1000), st.integers(0, 1000))
def test_it_is_the_squared_cosine_of_half_the_angle(start, end, count, t):
    """½(1 + cos φ) = cos²(φ/2): another way to the same number."""
    share = math.cos(math.pi * min(t / count, 1) / 2) ** 2

    assert Cosine(start, end, over=Updates(count)).at(t) == pytest.approx(end + (start - end) * share, abs=1e-15)


def test_hand_worked_values():
    """A third of the way the cosine is ½, so that ¾ of the distance is left."""
    assert Cosine(1.0, 0.0, over=Updates(3)).at(1) == pytest.approx(0.75, abs=1e-15)

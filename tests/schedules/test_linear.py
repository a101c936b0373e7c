"""The straight line."""

from fractions import Fraction

import pytest
from hypothesis import given
from schedule_cases import counts, law, values

from rlblocks._core.clocks import EnvSteps
from rlblocks._core.errors import FieldError
from rlblocks.schedules import Linear


@law
@given(values, values, counts, counts)
def test_it_is_the_exact_line_up_to_rounding(start, end, count, t):
    """Within 4 half-ulps of the larger end of what rational numbers give."""
    exact = Fraction(start) + (Fraction(end) - Fraction(start)) * min(Fraction(t, count), Fraction(1))

    found = Linear(start, end, over=EnvSteps(count)).at(t)

    assert abs(Fraction(found) - exact) <= Fraction(max(abs(start), abs(end))) * 4 * Fraction(2) ** -53


def test_hand_worked_values():
    """From 1 to 0.05 over 10,000: halfway 0.525."""
    epsilon = Linear(1.0, 0.05)

    assert [epsilon.at(t) for t in (0, 5_000, 10_000, 20_000)] == [1.0, 0.525, 0.05, 0.05]


def test_a_duration_without_a_clock_is_refused():
    """The message says which clock could be meant."""
    with pytest.raises(FieldError, match=r"EnvSteps\(500\)"):
        Linear(1.0, 0.0, over=500)

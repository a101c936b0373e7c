"""The stop at a divergence; its laws are asked in tests/test_laws.py."""

import math

import pytest

from rlblocks._core.errors import FieldError
from rlblocks.early_stops import KLStop


def test_it_stops_above_the_limit():
    """Not at it, and not for what is no number, which is the run's to tell."""
    stop = KLStop(0.25)

    assert [stop.compute(kl=kl) for kl in (0.0, 0.25, 0.2500001, math.inf, math.nan)] == [
        False, False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [0.0, -1.0, math.inf, True])
def test_a_limit_that_makes_no_sense_is_refused(limit):
    """It must be finite and above 0."""
    with pytest.raises(FieldError, match=r"KLStop\.limit"):
        KLStop(limit)

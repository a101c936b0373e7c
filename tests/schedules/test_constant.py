"""The schedule that never changes."""

import pytest

from rlblocks._core.errors import FieldError
from rlblocks.schedules import Constant


def test_it_is_the_same_at_all_times():
    """Neither t nor the clock matters."""
    assert [Constant(0.25).at(t) for t in (-1, 0, 1e30)] == [0.25, 0.25, 0.25]


def test_it_spans_one_value():
    """A whole number is given back as a float."""
    assert Constant(3).span() == (3.0,)


def test_a_bool_is_no_number():
    """Constant(True) is refused when it is made, by name."""
    with pytest.raises(FieldError, match=r"Constant\.amount is True"):
        Constant(True)

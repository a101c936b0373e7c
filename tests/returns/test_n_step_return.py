"""Returns of n steps; their laws are asked in tests/test_laws.py."""

import pytest
from return_chunks import VALUES, chunk

from rlblocks._core.errors import FieldError
from rlblocks.returns import NStepReturn


def test_two_steps():
    """1 + ½·2 + ¼·6 = 3.5 for the first row; ends make them fewer."""
    found, advantage = NStepReturn(2).compute(**chunk(*VALUES))

    assert found.tolist() == [[3.5, 1.0], [5.0, 6.0], [8.0, 8.0]]
    assert advantage.tolist() == [[2.5, 0.0], [3.0, 4.0], [5.0, 5.0]]


def test_one_step():
    """r + ½·v′."""
    assert NStepReturn(1).compute(**chunk(*VALUES))[0].tolist() == [[2.0, 1.0], [5.0, 3.5], [8.0, 8.0]]


def test_no_steps_are_refused():
    """The message names the field and its range."""
    with pytest.raises(FieldError, match=r"NStepReturn.n is 0, but must be a whole number, at least 1"):
        NStepReturn(0)

"""Real policies whose spread is seen. Laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks._core.keys import Spec
from rlblocks.distributions import StateGaussian


def test_means_come_first_then_log_scales():
    """Of four numbers two each; and those beyond the range are cut to it."""
    written = StateGaussian(low=-1.0, high=2.0).build(Spec((2,)), torch.Generator())(
        torch.tensor([[7.0, 8.0, -9.0, 9.0]])
    )

    assert written["mean"].tolist() == [[7.0, 8.0]]
    assert written["log_std"].tolist() == [[-1.0, 2.0]]


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, -5.0)])
def test_an_empty_range_is_refused(low, high):
    """When it is made, with both numbers."""
    with pytest.raises(FieldError, match=f"low is {low:g} and StateGaussian.high is {high:g}"):
        StateGaussian(low=low, high=high)

"""Limits of the gradient; their laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks.optimizers import ClipNorm, ClipValue


def test_a_nan_is_not_hidden():
    """A broken gradient stays visible to whoever checks it."""
    assert ClipNorm(1.0).compute(torch.tensor([1.0, float("nan")])).isnan().all()


@pytest.mark.parametrize("make", [ClipNorm, ClipValue])
@pytest.mark.parametrize("limit", [0.0, -1.0, float("inf"), True])
def test_a_limit_that_makes_no_sense_is_refused(make, limit):
    """It must be finite and above 0."""
    with pytest.raises(FieldError, match=r"max_"):
        make(limit)

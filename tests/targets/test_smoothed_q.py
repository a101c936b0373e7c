"""The target of twin delayed policy gradients; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks import Spec
from rlblocks._core.errors import FieldError
from rlblocks.aggregates import First
from rlblocks.targets import SmoothedQ
from tests.targets.control_rows import ACTION, ROWS, critics

BOUNDS = Spec((1,), low=0.0, high=8.0)


def test_hand_worked_values():
    """ε = 9 is clipped to ½ of half the width, 2, so a = 4: the critics say 12 and 6, and 1 + ½·6 = 4."""
    noise = torch.tensor([[9.0], [0.0]])

    assert SmoothedQ().compute(**ROWS, **ACTION, noise=noise, known=BOUNDS, q=critics).tolist() == [4.0, 1.0]
    assert SmoothedQ(over=First()).compute(**ROWS, **ACTION, noise=noise, known=BOUNDS, q=critics)[0].item() == 7.0


def test_noise_below_nothing_is_refused():
    """A standard deviation and a limit are at least 0."""
    for field in ("noise", "limit"):
        with pytest.raises(FieldError, match=f"SmoothedQ.{field}"):
            SmoothedQ(**{field: -0.1})


def test_actions_without_bounds_are_refused():
    """The noise is a share of a width that they do not have."""
    with pytest.raises(ValueError, match="without bounds"):
        SmoothedQ().compute(**ROWS, **ACTION, noise=torch.zeros(2, 1), known=Spec((1,)), q=critics)

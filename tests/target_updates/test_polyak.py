"""Following slowly; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks.target_updates import Polyak


def test_hand_worked_values():
    """A quarter of the way from 0 to (1, 2)."""
    target = [torch.zeros(2)]

    Polyak(0.25).compute(online=[torch.tensor([1.0, 2.0])], target=target)

    assert target[0].tolist() == [0.25, 0.5]


def test_a_network_of_counters_alone_is_copied():
    """No floating tensor is no error."""
    target = [torch.tensor(1)]

    Polyak().compute(online=[torch.tensor(5)], target=target)

    assert target[0] == 5


@pytest.mark.parametrize("tau", [-0.1, 1.1, float("nan"), True])
def test_tau_out_of_range_is_refused(tau):
    """It lies in [0, 1]."""
    with pytest.raises(FieldError, match=r"Polyak\.tau"):
        Polyak(tau)

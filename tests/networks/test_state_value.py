"""The head of state values."""

import torch
from network_cases import BOX, discrete
from torch.testing import assert_close

from rlblocks._core.keys import SCALAR
from rlblocks.networks import StateValue


def test_it_is_one_affine_map():
    """V = w·h + b, one number a row."""
    head = StateValue().build(discrete(2), torch.Generator().manual_seed(0))
    h = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    written = head(h)

    assert list(written) == ["value"]
    assert_close(written["value"], h @ head.layer.weight[0] + head.layer.bias[0])


def test_it_serves_all_actions():
    """Their number does not matter."""
    for spec in (BOX, discrete(1), discrete(7)):
        assert StateValue().misfit(spec) == ""
        assert StateValue().writes(spec) == {"value": SCALAR}
        assert StateValue().derives(spec) == ()

"""The target of truncated quantile critics; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.targets import TruncatedQuantiles
from tests.targets.control_rows import SOFT


def quantiles(action):
    """Two critics of three atoms: a, 2a, 3a and 7, 8, 9."""
    first = action * torch.tensor([1.0, 2.0, 3.0])
    return torch.stack([first, torch.tensor([7.0, 8.0, 9.0]).expand_as(first)])


def test_hand_worked_values():
    """At a = 2 the atoms are 2, 4, 6, 7, 8, 9; of each critic's number one is left out, and 2 is added: 1 + ½·4, …"""
    found = TruncatedQuantiles(drop=1).compute(**SOFT, quantiles=quantiles)

    torch.testing.assert_close(found, torch.tensor([[3.0, 4.0, 5.0, 5.5], [1.0, 1.0, 1.0, 1.0]]))


def test_an_atom_must_be_left():
    """Three of three cannot be dropped."""
    with pytest.raises(ValueError, match="of 3 atoms 3"):
        TruncatedQuantiles(drop=3).compute(**SOFT, quantiles=quantiles)

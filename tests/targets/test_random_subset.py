"""The target of randomized ensembled double Q-learning; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.targets import RandomSubset, SoftQ
from tests.targets.control_rows import SOFT, critics


def test_hand_worked_values():
    """Of one critic, the one with the least number: the second says 8, and 1 + ½·(8 + 2) = 6."""
    found = RandomSubset(of=1).compute(**SOFT, u=torch.tensor([0.9, 0.1]), q=critics)

    torch.testing.assert_close(found, torch.tensor([6.0, 1.0]))


def test_of_all_members_it_is_that_of_sac():
    """Whatever the numbers are."""
    found = RandomSubset(of=2).compute(**SOFT, u=torch.tensor([0.9, 0.1]), q=critics)

    assert torch.equal(found, SoftQ().compute(**SOFT, q=critics))


def test_more_members_than_there_are_are_refused():
    """Three of two."""
    with pytest.raises(ValueError, match="3 of 2 members"):
        RandomSubset(of=3).compute(**SOFT, u=torch.tensor([0.9, 0.1]), q=critics)

"""Better actions more often; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.explorers import Boltzmann
from rlblocks.functional import boltzmann


def test_great_values_stay_finite():
    """Values of ±10⁴ give probabilities of 0 and 1, not NaN."""
    found = boltzmann(torch.tensor([[1e4, -1e4]]), torch.tensor(1.0))

    assert found.tolist() == [[1.0, 0.0]]


def test_ties_share_in_the_cold():
    """At T = 0 two greatest values have ½ each."""
    found = boltzmann(torch.tensor([[1.0, 1.0, 0.0]]), torch.tensor(0.0))

    assert found.tolist() == [[0.5, 0.5, 0.0]]


def test_a_column_of_draws_is_refused():
    """A draw `[B, 1]` would make actions `[B, B]`."""
    with pytest.raises(ValueError, match=r"u has shape \(3, 1\)"):
        Boltzmann().compute(q=torch.zeros(3, 2), temperature=torch.tensor(1.0), choice=torch.zeros(3, 1))

"""Columns in units of statistics that are known before."""

import torch

from rlblocks.functional import scaled, standardised


def test_scaled_by_hand():
    """Both signs are cut alike, and 0 stays."""
    found = scaled(torch.tensor([2.0, -3.0, 9.0, -9.0, 0.0]), torch.tensor(0.5), 2.0)

    assert found.tolist() == [1.0, -1.5, 2.0, -2.0, 0.0]


def test_standardised_by_hand():
    """Each component has its own centre, scale and offset."""
    centre, scale, offset = torch.tensor([1.0, 0.0]), torch.tensor([2.0, 1.0]), torch.tensor([0.5, 0.0])
    found = standardised(torch.tensor([[[2.0, 1.0]], [[-9.0, 9.0]]]), centre, scale, offset, 3.0)

    assert found.tolist() == [[[2.5, 1.0]], [[-3.0, 3.0]]]


def test_the_offset_gives_what_float32_cannot_hold():
    """Next to a mean of 10⁶ + 1/32, which float32 rounds to 10⁶, 1/16 above it is ½ a sixteenth away from the mean."""
    mean, deviation = 1e6 + 1 / 32, 1 / 16
    centre = torch.tensor(mean)
    offset = torch.tensor((float(centre) - mean) / deviation)
    found = standardised(torch.tensor(1e6 + 1 / 16), centre, torch.tensor(1 / deviation), offset, 10.0)

    assert float(centre) == 1e6
    assert found == 0.5


def test_results_are_float32():
    """Whatever x is."""
    one = torch.ones(2)
    for kind in (torch.float16, torch.float32, torch.float64):
        assert scaled(one.to(kind), one[0], 2.0).dtype == torch.float32
        assert standardised(one.to(kind), one, one, one, 2.0).dtype == torch.float32

"""Hand-worked errors."""

import pytest
import torch

from rlblocks.functional import huber, same_shape, squared_error, weighted_mean


def test_squared_errors():
    """(4 − 1)² and (2 − 2)²."""
    assert squared_error(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 2.0])).tolist() == [9.0, 0.0]


def test_huber_errors():
    """κ = 2: ½·1², 2·(5 − 1) on both sides, and ½·2² where both pieces meet."""
    assert huber(torch.zeros(4), torch.tensor([1.0, 5.0, -5.0, 2.0]), 2.0).tolist() == [0.5, 8.0, 8.0, 2.0]


def test_weighted_means():
    """(1·1 + ½·3) / 2, divided by rows and not by the weights; a number is a weight for all."""
    rows = torch.tensor([1.0, 3.0])

    assert weighted_mean(rows, torch.tensor([1.0, 0.5])) == 1.25
    assert weighted_mean(rows, torch.tensor([1.0, 0.5]), 4.0) == 5.0
    assert weighted_mean(rows, 1) == 2.0
    assert weighted_mean(rows, 0.5, 3.0) == 3.0


def test_weights_are_constants():
    """A gradient reaches the rows, times their weight, and not the weights."""
    rows, weight = (torch.tensor([1.0, 3.0], requires_grad=True) for _ in range(2))

    found = torch.autograd.grad(weighted_mean(rows, weight), (rows, weight), allow_unused=True)

    assert found[0].tolist() == [0.5, 1.5]
    assert found[1] is None


def test_shapes_that_differ_are_refused():
    """With both names and both shapes."""
    same_shape("q", torch.zeros(2), "y", torch.zeros(2))
    with pytest.raises(ValueError, match=r"q has shape \(2, 1\), but y has shape \(2,\)"):
        same_shape("q", torch.zeros(2, 1), "y", torch.zeros(2))

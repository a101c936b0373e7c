"""Columns in units of their own statistics."""

import math

import pytest
import torch

from rlblocks.functional import normalise


def test_hand_worked_values():
    """Mean 4, standard deviation √5 of four numbers, divided by four."""
    found = normalise(torch.tensor([1.0, 3.0, 5.0, 7.0]), 1, 1e-12)

    torch.testing.assert_close(found, torch.tensor([-3.0, -1.0, 1.0, 3.0]) / math.sqrt(5))


def test_eps_is_added_to_the_standard_deviation():
    """Not to the variance: with ε = 1, (−1, 1) become (−½, ½)."""
    assert normalise(torch.tensor([-1.0, 1.0]), 1, 1.0).tolist() == [-0.5, 0.5]


@pytest.mark.parametrize("weight", [1, torch.ones(1)])
def test_one_row_is_zero(weight):
    """Its standard deviation is 0, and not no number."""
    assert normalise(torch.tensor([5.0]), weight, 1e-8).tolist() == [0.0]


def test_without_any_real_row_all_are_zero():
    """A minibatch of padding alone does no harm."""
    assert normalise(torch.tensor([math.nan, 5.0]), torch.zeros(2), 1e-8).tolist() == [0.0, 0.0]


def test_far_from_zero_it_is_exact():
    """The mean is taken away before squares are summed."""
    found = normalise(torch.tensor([1e6 - 1, 1e6 + 1]), torch.ones(2), 1e-8)

    assert found.tolist() == [-1.0, 1.0]

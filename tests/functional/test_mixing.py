"""Hand-worked mixtures of lists of tensors."""

import pytest
import torch

from rlblocks.functional import copy_into, move_towards


def test_copying_keeps_types():
    """Numbers, counters and flags arrive as they are; the places in memory stay."""
    target = [torch.zeros(2), torch.tensor(0), torch.tensor([False])]
    places = [tensor.data_ptr() for tensor in target]

    copy_into(target, [torch.tensor([1.5, 2.0]), torch.tensor(3), torch.tensor([True])])

    assert [tensor.tolist() for tensor in target] == [[1.5, 2.0], 3, [True]]
    assert places == [tensor.data_ptr() for tensor in target]


def test_moving_takes_a_share():
    """A quarter of the way from 2 to 10 is 4; a counter is copied."""
    target = [torch.tensor(5), torch.tensor([2.0])]

    move_towards(target, [torch.tensor(7), torch.tensor([10.0])], 0.25)

    assert [tensor.tolist() for tensor in target] == [7, [4.0]]


def test_a_mismatch_is_refused_before_anything_is_written():
    """Which tensor, and both shapes."""
    target = [torch.zeros(1), torch.zeros(2)]

    with pytest.raises(ValueError, match=r"tensor 1 has shape \(2,\) in the target, but \(1,\) online"):
        move_towards(target, [torch.ones(1), torch.ones(1)], 0.5)
    with pytest.raises(ValueError, match="2 tensors, but the online network has 3"):
        copy_into(target, [torch.ones(1)] * 3)

    assert target[0].item() == 0

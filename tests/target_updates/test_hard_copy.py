"""Copying now and then; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.clocks import EnvSteps
from rlblocks.target_updates import HardCopy, Polyak


def test_bits_are_copied():
    """NaN, ∞ and −0 arrive as they are."""
    online, target = [torch.tensor([float("nan"), float("inf"), -0.0])], [torch.ones(3)]

    HardCopy().compute(online=online, target=target)

    assert torch.equal(target[0].view(torch.int32), online[0].view(torch.int32))


def test_it_counts_environment_steps_by_default():
    """Every 500 of them."""
    assert HardCopy().every == EnvSteps(500)


@pytest.mark.parametrize("block", [HardCopy(), Polyak(0.3)], ids=repr)
def test_networks_of_different_shapes_are_named(block):
    """A missing tensor, and one that would broadcast, are told by number and shape."""
    target = [torch.zeros(2), torch.zeros(2, 3)]

    with pytest.raises(ValueError, match="the target has 2 tensors, but the online network has 1"):
        block.compute(online=[torch.ones(2)], target=target)
    with pytest.raises(ValueError, match=r"tensor 1 has shape \(2, 3\) in the target, but \(3,\) online"):
        block.compute(online=[torch.ones(2), torch.ones(3)], target=target)

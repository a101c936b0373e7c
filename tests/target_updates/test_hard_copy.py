"""Copying now and then."""

import torch
from hypothesis import given
from update_laws import clones, equal, law, networks

from rlblocks._core.clocks import EnvSteps
from rlblocks.target_updates import HardCopy


@law
@given(networks())
def test_the_target_becomes_the_online_network(pair):
    """TUP-1: parameters and buffers, bit for bit."""
    online, target = pair

    HardCopy().compute(online=online, target=target)

    assert equal(target, online)


def test_bits_are_copied():
    """NaN, ∞ and −0 arrive as they are."""
    online, target = [torch.tensor([float("nan"), float("inf"), -0.0])], [torch.ones(3)]

    HardCopy().compute(online=online, target=target)

    assert torch.equal(target[0].view(torch.int32), online[0].view(torch.int32))


def test_copying_twice_is_copying_once():
    """The second copy changes nothing."""
    online, target = [torch.tensor([3.0])], [torch.tensor([4.0])]
    HardCopy().compute(online=online, target=target)
    once = clones(target)

    HardCopy().compute(online=online, target=target)

    assert equal(target, once)


def test_it_counts_environment_steps_by_default():
    """Every 500 of them."""
    assert HardCopy().every == EnvSteps(500)

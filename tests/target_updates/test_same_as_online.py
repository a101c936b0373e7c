"""No second network."""

import torch

from rlblocks.target_updates import SameAsOnline


def test_it_writes_nothing():
    """Even tensors that differ are left as they are."""
    online, target = [torch.ones(2)], [torch.zeros(2)]

    SameAsOnline().compute(online=online, target=target)

    assert target[0].tolist() == [0.0, 0.0]


def test_wiring_can_ask_whether_a_copy_is_needed():
    """Its tag says that none is, and two of them are equal."""
    assert SameAsOnline.tags["copies"] == "none"
    assert SameAsOnline() == SameAsOnline()

"""What a policy does where nothing is drawn; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks.explorers import Mode


def test_actions_of_any_shape_go_through_as_they_are():
    """As copies without a gradient."""
    for mode in (torch.tensor([1, 0]), torch.tensor([[0.5, -2.0]], requires_grad=True)):
        action = Mode().compute(mode=mode)

        assert torch.equal(action, mode)
        assert not action.requires_grad
        assert action.data_ptr() != mode.data_ptr()


def test_it_takes_its_own_place_in_evaluation():
    """It does not explore."""
    assert Mode().evaluation() == Mode()

"""The loss of a temperature over choices; its laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks._core.keys import Spec
from rlblocks.losses import DiscreteTemperatureLoss

FOUR = Spec((), "int64", n=4)


def gradient(entropy, **others):
    """The gradient by log α, of a half of the greatest entropy as the target."""
    log_alpha = torch.zeros((), requires_grad=True)
    loss = DiscreteTemperatureLoss(0.5).compute(log_alpha=log_alpha, entropy=entropy, **others)
    return torch.autograd.grad(loss, log_alpha)[0].item()


def test_hand_worked_values():
    """Half of log 4 is log 2: a certain policy lacks log 2, one over all four has log 2 too much."""
    assert gradient(torch.zeros(3), action=FOUR) == pytest.approx(-math.log(2))
    assert gradient(torch.full((3,), math.log(4)), action=FOUR) == pytest.approx(math.log(2))


def test_each_state_has_its_own_target():
    """By how many actions are legal in it; where there is one, the only policy is at its target."""
    mask = torch.tensor([[True, True, True, True], [False, True, False, False]])

    assert gradient(torch.zeros(2), action=FOUR, action_mask=mask) == pytest.approx(-math.log(2) / 2)


def test_choices_of_several_kinds_are_summed():
    """Of a MultiDiscrete action, with a mask of all entries as without."""
    several, entropy = Spec((2,), "int64", n=(2, 8)), torch.tensor([0.3])
    mask = torch.tensor([[[True, True] + [False] * 6, [True] * 8]])

    assert gradient(entropy, action=several) == pytest.approx(0.3 - 0.5 * math.log(16))
    assert gradient(entropy, action=several, action_mask=mask) == pytest.approx(0.3 - 0.5 * math.log(16))


def test_real_actions_are_refused():
    """There is no greatest entropy; the message says what is meant for them."""
    with pytest.raises(ValueError, match="TemperatureLoss"):
        gradient(torch.zeros(2), action=Spec((3,), low=-1.0, high=1.0))


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_that_makes_no_sense_is_refused(share):
    """It lies between none and all."""
    with pytest.raises(FieldError, match=r"DiscreteTemperatureLoss\.share"):
        DiscreteTemperatureLoss(share)

"""The loss of a temperature over real actions; its laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks._core.keys import Spec
from rlblocks.losses import TemperatureLoss

BOX = Spec((3,), low=-1.0, high=1.0)


def test_hand_worked_values():
    """−½·(1½ − 3), as the target of three components is −3."""
    found = TemperatureLoss().compute(log_alpha=torch.tensor(0.5), log_prob=torch.tensor([1.0, 2.0]), action=BOX)

    assert found.item() == 0.75


def test_units_do_not_matter():
    """In bounds four times as wide, log-densities are log 4 lower for each component, and nothing else changes."""
    log_alpha, log_prob = torch.tensor(0.7), torch.tensor([1.0, -2.5])
    wide = Spec((3,), low=(0.0, -8.0, -4.0), high=(8.0, 0.0, 4.0))

    here = TemperatureLoss().compute(log_alpha=log_alpha, log_prob=log_prob, action=BOX)
    there = TemperatureLoss().compute(log_alpha=log_alpha, log_prob=log_prob - 3 * math.log(4), action=wide)

    torch.testing.assert_close(here, there)


def test_it_finds_the_temperature_of_its_target():
    """Where the entropy follows α, as it does for a Gaussian whose best σ² is α, steps end at the target."""
    log_alpha = torch.zeros((), requires_grad=True)
    one = Spec((1,), low=-1.0, high=1.0)
    for _ in range(400):
        entropy = 0.5 * log_alpha.detach() + 0.5 * math.log(2 * math.pi * math.e)
        loss = TemperatureLoss().compute(log_alpha=log_alpha, log_prob=-entropy.expand(4), action=one)
        (slope,) = torch.autograd.grad(loss, log_alpha)
        log_alpha.data.sub_(0.05 * slope)

    assert 0.5 * log_alpha.item() + 0.5 * math.log(2 * math.pi * math.e) == pytest.approx(-1.0, abs=1e-3)


@pytest.mark.parametrize("garbage", [math.nan, math.inf])
def test_padding_may_hold_anything(garbage):
    """NaN and infinity in rows of weight 0 touch neither value nor gradient."""
    log_alpha = torch.tensor(0.5, requires_grad=True)
    loss = TemperatureLoss().compute(
        log_alpha=log_alpha, log_prob=torch.tensor([1.0, garbage]), action=BOX, weight=torch.tensor([2.0, 0.0])
    )

    assert loss.item() == 1.0
    assert torch.autograd.grad(loss, log_alpha)[0].item() == 2.0


@pytest.mark.parametrize(
    "action", [Spec((2,)), Spec((2,), low=0.0), Spec((2,), low=(0.0, -math.inf), high=1.0), Spec((), "int64", n=3)]
)
def test_actions_without_bounds_are_refused(action):
    """There are no units in which to count."""
    with pytest.raises(ValueError, match="entropy is measured against"):
        TemperatureLoss().compute(log_alpha=torch.tensor(0.0), log_prob=torch.zeros(2), action=action)

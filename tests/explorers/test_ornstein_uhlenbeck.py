"""What a policy says, and noise that forgets slowly; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks import Spec
from rlblocks._core.errors import FieldError
from rlblocks.explorers import Mode, OrnsteinUhlenbeck

BOX = Spec((1,), low=-1.0, high=3.0)
ONE = torch.ones(1, 1)


def walked(explorer, steps, first=False):
    """The noise after each of some steps of ε = 1 at σ = 1."""
    carry, found = explorer.init(BOX, 1), []
    for _ in range(steps):
        action = explorer.compute(
            mode=ONE, noise=ONE, scale=torch.tensor(1.0), is_first=torch.tensor([first]), action=BOX, carry=carry
        )
        found.append((carry["x"].item(), action.item()))
    return found


def test_hand_worked_steps():
    """x goes from 0 to ½ and then to ½·(1 − ½·¼) + ½; the action is 1 + 2x, cut at 3."""
    assert walked(OrnsteinUhlenbeck(theta=0.5, dt=0.25), 3) == [(0.5, 2.0), (0.9375, 2.875), (1.3203125, 3.0)]


def test_it_begins_at_the_policy_in_every_episode():
    """Where every step is the first of an episode, all are alike."""
    assert walked(OrnsteinUhlenbeck(theta=0.5, dt=0.25), 3, first=True) == [(0.5, 2.0)] * 3


def test_it_settles_at_its_variance():
    """After many steps x has the variance σ²Δt/(1 − (1 − θΔt)²), and each is like the last by 1 − θΔt."""
    explorer, count = OrnsteinUhlenbeck(theta=0.5, dt=0.5), 20_000
    generator, carry = torch.Generator().manual_seed(0), explorer.init(BOX, count)
    given = {"mode": torch.ones(count, 1), "scale": torch.tensor(0.1), "is_first": torch.zeros(count, dtype=torch.bool)}
    for _ in range(40):
        before = carry["x"].clone()
        explorer.compute(**given, noise=torch.randn(count, 1, generator=generator), action=BOX, carry=carry)

    due = 0.01 * 0.5 / (1 - 0.75**2)
    assert carry["x"].var().item() == pytest.approx(due, rel=0.05)
    assert (before * carry["x"]).mean().item() == pytest.approx(0.75 * due, rel=0.05)


def test_fields_out_of_range_are_refused():
    """Noise that does not return, or steps without a length; in evaluation there is none."""
    assert OrnsteinUhlenbeck().evaluation() == Mode()
    for wrong in ({"theta": -0.1}, {"dt": 0.0}, {"scale": -1.0}):
        with pytest.raises(FieldError, match=rf"OrnsteinUhlenbeck\.{next(iter(wrong))}"):
            OrnsteinUhlenbeck(**wrong)


def test_noise_that_grows_is_refused():
    """Beyond θΔt = 2 every step overshoots 0 by more than it was away: x would grow without end. At 2 it does not."""
    assert OrnsteinUhlenbeck(theta=0.4, dt=5.0).dt == 5
    with pytest.raises(FieldError, match=r"OrnsteinUhlenbeck.theta is 0.5 and OrnsteinUhlenbeck.dt is 5") as told:
        OrnsteinUhlenbeck(theta=0.5, dt=5.0)

    assert told.value.fix == "write a dt of 4 at most, or a theta of 0.4 at most"

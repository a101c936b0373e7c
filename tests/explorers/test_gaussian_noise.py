"""What a policy says, and noise; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks import EnvSteps, Spec
from rlblocks._core.errors import FieldError
from rlblocks.explorers import GaussianNoise, Mode
from rlblocks.schedules import Linear

BOX = Spec((2,), low=(-1.0, 2.0), high=(3.0, 2.5))


def test_hand_worked_noise():
    """Half of the widths are 2 and ¼; what leaves the bounds is cut."""
    noise = torch.tensor([[1.0, -1.0], [9.0, 9.0]])

    found = GaussianNoise().compute(
        mode=torch.tensor([[0.0, 2.25]] * 2), noise=noise, scale=torch.tensor(0.5), action=BOX
    )

    assert found.tolist() == [[1.0, 2.125], [3.0, 2.5]]


def test_rows_are_not_broadcast():
    """One row of noise does not serve two of actions."""
    with pytest.raises(ValueError, match=r"action has shape \(2, 2\), but share has shape \(1, 2\)"):
        GaussianNoise().compute(mode=torch.ones(2, 2), noise=torch.ones(1, 2), scale=torch.tensor(0.5), action=BOX)


def test_it_says_what_it_cannot_choose():
    """Counted actions, and real numbers without bounds, of which none has a scale."""
    assert GaussianNoise().misfit(BOX) == ""
    assert "chooses real numbers" in GaussianNoise().misfit(Spec(dtype="int64", n=2))
    assert "finite bounds" in GaussianNoise().misfit(Spec((2,)))


def test_its_scale_may_fall():
    """A schedule or a number, never below 0; in evaluation there is none."""
    assert GaussianNoise(Linear(1.0, 0.0, over=EnvSteps(9))).evaluation() == Mode()
    with pytest.raises(FieldError, match=r"GaussianNoise\.scale"):
        GaussianNoise(-0.1)

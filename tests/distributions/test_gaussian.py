"""Real policies whose spread sees no features. Laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.keys import Spec
from rlblocks.distributions import Gaussian


@pytest.mark.parametrize(
    "action", [Spec((), "int64", n=4), Spec((2,), "int8", n=(2, 2)), Spec((3,), "uint8"), Spec((0,))]
)
def test_it_refuses_what_is_no_vector_of_numbers(action):
    """And says what it is."""
    assert str(action) in Gaussian().misfit(action)


def test_the_spread_is_one_number_for_each_component():
    """A parameter of the action's shape, alike in all rows, which starts as the field says."""
    module = Gaussian(log_std=-0.5).build(Spec((2, 3)), torch.Generator())
    written = module(torch.arange(12.0).view(2, 6))

    assert module.log_std.shape == (2, 3)
    assert written["mean"].tolist() == torch.arange(12.0).view(2, 2, 3).tolist()
    assert written["log_std"].tolist() == torch.full((2, 2, 3), -0.5).tolist()


def test_a_sample_outside_the_bounds_stays():
    """Nothing is cut, so the log-density is that of what was chosen."""
    given = Gaussian().build(Spec((1,), low=-1.0, high=1.0), torch.Generator())(torch.zeros(1, 1))
    action, log_prob = Gaussian().sample(given, noise=torch.tensor([[3.0]]))

    assert action.tolist() == [[3.0]]
    assert log_prob.item() == pytest.approx(Gaussian().log_prob(given, action=action).item())


def test_the_mode_shares_no_memory():
    """Writing into it leaves the mean alone."""
    given = {"mean": torch.ones(1, 1), "log_std": torch.zeros(1, 1)}
    Gaussian().mode(given).zero_()

    assert given["mean"].item() == 1.0

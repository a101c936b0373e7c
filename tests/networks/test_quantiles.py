"""Values as quantiles."""

import pytest
import torch
from network_cases import discrete, seeded

from rlblocks._core.errors import FieldError
from rlblocks.networks import DuelingQ, Quantiles, QValues, Scalar


def test_it_has_a_key_and_a_dim_of_its_own():
    """The key that a head writes beside `q`."""
    assert (Quantiles().key, Quantiles().dims(), Quantiles().width()) == ("quantiles", ("quantile",), 25)


def test_one_quantile_is_a_scalar():
    """Its back-up and its mean are those of the scalar form, bit for bit."""
    r, g, v = torch.randn(3, 6, generator=seeded())
    g = (g > 0).float()

    assert torch.equal(Quantiles(1).backup(r, g, v.unsqueeze(1)).squeeze(1), Scalar().backup(r, g, v))
    assert torch.equal(Quantiles(1).mean(v.unsqueeze(1)), v)


def test_hand_worked_values():
    """r + γ·θ of each, and r where the episode is over."""
    found = Quantiles(2).backup(torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.0]), torch.tensor([[2.0, 4.0]] * 2))

    assert found.tolist() == [[2.0, 3.0], [2.0, 2.0]]


@pytest.mark.parametrize("head", [QValues(Quantiles(4)), DuelingQ(Quantiles(4))], ids=repr)
def test_every_head_of_values_takes_it(head):
    """`q` is the mean of `quantiles`."""
    written = head.build(discrete(3), seeded())(torch.randn(5, 3, generator=seeded(1)))

    assert written["quantiles"].shape == (5, 3, 4)
    assert torch.equal(written["q"], written["quantiles"].mean(-1))


@pytest.mark.parametrize("n", [0, -1, 2.0, True])
def test_a_number_that_makes_no_sense_is_refused(n):
    """A whole number, at least 1."""
    with pytest.raises(FieldError, match=r"Quantiles\.n"):
        Quantiles(n)

"""Real policies inside bounds. Laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks._core.keys import Spec
from rlblocks.distributions import TanhGaussian

SKEWED = Spec((2,), low=(-1.0, 0.0), high=(3.0, 0.5))


@pytest.mark.parametrize(
    "action",
    [
        Spec((2,)),
        Spec((2,), low=-1.0),
        Spec((2,), low=(-1.0, 1.0), high=(1.0, 1.0)),
        Spec((1,), low=-3e38, high=3e38),
        Spec((1,), low=-math.inf, high=1.0),
    ],
    ids=["none", "above", "empty", "too wide", "infinite"],
)
def test_it_needs_finite_bounds(action):
    """Of every component, with some room between them."""
    assert "finite bounds" in TanhGaussian().misfit(action)


def test_bounds_without_room_between_them_are_told_apart_from_none():
    """A component that can only have one value is bounded, and has no density."""
    said = TanhGaussian().misfit(Spec((2,), low=(0.0, -1.0), high=(0.0, 1.0)))

    assert said == "squashes actions into finite bounds with room between them, and component 0 can only be 0.0"


def test_it_needs_real_numbers():
    """A finite action is refused for what it is."""
    assert "real numbers" in TanhGaussian().misfit(Spec((), "int64", n=3))


def test_each_component_has_its_bounds():
    """The middle of each where μ = 0 and ε = 0, and the bounds themselves far out."""
    given = TanhGaussian().build(SKEWED, torch.Generator())(torch.zeros(2, 4))
    far = TanhGaussian().sample(given, noise=torch.tensor([[-99.0, 99.0], [99.0, -99.0]]))[0]

    assert TanhGaussian().mode(given).tolist() == [[1.0, 0.25], [1.0, 0.25]]
    assert far.tolist() == [[-1.0, 0.5], [3.0, 0.0]]


def test_the_width_counts_once():
    """At the middle the density is φ(0)/(σh): of half-widths 2 and ¼ that is 2·φ(0)²."""
    given = TanhGaussian().build(SKEWED, torch.Generator())(torch.zeros(1, 4))
    action, log_prob = TanhGaussian().sample(given, noise=torch.zeros(1, 2))

    assert log_prob.exp().item() == pytest.approx(2 / (2 * math.pi))
    assert TanhGaussian().log_prob(given, action=action).item() == pytest.approx(log_prob.item())


def test_its_bounds_are_no_parameters():
    """Nothing of them is saved or trained, and they are on the module's device."""
    module = TanhGaussian().build(SKEWED, None)

    assert module.state_dict() == {}
    assert list(module.parameters()) == []
    assert all(buffer.is_meta for buffer in module.buffers())


def test_an_empty_range_is_refused():
    """With the numbers in the right order as the way out."""
    with pytest.raises(FieldError, match=r"write TanhGaussian\(low=-5, high=2\)"):
        TanhGaussian(low=2.0, high=-5.0)

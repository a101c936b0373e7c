"""The head of a temperature."""

import math

import pytest
import torch
from network_cases import ACTION, seeded

from rlblocks._core.errors import FieldError
from rlblocks._core.keys import Spec
from rlblocks.networks import NetworkSpec, NoBody, Temperature, build_network

EMPTY = NetworkSpec(0, ACTION)


def test_it_starts_where_it_should():
    """log α, whatever the generator says."""
    for seed in (0, 1):
        assert Temperature(0.2).build(EMPTY, seeded(seed))(torch.empty(0))["log_alpha"].item() == pytest.approx(
            math.log(0.2)
        )


def test_it_is_a_network_of_one_number():
    """It reads nothing, writes one 0-dim number for all rows, and has one parameter."""
    net = build_network({}, NoBody(), Temperature(), ACTION, seeded())

    assert net.reads == ()
    assert net.writes == {"log_alpha": Spec(dims=())}
    assert net()["log_alpha"].shape == ()
    assert [(name, p.shape) for name, p in net.named_parameters()] == [("head.number", torch.Size([]))]


def test_what_was_written_stays():
    """A step on the parameter changes the next pass and not the one before."""
    net = build_network({}, NoBody(), Temperature(), ACTION, seeded())
    before = net()["log_alpha"]
    with torch.no_grad():
        net.head.number.add_(1.0)

    assert (before.item(), net()["log_alpha"].item()) == (0.0, 1.0)


@pytest.mark.parametrize("initial", [0.0, -1.0, math.inf, "auto"])
def test_a_temperature_is_above_0(initial):
    """Its logarithm must be finite."""
    with pytest.raises(FieldError, match=r"Temperature\.initial"):
        Temperature(initial)

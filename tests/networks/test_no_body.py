"""The body of a network that reads nothing."""

import pytest
import torch
from network_cases import ACTION, seeded

from rlblocks._core.errors import BuildError
from rlblocks._core.keys import Spec
from rlblocks.networks import MLP, NoBody, Temperature, build_network


def test_it_makes_no_features():
    """Of no numbers, and without parameters."""
    body = NoBody().build(Spec((0,)), seeded())

    assert body(torch.empty(3, 0)).shape == (3, 0)
    assert list(body.parameters()) == []
    assert NoBody().width(Spec((0,))) == 0


@pytest.mark.parametrize("spec", [Spec((4,)), Spec(()), Spec((), "int64", n=3), Spec((0, 2))])
def test_it_reads_nothing(spec):
    """Whatever is there is refused, by name."""
    with pytest.raises(BuildError, match="NoBody reads nothing"):
        build_network({"observation": spec}, NoBody(), Temperature(), ACTION, seeded())


def test_others_read_something():
    """A body for vectors does not take none."""
    with pytest.raises(BuildError, match="MLP reads one number or more"):
        build_network({}, MLP((8,)), Temperature(), ACTION, seeded())

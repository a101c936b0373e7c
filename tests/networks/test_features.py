"""The head of a torso."""

import torch
from network_cases import ACTION

from rlblocks._core.keys import Spec
from rlblocks.networks import MLP, Features, QValues, build_network

GENERATOR = torch.Generator()


def test_a_torso_writes_its_bodys_features():
    """What the network writes is what its body gives, and its width is known."""
    torso = build_network({"observation": Spec((4,))}, MLP((8, 6)), Features(), ACTION, GENERATOR.manual_seed(0))
    x = torch.randn(3, 4, generator=GENERATOR)

    assert torch.equal(torso(x)["features"], torso.body(x))
    assert torso.writes == {"features": Spec((6,), dims=("batch", "feature"))}


def test_a_torso_and_a_head_of_its_own_are_one_network():
    """A network that reads `features` continues as a single network with the same parameters would."""
    whole = build_network({"observation": Spec((4,))}, MLP((8,)), QValues(), ACTION, GENERATOR.manual_seed(0))
    torso = build_network({"observation": Spec((4,))}, MLP((8,)), Features(), ACTION, GENERATOR.manual_seed(0))
    rest = build_network(dict(torso.writes), MLP(()), QValues(), ACTION, GENERATOR)
    x = torch.randn(3, 4, generator=GENERATOR)

    assert torch.equal(rest(torso(x)["features"])["q"], whole(x)["q"])

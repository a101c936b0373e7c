"""The head that chooses one action."""

import pytest
import torch
from network_cases import BOX, discrete, seeded
from torch.testing import assert_close

from rlblocks._core.keys import Spec
from rlblocks.networks import MLP, DeterministicPolicy, NetworkSpec, build_network


def test_hand_worked_values():
    """Bounds −1 and 3: the middle at 0, and m + d·tanh(u) = 1 + 2·tanh(u) elsewhere; each component has its own."""
    action = Spec((2,), low=(-1.0, 0.0), high=(3.0, 1.0))
    head = DeterministicPolicy().build(NetworkSpec(2, action), seeded())
    head.layer.load_state_dict({"weight": torch.eye(2), "bias": torch.zeros(2)})
    u = torch.tensor([[0.0, 0.0], [0.5, -0.5]])

    assert_close(head(u)["mode"], torch.tensor([[1.0, 0.5], [1 + 2 * 0.46211716, 0.5 - 0.5 * 0.46211716]]))


def test_actions_have_their_shape():
    """Any Box, down to one number without a dim."""
    for shape in ((), (1,), (3,), (2, 2)):
        head = DeterministicPolicy().build(NetworkSpec(3, Spec(shape, low=-1.0, high=1.0)), seeded())
        assert head(torch.zeros(5, 3))["mode"].shape == (5, *shape)
        assert head(torch.zeros(0, 3))["mode"].shape == (0, *shape)


def test_bounds_are_known_and_not_learned():
    """They are no part of a checkpoint."""
    head = DeterministicPolicy().build(BOX, seeded())

    assert list(head.state_dict()) == ["layer.weight", "layer.bias"]
    assert DeterministicPolicy().writes(BOX) == {"mode": BOX.action}
    assert DeterministicPolicy().derives(BOX) == ()


@pytest.mark.parametrize(
    "action", [Spec((2,)), Spec((2,), low=-1.0), Spec((2,), low=(-1.0, -float("inf")), high=1.0), Spec((2,), "int32")]
)
def test_actions_without_bounds_are_refused(action):
    """There is nothing to squash into."""
    assert DeterministicPolicy().misfit(NetworkSpec(3, action))
    assert DeterministicPolicy().misfit(discrete(3))


def test_the_gradient_reaches_the_body():
    """Where the action is not at a bound."""
    net = build_network({"observation": Spec((4,))}, MLP((8,)), DeterministicPolicy(), BOX.action, seeded())
    net(torch.randn(6, 4, generator=seeded(1)))["mode"].sum().backward()

    assert all(p.grad is not None and p.grad.any() for p in net.parameters())

"""The loss of a deterministic policy; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks._core.keys import Spec
from rlblocks.aggregates import Average, Least
from rlblocks.losses import DeterministicPolicyLoss
from rlblocks.networks import MLP, ActionValue, DeterministicPolicy, build_network

BOX = Spec((2,), low=(-1.0, 0.0), high=(1.0, 4.0))


def members(action):
    """Two critics: 3a and −a."""
    return torch.stack([3 * action[:, 0], -action[:, 0]])


def test_hand_worked_values():
    """−(3 + 6)/2 of the first member; of the least and of the mean, −(−1 − 2)/2 and −(1 + 2)/2."""
    mode = torch.tensor([[1.0], [2.0]])

    assert DeterministicPolicyLoss().compute(mode=mode, q=members).item() == -4.5
    assert DeterministicPolicyLoss(Least()).compute(mode=mode, q=members).item() == 1.5
    assert DeterministicPolicyLoss(Average()).compute(mode=mode, q=members).item() == -1.5


def test_its_gradient_is_the_deterministic_policy_gradient():
    """−(1/B) Σ ∂q/∂a·∂μ/∂θ, by the chain rule over two networks, for every parameter of the policy."""
    seeded, known = torch.Generator().manual_seed(0), {"observation": Spec((3,))}
    policy = build_network(known, MLP((8,)), DeterministicPolicy(), BOX, seeded)
    critic = build_network({**known, "action": BOX}, MLP((8,)), ActionValue(), BOX, seeded)
    s = torch.randn(6, 3, generator=seeded)
    mode = policy(s)["mode"]
    loss = DeterministicPolicyLoss().compute(mode=mode, q=lambda action: critic(s, action)["q"])
    found = torch.autograd.grad(loss, list(policy.parameters()), retain_graph=True)

    action = mode.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(s, action)["q"].sum(), action)
    due = torch.autograd.grad(mode, list(policy.parameters()), grad_outputs=-slope / 6)

    for ours, theirs in zip(found, due, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_padding_may_hold_anything():
    """NaN for the value of a row of weight 0 touches neither value nor gradient of the others."""
    mode = torch.tensor([[1.0], [2.0]], requires_grad=True)
    spoil = torch.tensor([0.0, torch.nan])
    loss = DeterministicPolicyLoss().compute(
        mode=mode, q=lambda action: 3 * action[:, 0] + spoil, weight=torch.tensor([2.0, 0.0])
    )

    assert loss.item() == -3.0
    assert torch.autograd.grad(loss, mode)[0].tolist() == [[-3.0], [0.0]]

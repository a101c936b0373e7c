"""The entropy bonus; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks import Updates
from rlblocks.losses import Entropy
from rlblocks.schedules import Constant, Linear


def test_hand_worked_values():
    """−0.01·(½ + 1½)/2, in the type of the entropies."""
    coefficient = torch.tensor(0.01, dtype=torch.float64)
    loss, average = Entropy().compute(entropy=torch.tensor([0.5, 1.5]), coefficient=coefficient)

    assert (loss, average) == (torch.tensor(-0.01), torch.tensor(1.0))
    assert loss.dtype == torch.float32


def test_what_is_reported_has_no_gradient_and_no_coefficient():
    """The entropy itself, over the rows that count."""
    entropy = torch.tensor([0.5, 1.5, 9.0], requires_grad=True)
    _, average = Entropy().compute(entropy=entropy, coefficient=torch.tensor(0.0), weight=torch.tensor([1.5, 1.5, 0.0]))

    assert (average, average.requires_grad) == (torch.tensor(1.0), False)


def test_a_step_makes_a_policy_more_random():
    """Down the gradient of the loss, the entropy of a categorical policy grows."""

    def entropy(of):
        return -(of.softmax(-1) * of.log_softmax(-1)).sum(-1)

    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.25, 0.0]], requires_grad=True)
    loss, _ = Entropy().compute(entropy=entropy(logits), coefficient=torch.tensor(1.0))
    (gradient,) = torch.autograd.grad(loss, logits)

    assert bool((entropy(logits - 0.1 * gradient) > entropy(logits)).all())


def test_its_coefficient_may_be_a_schedule():
    """A number stands for a constant one."""
    assert Entropy(0.02).coefficient == Constant(0.02)
    assert Entropy(Linear(0.1, 0.0, over=Updates(10))).coefficient.at(5) == 0.05

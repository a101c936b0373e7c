"""The loss over all actions of a policy that is to have entropy; its laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks.aggregates import Average
from rlblocks.losses import DiscreteSoftPolicyLoss, SoftPolicyLoss


def test_hand_worked_values():
    """Both actions alike, α = 1: −log 2 less the mean of (1, 2), the least of each action."""
    q = torch.tensor([[[1.0, 3.0]], [[5.0, 2.0]]])
    loss, entropy = DiscreteSoftPolicyLoss().compute(logits=torch.zeros(1, 2), q=q, log_alpha=torch.tensor(0.0))

    assert loss.item() == pytest.approx(-math.log(2) - 1.5)
    assert entropy.item() == pytest.approx(math.log(2))


def test_it_is_the_mean_of_the_loss_of_single_actions():
    """Over all actions, each as often as the policy takes it, as `SoftPolicyLoss` has it, for any members."""
    generator = torch.Generator().manual_seed(0)
    logits, q = (torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in [(3,), (4, 1, 3)])
    log_alpha, log_pi = torch.tensor(-0.4, dtype=torch.float64), logits.log_softmax(0)
    each, _ = SoftPolicyLoss(Average()).compute(
        sample=torch.arange(3), log_prob=log_pi, log_alpha=log_alpha,
        q=lambda action: q[:, 0, action], weight=3 * log_pi.exp(),
    )  # fmt: skip

    found, _ = DiscreteSoftPolicyLoss(Average()).compute(logits=logits.unsqueeze(0), q=q, log_alpha=log_alpha)

    torch.testing.assert_close(found, each)


def test_one_network_needs_no_dim():
    """`[B, A]` and `[1, B, A]` are the same."""
    generator = torch.Generator().manual_seed(0)
    logits, q = torch.randn(2, 5, 3, generator=generator)
    plain = DiscreteSoftPolicyLoss().compute(logits=logits, q=q, log_alpha=torch.tensor(0.3))

    assert DiscreteSoftPolicyLoss().compute(logits=logits, q=q.unsqueeze(0), log_alpha=torch.tensor(0.3)) == plain


def test_illegal_actions_have_no_part():
    """Neither in the loss nor in the gradient nor in the entropy, whatever stands there."""
    mask = torch.tensor([[True, False, True]])
    logits = torch.tensor([[0.0, 50.0, 0.0]], requires_grad=True)
    q = torch.tensor([[1.0, math.nan, 3.0]])

    loss, entropy = DiscreteSoftPolicyLoss().compute(
        logits=logits, q=q, log_alpha=torch.tensor(0.0), action_mask=mask
    )  # fmt: skip

    assert loss.item() == pytest.approx(-math.log(2) - 2.0)
    assert entropy.item() == pytest.approx(math.log(2))
    assert torch.autograd.grad(loss, logits)[0].tolist() == [[0.5, 0.0, -0.5]]

"""The loss of a policy that is to have entropy; its laws are asked in tests/test_laws.py."""

import math

import torch

from rlblocks import functional
from rlblocks.aggregates import First
from rlblocks.losses import DeterministicPolicyLoss, SoftPolicyLoss


def given(**others):
    """Arguments of `compute`: two rows, two critics, α = ½."""
    return {
        "sample": torch.tensor([[1.0], [2.0]]),
        "log_prob": torch.tensor([-1.0, 3.0]),
        "log_alpha": torch.tensor(math.log(0.5)),
        "q": lambda action: torch.stack([3 * action[:, 0], 4 - action[:, 0]]),
        **others,
    }


def test_hand_worked_values():
    """((−½ − 3) + (1½ − 2))/2 with the least of both, ((−½ − 3) + (1½ − 6))/2 with the first; entropy (1 − 3)/2."""
    loss, entropy = SoftPolicyLoss().compute(**given())

    assert (loss.item(), entropy.item()) == (-2.0, -1.0)
    assert SoftPolicyLoss(First()).compute(**given())[0].item() == -4.0


def test_entropy_that_is_worth_nothing_leaves_the_value():
    """With α = 0 it is the loss of a deterministic policy that chose these actions, bit for bit."""
    loss, _ = SoftPolicyLoss(First()).compute(**given(log_alpha=torch.tensor(-math.inf)))

    assert loss == DeterministicPolicyLoss().compute(mode=given()["sample"], q=given()["q"])


def test_what_is_reported_is_of_the_rows_that_are_there():
    """By weight, without gradient, and without NaN from padding."""
    log_prob = torch.tensor([-1.0, math.nan], requires_grad=True)
    loss, entropy = SoftPolicyLoss().compute(**given(log_prob=log_prob), weight=torch.tensor([2.0, 0.0]))

    assert (loss.item(), entropy.item(), entropy.requires_grad) == (-3.5, 1.0, False)
    assert torch.autograd.grad(loss, log_prob)[0].tolist() == [0.5, 0.0]


def test_the_best_gaussian_has_the_width_of_the_temperature():
    """For a value −½(a − 2)² the best policy is N(2, α): gradients vanish there, on average over ε."""
    alpha = 0.3
    noise = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noise = torch.cat([noise, -noise])
    noise = noise / noise.square().mean().sqrt()
    mean = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    log_std = torch.tensor(math.log(alpha) / 2, dtype=torch.float64, requires_grad=True)
    means, scales = mean.expand_as(noise), log_std.expand_as(noise)
    loss, entropy = SoftPolicyLoss().compute(
        sample=functional.gaussian_sample(noise, means, scales),
        log_prob=functional.standard_log_prob(noise, scales),
        log_alpha=torch.tensor(math.log(alpha), dtype=torch.float64),
        q=lambda action: -(action[:, 0] - 2).square() / 2,
    )

    slopes = torch.autograd.grad(loss, [mean, log_std])
    assert all(abs(slope.item()) < 1e-9 for slope in slopes)
    torch.testing.assert_close(entropy, functional.gaussian_entropy(scales)[0].detach())

"""The mathematics of policies that follow a value, and of temperatures."""

import math

import pytest
import torch

from rlblocks.functional import (
    box_entropy,
    discrete_soft_policy_loss,
    gaussian_entropy,
    greatest_entropy,
    soft_policy_loss,
    temperature_loss,
)


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_loss_over_actions_is_the_mean_of_those_of_single_ones():
    """Σ_a π(a) of the loss of action a, row by row."""
    logits, q, log_alpha = drawn(4, 3), drawn(4, 3) * 2, torch.tensor(-0.7, dtype=torch.float64)
    log_pi = logits.log_softmax(1)

    each = torch.stack([soft_policy_loss(log_pi[:, a], q[:, a], log_alpha) for a in range(3)], 1)

    torch.testing.assert_close(discrete_soft_policy_loss(logits, q, log_alpha), (log_pi.exp() * each).sum(1))


def test_illegal_actions_are_not_there():
    """With −∞ for a logit and NaN for its value, value and gradient are those of the other actions alone."""
    logits, q, log_alpha = drawn(4, 3), drawn(4, 3), torch.tensor(0.3, dtype=torch.float64)
    few = logits[:, :2].clone().requires_grad_()
    due = discrete_soft_policy_loss(few, q[:, :2], log_alpha)
    (slope,) = torch.autograd.grad(due.sum(), few)
    logits[:, 2], q[:, 2] = -math.inf, math.nan
    logits.requires_grad_()
    found = discrete_soft_policy_loss(logits, q, log_alpha)

    torch.testing.assert_close(found, due)
    gradient = torch.autograd.grad(found.sum(), logits)[0]
    torch.testing.assert_close(gradient[:, :2], slope)
    assert not gradient[:, 2].any()


def test_critics_and_alpha_are_constants():
    """The gradient reaches the policy; through an action, it reaches what the value depends on."""
    q, log_alpha, log_prob = (torch.zeros(2, requires_grad=True), torch.zeros((), requires_grad=True), torch.zeros(2))
    assert not discrete_soft_policy_loss(torch.zeros(1, 2), q.unsqueeze(0), log_alpha).requires_grad

    (slope,) = torch.autograd.grad(soft_policy_loss(log_prob, q, log_alpha).sum(), q)
    assert slope.tolist() == [-1.0, -1.0]


@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (2,)])
def test_shapes_are_not_broadcast(shape):
    """A value is one number a row; so are entropies and their targets."""
    with pytest.raises(ValueError, match="shape"):
        soft_policy_loss(torch.zeros(3), torch.zeros(shape), torch.tensor(0.0))
    with pytest.raises(ValueError, match="shape"):
        discrete_soft_policy_loss(torch.zeros(3, 2), torch.zeros(shape), torch.tensor(0.0))
    with pytest.raises(ValueError, match="shape"):
        temperature_loss(torch.tensor(0.0), torch.zeros(3), torch.zeros(shape))


def test_temperatures_move_against_the_gap():
    """Too little entropy: a step against the gradient raises log α, by as much as there is too little."""
    for entropy, due in ((-5.0, -2.0), (-3.0, 0.0), (1.0, 4.0)):
        log_alpha = torch.tensor(1.5, requires_grad=True)
        loss = temperature_loss(log_alpha, torch.tensor([entropy]), -3.0).sum()
        assert torch.autograd.grad(loss, log_alpha)[0].item() == due


def test_the_target_of_a_box_is_that_of_a_gaussian_of_its_width():
    """e = H of a Gaussian of σ in units of half widths, whatever the bounds are."""
    sigma, low, high = 0.1, (-1.0, 0.0, -8.0), (1.0, 0.5, 24.0)
    per_component = float(gaussian_entropy(torch.tensor([[math.log(sigma)]], dtype=torch.float64)))
    half = torch.tensor([1.0, 0.25, 16.0], dtype=torch.float64)

    due = float(gaussian_entropy((half * sigma).log().unsqueeze(0)))

    assert box_entropy(per_component, low, high) == pytest.approx(due)
    assert box_entropy(-1.0, (-1.0,) * 6, (1.0,) * 6) == -6.0


def test_the_greatest_entropy_is_of_what_is_legal():
    """One entry is certain; over several choices it is the sum; a padded row without any is finite."""
    mask = torch.tensor([[True, False, True, True], [False, True, False, False], [False] * 4])

    torch.testing.assert_close(greatest_entropy(mask), torch.tensor([math.log(3), 0.0, 0.0]))
    torch.testing.assert_close(greatest_entropy(mask.unsqueeze(0)), torch.tensor([math.log(3)]))

"""Hand-worked terms of policy gradients."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks.functional import (
    adapted_penalty,
    clipped_surrogate,
    clipped_value_error,
    divergence,
    is_outside,
    only_counted,
    policy_gradient,
    weighted_average,
)

LOG_RATIOS = st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=6)


def test_policy_gradient_terms():
    """−2·(−½) and −(−1)·(−2); the advantage is a constant."""
    advantage = torch.tensor([2.0, -1.0], requires_grad=True)

    rows = policy_gradient(torch.tensor([-0.5, -2.0]), advantage)

    assert rows.tolist() == [1.0, -2.0]
    assert not rows.requires_grad


@pytest.mark.parametrize(
    ("ratio", "advantage", "term"),
    [
        (2.0, 1.0, -1.25),  # has gained enough
        (2.0, -1.0, 2.0),  # has lost, and all of it counts
        (0.5, 1.0, -0.5),  # has lost, and all of it counts
        (0.5, -1.0, 0.75),  # has gained enough
        (1.125, 4.0, -4.5),  # within the clip
        (0.875, -4.0, 3.5),
        (1.0, 0.0, 0.0),
    ],
)
def test_clipped_surrogates(ratio, advantage, term):
    """All four corners of figure 1 of the paper, with ε = ¼."""
    found = clipped_surrogate(torch.tensor([math.log(ratio)]), torch.tensor([advantage]), 0.25)

    assert found.item() == pytest.approx(term, rel=1e-6)


def test_a_clip_may_be_a_tensor():
    """A schedule's present value gives what the number gives, and does not change the type of the rows."""
    log_ratio, advantage = torch.linspace(-1, 1, 9), torch.ones(9)
    present = torch.tensor(0.2, dtype=torch.float64)

    found = clipped_surrogate(log_ratio, advantage, present)

    assert found.dtype == torch.float32
    torch.testing.assert_close(found, clipped_surrogate(log_ratio, advantage, 0.2))
    assert is_outside(log_ratio, present).tolist() == is_outside(log_ratio, 0.2).tolist()


@given(LOG_RATIOS)
@settings(derandomize=True, deadline=None, max_examples=50)
def test_divergences_are_never_negative(values):
    """(r − 1) − log r is at least 0 in float32 too, however near r is to 1."""
    log_ratio = torch.tensor(values)

    for shrunk in (log_ratio, log_ratio * 1e-4, log_ratio * 1e-8):
        assert bool((divergence(shrunk) >= 0).all())


def test_the_gradient_of_the_divergence_is_right_on_average():
    """Over all actions, each as often as the old policy takes it, it is the gradient of KL(π_old ‖ π)."""
    old = torch.tensor([0.1, 0.6, 0.3], dtype=torch.float64)
    logits = torch.tensor([0.3, -0.2, 1.0], dtype=torch.float64, requires_grad=True)
    new = logits.log_softmax(0)

    (found,) = torch.autograd.grad((old * divergence(new - old.log())).sum(), logits, retain_graph=True)
    (due,) = torch.autograd.grad((old * (old.log() - new)).sum(), logits)

    torch.testing.assert_close(found, due)


def test_which_ratios_are_outside():
    """|r − 1| > ε, on both sides, as a share without gradient."""
    log_ratio = torch.tensor([1.0, 1.19, 1.21, 0.81, 0.79]).log().requires_grad_()

    found = is_outside(log_ratio, 0.2)

    assert found.tolist() == [0.0, 0.0, 1.0, 0.0, 1.0]
    assert not found.requires_grad


def test_penalties_adapt():
    """Halved below d_targ/1.5, doubled above 1.5·d_targ, and left alone between and for NaN."""
    beta = torch.tensor(3.0)
    kls = (0.0, 0.0066, 0.0067, 0.01, 0.0149, 0.0151, math.nan)

    found = [adapted_penalty(beta, torch.tensor(kl), 0.01).item() for kl in kls]

    assert found == [1.5, 1.5, 3.0, 3.0, 3.0, 6.0, 3.0]
    assert adapted_penalty(beta, torch.tensor(0.01), 0.01).data_ptr() != beta.data_ptr()


def test_a_penalty_never_becomes_0():
    """It would stay 0 however far the policy moved."""
    beta = torch.tensor(1.0)
    for _ in range(1000):
        beta = adapted_penalty(beta, torch.tensor(0.0), 0.01)
    for _ in range(40):
        beta = adapted_penalty(beta, torch.tensor(1.0), 0.01)

    assert beta > 1


def test_clipped_value_errors():
    """V_old = 0, ε = ½: V = 1 stands for ½ where that is farther from R, and for itself where not."""
    value, old = torch.ones(4), torch.zeros(4)

    found = clipped_value_error(value, old, torch.tensor([3.0, 1.0, 0.0, 0.75]), 0.5)

    assert found.tolist() == [6.25, 0.25, 1.0, 0.0625]


def test_averages_by_weight():
    """(2·1 + 1·4) / 3; a number is a weight for all; no weight at all gives 0; neither argument gets a gradient."""
    rows = torch.tensor([1.0, 4.0, 9.0], requires_grad=True)
    weight = torch.tensor([2.0, 1.0, 0.0], requires_grad=True)

    found = weighted_average(rows, weight)

    assert found.item() == 2.0
    assert not found.requires_grad
    assert weighted_average(rows, 1).item() == pytest.approx(14 / 3)
    assert weighted_average(rows, torch.zeros(3)).item() == 0.0


@pytest.mark.parametrize("garbage", [math.nan, math.inf, -math.inf, 1e30])
def test_rows_without_weight_do_not_count(garbage):
    """Their value is 0 and so is their gradient, whatever is computed of them."""
    rows = torch.tensor([1.0, garbage], requires_grad=True)

    kept = only_counted(rows, torch.tensor([0.5, 0.0]))
    (gradient,) = torch.autograd.grad(kept.exp().sum(), rows)

    assert kept.tolist() == [1.0, 0.0]
    assert gradient.tolist() == [pytest.approx(math.e), 0.0]
    assert only_counted(rows, 1) is rows


@pytest.mark.parametrize("function", [only_counted, weighted_average])
def test_weights_of_another_shape_are_refused(function):
    """With both shapes."""
    with pytest.raises(ValueError, match=r"weight has shape \(3, 1\), but row has shape \(3,\)"):
        function(torch.zeros(3), torch.zeros(3, 1))

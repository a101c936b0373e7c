"""Categorical policies as functions: numbers worked by hand, what is refused; laws are in tests/test_laws.py."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rlblocks.functional import (
    categorical_entropy,
    categorical_log_prob,
    categorical_mode,
    categorical_sample,
    legal_logits,
    total_of_row,
)

SETTINGS = settings(derandomize=True, deadline=None, max_examples=25)
LOGITS = torch.tensor([[0.0, math.log(3.0)], [math.log(4.0), 0.0]])  # ¼ and ¾; ⅘ and ⅕


def test_log_probabilities_worked_by_hand():
    """The logarithms of ¾ and ⅕, and of ½·⅓ for two choices."""
    two = torch.tensor([[[0.0, 0.0, -math.inf], [0.0, 0.0, 0.0]]])

    assert_close(categorical_log_prob(LOGITS, torch.tensor([1, 1])).exp(), torch.tensor([0.75, 0.2]))
    assert_close(categorical_log_prob(two, torch.tensor([[1, 2]])).exp(), torch.tensor([1 / 6]))


def test_an_entropy_worked_by_hand():
    """Of n equal entries it is log n, of one entry 0, and choices add up."""
    two = torch.tensor([[[0.0, 0.0, -math.inf], [5.0, 5.0, 5.0]], [[0.0, -math.inf, -math.inf], [1e4, 0.0, 0.0]]])

    assert_close(categorical_entropy(two), torch.tensor([math.log(6.0), 0.0]))


def test_a_draw_goes_over_at_the_distribution_function():
    """Just below ¼ it is the first entry, at ¼ the second; and each choice has a draw of its own."""
    below, at = 0.25 - 2**-25, 0.25

    assert categorical_sample(torch.tensor([below, at]), LOGITS[[0, 0]]).tolist() == [0, 1]
    assert categorical_sample(torch.tensor([[at, 0.9], [below, 0.7]]), torch.stack([LOGITS, LOGITS])).tolist() == [
        [1, 1], [0, 0],
    ]  # fmt: skip


def test_the_mode_is_the_first_greatest():
    """Of two alike the first, choice by choice."""
    assert categorical_mode(torch.tensor([[[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]]])).tolist() == [[0, 1]]


def test_a_row_is_summed_whole():
    """Whatever the shape of an action; a number a row stays as it is."""
    assert total_of_row(torch.ones(2, 3, 4)).tolist() == [12.0, 12.0]
    assert total_of_row(torch.ones(0, 3)).shape == (0,)
    assert total_of_row(torch.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_a_mask_forgets_what_is_illegal():
    """NaN and ∞ there are not used, and a choice without a legal entry keeps what exists."""
    logits = torch.tensor([[math.nan, 1.0, math.inf], [2.0, -math.inf, 1.0]])
    mask = torch.tensor([[False, True, False], [False, True, False]])

    assert legal_logits(logits, mask).tolist() == [[-math.inf, 1.0, -math.inf], [2.0, -math.inf, 1.0]]


def test_a_mask_is_not_broadcast():
    """`[A]` and `[B, 1]` are refused, with both shapes."""
    for shape in ((2,), (2, 1)):
        with pytest.raises(ValueError, match=r"does not fit logits of \(2, 2\)"):
            legal_logits(LOGITS, torch.ones(shape, dtype=torch.bool))


@pytest.mark.parametrize("shape", [(2, 1), (1,), (2, 2)])
def test_one_number_is_due_for_each_choice(shape):
    """Noise and actions of another shape are refused, never broadcast."""
    with pytest.raises(ValueError, match=r"noise has shape .* one for each choice, \(2,\)"):
        categorical_sample(torch.zeros(shape), LOGITS)
    with pytest.raises(ValueError, match=r"action has shape .* one for each choice, \(2,\)"):
        categorical_log_prob(LOGITS, torch.zeros(shape, dtype=torch.int64))


@SETTINGS
@given(st.integers(1, 5), st.integers(0, 2**31), st.floats(-1e4, 1e4))
def test_a_constant_on_all_logits_is_nothing(entries, seed, shift):
    """Log-probability, entropy and mode stay, in float64."""
    logits = torch.randn(3, entries, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    action = torch.zeros(3, dtype=torch.int64)

    assert_close(categorical_log_prob(logits + shift, action), categorical_log_prob(logits, action))
    assert_close(categorical_entropy(logits + shift), categorical_entropy(logits))
    assert torch.equal(categorical_mode(logits + shift), categorical_mode(logits))


def test_no_gradient_where_no_entry_is():
    """An entry of −∞ gets a gradient of exactly 0, in log-probability and entropy; the others add up to 0."""
    logits = torch.tensor([[1.0, -math.inf, 3.0]], requires_grad=True)
    for said in (categorical_log_prob(logits, torch.tensor([0])), categorical_entropy(logits)):
        (gradient,) = torch.autograd.grad(said.sum(), logits)

        assert gradient[0, 1] == 0
        assert gradient.isfinite().all()
        assert abs(float(gradient.sum())) < 1e-6
        assert gradient.abs().max() > 1e-3

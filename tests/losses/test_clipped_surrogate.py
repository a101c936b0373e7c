"""The clipped surrogate; its laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks.losses import ClippedSurrogate
from rlblocks.schedules import Constant

CLIP = torch.tensor(0.25, dtype=torch.float64)


def rows(ratios, advantages, **others):
    """Arguments of `compute` with these ratios, the old probabilities being ¼."""
    old = torch.full((len(ratios),), 0.25).log()
    return {
        "log_prob": (torch.tensor(ratios) * 0.25).log().requires_grad_(),
        "old_log_prob": old,
        "advantage": torch.tensor(advantages),
        "clip": CLIP,
        **others,
    }


def test_hand_worked_values():
    """Ratios 2 and ½ with advantages 1 and −1: −(1¼ − ¾)/2; both are outside; kl = (2 − 1 − ln 2 + ½ − 1 + ln 2)/2."""
    loss, kl, clip_fraction = ClippedSurrogate().compute(**rows([2.0, 0.5], [1.0, -1.0]))

    assert loss.item() == pytest.approx(-0.25)
    assert kl.item() == pytest.approx(0.25)
    assert clip_fraction.item() == 1.0


def test_what_is_reported_is_of_the_rows_that_are_there():
    """Padding of weight 0 does not count; the other rows count by weight."""
    given = rows([2.0, 1.0, 40.0], [1.0, 1.0, 1.0], weight=torch.tensor([1.5, 1.5, 0.0]))

    loss, kl, clip_fraction = ClippedSurrogate().compute(**given)

    assert loss.item() == pytest.approx(-(1.25 + 1.0) / 2)
    assert kl.item() == pytest.approx((1 - math.log(2)) / 2)
    assert clip_fraction.item() == 0.5


@pytest.mark.parametrize("column", ["log_prob", "old_log_prob", "advantage"])
@pytest.mark.parametrize("garbage", [math.nan, math.inf, 1e30])
def test_padding_may_hold_anything(column, garbage):
    """NaN, and ratios beyond every float, in rows of weight 0 touch neither what is written nor the gradient."""
    given = rows([2.0, 1.0], [-1.0, 1.0], weight=torch.tensor([2.0, 0.0]))
    clean = ClippedSurrogate().compute(**given)
    (due,) = torch.autograd.grad(clean[0], given["log_prob"])
    given[column] = given[column].detach().clone()
    given[column][1] = garbage
    log_prob = given["log_prob"] = given["log_prob"].detach().requires_grad_()

    found = ClippedSurrogate().compute(**given)

    assert [value.item() for value in found] == [value.item() for value in clean]
    assert torch.autograd.grad(found[0], log_prob)[0].tolist() == due.tolist()


def test_a_batch_of_padding_alone_is_nothing():
    """Where no row counts, everything is 0, and finite."""
    found = ClippedSurrogate().compute(**rows([2.0, 0.5], [1.0, 1.0], weight=torch.zeros(2)))

    assert [value.item() for value in found] == [0.0, 0.0, 0.0]


def test_an_advantage_that_is_no_number_shows():
    """The loss is NaN, clipped or not, so that the run stops."""
    for ratio in (0.5, 1.0, 2.0):
        assert ClippedSurrogate().compute(**rows([ratio, 1.0], [math.nan, 1.0]))[0].isnan()


def test_a_number_is_a_constant_clip():
    """So that clips can be annealed by a schedule."""
    assert ClippedSurrogate(0.1) == ClippedSurrogate(Constant(0.1))


@pytest.mark.parametrize("clip", [-0.1, math.nan, "wide"])
def test_a_clip_that_makes_no_sense_is_refused(clip):
    """It must be at least 0."""
    with pytest.raises(FieldError, match=r"ClippedSurrogate\.clip"):
        ClippedSurrogate(clip=clip)

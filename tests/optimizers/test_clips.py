"""Limits of the gradient."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from optimizer_laws import law

from rlblocks._core.errors import FieldError
from rlblocks.optimizers import ClipNorm, ClipValue, NoClip

vectors = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8).map(lambda v: torch.tensor(v, dtype=torch.float64))
limits = st.sampled_from([1e-3, 0.5, 1.0, 40.0])


@law
@given(vectors, limits)
def test_the_norm_is_limited_and_the_direction_kept(grad, limit):
    """At most c long, parallel to what it was, and unchanged where it was shorter."""
    found = ClipNorm(limit).compute(grad)

    norm = grad.norm().item()
    assert found.norm().item() <= limit * (1 + 1e-12)
    torch.testing.assert_close(found * norm, grad * found.norm(), rtol=1e-9, atol=1e-9)
    assert norm + 1e-6 > limit or torch.equal(found, grad)


@law
@given(vectors, limits)
def test_clipping_twice_is_clipping_once(grad, limit):
    """Each clip is idempotent, up to the 10⁻⁶ that is added to the norm."""
    for clip in (NoClip(), ClipNorm(limit), ClipValue(limit)):
        once = clip.compute(grad)
        torch.testing.assert_close(clip.compute(once), once, rtol=1e-5 + 1e-6 / limit, atol=0)


@law
@given(vectors, limits)
def test_every_component_is_limited(grad, limit):
    """To [−c, c], and unchanged inside."""
    found = ClipValue(limit).compute(grad)

    inside = grad.abs() <= limit
    assert torch.equal(found[inside], grad[inside])
    assert torch.equal(found[~inside], grad[~inside].sign() * limit)


@law
@given(vectors, limits)
def test_what_is_handed_over_is_only_read(grad, limit):
    """New vectors are returned where anything is computed."""
    before = grad.clone()

    for clip in (ClipNorm(limit), ClipValue(limit)):
        clip.compute(grad).fill_(7)

    assert torch.equal(grad, before)


def test_no_gradient_stays_none():
    """A gradient of 0 has no direction; it is returned as 0, not as NaN."""
    assert ClipNorm(1.0).compute(torch.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_a_nan_is_not_hidden():
    """A broken gradient stays visible to whoever checks it."""
    assert ClipNorm(1.0).compute(torch.tensor([1.0, float("nan")])).isnan().all()


@pytest.mark.parametrize("make", [ClipNorm, ClipValue])
@pytest.mark.parametrize("limit", [0.0, -1.0, float("inf"), True])
def test_a_limit_that_makes_no_sense_is_refused(make, limit):
    """It must be finite and above 0."""
    with pytest.raises(FieldError, match=r"max_"):
        make(limit)

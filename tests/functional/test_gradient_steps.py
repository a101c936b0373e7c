"""Hand-worked steps."""

import pytest
import torch

from rlblocks.functional import adam_step, clip_by_norm, clip_by_value, descend, join, rmsprop_step, sgd_step


def vector(*numbers):
    """A vector in double precision."""
    return torch.tensor(numbers, dtype=torch.float64)


def test_joining_and_descending_keep_one_order():
    """What is joined, subtracted from itself, is 0 everywhere."""
    tensors = [torch.rand(2, 3, generator=torch.Generator().manual_seed(0)), torch.tensor(4.0), torch.ones(1, 2)]

    joined = join(tensors).clone()
    descend(tensors, joined)

    assert joined.shape == (9,)
    assert joined[6:].tolist() == [4.0, 1.0, 1.0]
    assert all((t == 0).all() for t in tensors)


def test_tensors_that_are_not_contiguous_are_joined_row_by_row():
    """A transposed tensor is read as it is seen."""
    assert join([torch.arange(4.0).view(2, 2).T, torch.zeros(1)]).tolist() == [0.0, 2.0, 1.0, 3.0, 0.0]


def test_a_step_of_adam():
    """m = ½·2 + ½·4 = 3, v = ¾·8 + ¼·16 = 10, Δ = 0.1·3 / (√10 + 1)."""
    m, v = vector(2.0), vector(8.0)

    step = adam_step(vector(4.0), m, v, step_size=torch.tensor(0.1), damping=torch.tensor(1.0), beta1=0.5, beta2=0.75)

    assert (m.item(), v.item()) == (3.0, 10.0)
    assert step.item() == pytest.approx(0.3 / (10**0.5 + 1), rel=1e-6)  # the 0-dim numbers are float32


def test_a_step_of_rmsprop():
    """v = ¾·12 + ¼·28 → 16 for g² = 28; b = ½·2 + √28 / (4 + 1); Δ = ½·b."""
    v, b = vector(12.0), vector(2.0)

    step = rmsprop_step(vector(28.0**0.5), v, b, lr=torch.tensor(0.5), decay=0.75, eps=1.0, momentum=0.5)

    assert v.item() == pytest.approx(16.0)
    assert b.item() == pytest.approx(1 + 28**0.5 / 5)
    assert step.item() == pytest.approx(b.item() / 2)


def test_a_step_of_gradient_descent():
    """b = ½·2 + 4 = 5, Δ = ¼·5."""
    b = vector(2.0)

    assert sgd_step(vector(4.0), b, lr=torch.tensor(0.25), momentum=0.5).item() == 1.25
    assert b.item() == 5.0


def test_clipping():
    """(3, 4) has length 5; components are clipped one by one."""
    torch.testing.assert_close(clip_by_norm(vector(3.0, 4.0), 1.0), vector(3.0, 4.0) / (5 + 1e-6), rtol=1e-15, atol=0)
    assert clip_by_norm(vector(3.0, 4.0), 6.0).tolist() == [3.0, 4.0]
    assert clip_by_value(vector(3.0, -4.0, 0.5), 1.0).tolist() == [1.0, -1.0, 0.5]

"""Adam with weight decay beside it."""

import optimizer_runs as runs
import pytest
import torch
from optimizer_runs import At

from rlblocks.optimizers import Adam, AdamW


def test_without_decay_it_is_adam():
    """λ = 0 changes no bit."""
    plain, decayed = runs.tensors(0, torch.float32), runs.tensors(0, torch.float32)

    runs.run(Adam(), plain, runs.gradients(torch.float32, steps=5))
    runs.run(AdamW(weight_decay=0.0), decayed, runs.gradients(torch.float32, steps=5))

    assert all(map(torch.equal, plain, decayed))


def test_the_decay_does_not_pass_through_the_moments():
    """With no gradient at all, each step takes the share αλ away and nothing else."""
    param = [torch.tensor([8.0], dtype=torch.float64)]

    runs.run(AdamW(lr=0.5, weight_decay=0.5), param, [[torch.zeros(1, dtype=torch.float64)]] * 2)

    assert param[0].item() == pytest.approx(8.0 * 0.75**2, rel=1e-14)
    assert AdamW(lr=0.5, weight_decay=0.5).decay(At(0)) == 0.25

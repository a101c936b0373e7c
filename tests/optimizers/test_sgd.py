"""Stochastic gradient descent."""

import optimizer_runs as runs
import torch

from rlblocks.optimizers import SGD


def test_hand_worked_values():
    """μ = ½, α = 0.1: gradients 4 and 2 give velocities 4 and 4."""
    param = [torch.tensor([1.0], dtype=torch.float64)]
    grads = [[torch.tensor([g], dtype=torch.float64)] for g in (4.0, 2.0)]

    runs.run(SGD(lr=0.125, momentum=0.5), param, grads)

    assert param[0].item() == 1.0 - 0.125 * 4 - 0.125 * 4


def test_without_momentum_it_follows_the_gradient():
    """θ − α·g, bit for bit."""
    params, grads = runs.tensors(0, torch.float32), runs.gradients(torch.float32, steps=1)

    runs.run(SGD(lr=0.5), params, grads)

    assert all(
        torch.equal(p, was - 0.5 * g)
        for p, was, g in zip(params, runs.tensors(0, torch.float32), grads[0], strict=True)
    )

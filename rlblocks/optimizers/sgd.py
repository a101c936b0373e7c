"""Stochastic gradient descent."""

from __future__ import annotations

import torch
from torch import Tensor

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import scheduled
from rlblocks.optimizers.base import Carry, Clip, Optimizer
from rlblocks.optimizers.clips import NoClip
from rlblocks.schedules import Schedule


@block("sgd")
class SGD(Optimizer):
    """Gradient descent with heavy-ball momentum: b ← μb + g, θ ← θ − α·b (Polyak, 1964).

    Attributes:
        lr: α, at least 0; a schedule or a number.
        momentum: μ in [0, 1); at 0 it is plain gradient descent.
        clip: how gradients are limited first.

    >>> theta = [torch.tensor([1.0])]
    >>> sgd = SGD()
    >>> sgd.compute(params=theta, grads=[torch.tensor([4.0])], carry=sgd.init(theta), lr=torch.tensor(0.1))
    >>> theta
    [tensor([0.6000])]
    """

    equation = "b ← μb + g, θ ← θ − α·b"
    inputs = {"lr": scheduled("lr")}

    lr: Schedule = fields.schedule(1e-2, ge=0.0)
    momentum: float = fields.number(0.0, ge=0.0, lt=1.0)
    clip: Clip = fields.slot("clips", NoClip)

    def init(self, params: list[Tensor]) -> Carry:
        """b = 0."""
        return {"velocity": [torch.zeros_like(p) for p in params]}

    def compute(self, *, params: list[Tensor], grads: list[Tensor], carry: Carry, lr: Tensor) -> None:
        """One step, in place."""
        functional.sgd_step(params, self.clip.compute(grads), carry["velocity"], lr, momentum=self.momentum)

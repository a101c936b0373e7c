"""Stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import scheduled
from rlblocks.optimizers.base import Carry, Clip, Optimizer, zeros
from rlblocks.optimizers.clips import NoClip
from rlblocks.schedules import Schedule

if TYPE_CHECKING:
    from torch import Tensor


@block("sgd")
class SGD(Optimizer):
    """Gradient descent with heavy-ball momentum: b ← μb + g, θ ← θ − α·b (Polyak, 1964).

    Attributes:
        lr: α, at least 0; a schedule or a number.
        momentum: μ in [0, 1); at 0 the velocity b is the gradient.
        clip: how the gradient is limited first.

    >>> import torch
    >>> theta, sgd = [torch.tensor([1.0])], SGD()
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
        """A velocity b of 0."""
        return {"velocity": zeros(params)}

    def compute(self, *, params: list[Tensor], grads: list[Tensor], carry: Carry, lr: Tensor) -> None:
        """One step, in place."""
        grad = self.clip.compute(functional.join(grads))
        (velocity,) = carry["velocity"]
        functional.descend(params, functional.sgd_step(grad, velocity, lr=lr, momentum=self.momentum))

"""RMSprop."""

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


@block("rmsprop")
class RMSprop(Optimizer):
    """RMSprop with momentum: v ← ρv + (1 − ρ)g², b ← μb + g / (√v + ε), θ ← θ − α·b.

    Tieleman and Hinton, 2012, lecture 6.5.

    Attributes:
        lr: α, at least 0; a schedule or a number.
        decay: ρ in [0, 1).
        eps: ε above 0, added outside the root.
        momentum: μ in [0, 1).
        clip: how the gradient is limited first.

    >>> import torch
    >>> theta, rmsprop = [torch.tensor([1.0])], RMSprop(decay=0.75)
    >>> rmsprop.compute(params=theta, grads=[torch.tensor([4.0])], carry=rmsprop.init(theta), lr=torch.tensor(0.1))
    >>> theta
    [tensor([0.8000])]

    Differs from Mnih et al., 2015: theirs subtracts the square of the mean gradient under the root (centred) and adds ε
    inside it.
    """

    equation = "v ← ρv + (1 − ρ)g², b ← μb + g / (√v + ε), θ ← θ − α·b"
    inputs = {"lr": scheduled("lr")}

    lr: Schedule = fields.schedule(1e-3, ge=0.0)
    decay: float = fields.number(0.99, ge=0.0, lt=1.0)
    eps: float = fields.number(1e-8, gt=0.0)
    momentum: float = fields.number(0.0, ge=0.0, lt=1.0)
    clip: Clip = fields.slot("clips", NoClip)

    def init(self, params: list[Tensor]) -> Carry:
        """Both 0: `square` is v, `velocity` is b."""
        return {"square": zeros(params), "velocity": zeros(params)}

    def compute(self, *, params: list[Tensor], grads: list[Tensor], carry: Carry, lr: Tensor) -> None:
        """One step, in place."""
        grad = self.clip.compute(functional.join(grads))
        (square,), (velocity,) = carry["square"], carry["velocity"]
        step = functional.rmsprop_step(
            grad, square, velocity, lr=lr, decay=self.decay, eps=self.eps, momentum=self.momentum
        )
        functional.descend(params, step)

"""Adam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import scheduled
from rlblocks.optimizers._bias_correction import corrected_step_size, root_of_correction
from rlblocks.optimizers.base import Carry, Clip, Optimizer, zeros
from rlblocks.optimizers.clips import NoClip
from rlblocks.schedules import Schedule

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks._core.clocks import Times


@block("adam")
class Adam(Optimizer):
    """Adam: θ ← θ − α·m̂ / (√v̂ + ε), with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) (Kingma and Ba, 2015, algorithm 1).

    m and v are running means of the gradient and of its square.

    Attributes:
        lr: α, at least 0; a schedule or a number.
        beta1: β₁ in [0, 1).
        beta2: β₂ in [0, 1).
        eps: ε above 0.
        clip: how the gradient is limited first.

    >>> import torch
    >>> theta, adam = [torch.tensor([1.0])], Adam(lr=0.1)
    >>> first_step = {"step_size": torch.tensor(0.1 * 0.001**0.5 / 0.1), "damping": torch.tensor(1e-8 * 0.001**0.5)}
    >>> adam.compute(params=theta, grads=[torch.tensor([5.0])], carry=adam.init(theta), **first_step)
    >>> theta
    [tensor([0.9000])]
    """

    equation = "θ ← θ − α·m̂ / (√v̂ + ε)"
    inputs = {"step_size": scheduled("step_size"), "damping": scheduled("damping")}

    lr: Schedule = fields.schedule(1e-3, ge=0.0)
    beta1: float = fields.number(0.9, ge=0.0, lt=1.0)
    beta2: float = fields.number(0.999, ge=0.0, lt=1.0)
    eps: float = fields.number(1e-8, gt=0.0)
    clip: Clip = fields.slot("clips", NoClip)

    def step_size(self, times: Times) -> float:
        """αₜ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ): the learning rate with both bias corrections."""
        return corrected_step_size(self.lr.value(times), self.beta1, self.beta2, times)

    def damping(self, times: Times) -> float:
        """ε̂ = ε·√(1 − β₂ᵗ)."""
        return self.eps * root_of_correction(self.beta2, times)

    def init(self, params: list[Tensor]) -> Carry:
        """Both moments 0: `mean` is m, `square` is v."""
        return {"mean": zeros(params), "square": zeros(params)}

    def compute(
        self, *, params: list[Tensor], grads: list[Tensor], carry: Carry, step_size: Tensor, damping: Tensor
    ) -> None:
        """One step, in place."""
        grad = self.clip.compute(functional.join(grads))
        (mean,), (square,) = carry["mean"], carry["square"]
        step = functional.adam_step(
            grad, mean, square, step_size=step_size, damping=damping, beta1=self.beta1, beta2=self.beta2
        )
        functional.descend(params, step)

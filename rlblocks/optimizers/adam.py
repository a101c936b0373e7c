"""Adam, and Adam with weight decay beside it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import Times
from rlblocks._core.declare import scheduled
from rlblocks.optimizers.base import Carry, Clip, Optimizer
from rlblocks.optimizers.clips import NoClip
from rlblocks.schedules import Schedule


def _root_of_correction(beta2: float, times: Times) -> float:
    """√(1 − β₂ᵗ) for the step that is about to be taken, t = updates + 1, without cancellation at β₂ near 1."""
    return math.sqrt(-math.expm1((times.updates + 1) * math.log(beta2))) if beta2 else 1.0


def _step_size(lr: float, beta1: float, beta2: float, times: Times) -> float:
    """αₜ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ) (Kingma and Ba, 2015, end of section 2)."""
    return lr * _root_of_correction(beta2, times) / (1 - beta1 ** (times.updates + 1))


@block("adam")
class Adam(Optimizer):
    """Adam: θ ← θ − α·m̂ / (√v̂ + ε), with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) (Kingma and Ba, 2015, algorithm 1).

    m and v are running means of the gradient and of its square.

    Attributes:
        lr: α, at least 0; a schedule or a number.
        beta1: β₁ in [0, 1).
        beta2: β₂ in [0, 1).
        eps: ε above 0. Settings for Atari often have 1.5e-4.
        clip: how gradients are limited first.

    >>> theta = [torch.tensor([1.0])]
    >>> adam = Adam(lr=0.1)
    >>> carry = adam.init(theta)
    >>> step = {"step_size": torch.tensor(0.0316), "damping": torch.tensor(3e-10)}  # the run computes them
    >>> adam.compute(params=theta, grads=[torch.tensor([5.0])], carry=carry, **step)
    >>> theta
    [tensor([0.9001])]
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
        return _step_size(self.lr.value(times), self.beta1, self.beta2, times)

    def damping(self, times: Times) -> float:
        """ε̂ = ε·√(1 − β₂ᵗ)."""
        return self.eps * _root_of_correction(self.beta2, times)

    def init(self, params: list[Tensor]) -> Carry:
        """m and v, both 0."""
        return {"mean": [torch.zeros_like(p) for p in params], "square": [torch.zeros_like(p) for p in params]}

    def compute(
        self, *, params: list[Tensor], grads: list[Tensor], carry: Carry, step_size: Tensor, damping: Tensor
    ) -> None:
        """One step, in place."""
        functional.adam_step(
            params, self.clip.compute(grads), carry["mean"], carry["square"], step_size, damping,
            beta1=self.beta1, beta2=self.beta2,
        )  # fmt: skip


@block("adam_w")
class AdamW(Optimizer):
    """Adam with decoupled weight decay: θ ← (1 − αλ)θ − α·m̂ / (√v̂ + ε) (Loshchilov and Hutter, 2019, algorithm 2).

    Attributes:
        lr: α, at least 0; a schedule or a number.
        beta1: β₁ in [0, 1).
        beta2: β₂ in [0, 1).
        eps: ε above 0.
        weight_decay: λ, at least 0.
        clip: how gradients are limited first.

    >>> theta = [torch.tensor([1.0])]
    >>> adam = AdamW(lr=0.1, weight_decay=0.5)
    >>> step = {"step_size": torch.tensor(0.0316), "damping": torch.tensor(3e-10), "keep": torch.tensor(0.95)}
    >>> adam.compute(params=theta, grads=[torch.tensor([5.0])], carry=adam.init(theta), **step)
    >>> theta
    [tensor([0.8501])]

    Differs from the paper: the decay is multiplied by the learning rate α, as in `torch.optim.AdamW`, not by a multiplier
    of its own.
    """

    equation = "θ ← (1 − αλ)θ − α·m̂ / (√v̂ + ε)"
    inputs = {"step_size": scheduled("step_size"), "damping": scheduled("damping"), "keep": scheduled("keep")}

    lr: Schedule = fields.schedule(1e-3, ge=0.0)
    beta1: float = fields.number(0.9, ge=0.0, lt=1.0)
    beta2: float = fields.number(0.999, ge=0.0, lt=1.0)
    eps: float = fields.number(1e-8, gt=0.0)
    weight_decay: float = fields.number(1e-2, ge=0.0)
    clip: Clip = fields.slot("clips", NoClip)

    def step_size(self, times: Times) -> float:
        """αₜ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ): the learning rate with both bias corrections."""
        return _step_size(self.lr.value(times), self.beta1, self.beta2, times)

    def damping(self, times: Times) -> float:
        """ε̂ = ε·√(1 − β₂ᵗ)."""
        return self.eps * _root_of_correction(self.beta2, times)

    def keep(self, times: Times) -> float:
        """1 − αλ: the share of a parameter that one step keeps."""
        return 1.0 - self.lr.value(times) * self.weight_decay

    def init(self, params: list[Tensor]) -> Carry:
        """m and v, both 0."""
        return {"mean": [torch.zeros_like(p) for p in params], "square": [torch.zeros_like(p) for p in params]}

    def compute(
        self,
        *,
        params: list[Tensor],
        grads: list[Tensor],
        carry: Carry,
        step_size: Tensor,
        damping: Tensor,
        keep: Tensor,
    ) -> None:
        """One step, in place."""
        torch._foreach_mul_(params, keep)
        functional.adam_step(
            params, self.clip.compute(grads), carry["mean"], carry["square"], step_size, damping,
            beta1=self.beta1, beta2=self.beta2,
        )  # fmt: skip

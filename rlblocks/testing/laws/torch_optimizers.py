"""OPT: that an optimizer of torch's name takes torch's steps."""

from __future__ import annotations

from typing import Any

import torch

from rlblocks.optimizers import ClipNorm, ClipValue, NoClip
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing._tensor_calls import steps
from rlblocks.testing.laws.optimizers import Params, copied, drawn
from rlblocks.testing.strategies import Moment


def _adam(block: Any, params: Params) -> torch.optim.Optimizer:
    return torch.optim.Adam(params, betas=(block.beta1, block.beta2), eps=block.eps)


def _adam_w(block: Any, params: Params) -> torch.optim.Optimizer:
    return torch.optim.AdamW(params, betas=(block.beta1, block.beta2), eps=block.eps, weight_decay=block.weight_decay)


def _rmsprop(block: Any, params: Params) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(params, alpha=block.decay, eps=block.eps, momentum=block.momentum)


def _sgd(block: Any, params: Params) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, momentum=block.momentum)


TORCHS = {"adam": _adam, "adam_w": _adam_w, "rmsprop": _rmsprop, "sgd": _sgd}


def known(block: Any) -> str:
    """Whether torch has the same optimizer and clip."""
    if oracles.like(block) not in TORCHS:
        return f"torch has no oracle for {oracles.like(block)!r}"
    clips = isinstance(block.clip, NoClip | ClipNorm | ClipValue)
    return "" if clips else "its clip is none of torch's"


@law("OPT-1", role="optimizers", since="0.1", needs=known, examples=25)
def equals_torchs(case: Case) -> None:
    """It takes the steps of torch's optimizer of the same name.

    Six steps, clip and schedule included, in float64.

    Formula: adam: θ ← θ − η·m̂/(√v̂ + ε), m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 −
    β₂ᵗ); adam_w: besides, θ ← θ − ηλθ; rmsprop: θ ← θ − η·g/(√v + ε); sgd: b ← μb + g, θ ← θ − η·b

    Reference: Kingma and Ba (2015), algorithm 1; Loshchilov and Hutter (2019), algorithm 2; Tieleman and Hinton (2012).
    """
    params, grads = drawn(case, 6)
    for taken in (1, 2, 6):
        ours, theirs = both(case.block, params, grads[:taken])
        for found, due in zip(ours, theirs, strict=True):
            close(found, due, f"after {taken} steps a parameter", rtol=1e-9)


def both(block: Any, params: Params, grads: list[Params]) -> tuple[Params, Params]:
    """The parameters after some steps of a block, and after those of torch's optimizer and clip."""
    ours, theirs = copied(params), [t.clone().requires_grad_() for t in params]
    steps(block, ours, block.init(ours), grads)
    torchs = TORCHS[oracles.like(block)](block, theirs)
    for k, grad in enumerate(grads):
        for leaf, g in zip(theirs, grad, strict=True):
            leaf.grad = g.clone()
        if isinstance(block.clip, ClipNorm):
            torch.nn.utils.clip_grad_norm_(theirs, block.clip.max_norm)
        if isinstance(block.clip, ClipValue):
            torch.nn.utils.clip_grad_value_(theirs, block.clip.max_value)
        torchs.param_groups[0]["lr"] = block.lr.value(Moment(k, k, k))
        torchs.step()
    return ours, [t.detach() for t in theirs]


@law("OPT-1a", role="optimizers", since="0.1", needs=known, examples=1)
def long_runs_equal_torchs(case: Case) -> None:
    """A hundred steps on gradients of very different sizes end where torch's do.

    To 10⁻¹² in double and 10⁻⁵ in single precision (one rounding a step), relative to the largest parameter.
    """
    for kind, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        generator = torch.Generator().manual_seed(0)
        params = [torch.randn(shape, generator=generator, dtype=kind) for shape in ((4, 3), (4,), ())]
        grads = [
            [10.0 ** (k % 5 - 3) * torch.randn(p.shape, generator=generator, dtype=kind) for p in params]
            for k in range(100)
        ]
        ours, theirs = both(case.block, params, grads)
        size = max(float(p.abs().max()) for p in theirs)
        worst = max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True)) / size
        require(worst <= tolerance, f"in {kind} it is {worst:.2g} away")

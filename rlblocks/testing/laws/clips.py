"""CLP: what every limit of a gradient obeys: it shortens, it never turns, and small gradients pass."""

from __future__ import annotations

import math
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law

CLIPS = ("no_clip", "clip_norm", "clip_value")


def known(block: Block) -> str:
    """Whether torch has the same clip."""
    return "" if oracles.like(block) in CLIPS else f"the kit has no oracle for {oracles.like(block)!r}"


def _torchs(block: Any, grad: Tensor) -> Tensor:
    """What torch makes of a gradient."""
    leaf = torch.zeros_like(grad).requires_grad_()
    leaf.grad = grad.clone()
    if oracles.like(block) == "clip_norm":
        torch.nn.utils.clip_grad_norm_([leaf], block.max_norm)
    elif oracles.like(block) == "clip_value":
        torch.nn.utils.clip_grad_value_([leaf], block.max_value)
    return leaf.grad


@law("CLP-1", role="clips", since="0.1", needs=known, examples=30)
def equals_torchs(case: Case) -> None:
    """It does what torch's function of the same name does.

    `clip_grad_norm_` and `clip_grad_value_` are the oracles.

    Formula: clip_norm: g ← g·min(1, c/‖g‖₂); clip_value: g ← clip(g, −c, c)

    Reference: Pascanu, Mikolov and Bengio (2013), algorithm 1.
    """
    call = case.call()
    close(call()["clipped"], _torchs(case.block, call.inputs["grad"]), "the gradient")


@law("CLP-2", role="clips", since="0.1")
def shapes_are_kept(case: Case) -> None:
    """It returns one vector of the same length and type, and finite of finite ones.

    The gradient of 0 too, where a norm would be divided by.
    """
    call = case.call().to(case.draw(st.sampled_from([torch.float32, torch.float64])))
    for grad in (call.inputs["grad"], torch.zeros_like(call.inputs["grad"])):
        found = call(grad=grad)["clipped"]
        require(
            found.shape == grad.shape and found.dtype == grad.dtype,
            f"of {grad.dtype}{list(grad.shape)} it made {found.dtype}{list(found.shape)}",
        )
        require(bool(found.isfinite().all()), f"of a finite gradient it made {found.tolist()}")


@law("CLP-3", role="clips", since="0.1")
def nothing_grows(case: Case) -> None:
    """No component grows, and none changes its sign.

    Limits shorten.

    Formula: |f(g)ᵢ| ≤ |gᵢ|, sign f(g)ᵢ = sign gᵢ
    """
    call = case.call()
    grad, found = call.inputs["grad"], call()["clipped"]
    require(bool((found.abs() <= grad.abs()).all()), f"a component grew: {grad.tolist()} became {found.tolist()}")
    require(bool((found * grad >= 0).all()), f"a component changed its sign: {grad.tolist()} became {found.tolist()}")
    require(bool(((found != 0) == (grad != 0)).all()), "a component that was not 0 became 0")


@law("CLP-4", role="clips", since="0.1")
def twice_is_once(case: Case) -> None:
    """What has been limited is not limited again.

    Up to rounding.

    Formula: f(f(g)) = f(g)
    """
    call = case.call()
    once = call()["clipped"]
    close(call(grad=once.clone())["clipped"], once, "of a limited gradient, the gradient", rtol=1e-5)


@law("CLP-5", role="clips", since="0.1")
def small_gradients_pass(case: Case) -> None:
    """A small gradient passes as it is.

    At a millionth of the size that a limit is set for.

    Formula: ‖g‖ ≪ c ⇒ f(g) = g
    """
    call = case.call()
    limit = getattr(case.block, "max_norm", getattr(case.block, "max_value", 1.0))
    size = max(float(torch.linalg.vector_norm(call.inputs["grad"])), 1.0)
    small = call.inputs["grad"] * (1e-6 * min(limit, 1.0) / size)
    same(call(grad=small)["clipped"], small, "of a small gradient, the gradient")


@law(
    "CLP-6",
    role="clips",
    since="0.1",
    needs=lambda block: "it limits nothing" if oracles.like(block) == "no_clip" else "",
    covers=("a large gradient",),
)
def large_gradients_are_bounded(case: Case) -> None:
    """However large a gradient, what is left stays within one bound.

    Ten thousand times the gradient gives no more than the declared limit.

    Formula: ‖f(g)‖₂ ≤ max_norm, |f(g)ᵢ| ≤ max_value
    """
    call = case.call()
    huge = call.inputs["grad"] * 1e4
    case.saw("a large gradient", bool(huge.any()))
    found, norm = call(grad=huge)["clipped"], getattr(case.block, "max_norm", math.inf)
    require(
        torch.linalg.vector_norm(found) <= norm * (1 + 1e-5),
        f"the norm is {torch.linalg.vector_norm(found)}, above {norm}",
    )
    component = getattr(case.block, "max_value", math.inf)
    require(bool((found.abs() <= component).all()), f"a component of {found.tolist()} is above {component}")

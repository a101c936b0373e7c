"""OPT: what every optimizer obeys: a step in place, downhill, at the scheduled rate, remembered in its carry alone."""

from __future__ import annotations

import copy
import math
from typing import Any

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks import Updates
from rlblocks._core.block import Block, fields_of
from rlblocks.optimizers import ClipNorm, ClipValue, NoClip
from rlblocks.schedules import Constant, Linear
from rlblocks.testing import oracles
from rlblocks.testing._call import tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._tensor_calls import numbers_of, shapes, steps, tensors
from rlblocks.testing.strategies import Moment

Params = list[Tensor]


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


def has_rate(block: Block) -> str:
    """Whether the learning rate is a field, which laws can set."""
    return "" if "lr" in fields_of(type(block)) else "its learning rate is no field"


def drawn(case: Case, count: int) -> tuple[Params, list[Params]]:
    """Parameters and the gradients of some steps, in float64."""
    like = case.draw(shapes())
    params = [t.double() for t in case.draw(tensors(like), "params")]
    return params, [[t.double() for t in case.draw(tensors(like), f"grads_{k}")] for k in range(count)]


def copied(params: Params) -> Params:
    """The same numbers in tensors of their own."""
    return [t.clone() for t in params]


@law("OPT-1", role="optimizers", since="0.1", needs=known, examples=25)
def equals_torchs(case: Case) -> None:
    """It takes the steps of torch's optimizer of the same name.

    Six steps, clip and schedule included, in float64.
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


@law("OPT-2", role="optimizers", since="0.1")
def it_writes_in_place(case: Case) -> None:
    """It writes parameters and carry in place, and only reads gradients.

    The tensors stay the same objects, in their own types, without a graph.
    """
    block = case.block
    params, (grad,) = drawn(case, 1)
    carry = block.init(params)
    where = [t.data_ptr() for t in (*params, *tensors_in(carry))]
    before = copied(grad)
    steps(block, params, carry, [grad])
    require(
        [t.data_ptr() for t in (*params, *tensors_in(carry))] == where,
        "a parameter or a part of the carry was replaced",
    )
    require(all(t.dtype == torch.float64 for t in params), "a parameter changed its type")
    require(not any(t.requires_grad for t in (*params, *tensors_in(carry))), "something carries a gradient")
    same(grad, before, "the gradients")


@law("OPT-3", role="optimizers", since="0.1", needs=has_rate)
def no_rate_no_step(case: Case) -> None:
    """At a learning rate of 0 nothing moves.

    Whatever has been remembered.
    """
    block = case.block
    params, grads = drawn(case, 3)
    carry = block.init(params)
    steps(block, params, carry, grads[:2])
    before, still = copied(params), attrs.evolve(block, lr=Constant(0.0))
    steps(still, params, carry, grads[2:], start=2)
    same(params, before, "the parameters")


@law("OPT-4", role="optimizers", since="0.1", examples=8)
def carries_are_fresh(case: Case) -> None:
    """A new carry is new: as many numbers, sharing nothing with the parameters.

    Two carries of the same parameters share nothing either, and each is on their device and in their type.
    """
    params, _ = drawn(case, 0)
    one, two = case.block.init(params), case.block.init(params)
    seen = [t.untyped_storage().data_ptr() for t in (*params, *tensors_in(one), *tensors_in(two)) if t.numel()]
    require(len(set(seen)) == len(seen), "the carry shares memory with the parameters, or with another carry")
    floats = [t for t in tensors_in(one) if t.is_floating_point()]
    require(all(t.dtype == torch.float64 for t in floats), "the carry of float64 parameters is in another type")


@law("OPT-5", role="optimizers", since="0.1")
def it_resumes_exactly(case: Case) -> None:
    """Copied in the middle, parameters, carry and number of updates go on bit-equal.

    Nothing else is remembered, so that a checkpoint of these is enough.
    """
    block = case.block
    params, grads = drawn(case, 5)
    carry = block.init(params)
    steps(block, params, carry, grads[:2])
    saved, kept = copy.deepcopy((params, carry))
    steps(block, params, carry, grads[2:], start=2)
    other, unlike = drawn(case, 1)
    steps(block, other, block.init(other), unlike)
    steps(block, saved, kept, grads[2:], start=2)
    same((saved, kept), (params, carry), "of the copy, parameters and carry")


@law("OPT-6", role="optimizers", since="0.1")
def division_does_not_matter(case: Case) -> None:
    """How the parameters are divided into tensors does not matter.

    One vector of all numbers takes the same steps; a norm is that of all of them.
    """
    block = case.block
    params, grads = drawn(case, 3)
    joined, flat = [torch.cat([t.flatten() for t in params])], [[torch.cat([t.flatten() for t in g])] for g in grads]
    steps(block, params, block.init(params), grads)
    steps(block, joined, block.init(joined), flat)
    close(torch.cat([t.flatten() for t in params]), joined[0], "a parameter", rtol=1e-12)


@law("OPT-7", role="optimizers", since="0.1", needs=has_rate)
def it_descends(case: Case) -> None:
    """Small steps descend.

    The first step at a small rate moves no parameter uphill, and every one with a gradient downhill.
    """
    params, (grad,) = drawn(case, 1)
    block = attrs.evolve(case.block, lr=Constant(1e-3), **({"weight_decay": 0.0} if has_decay(case.block) else {}))
    before = copied(params)
    steps(block, params, block.init(params), [grad])
    for new, old, g in zip(params, before, grad, strict=True):
        require(
            bool(((old - new) * g > 0)[g != 0].all()),
            f"of the gradient {g.tolist()} the parameters went from {old.tolist()} to {new.tolist()}",
        )
        require(bool((old == new)[g == 0].all()), "a parameter without a gradient moved")


def has_decay(block: Block) -> bool:
    """Whether an optimizer shrinks parameters besides."""
    return "weight_decay" in fields_of(type(block))


@law("OPT-8", role="optimizers", since="0.1", needs=has_rate)
def the_rate_is_obeyed(case: Case) -> None:
    """The step is proportional to the scheduled learning rate of that update.

    Update k, counted from 0, is taken at the rate of k updates; half the rate is half the step.
    """
    params, grads = drawn(case, 3)
    halved = Linear(0.5, 0.25, over=Updates(2))
    falling, carry = attrs.evolve(case.block, lr=halved), case.block.init(params)
    steps(case.block, params, carry, grads[:2])
    moved = []
    for block in (attrs.evolve(case.block, lr=Constant(0.5)), falling):
        ours, kept = copy.deepcopy((params, carry))
        steps(block, ours, kept, grads[2:], start=2)
        moved.append([new - old for new, old in zip(ours, params, strict=True)])
    for whole, half in zip(*moved, strict=True):
        close(half, whole / 2, "at half the rate, the step", rtol=1e-9)


@law("OPT-9", role="optimizers", since="0.1", examples=10)
def numbers_are_finite(case: Case) -> None:
    """Its numbers are finite at any update, however late.

    The first update, where 1 − βᵗ is smallest, and the last one after a billion.
    """
    updates = case.draw(st.sampled_from([0, 1, 10, 10**6, 10**9, 2**40]), "updates")
    for name, number in numbers_of(case.block, updates).items():
        require(math.isfinite(number), f"{name} is {number} after {updates} updates")


@law("OPT-10", role="optimizers", since="0.1")
def float_types_agree(case: Case) -> None:
    """In float32 it takes the steps of float64, up to rounding.

    Three steps.
    """
    block = case.block
    params, grads = drawn(case, 3)
    single = [t.float() for t in params]
    steps(block, single, block.init(single), [[g.float() for g in grad] for grad in grads])
    steps(block, params, block.init(params), grads)
    for ours, theirs in zip(single, params, strict=True):
        require(ours.dtype == torch.float32, f"parameters in float32 became {ours.dtype}")
        require(
            bool(((ours - theirs).abs() <= 1e-4 * theirs.abs().clamp(min=1)).all()),
            f"{ours.tolist()} in float32, {theirs.tolist()} in float64",
        )


@law(
    "OPT-11",
    role="optimizers",
    since="0.1",
    needs=lambda block: "it shrinks parameters besides" if has_decay(block) else "",
)
def zero_gradients_move_nothing(case: Case) -> None:
    """A zero gradient from the start moves nothing but what decays.

    Nothing is divided by nothing.
    """
    params, (grad,) = drawn(case, 1)
    before, none = copied(params), [torch.zeros_like(g) for g in grad]
    steps(case.block, params, case.block.init(params), [none] * 3)
    same(params, before, "the parameters")

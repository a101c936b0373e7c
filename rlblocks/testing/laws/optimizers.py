"""OPT: what every optimizer obeys: a step in place, downhill, at the scheduled rate, remembered in its carry alone."""

from __future__ import annotations

import copy
import math

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks import Updates
from rlblocks._core.block import Block, fields_of
from rlblocks.schedules import Constant, Linear
from rlblocks.testing._call import tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._tensor_calls import numbers_of, shapes, steps, tensors

Params = list[Tensor]


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

    Formula: η = 0 ⇒ Δθ = 0
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

    Formula: step(θ₁ ∥ θ₂) = step(θ₁, θ₂)
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

    Formula: Δθᵢ·gᵢ < 0 where gᵢ ≠ 0, and Δθᵢ = 0 where gᵢ = 0
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

    Formula: Δθ(η) ∝ η, η_k = η(k updates)
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

    Formula: 1 − βᵗ > 0 for t = 1, and finite for t → ∞

    Reference: Kingma and Ba (2015), section 3.
    """
    updates = case.draw(st.sampled_from([0, 1, 10, 10**6, 10**9, 2**40]), "updates")
    for name, number in numbers_of(case.block, updates).items():
        require(math.isfinite(number), f"{name} is {number} after {updates} updates")


@law("OPT-10", role="optimizers", since="0.1")
def float_types_agree(case: Case) -> None:
    """In float32 it takes the steps of float64, up to rounding.

    Three steps.

    Formula: |θ₃₂ − θ₆₄| ≤ 10⁻⁴·max(1, |θ₆₄|)
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

    Formula: g = 0 ⇒ Δθ = 0
    """
    params, (grad,) = drawn(case, 1)
    before, none = copied(params), [torch.zeros_like(g) for g in grad]
    steps(case.block, params, case.block.init(params), [none] * 3)
    same(params, before, "the parameters")

"""The laws of optimizers as functions of one optimizer, and runs of steps to ask them with."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import attrs
import torch
from hypothesis import settings
from torch import Tensor

from rlblocks._core.clocks import Updates
from rlblocks.schedules import Cosine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rlblocks.optimizers import Optimizer

law = settings(derandomize=True, deadline=None, database=None, max_examples=25)

SHAPES = ((4, 3), (4,), (1, 4), (1,), ())
STEPS = 100
FALLING = Cosine(1e-2, 1e-4, over=Updates(STEPS))
Tensors = list[Tensor]


@attrs.frozen
class At:
    """A run that stands before update number `updates`."""

    updates: int
    env_steps: int = 0
    episodes: int = 0
    budget: int = 0


def tensors(seed: int, dtype: torch.dtype, scale: float = 1.0) -> Tensors:
    """Tensors of a small network."""
    generator = torch.Generator().manual_seed(seed)
    return [scale * torch.randn(shape, generator=generator, dtype=dtype) for shape in SHAPES]


def gradients(dtype: torch.dtype, steps: int = STEPS) -> list[Tensors]:
    """Gradients of many steps, of very different sizes."""
    return [tensors(1 + step, dtype, scale=10.0 ** (step % 5 - 3)) for step in range(steps)]


def numbers(block: Optimizer, updates: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """The scheduled numbers of one step, as a run computes them: a schedule's value, or a method's."""
    found = {}
    for name, asked in block.inputs.items():
        source = getattr(block, asked.name)
        value = source(At(updates)) if callable(source) else source.value(At(updates))
        assert type(value) is float
        found[name] = torch.tensor(value, dtype=dtype)
    return found


def run(block: Optimizer, params: Tensors, grads: Sequence[Tensors], carry: Any = None, first: int = 0) -> Any:
    """Take a step for each of the gradients, in place; returns the carry."""
    carry = block.init(params) if carry is None else carry
    with torch.no_grad():
        for updates, grad in enumerate(grads, start=first):
            block.compute(params=params, grads=grad, carry=carry, **numbers(block, updates, params[0].dtype))
    return carry


def run_torch(
    make: Callable[[Tensors], torch.optim.Optimizer], params: Tensors, grads: Sequence[Tensors], block: Optimizer
) -> None:
    """The same steps by torch's optimizer, with the learning rate of the block's schedule set before each."""
    for param in params:
        param.requires_grad_()
    theirs = make(params)
    for updates, grad in enumerate(grads):
        theirs.param_groups[0]["lr"] = block.lr.value(At(updates))
        for param, one in zip(params, grad, strict=True):
            param.grad = one.clone()
        theirs.step()


def relative(found: Tensors, due: Tensors) -> float:
    """The greatest distance between two lists of tensors, by the size of the second."""
    pairs = zip(found, due, strict=True)
    size = max(d.detach().abs().max().item() for d in due)
    return max((f - d).abs().max().item() for f, d in pairs) / size


def opt_1_oracle(block: Optimizer, make: Callable[[Tensors], torch.optim.Optimizer], dtype: torch.dtype) -> float:
    """How far it is from torch's optimizer after 100 steps with a falling learning rate."""
    ours, theirs = tensors(0, dtype), tensors(0, dtype)
    run(block, ours, gradients(dtype))
    run_torch(make, theirs, gradients(dtype), block)
    return relative(ours, theirs)


def opt_2_only_reads_gradients(block: Optimizer, dtype: torch.dtype) -> None:
    """Gradients keep their bits and versions."""
    grads = gradients(dtype, steps=3)
    before = copy.deepcopy(grads)
    run(block, tensors(0, dtype), grads)
    assert all(
        torch.equal(g, b) for step, was in zip(grads, before, strict=True) for g, b in zip(step, was, strict=True)
    )
    assert all(g._version == 0 for step in grads for g in step)


def opt_3_resumes(block: Optimizer, dtype: torch.dtype, at: int) -> None:
    """Stopped after some steps, with copies of parameters and carry, it goes on bit for bit."""
    whole, parted = tensors(0, dtype), tensors(0, dtype)
    grads = gradients(dtype, steps=8)
    run(block, whole, grads)
    carry = copy.deepcopy(run(block, parted, grads[:at]))
    parted = copy.deepcopy(parted)
    run(block, parted, grads[at:], carry, first=at)
    assert all(map(torch.equal, whole, parted))


def opt_4_in_place(block: Optimizer, dtype: torch.dtype) -> None:
    """Parameters and carry stay where they are in memory, and share none with each other or with a second carry."""
    params = tensors(0, dtype)
    carry, other = block.init(params), block.init(params)
    places = [p.data_ptr() for p in params] + [c.data_ptr() for part in carry.values() for c in part]
    run(block, params, gradients(dtype, steps=2), carry)
    assert places == [p.data_ptr() for p in params] + [c.data_ptr() for part in carry.values() for c in part]
    assert len(set(places)) == len(places)
    assert all((c == 0).all() and c.dtype == dtype for part in other.values() for c in part)


def opt_5_rests_at_zero_rate(block: Optimizer, dtype: torch.dtype) -> None:
    """Where the learning rate has fallen to 0, nothing moves, though a gradient of 0 was never seen before."""
    params = tensors(0, dtype)
    still = attrs.evolve(block, lr=0.0)
    run(still, params, [[torch.zeros_like(p) for p in params], *gradients(dtype, steps=2)])
    assert all(map(torch.equal, params, tensors(0, dtype)))

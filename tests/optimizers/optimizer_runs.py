"""Runs of steps to try optimizers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import torch
from hypothesis import settings
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rlblocks.optimizers import Optimizer

law = settings(derandomize=True, deadline=None, database=None, max_examples=25)

SHAPES = ((4, 3), (4,), (1, 4), (1,), ())
STEPS = 100
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

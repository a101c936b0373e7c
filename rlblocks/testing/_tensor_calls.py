"""Calls of blocks that work on the tensors of whole networks: clips, target updates, optimizers.

What such a block writes in place is copied first, so that a call can be repeated.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.declare import Scheduled
from rlblocks.testing._call import Call, Function
from rlblocks.testing._world import number_at
from rlblocks.testing.strategies import Moment, floats

SHAPES = ((), (1,), (4,), (2, 3), (3, 1, 2))  # no two have as many numbers


@st.composite
def shapes(draw: st.DrawFn, least: int = 1) -> list[tuple[int, ...]]:
    """The shapes of a few tensors."""
    return draw(st.lists(st.sampled_from(SHAPES), min_size=least, max_size=3, unique=True))


@st.composite
def tensors(draw: st.DrawFn, like: list[tuple[int, ...]], step: float = 0.25) -> list[Tensor]:
    """A list of tensors of these shapes."""
    return [draw(floats(*shape, step=step)) for shape in like]


@st.composite
def clip_calls(draw: st.DrawFn, block: Any, rows: int | None = None) -> Call:  # noqa: ARG001  the adapters' signature
    """A clip of one vector of gradients, from small ones to large ones."""
    step = draw(st.sampled_from([0.25, 2**-10, 64.0]))
    given = {"grad": draw(floats(draw(st.integers(1, 7)), step=step))}
    shared = frozenset({"clipped"})  # what is not limited may be handed back as it is
    return Call(block, _clip, given, f"{block!r}.compute", shared=shared)


def _clip(block: Any) -> Function:
    return lambda grad: {"clipped": block.compute(grad)}


def mixed(like: list[tuple[int, ...]]) -> st.SearchStrategy[list[Tensor]]:
    """The tensors of a network: parameters of these shapes, then a float buffer, a counter and a mask."""
    buffers = [floats(2), floats(1).map(lambda x: (4 * x).long().squeeze(0)), floats(3).map(lambda x: x > 0)]
    return st.tuples(tensors(like), *buffers).map(lambda parts: [*parts[0], *parts[1:]])


@st.composite
def follow_calls(draw: st.DrawFn, block: Any, rows: int | None = None) -> Call:  # noqa: ARG001  the adapters' signature
    """A target network that follows the online one."""
    like = draw(shapes())
    given = {"online": draw(mixed(like)), "target": draw(mixed(like))}
    return Call(block, followed, given, f"{block!r}.compute")


def followed(block: Any) -> Function:
    def function(online: list[Tensor], target: list[Tensor]) -> dict[str, Any]:
        written = [tensor.clone() for tensor in target]
        block.compute(online=online, target=written)
        return {"target": written}

    return function


EPISODE = 3  # steps of the rows that an optimizer reads
ROW = ("td_error", "discount", "is_first")


def of_one_row(key: str, step: int) -> Tensor:
    """What a row holds, `[1]`, in one step of short episodes."""
    return {
        "td_error": torch.tensor([(-1.0) ** step * (1 + 0.25 * (step % 7))], dtype=torch.float64),
        "discount": torch.tensor([0.0 if step % EPISODE == EPISODE - 1 else 0.875], dtype=torch.float64),
        "is_first": torch.tensor([step % EPISODE == 0]),
    }[key]


def unnumbered(block: Any) -> str:
    """What an optimizer asks for that is no number of the run's times, and nothing of the row that is learned from."""
    asked = block.inputs.items()
    odd = [name for name, of in asked if not isinstance(of, Scheduled) and getattr(of, "key", "") not in ROW]
    return f"it reads {odd}, which the kit cannot make up for an optimizer" if odd else ""


def numbers_of(block: Any, updates: int) -> dict[str, Tensor]:
    """The scheduled numbers that an optimizer is handed at one update, and the row, as the run hands them."""
    moment = Moment(env_steps=updates, updates=updates, episodes=updates)
    return {
        name: torch.tensor(number_at(block, asked.name, moment), dtype=torch.float64)
        if isinstance(asked, Scheduled) else of_one_row(asked.key, updates)
        for name, asked in block.inputs.items()
    }  # fmt: skip


def steps(block: Any, params: list[Tensor], carry: Any, grads: list[list[Tensor]], start: int = 0) -> None:
    """Steps in place, one for each list of gradients, the first of them update number `start`."""
    with torch.no_grad():
        for updates, grad in enumerate(grads, start):
            block.compute(params=params, grads=grad, carry=carry, **numbers_of(block, updates))


@st.composite
def step_calls(draw: st.DrawFn, block: Any, rows: int | None = None) -> Call:  # noqa: ARG001  the adapters' signature
    """One step of an optimizer that has taken a few before."""
    like, taken = draw(shapes()), draw(st.integers(0, 2))
    params = draw(tensors(like))
    carry = block.init(params)
    steps(block, params, carry, [draw(tensors(like)) for _ in range(taken)])
    given = {"params": params, "grads": draw(tensors(like)), "carry": carry, **numbers_of(block, taken)}
    return Call(block, stepped, given, f"{block!r}.compute")


def stepped(block: Any) -> Function:
    def function(params: list[Tensor], carry: Any, **others: Any) -> dict[str, Any]:
        written, kept = copy.deepcopy((params, carry))
        with torch.no_grad():
            block.compute(params=written, carry=kept, **others)
        return {"params": written, "carry": kept}

    return function


def total(like: list[tuple[int, ...]]) -> int:
    """How many numbers tensors of these shapes hold."""
    return sum(math.prod(shape) for shape in like)

"""Generators of inputs, made to show faults: sizes that differ, rows that end, masks, poison.

Numbers are drawn as one piece of bytes, which is fast and shrinks to zeros, and are multiples of a power of two, so
that sums and products of a few of them are exact in every float type. Strategies are cached: to make one takes longer
than to draw from it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

import attrs
import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from rlblocks._core.keys import Spec

T = TypeVar("T")

BATCHES = (1, 2, 3, 5)  # 3 and 5 show branches that 1 and 2 do not
ACTIONS = (2, 3, 4, 6)
ATOMS = 8  # a power of two, so that a mean over them is exact
LAST = 1 - 2**-24  # the greatest float32 below 1
GAMMAS = (0.25, 0.5, 0.75, 0.875, 1.0)


@attrs.frozen
class Sizes:
    """Sizes of dims that differ from each other, so that no two can be confused unnoticed."""

    batch: int
    action: int
    atom: int = ATOMS
    feature: int = 7


@functools.lru_cache(None, typed=True)  # 0 and False are two options
def one_of(*options: T) -> st.SearchStrategy[T]:
    """One of some options, the first the simplest."""
    return st.sampled_from(options)


@functools.cache
@st.composite
def sizes(draw: st.DrawFn, batch: int | None = None) -> Sizes:
    """A batch size and a number of actions, never the same."""
    rows = draw(one_of(*BATCHES)) if batch is None else batch
    return Sizes(rows, draw(one_of(*(actions for actions in ACTIONS if actions != rows))))


def of_bytes(count: int, made: Callable[[NDArray[np.uint8]], T]) -> st.SearchStrategy[T]:
    """What is made of so many bytes; everything below is."""
    return st.binary(min_size=count, max_size=count).map(lambda drawn: made(np.frombuffer(drawn, np.uint8)))


@functools.cache
def raw_bytes(count: int) -> st.SearchStrategy[NDArray[np.uint8]]:
    """So many bytes as numbers."""
    return of_bytes(count, lambda numbers: numbers)


@functools.cache
def floats(*shape: int, step: float = 0.25) -> st.SearchStrategy[Tensor]:
    """Multiples of `step` from −128 to 127 times it: 0, −1, 1, −2, … as they shrink."""

    def made(drawn: NDArray[np.uint8]) -> Tensor:
        whole = drawn.astype(np.int64)
        return torch.from_numpy((np.where(whole % 2, -(whole + 1) // 2, whole // 2) * step).astype(np.float32)).reshape(
            shape
        )

    return of_bytes(math.prod(shape), made)


@functools.cache
def uniforms(*shape: int) -> st.SearchStrategy[Tensor]:
    """Numbers in [0, 1), 0, ½ and the greatest one below 1 among them."""

    def made(drawn: NDArray[np.uint8]) -> Tensor:
        return torch.from_numpy(np.where(drawn == 255, LAST, drawn / 256).astype(np.float32)).reshape(shape)  # noqa: PLR2004

    return of_bytes(math.prod(shape), made)


@functools.cache
def flags(*shape: int) -> st.SearchStrategy[Tensor]:
    """Flags, of which about one in four is True."""
    return of_bytes(math.prod(shape), lambda drawn: torch.from_numpy(drawn > 191).reshape(shape))  # noqa: PLR2004


@functools.cache
def q_values(rows: int, actions: int, *form: int) -> st.SearchStrategy[Tensor]:
    """Values `[B, A, *form]` float32, without ties within a row, in any of the numbers of a form.

    Each is a multiple of 1/64, from −32 to 32, so that sums of a few are exact.

    >>> from hypothesis import find
    >>> find(q_values(2, 3), lambda q: True)  # the simplest
    tensor([[0.0000, 0.0156, 0.0312],
            [0.0000, 0.0156, 0.0312]])
    """
    tie_break = torch.arange(actions, dtype=torch.float32).view(-1, *[1] * len(form)) / 64
    return floats(rows, actions, *form).map(lambda drawn: drawn + tie_break)


@functools.cache
def masks(rows: int, actions: int) -> st.SearchStrategy[Tensor]:
    """Which actions are legal, `[B, A]` bool, at least one in each row.

    >>> from hypothesis import find
    >>> find(masks(1, 3), lambda mask: mask.sum() == 1)
    tensor([[ True, False, False]])
    """

    def made(drawn: NDArray[np.uint8]) -> Tensor:
        legal = torch.from_numpy(drawn < 150).reshape(rows, actions)  # noqa: PLR2004
        legal[~legal.any(1), -1] = True
        return legal

    return of_bytes(rows * actions, made)


@functools.cache
def supports() -> st.SearchStrategy[Tensor]:
    """The atoms of a categorical value, `[N]` float32, N from 2 to 51: evenly spaced, and hardly ever around 0.

    They lie between −16 and 41 in steps of a power of two, so that each of them is exact.

    >>> from hypothesis import find
    >>> find(supports(), lambda atoms: len(atoms) == 3 and bool(atoms[0] < 0))
    tensor([-0.1250,  0.0000,  0.1250])
    """
    lows, steps = st.integers(-128, 128), st.sampled_from([0.125, 0.25, 0.5])
    return st.builds(lambda low, n, step: low / 8 + torch.arange(n) * step, lows, st.integers(2, 51), steps)


@functools.cache
def indices(rows: int, count: int) -> st.SearchStrategy[Tensor]:
    """Integers in [0, count)."""
    return of_bytes(rows, lambda drawn: torch.from_numpy(drawn.astype(np.int64) % count))


@functools.cache
@st.composite
def discounts(draw: st.DrawFn, rows: int) -> Tensor:
    """A discount for each row, 0 where it is terminated, else of that row's own number of steps."""
    over, gamma = draw(flags(rows)), draw(raw_bytes(rows))
    return torch.tensor([GAMMAS[-1 - g % len(GAMMAS)] for g in gamma.tolist()]) * ~over


@functools.cache
def orders(count: int) -> st.SearchStrategy[list[int]]:
    """Permutations of [0, count)."""
    return st.permutations(range(count))


def chunks(total: int) -> st.SearchStrategy[list[int]]:
    """Numbers above 0 that add up to `total`."""

    def cut(places: set[int]) -> list[int]:
        edges = [0, *sorted(places), total]
        return [b - a for a, b in pairwise(edges) if b > a]

    return st.sets(st.integers(1, max(total - 1, 1)), max_size=6).map(cut)


VECTORS = (
    Spec((4,)), Spec((2, 3)), Spec((5,), "uint8"), Spec((), "int64", n=6), Spec((2,), "int64", n=4), Spec(()),
    Spec((3,), "int32"), Spec((3,), "int64", n=(2, 5, 3)),
)  # fmt: skip
IMAGES = (Spec((2, 36, 37), "uint8"), Spec((37, 36, 1)))


def rows_of(spec: Spec, rows: int, seed: int) -> Tensor:
    """A batch of inputs as a spec says, from a seed: for inputs that are too large to be drawn one number at a time.

    >>> rows_of(Spec((2,), "uint8"), 2, seed=0)
    tensor([[172,  47],
            [117, 192]], dtype=torch.uint8)
    """
    generator, shape = torch.Generator().manual_seed(seed), (rows, *spec.shape)
    if spec.dtype.startswith("float"):
        return torch.randn(shape, generator=generator, dtype=getattr(torch, spec.dtype))
    if isinstance(spec.n, tuple):
        entries = [torch.randint(0, n, (rows,), generator=generator) for n in spec.n]
        return torch.stack(entries, 1).to(getattr(torch, spec.dtype))
    high = spec.n or {"uint8": 256, "bool": 2}.get(spec.dtype, 9)
    return torch.randint(0, high, shape, generator=generator).to(getattr(torch, spec.dtype))


def layouts(value: Tensor) -> dict[str, Tensor]:
    """The same numbers, laid out in memory in other ways."""
    spread = torch.stack([value, torch.zeros_like(value)], -1)
    found: dict[str, Tensor] = {"a slice of every second number": spread[..., 0]}
    if value.dim() > 1:
        found["a transposed view"] = value.transpose(0, 1).contiguous().transpose(0, 1)
    if value.dim() == 1:
        found["a reversed copy, flipped"] = value.flip(0).contiguous().flip(0)
    return found


@attrs.frozen
class Moment:
    """Where a run stands: what clocks read."""

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    budget: int = 1000


@functools.cache
def moments() -> st.SearchStrategy[Any]:
    """Times of a run, from its start to far beyond its budget."""
    counts = st.integers(0, 60) | st.sampled_from([999, 1000, 10_000, 2**31 + 1])
    return st.builds(Moment, counts, counts, counts, st.just(1000))

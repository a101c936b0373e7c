"""Observations and actions as float vectors."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rlblocks._core.keys import Spec

if TYPE_CHECKING:
    from torch import Tensor

NUMBERS = ("bool", "uint8", "uint16", "uint32", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


def one_hot(x: Tensor, n: int) -> Tensor:
    """Integers in [0, n) as unit vectors: `[B] -> [B, n]`."""
    from torch.nn import functional as F  # noqa: N812  torch's own custom

    return F.one_hot(x.long(), n).float()


def scaled(x: Tensor) -> Tensor:
    """Bytes as floats in [0, 1]."""
    return x.float() / 255


def as_float(x: Tensor) -> Tensor:
    """Other numbers as they are, in float32."""
    return x.float()


def flat(x: Tensor) -> Tensor:
    """Rows as vectors: `[B, *shape] -> [B, n]`."""
    return x.reshape(x.shape[0], -1)


def to_float(spec: Spec) -> tuple[Callable[[Tensor], Tensor], ...]:
    """The maps that turn a Box into float32: bytes are scaled to [0, 1], once; other numbers are not rescaled."""
    if spec.dtype == "uint8":
        return (scaled,)
    return () if spec.dtype == "float32" else (as_float,)


def to_vector(spec: Spec) -> tuple[Callable[[Tensor], Tensor], ...]:
    """The maps that turn an input into a float32 vector; none for what is one already."""
    if spec.n:
        hot = functools.partial(one_hot, n=spec.n)
        return (hot, flat) if spec.shape else (hot,)
    return to_float(spec) if len(spec.shape) == 1 else (*to_float(spec), flat)


def vector_width(spec: Spec) -> int:
    """How many numbers `to_vector` gives."""
    return math.prod(spec.shape) * (spec.n or 1)


def input_spec(reads: Mapping[str, Spec]) -> Spec:
    """What a body sees: the one input itself; of several the vectors, one after the other.

    >>> str(input_spec({"observation": Spec((3,)), "action": Spec(dtype="int64", n=2)}))
    'float32[batch, 5]'
    """
    if len(reads) == 1:
        return next(iter(reads.values()))
    return Spec((sum(map(vector_width, reads.values())),))


def no_vector(spec: Spec) -> str:
    """Why an input cannot become a vector, as half a sentence; empty where it can."""
    if spec.dtype not in NUMBERS:
        return f"it reads numbers, and {spec} holds none"
    return "" if vector_width(spec) else f"{spec} is empty"

"""What is known of observations and actions as float vectors."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from rlblocks._core.keys import Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rlblocks.networks._maps import Map

NUMBERS = ("bool", "uint8", "uint16", "uint32", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


def to_float(spec: Spec) -> tuple[Map, ...]:
    """The maps that turn a Box into float32: bytes are scaled to [0, 1], once; other numbers are not rescaled."""
    from rlblocks.networks import _maps

    if spec.dtype == "uint8":
        return (_maps.scaled,)
    return () if spec.dtype == "float32" else (_maps.as_float,)


def to_vector(spec: Spec) -> tuple[Map, ...]:
    """The maps that turn an input into a float32 vector; none for what is one already."""
    from rlblocks.networks import _maps

    if isinstance(spec.n, tuple):
        return (functools.partial(_maps.one_hots, counts=spec.n),)
    if spec.n:
        hot = functools.partial(_maps.one_hot, n=spec.n, dims=1 + len(spec.shape))
        return (hot, _maps.flat) if spec.shape else (hot,)
    if not spec.shape:
        return (*to_float(spec), _maps.column)
    return to_float(spec) if len(spec.shape) == 1 else (*to_float(spec), _maps.flat)


def vector_width(spec: Spec) -> int:
    """How many numbers `to_vector` gives."""
    return sum(spec.n) if isinstance(spec.n, tuple) else math.prod(spec.shape) * (spec.n or 1)


def input_spec(reads: Mapping[str, Spec]) -> Spec:
    """What a body sees: the one input itself; of several the vectors, one after the other.

    >>> str(input_spec({"observation": Spec((3,)), "action": Spec(dtype="int64", n=2)}))
    'float32[batch, 5]'
    """
    if len(reads) == 1:
        return next(iter(reads.values()))
    return Spec((sum(map(vector_width, reads.values())),))


def no_vector(spec: Spec) -> str:
    """Why an input cannot become a vector, to stand after the name of the body; empty where it can."""
    if spec.dtype not in NUMBERS:
        return f"reads numbers, and {spec} holds none"
    return "" if vector_width(spec) else f"reads one number or more, and {spec} holds none"

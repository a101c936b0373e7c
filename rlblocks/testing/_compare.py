"""Comparisons whose failure says which entry is wrong, and what it should have been."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlblocks.testing.critics import Critic

ULPS = 32  # rounding errors that a float32 result may be away from its exact value


class LawBroken(AssertionError):  # noqa: N818  it is a finding, as a failed assertion is
    """A block does not obey a law. The message says in one line what was found and what was due."""


def require(condition: object, message: str) -> None:
    """Raise `LawBroken` with this message unless the condition holds."""
    if not bool(condition):
        raise LawBroken(message)


def same(actual: Any, expected: Any, what: str) -> None:
    """Two nested structures of tensors, arrays and plain values agree, bit for bit; NaN agrees with NaN."""
    if isinstance(expected, Mapping):
        require(isinstance(actual, Mapping), f"{what} is a {type(actual).__name__}, but must be a mapping")
        require(list(actual) == list(expected), f"{what} has the keys {list(actual)}, but must have {list(expected)}")
        for key in expected:
            same(actual[key], expected[key], f"{what}[{key!r}]")
    elif isinstance(expected, Critic):
        require(isinstance(actual, Critic), f"{what} is a {type(actual).__name__}, but must be a critic")
        same(actual.tensors(), expected.tensors(), what)
    elif isinstance(expected, list | tuple):
        require(len(actual) == len(expected), f"{what} has {len(actual)} entries, but must have {len(expected)}")
        for index, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
            same(ours, theirs, f"{what}[{index}]")
    elif isinstance(expected, Tensor | np.ndarray | np.generic):
        found, due = as_array(actual), as_array(expected)
        require(found.dtype == due.dtype, f"{what} is {found.dtype}, but must be {due.dtype}")
        _compare(found, due, what, 0.0)
    else:
        agrees = actual == expected or (actual != actual and expected != expected)  # noqa: PLR0124  NaN
        require(agrees, f"{what} is {actual!r}, but must be {expected!r}")


def close(actual: Any, expected: Any, what: str, *, rtol: float = 0.0) -> None:
    """Two tensors or arrays agree up to rounding of the coarser of their types, relative to the largest entry."""
    found, due = as_array(actual), as_array(expected)
    floats = [a.dtype for a in (found, due) if a.dtype.kind == "f"]
    eps = max((float(np.finfo(kind).eps) for kind in floats), default=0.0)
    finite = due[np.isfinite(due)] if due.dtype.kind == "f" else due
    scale = max(1.0, float(np.abs(finite).max(initial=0.0)))
    _compare(found, due, what, max(rtol, ULPS * eps) * scale)


def as_array(value: Any) -> np.ndarray[Any, Any]:
    """A tensor, array or number as an array; bfloat16, which numpy lacks, as float32."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        array: np.ndarray[Any, Any] = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
        return array
    return np.asarray(value)


def _compare(found: np.ndarray[Any, Any], due: np.ndarray[Any, Any], what: str, tolerance: float) -> None:
    require(found.shape == due.shape, f"{what} has the shape {list(found.shape)}, but must have {list(due.shape)}")
    equal = found == due
    if due.dtype.kind == "f" or found.dtype.kind == "f":
        equal |= np.isnan(found) & np.isnan(due)
        if tolerance:
            with np.errstate(invalid="ignore"):
                equal |= np.abs(found.astype(np.float64) - due.astype(np.float64)) <= tolerance
    if not np.all(equal):
        where = tuple(int(i) for i in np.argwhere(~np.atleast_1d(equal))[0]) if found.ndim else ()
        at = f"[{', '.join(map(str, where))}]" if where else ""
        raise LawBroken(f"{what}{at} is {found[where].item()!r}, but must be {due[where].item()!r}")

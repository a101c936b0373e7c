"""Torch's operations as numpy expressions: those that small learn steps are made of, and no others.

Each gives what torch gives on a CPU, bit by bit, but for the order in which long sums are added up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from rlblocks._core.tracing import Operation, Ref

VIEWS = ("view", "_unsafe_view", "unsqueeze", "squeeze", "reshape")  # another shape of the same numbers
SAME = ("detach", "alias", "lift_fresh")
FORMS = {  # {0} is the first argument
    "t": "{0}.T",
    "mm": "{0} @ {1}",
    "addmm": "{1} @ {2} + {0}",
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "rsub": "{1} - {0}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "addcmul": "fused({0}, {1}, {2})",
    "neg": "-{0}",
    "abs": "abs({0})",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "eq": "{0} == {1}",
    "ne": "{0} != {1}",
    "bitwise_not": "~{0}",
    "bitwise_and": "{0} & {1}",
    "bitwise_or": "{0} | {1}",
    "where": "where({0}, {1}, {2})",
    "masked_fill": "where({1}, {2}, {0})",
    "maximum": "maximum({0}, {1})",
    "minimum": "minimum({0}, {1})",
    "sqrt": "sqrt({0})",
    "relu": "maximum({0}, 0)",
    "clone": "{0}.copy()",
    "mse_loss_backward": "2.0 * ({1} - {2}) * {0}",
    "threshold_backward": "where({1} <= {2}, 0, {0})",
    "dot": "{0} @ {1}",
}
NOT_MET = {"where": (1, 2), "masked_fill": (0,), "mm": (), "t": (), "clone": (), "dot": (), "addmm": ()}
IN_PLACE = {"add_": "add", "sub_": "subtract", "mul_": "multiply", "div_": "divide"}
DTYPES = {torch.float32: "float32", torch.float64: "float64", torch.int64: "int64", torch.bool: "bool_",
          torch.uint8: "uint8", torch.int32: "int32"}  # fmt: skip

Names = Callable[[Any], str]  # how an argument is written


def expression(operation: Operation, names: Names) -> str:
    """What an operation gives, as an expression; empty where there is none."""
    name = operation.name.removeprefix("aten.")
    if name in FORMS and not _other_options(operation):
        return FORMS[name].format(*_met(operation, name, names))
    if name in VIEWS:
        return f"{names(operation.arguments[0])}.reshape({operation.out.shape})"
    if name in SPECIAL:
        return SPECIAL[name](operation, names)
    return ""


def statement(operation: Operation, names: Names) -> str:
    """What changes its first argument, as a statement; empty where there is none."""
    name = operation.name.removeprefix("aten.")
    if _other_options(operation):
        return ""
    if name in IN_PLACE:
        target, value = _met(operation, name, names)
        return f"{IN_PLACE[name]}({target}, {value}, out={target})"
    of_lists = name.removeprefix("_foreach_")
    if of_lists != name and of_lists in IN_PLACE and isinstance(operation.arguments[1], tuple):
        pairs = zip(*(map(names, part) for part in operation.arguments[:2]), strict=True)
        return "; ".join(f"{IN_PLACE[of_lists]}({mine}, {other}, out={mine})" for mine, other in pairs)
    return ""


def _other_options(operation: Operation) -> bool:
    """Whether it is asked for something besides its arguments."""
    usual = {"memory_format", "dtype", "layout", "device", "pin_memory", "non_blocking"}
    return any(value != 1 or name != "alpha" for name, value in operation.options.items() if name not in usual)


def _met(operation: Operation, name: str, names: Names) -> list[str]:
    """The arguments, those of another dtype converted to the common one."""
    places = NOT_MET.get(name, range(len(operation.arguments)))
    return [
        _converted(value, operation.common, names) if place in places else names(value)
        for place, value in enumerate(operation.arguments)
    ]


def _converted(value: Any, dtype: torch.dtype, names: Names) -> str:
    if not isinstance(value, Ref) or value.dtype == dtype:
        return names(value)
    if _is_number(value) and dtype.is_floating_point:  # a float of Python's takes on the dtype of what it meets
        return names(value) if value.name.startswith("n") else f"float({names(value)})"
    return f"{names(value)}.astype({DTYPES[dtype]})"


def _is_number(ref: Ref) -> bool:
    """Whether it is a scheduled number or was computed from such alone: a float of Python's or of numpy's."""
    return ref.dtype == torch.float64 and not ref.shape


def _copied(operation: Operation, names: Names) -> str:
    value = operation.arguments[0]
    if _is_number(value):
        return f"{DTYPES[operation.out.dtype]}({names(value)})"
    return f"{names(value)}.astype({DTYPES[operation.out.dtype]})"


def _sum(operation: Operation, names: Names) -> str:
    value, dims, keep = (*operation.arguments, None, False)[:3]
    over = "" if not dims else f"axis={dims}{', keepdims=True' if keep else ''}, "
    return f"add.reduce({names(value)}, {over or 'axis=None, '}dtype={DTYPES[operation.out.dtype]})"


def _mean(operation: Operation, names: Names) -> str:
    (value, *_), out = operation.arguments, operation.out
    count = math.prod(value.shape) // max(1, math.prod(out.shape))
    return f"{_sum(operation, names)} / {DTYPES[out.dtype]}({count})"


def _mse_loss(operation: Operation, names: Names) -> str:
    prediction, target, *reduction = operation.arguments
    return f"square({names(prediction)} - {names(target)})" if reduction == [0] else ""


def _cumsum(operation: Operation, names: Names) -> str:
    value, dim = operation.arguments[:2]
    if value.dtype.is_floating_point:  # torch adds up in float64
        return f"{names(value)}.cumsum({dim}, dtype=float64).astype({DTYPES[operation.out.dtype]})"
    return f"{names(value)}.cumsum({dim})"


def _argmax(operation: Operation, names: Names) -> str:
    value, dim, *keep = operation.arguments
    return "" if keep else f"{names(value)}.argmax({dim})"


def _at(operation: Operation, names: Names, copied: str) -> str:
    """The places `[b, index[b]]` of a matrix; one or several a row."""
    _, dim, index = operation.arguments[:3]
    if dim not in (1, -1) or len(index.shape) != 2:  # noqa: PLR2004  a matrix
        return ""
    return f"{copied}[rows({index.shape[0]}), {names(index)}]"


def _gather(operation: Operation, names: Names) -> str:
    return _at(operation, names, names(operation.arguments[0]))


def _scatter_add(operation: Operation, names: Names) -> str:
    value, dim, index, added = operation.arguments
    if dim not in (1, -1) or index.shape[1:] != (1,) or added.shape != index.shape:  # a place twice would count once
        return ""
    return f"added_at({names(value)}, rows({index.shape[0]}), {names(index)}, {names(added)})"


def _expand(operation: Operation, names: Names) -> str:
    value, out = operation.arguments[0], operation.out
    if not value.shape:
        return f"full({out.shape}, {names(value)}, {DTYPES[out.dtype]})"
    return f"broadcast_to({names(value)}, {out.shape})"


def _select(operation: Operation, names: Names) -> str:
    value, dim, place = operation.arguments
    return f"{names(value)}[{':, ' * dim}{place}]"


def _slice(operation: Operation, names: Names) -> str:
    value, dim, start, end, *step = operation.arguments
    return "" if step not in ([], [1]) else f"{names(value)}[{':, ' * dim}{start or 0}:{min(end, value.shape[dim])}]"


def _clamp(operation: Operation, names: Names) -> str:
    value, low, high = (*operation.arguments, operation.options.get("min"), operation.options.get("max"))[:3]
    code = names(value) if low is None else f"maximum({names(value)}, {names(low)})"
    return code if high is None else f"minimum({code}, {names(high)})"


def _filled(number: str) -> Callable[[Operation, Names], str]:
    """A tensor of one number throughout, which is written into later: else it were not in the trace."""
    return lambda operation, _: f"full({operation.out.shape}, {number}, {DTYPES[operation.out.dtype]})"


SPECIAL: Mapping[str, Callable[[Operation, Names], str]] = {
    "_to_copy": _copied, "sum": _sum, "mean": _mean, "mse_loss": _mse_loss, "cumsum": _cumsum, "argmax": _argmax,
    "gather": _gather, "scatter_add": _scatter_add, "expand": _expand, "select": _select, "slice": _slice,
    "clamp": _clamp, "zeros": _filled("0"), "zeros_like": _filled("0"), "new_zeros": _filled("0"),
    "ones": _filled("1"), "ones_like": _filled("1"), "new_ones": _filled("1"),
}  # fmt: skip

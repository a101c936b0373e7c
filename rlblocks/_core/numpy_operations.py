"""Torch's operations as numpy expressions: those that small learn steps are made of, and no others.

Each gives what torch gives on a CPU, bit by bit, but for the order in which long sums are added up. Indices are taken
to be in range, as those of observations and actions are: what torch refuses below 0, numpy counts from the end.

An array may be held lean, without the dimensions of length 1 that its shape begins with: broadcasting puts them back.
So what is computed of a single row are numbers of numpy's, with which it computes ten times as fast as with arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch

from rlblocks._core.tracing import Operation, Ref, refs_in

Shape = tuple[int, ...]
Shaped = Callable[[Shape], Shape]  # in which shape an array of a shape is held

VIEWS = ("view", "_unsafe_view", "unsqueeze", "squeeze", "reshape")  # another shape of the same numbers
SAME = ("detach", "alias", "lift_fresh")
FORMS = {  # {0} is the first argument
    "t": "{0}.T",
    "mm": "{0} @ {1}",
    "addmm": "{1} @ {2} + {0}",
    "dot": "{0} @ {1}",
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "rsub": "{1} - {0}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
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
    "masked_fill": "where({1}, {2}, {0})",
    "maximum": "maximum({0}, {1})",
    "minimum": "minimum({0}, {1})",
    "sqrt": "sqrt({0})",
    "relu": "maximum({0}, 0)",
    "clone": "{0}.copy()",
    "mse_loss_backward": "2.0 * ({1} - {2}) * {0}",
    "threshold_backward": "where({1} <= {2}, 0, {0})",
}
MATRICES = {"t", "mm", "addmm", "dot"}
ALONG = {"cumsum", "argmax", "gather", "scatter_add", "select"}  # their second argument is a dimension
NOT_MET = {"where": (1, 2), "masked_fill": (0,), "mm": (), "t": (), "clone": (), "dot": (), "addmm": ()}
IN_PLACE = {"add_": "add", "sub_": "subtract", "mul_": "multiply", "div_": "divide"}
DTYPES = {torch.float32: "float32", torch.float64: "float64", torch.int64: "int64", torch.bool: "bool_",
          torch.uint8: "uint8", torch.int32: "int32"}  # fmt: skip


def lean(shape: Shape) -> Shape:
    """A shape without the ones that it begins with."""
    return shape[next((place for place, length in enumerate(shape) if length != 1), len(shape)) :]


def whole(shape: Shape) -> Shape:
    """A shape as it is."""
    return shape


def first(shape: Shape, held: Shaped) -> str:
    """The index that takes an array of a shape to the one in which it is held."""
    missing = len(shape) - len(held(shape))
    return f"[{', '.join('0' * missing)}]" if missing else ""


@attrs.frozen
class Names:
    """How arguments are written.

    Attributes:
        name: of an argument, as it is held.
        held: `lean`, or `whole`.
    """

    name: Callable[[Any], str]
    held: Shaped

    def __call__(self, value: Any) -> str:
        """An argument, as it is held."""
        return self.name(value)

    def whole(self) -> Names:
        """The same, where every array has the shape that it has in torch."""
        return Names(self._in_full, whole)

    def _in_full(self, value: Any) -> str:
        kept = not isinstance(value, Ref) or self.held(value.shape) == value.shape
        return self(value) if kept else f"{self(value)}.reshape({value.shape})"


def expression(operation: Operation, names: Names) -> str:
    """What an operation gives, as an expression; empty where there is none."""
    name, shape = operation.name.removeprefix("aten."), operation.out.shape
    if name in VIEWS:
        return f"{names(operation.arguments[0])}.reshape({names.held(shape)})"
    if not _by_shape(operation, name, names):
        return _code(operation, name, names)
    code, index = _code(operation, name, names.whole()), first(shape, names.held)
    return f"({code}){index}" if code and index else code


def _code(operation: Operation, name: str, names: Names) -> str:
    if name in FORMS and not _other_options(operation):
        return FORMS[name].format(*_met(operation, name, names))
    return SPECIAL[name](operation, names) if name in SPECIAL else ""


def _by_shape(operation: Operation, name: str, names: Names) -> bool:
    """Whether its arrays must have the shapes that they have in torch.

    They need not for what is done place by place, with all numbers, or along a last dimension that is held.
    """
    if name in MATRICES or name == "slice":
        return True
    if name not in {*ALONG, "sum", "mean"}:
        return False
    value, *rest = operation.arguments
    if name in {"sum", "mean"}:
        return bool(rest and rest[0])
    return not rest or rest[0] not in {-1, len(value.shape) - 1} or not names.held(value.shape)


def statement(operation: Operation, names: Names) -> str:
    """What changes its first argument, as a statement; empty where there is none."""
    name = operation.name.removeprefix("aten.")
    if _other_options(operation):
        return ""
    if name == "masked_fill_":
        target, where, value = map(names, operation.arguments)
        return f"copyto({target}, {value}, where={where})"
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
        return f"float({names(value)})"
    return f"{names(value)}.astype({DTYPES[dtype]})"


def _is_number(ref: Ref) -> bool:
    """Whether it is a scheduled number or was computed from such alone."""
    return ref.dtype == torch.float64 and not ref.shape


def _copied(operation: Operation, names: Names) -> str:
    value = operation.arguments[0]
    if _is_number(value):
        return f"{DTYPES[operation.out.dtype]}({names(value)})"
    return f"{names(value)}.astype({DTYPES[operation.out.dtype]})"


def _sum(operation: Operation, names: Names) -> str:
    value, dims, keep = (*operation.arguments, None, False)[:3]
    if not dims and value.shape and not names.held(value.shape):
        return f"{DTYPES[operation.out.dtype]}({names(value)})"
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
    axis = dim % max(1, len(value.shape)) - len(value.shape)  # from the end, where every dimension is held
    if value.dtype.is_floating_point:  # torch adds up in float64
        return f"{names(value)}.cumsum({axis}, dtype=float64).astype({DTYPES[operation.out.dtype]})"
    return f"{names(value)}.cumsum({axis})"


def _argmax(operation: Operation, names: Names) -> str:
    value, dim, *keep = (*operation.arguments, None)[: max(2, len(operation.arguments))]
    return "" if keep or dim is None else f"{names(value)}.argmax({dim % max(1, len(value.shape)) - len(value.shape)})"


def _place(operation: Operation, names: Names) -> str:
    """The places `[b, index[b]]` of a matrix; one or several a row. Empty where it is none."""
    value, dim, index = operation.arguments[:3]
    if dim not in {1, -1} or len(index.shape) != 2:  # noqa: PLR2004  a matrix
        return ""
    row = len(names.held(value.shape)) == 1
    return names(index) if row else f"rows({index.shape[0]}), {names(index)}"


def _gather(operation: Operation, names: Names) -> str:
    place = _place(operation, names)
    return place and f"{names(operation.arguments[0])}[{place}]"


def _scatter_add(operation: Operation, names: Names) -> str:
    value, _, index, added = operation.arguments
    place = _place(operation, names)
    if not place or index.shape[1:] != (1,) or added.shape != index.shape:  # a place twice would count once
        return ""
    return f"added_at({names(value)}, ({place}), {names(added)})"


def _where(operation: Operation, names: Names) -> str:
    (condition, *_), (_, first, second) = operation.arguments, _met(operation, "where", names)
    if names.held((1,)) or any(names.held(ref.shape) for ref in (*refs_in(operation.arguments), operation.out)):
        return f"where({names(condition)}, {first}, {second})"
    dtype = DTYPES[operation.out.dtype]  # which copies: a place in a parameter may be among them
    return f"{dtype}({first}) if {names(condition)} else {dtype}({second})"


def _addcmul(operation: Operation, names: Names) -> str:
    """The sum value + first · second, rounded in float64 first: torch has the processor round once.

    The two differ where float64 rounds to the middle between two numbers, of which there are few.
    """
    if _other_options(operation):
        return ""
    value, first, second = _met(operation, "addcmul", names)
    if operation.out.dtype == torch.float32 and not names.held((1,)) and not names.held(operation.out.shape):
        return f"float32(float({first}) * float({second}) + float({value}))"
    return f"fused({value}, {first}, {second})"


def _expand(operation: Operation, names: Names) -> str:
    value, shape = operation.arguments[0], names.held(operation.out.shape)
    if not value.shape:
        return f"full({shape}, {names(value)}, {DTYPES[operation.out.dtype]})"
    return f"broadcast_to({names(value)}, {shape})"


def _select(operation: Operation, names: Names) -> str:
    value, dim, place = operation.arguments
    depth = dim % max(1, len(value.shape)) + len(names.held(value.shape)) - len(value.shape)
    return f"{names(value)}[{':, ' * depth}{place}]"


def _slice(operation: Operation, names: Names) -> str:
    value, dim, start, end, *step = operation.arguments
    return "" if step not in ([], [1]) else f"{names(value)}[{':, ' * dim}{start or 0}:{min(end, value.shape[dim])}]"


def _clamp(operation: Operation, names: Names) -> str:
    value, low, high = (*operation.arguments, operation.options.get("min"), operation.options.get("max"))[:3]
    code = names(value) if low is None else f"maximum({names(value)}, {names(low)})"
    return code if high is None else f"minimum({code}, {names(high)})"


def _filled(number: str) -> Callable[[Operation, Names], str]:
    """A tensor of one number throughout, which is written into later: else it were not in the trace."""
    return lambda operation, names: f"full({names.held(operation.out.shape)}, {number}, {DTYPES[operation.out.dtype]})"


SPECIAL: Mapping[str, Callable[[Operation, Names], str]] = {
    "_to_copy": _copied, "sum": _sum, "mean": _mean, "mse_loss": _mse_loss, "cumsum": _cumsum, "argmax": _argmax,
    "gather": _gather, "scatter_add": _scatter_add, "expand": _expand, "select": _select, "slice": _slice,
    "clamp": _clamp, "where": _where, "addcmul": _addcmul,
    "zeros": _filled("0"), "zeros_like": _filled("0"), "new_zeros": _filled("0"),
    "ones": _filled("1"), "ones_like": _filled("1"), "new_ones": _filled("1"),
}  # fmt: skip

"""A printed function, printed once more: as the numpy operations that torch did for it, gradients included.

One operation of torch on a row or two costs more in its call than in its arithmetic. Numpy's costs a fifth of that, and
a trace needs no graph for gradients. Parameters are not copied: a tensor and its array are the same memory.
"""

from __future__ import annotations

import functools
import linecache
import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor, nn

from rlblocks._core.errors import BuildError
from rlblocks._core.numpy_operations import (
    DTYPES,
    SAME,
    VIEWS,
    Names,
    Shaped,
    expression,
    first,
    lean,
    statement,
    whole,
)
from rlblocks._core.tracing import FIX, Operation, Ref, Trace, refs_in, trace

Arrays = Mapping[str, Any]
CLOSE = 1e-5  # how far sums in another order may be off, for the check of what was printed


@attrs.frozen
class NumpyFunction:
    """A function printed for numpy.

    Attributes:
        source: how it reads.
        call: takes columns as arrays, numbers as floats and draws as arrays; returns arrays.
    """

    source: str
    call: Callable[[Arrays, Arrays, Arrays], dict[str, Any]]


def printed_for_numpy(  # noqa: PLR0917  those of a printed function are three of them
    function: Callable[..., Any], label: str, held: list[Tensor], chunk: Arrays, numbers: Arrays, draws: Arrays,
    *due: set[str],
) -> tuple[NumpyFunction, dict[str, Any]]:  # fmt: skip
    """Run a printed function once with torch, print it for numpy, and run that in its place.

    What torch changed of the tensors `held` is taken back, so that this call counts once, as all later ones will: by
    numpy.

    Raises:
        BuildError: it has an operation that is not known in numpy, or numpy's result is another one.
    """
    given = [{key: torch.from_numpy(np.array(value)) for key, value in part.items()}
             for part in (chunk, {k: np.float64(v) for k, v in numbers.items()}, draws)]  # fmt: skip
    named = {f"{letter}{i}": tensor for letter, part in zip("cnd", given, strict=True)
             for i, tensor in enumerate(part.values())}  # fmt: skip
    before = [tensor.detach().clone() for tensor in held]
    traced, returned = trace(lambda: function(*given, *due), named)
    theirs = [tensor.detach().clone() for tensor in held]
    for tensor, value in zip(held, before, strict=True):
        tensor.detach().copy_(value)
    shaped = _shaped(traced)
    parts = zip("cnd", ('chunk["{}"]', 'float64(numbers["{}"])', 'draws["{}"]'), given, strict=True)
    lines = [
        f"{letter}{i} = {form.format(key)}{first(tuple(value.shape), shaped)}"
        for letter, form, part in parts
        for i, (key, value) in enumerate(part.items())
    ]
    made = _define(_Printer(traced, shaped).source(lines), label, traced, shaped)
    ours = made.call(chunk, numbers, draws)
    _agree({**returned, **dict(enumerate(theirs))}, {**ours, **{i: t.detach() for i, t in enumerate(held)}}, made)
    return made, ours


def tensors_in(names: Mapping[str, Any]) -> list[Tensor]:
    """Every tensor that a namespace holds, once."""
    found = {id(tensor): tensor for value in names.values() for tensor in _tensors(value)}
    return list(found.values())


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, nn.Module):
        return [*value.parameters(), *value.buffers()]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [tensor for item in items for tensor in _tensors(item)]


def _shaped(traced: Trace) -> Shaped:
    """In which shape arrays are held.

    What is written into stays an array, and so do all where a view is read after that: a number would be a copy.
    """
    into = {ref.name for operation in traced.operations if operation.changes for ref in refs_in(operation.arguments[0])}
    return lean if into <= set(traced.fixed) and not traced.late else whole


class _Printer:
    """Lines for the operations of a trace; those that nothing needs are left out."""

    def __init__(self, traced: Trace, shaped: Shaped) -> None:
        self._trace = traced
        self._names = Names(self._name, shaped)
        self._alias: dict[str, str] = {}
        self._hot: dict[str, Ref] = {}  # rows of unit vectors, by what they are the units of
        self._columns: dict[str, Ref] = {}  # [B, 1], by the [B] that it stands for
        self._used: set[str] = set()

    def source(self, first: list[str]) -> str:
        """The whole function."""
        lines = [line for operation in self._trace.operations if (line := self._line(operation))]
        self._used = set()
        returned = ", ".join(f'"{key}": {self._returned(ref)}' for key, ref in self._trace.returned.items())
        needed, kept = self._used, []
        for name, code, uses in reversed(lines):
            if not name or name in needed:
                needed |= uses
                kept.append(f"{name} = {code}" if name else code)
        start = [line for line in first if line.partition(" ")[0] in needed]
        body = "\n    ".join([*start, *reversed(kept), f"return {{{returned}}}"])
        return f"def numpy_step(chunk, numbers, draws):\n    {body}\n"

    def _name(self, value: Any) -> str:
        if not isinstance(value, Ref):
            return re.sub(r"\b(inf|nan)\b", r"float('\1')", repr(value))
        name = self._alias.get(value.name, value.name)
        self._used.add(name)
        return name

    def _returned(self, ref: Ref) -> str:
        code = self._names.whole()(ref)
        return f"float64({code})" if ref.dtype == torch.float64 and not ref.shape else code

    def _line(self, operation: Operation) -> tuple[str, str, set[str]] | None:
        """What is written into, the code, and the names in it."""
        self._used = set()
        if operation.changes:
            code = statement(operation, self._names)
        else:
            if self._same(operation):
                return None
            code = self._lookup(operation) or expression(operation, self._names)
        if not code:
            raise BuildError(f"compile=numpy has no form of {operation.name}", fix=FIX, operation=operation.name)
        return ("" if operation.changes else operation.out.name), code, self._used

    def _same(self, operation: Operation) -> bool:
        """Whether it gives its argument: then both have one name."""
        name, value = operation.name.removeprefix("aten."), operation.arguments[0]
        if name == "unsqueeze" and operation.out.shape == (*value.shape, 1):
            self._columns[operation.out.name] = value
        shaped = name in (*VIEWS, "expand") and self._names.held(value.shape) == self._names.held(operation.out.shape)
        if name not in SAME and not shaped:
            return False
        self._alias[operation.out.name] = self._alias.get(value.name, value.name)
        return True

    def _lookup(self, operation: Operation) -> str:
        """Products with unit vectors: rows of a table, and numbers put back into them."""
        name, (value, *others) = operation.name.removeprefix("aten."), operation.arguments
        if name == "eq" and value.name in self._columns and isinstance(others[0], Ref):
            units = self._trace.fixed.get(others[0].name)
            if units is not None and torch.equal(units, torch.arange(len(units))):
                self._hot[operation.out.name] = self._columns[value.name]
        if name == "_to_copy" and value.name in self._hot:
            self._hot[operation.out.name] = self._hot[value.name]
        if name != "mm":
            return ""
        in_full = self._names.whole()
        if value.name in self._hot:
            index = self._hot[value.name]
            rows = (*self._names.held(index.shape), operation.out.shape[1])
            copied = "" if self._names.held(index.shape) else ".copy()"  # of one row numpy gives a view
            return f"{in_full(others[0])}[{self._name(index)}]{copied}{first(rows, self._names.held)}"
        if others[0].name in self._hot:
            index = self._hot[others[0].name]
            put = f"put_at({in_full(value)}, {self._name(index)}, {operation.out.shape[1]})"
            return put + first(operation.out.shape, self._names.held)
        return ""


@functools.cache
def _rows(count: int) -> Any:
    return np.arange(count)[:, None]


def _fused(value: Any, first: Any, second: Any) -> Any:
    """The sum value + first · second, rounded in float64 first: torch has the processor round once."""
    return (np.multiply(first, second, dtype=np.float64) + value).astype(value.dtype)


def _added_at(value: Any, place: Any, added: Any) -> Any:
    """A copy in which each row has grown at one place."""
    copy = value.copy()
    copy[place] += added
    return copy


def _put_at(columns: Any, index: Any, width: int) -> Any:
    """The columns `[k, B]` added up at their indices, `[k, width]`."""
    out = np.zeros((len(columns), width), columns.dtype)
    if columns.shape[1] == 1:
        out[:, index] = columns[:, 0] if np.ndim(index) == 0 else columns
    else:
        np.add.at(out.T, index, columns.T)
    return out


def _define(source: str, label: str, traced: Trace, shaped: Shaped) -> NumpyFunction:
    """Execute the source. Tracebacks show its lines."""
    filename = f"<rlblocks {label} for numpy>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    functions = ("where", "maximum", "minimum", "sqrt", "square", "full", "broadcast_to", "add", "subtract", "multiply",
                 "divide", "copyto")  # fmt: skip
    scope = {name: getattr(np, name) for name in (*functions, *DTYPES.values())}
    scope |= {"rows": _rows, "fused": _fused, "added_at": _added_at, "put_at": _put_at}
    for name, tensor in traced.fixed.items():
        index: tuple[Any, ...] = (0,) * (tensor.ndim - len(shaped(tuple(tensor.shape))))
        scope[name] = tensor.numpy()[(*index, ...)]  # the same memory
    exec(compile(source, filename, "exec"), scope)  # noqa: S102  the source was printed from operations only
    return NumpyFunction(source, scope["numpy_step"])


def _agree(theirs: Mapping[Any, Tensor], ours: Mapping[Any, Any], made: NumpyFunction) -> None:
    """Refuse what is another function than torch's."""
    for key, value in theirs.items():
        other = torch.as_tensor(ours[key])
        same = value.shape == other.shape and value.dtype == other.dtype
        if not same or not torch.allclose(value, other, rtol=CLOSE, atol=CLOSE, equal_nan=True):
            raise BuildError(f"compile=numpy printed another function: {key!r} differs", fix=FIX, source=made.source)

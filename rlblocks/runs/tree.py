"""Trees as files: nested dicts of tensors, arrays and plain values, taken apart into safetensors and JSON and back.

A tree is made of dicts with text keys, lists, tuples, `None`, bools, ints of any size, floats, texts, numpy arrays and
scalars, and torch tensors. What comes back equals what went in: kind, dtype, shape and every bit. Nothing in a file can
name a class, a function or an import, so reading one runs no code.

What is not kept: the memory layout of an array (it comes back contiguous), the device of a tensor (it comes back on the
CPU), `requires_grad`, and the class of a mapping (it comes back as a dict).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from rlblocks._core.errors import CheckpointError

if TYPE_CHECKING:
    import torch

    Array = np.ndarray[Any, Any] | torch.Tensor

# The format's names of the dtypes that it can hold (https://huggingface.co/docs/safetensors, "Format").
CODES = {
    "bool": "BOOL", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64",
    "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64",
    "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64", "complex64": "C64",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip
NATIVE_INT = 1 << 63  # wider ones are written in hexadecimal, which has no limit of digits
RESERVED = "__metadata__"  # a name that safetensors keeps for itself
ALIGNMENT = 8  # bytes; the header is padded to it


def flatten(tree: object, at: str = "tree") -> tuple[dict[str, Array], Any]:
    """Take a tree apart into its arrays by name, not copied, and a JSON value that says where each belongs.

    A JSON object with one key that begins with a single `$` is a leaf; a `$` at the beginning of a tree's own key is
    doubled.

    >>> flatten({"q": {"weight": np.zeros(2)}, "steps": (3, math.inf)})[1]
    {'q': {'weight': {'$numpy': 'tree.q.weight'}}, 'steps': {'$tuple': [3, {'$float': 'inf'}]}}

    Raises:
        CheckpointError: something in the tree has no place in a checkpoint; the message says what and where.
    """
    arrays: dict[str, Array] = {}
    try:
        return arrays, _take_apart(tree, at, arrays)
    except RecursionError:
        raise CheckpointError(
            f"{at} is nested too deeply for a checkpoint, or contains itself", fix="save a flatter tree", at=at
        ) from None


def _take_apart(value: object, at: str, arrays: dict[str, Array]) -> Any:  # noqa: PLR0911  one for each kind
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return value if abs(value) < NATIVE_INT else {"$int": hex(value)}
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if type(value) is list:
        return [_take_apart(part, f"{at}.{i}", arrays) for i, part in enumerate(value)]
    if type(value) is tuple:
        return {"$tuple": [_take_apart(part, f"{at}.{i}", arrays) for i, part in enumerate(value)]}
    if isinstance(value, Mapping):
        return {_escaped(key, at): _take_apart(part, f"{at}.{key}", arrays) for key, part in value.items()}
    if _is_tensor(value):
        return {"$torch": _remember(value, at, arrays)}
    if type(value) in (np.ndarray, np.memmap):
        return {"$numpy": _remember(value, at, arrays)}
    if isinstance(value, np.generic):
        return {"$scalar": _remember(np.asarray(value), at, arrays)}
    raise CheckpointError(
        f"{at} holds a {type(value).__name__}, which has no place in a checkpoint",
        fix="save tensors, arrays, numbers, texts, and dicts, lists or tuples of these", at=at, value=value,
    )  # fmt: skip


def _escaped(key: object, at: str) -> str:
    if type(key) is not str:
        raise CheckpointError(f"{at} has the key {key!r}, but a key is a text", fix=f"write {str(key)!r}", at=at)
    return f"${key}" if key.startswith("$") else key


def _is_tensor(value: object) -> TypeGuard[torch.Tensor]:
    loaded = sys.modules.get("torch")  # while torch is not loaded, nothing is a tensor
    return loaded is not None and isinstance(value, loaded.Tensor)


def _remember(array: Any, at: str, arrays: dict[str, Array]) -> str:
    dtype = dtype_name(array)
    odd = _is_tensor(array) and (str(array.layout) != "torch.strided" or array.is_meta)
    if dtype not in CODES or odd:
        found = f"a sparse or meta tensor of {dtype}" if odd else f"an array of {dtype}"
        raise CheckpointError(
            f"{at} holds {found}, which has no place in a checkpoint",
            fix=f"convert it to a dense one of {', '.join(CODES)}", at=at, dtype=dtype,
        )  # fmt: skip
    name = at.encode("utf-8", "backslashreplace").decode("utf-8")
    while name in arrays or name == RESERVED:  # keys with dots in them may spell the same path
        name += "'"
    arrays[name] = array
    return name


def dtype_name(array: Array) -> str:
    """The name of an array's dtype, the same for numpy and torch: "float32"."""
    return str(array.dtype).removeprefix("torch.")


def chunks(arrays: Mapping[str, Array]) -> Iterator[bytes | memoryview]:
    """The bytes of a safetensors file with these arrays, one array at a time and not copied where contiguous.

    Written here and not by the library, because its writer opens and renames files by itself: the bytes could then be
    neither hashed on their way nor forced to the disk, and it refuses arrays that share memory. Reading is the
    library's (`safetensors.safe_open`).
    """
    ordered = sorted(arrays, key=lambda name: -arrays[name].itemsize)  # so that every array is aligned
    header: dict[str, Any] = {}
    end = 0
    for name in ordered:
        array = arrays[name]
        start, end = end, end + array.nbytes
        header[name] = {"dtype": CODES[dtype_name(array)], "shape": list(array.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    yield len(text).to_bytes(8, "little") + text
    for name in ordered:
        yield raw(arrays[name])


def raw(array: Array) -> memoryview:
    """The bytes of an array in row-major order.

    >>> raw(np.array([1, 256], dtype="uint16")).tolist()
    [1, 0, 0, 1]
    """
    if isinstance(array, np.ndarray):
        return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    import torch

    dense = array.detach().cpu().resolve_conj().resolve_neg().contiguous()
    if dense.numel() < 2:  # noqa: PLR2004  such count as contiguous with any stride, and then have no view as bytes
        dense = dense.clone(memory_format=torch.contiguous_format)
    return dense.reshape(-1).view(torch.uint8).numpy().data


def restore(skeleton: object, fetch: Callable[[str], torch.Tensor]) -> Any:
    """Put a tree together again from what `flatten` made of it; `fetch` gives the array of a name as a tensor.

    >>> restore({"steps": {"$tuple": [3, {"$float": "inf"}]}, "$$odd": None}, fetch=no_array)
    {'steps': (3, inf), '$odd': None}

    Raises:
        CheckpointError: the skeleton is none, or names an array that there is not.
    """
    try:
        return _put_together(skeleton, fetch)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"the description of the tree makes no sense ({type(error).__name__}: {error})",
            fix="use another checkpoint; this one was not written by rlblocks, or was changed since",
        ) from error


def no_array(name: str) -> torch.Tensor:
    """What `restore` is given where there can be no arrays."""
    raise LookupError(f"there is no array {name!r}")


def _put_together(node: Any, fetch: Callable[[str], torch.Tensor]) -> Any:
    if isinstance(node, list):
        return [_put_together(part, fetch) for part in node]
    if not isinstance(node, dict):
        return node
    tags = [key for key in node if key.startswith("$") and not key.startswith("$$")]
    if not tags:
        return {key.removeprefix("$"): _put_together(part, fetch) for key, part in node.items()}
    (tag,) = node  # a leaf has no second key
    return _leaf(tag, node[tag], fetch)


def _leaf(tag: str, content: Any, fetch: Callable[[str], torch.Tensor]) -> Any:
    match tag:
        case "$int":
            return int(content, 16)
        case "$float":
            return float(content)
        case "$tuple":
            return tuple([_put_together(part, fetch) for part in content])
        case "$torch":
            return fetch(content)
        case "$numpy":
            return fetch(content).numpy()
        case "$scalar":
            return fetch(content).numpy()[()]
        case _:
            raise ValueError(f"unknown leaf {tag!r}")

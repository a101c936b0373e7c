"""Values as text that can be pasted into an interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.paths import walk

_DEFAULTS = (torch.float32, torch.int64, torch.bool)  # what torch.tensor makes of a list by itself


def show(value: Any) -> str:  # noqa: PLR0911  one for each kind of value
    """The source of a value.

    >>> show({"q": torch.tensor([[1.0, float("nan")]]), "n": np.zeros(2, np.uint8)})
    "{'q': torch.tensor([[1.0, nan]]), 'n': np.array([0, 0], 'uint8')}"
    """
    if isinstance(value, Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray):
        if not value.size:
            return f"np.zeros({value.shape}, {str(value.dtype)!r})"
        return f"np.array({value.tolist()}, {str(value.dtype)!r})"
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {show(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, np.random.Generator):
        return "np.random.default_rng()"
    if callable(value) and (named := getattr(value, "__qualname__", "")):
        return str(named)
    return repr(value)


def _tensor(value: Tensor) -> str:
    dtype = "" if value.dtype in _DEFAULTS else f", dtype={value.dtype}"
    if not value.numel():
        return f"torch.zeros({tuple(value.shape)}{dtype})"
    grad = ", requires_grad=True" if value.requires_grad and value.is_leaf else ""
    return f"torch.tensor({value.detach().cpu().tolist()}{dtype}{grad})"


def imports(text: str) -> str:
    """The import lines that a piece of source needs."""
    lines = []
    if "nan" in text or "inf" in text:
        lines.append("from math import inf, nan")
    if "np." in text:
        lines.append("import numpy as np")
    if "torch." in text:
        lines.append("import torch")
    return "".join(line + "\n" for line in lines)


def imports_of(block: Block) -> str:
    """The import lines for the names in a block's repr; classes that no module holds have none.

    >>> from rlblocks.stores import Latest, WithNext
    >>> print(imports_of(WithNext(Latest(1))), end="")
    from rlblocks.stores import Latest
    from rlblocks.stores import WithNext
    """
    kinds = {type(block), *(type(part) for _, part in walk(block) if isinstance(part, Block))}
    found = [kind for kind in kinds if "<locals>" not in kind.__qualname__ and kind.__module__ != "__main__"]
    return "".join(sorted(f"from {_public(kind.__module__)} import {kind.__name__}\n" for kind in found))


def _public(module: str) -> str:
    """Where a person finds what a module declares: the library's blocks, in the package of their role."""
    return ".".join(module.split(".")[:2]) if module.startswith("rlblocks.") else module

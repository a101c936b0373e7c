"""GEN: tensors that lie on another device are what they are elsewhere."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from rlblocks.testing._call import Call, mapped, tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing.critics import Critic
from rlblocks.testing.laws.general_rows import FLOATING

AFAR = torch.device("meta")
MIXED = ("expected device", "same device", "two devices")  # what torch says where tensors of two are mixed


def _afar(value: Any) -> Any:
    """A tensor, or what holds some, where tensors have a shape and a type and no numbers."""
    if isinstance(value, Critic):
        return value.each(_afar)
    if isinstance(value, Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=AFAR)
    if isinstance(value, list):
        return [_afar(item) for item in value]
    return mapped(value, _afar) if isinstance(value, dict) else value


class _OfAnyDevice(TorchFunctionMode):
    """A number on the processor counts as one on the device of the tensors that it meets, as it does on a GPU."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if any(tensor.device == AFAR for tensor in tensors_in([args, kwargs])):
            args, kwargs = _numbers_afar(args), _numbers_afar(kwargs)
        return func(*args, **kwargs)


def _numbers_afar(value: Any) -> Any:
    """What a function is called with, where tensors without dims lie on the other device."""
    if isinstance(value, tuple | list):
        return type(value)(_numbers_afar(item) for item in value)
    if isinstance(value, dict):
        return {name: _numbers_afar(item) for name, item in value.items()}
    return value.to(AFAR) if isinstance(value, Tensor) and not value.dim() else value


def _outcome_afar(call: Call) -> dict[str, Any]:
    """The outputs there; none where the numbers themselves are asked for, of which there are none."""
    inputs, said = {name: _afar(value) for name, value in call.inputs.items()}, ""
    for numbers in (nullcontext(), _OfAnyDevice()):  # the other device is stricter about numbers than a GPU
        try:
            with numbers:
                return call(**inputs)
        except Exception as error:  # noqa: BLE001  whatever else is in the way says nothing about devices
            said = " ".join(str(error).split())
            if not any(words in said for words in MIXED):
                return {}
    require(False, f"it mixes tensors of two devices: {said[:100]}")
    return {}


@law("GEN-13a", role=(*FLOATING, "aggregates"), since="0.1", examples=5)
def what_is_made_lies_where_the_inputs_lie(case: Case) -> None:
    """What a block makes itself lies on the device of its inputs.

    It is called with tensors on the device "meta", which needs no GPU: they have a shape and a type there, and no
    numbers. A block that asks for numbers is held to this where there is a GPU alone. A tensor without dims may be made
    on the processor, since every device takes it there; what is written lies with the inputs.

    Formula: device(f(x)) = device(x)
    """
    call = case.call()
    for name, value in _outcome_afar(call).items():
        for tensor in tensors_in(value):
            require(tensor.device == AFAR, f"{name} of inputs on another device is on {tensor.device}")

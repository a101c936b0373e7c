"""GEN: whole numbers of another type, and tensors that lie on another device, are what they are elsewhere."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rlblocks.testing._call import Call, mapped, tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing.critics import Critic
from rlblocks.testing.laws.general import MODULES
from rlblocks.testing.laws.general_rows import FLOATING, NEVER, outcome

AFAR = torch.device("meta")
MIXED = ("expected device", "same device", "two devices")  # what torch says where tensors of two are mixed


@law("GEN-7b", role=(*FLOATING, *MODULES), since="0.1")
def whole_numbers_are_of_any_type(case: Case) -> None:
    """Whole numbers mean the same in 32 bits as in 64.

    Each input of int64, such as an action, is handed over as int32. Some environments write such columns, and not all
    of torch takes them.

    Formula: f(…, x: int32, …) = f(…, x: int64, …)
    """
    call = case.call(**({"optional": True} if case.block.role in ("targets", "losses", "explorers") else {}))
    due = call()
    for name, value in call.inputs.items():
        if isinstance(value, Tensor) and value.dtype == torch.int64:
            case.saw("a whole number")
            found = outcome(call, **{name: value.to(torch.int32)})
            require(found is not NEVER, f"{name} of int32 is refused")
            for key, output in due.items():
                for ours, theirs in zip(tensors_in(found[key]), tensors_in(output), strict=True):
                    close(ours.to(theirs.dtype), theirs, f"{key}, with {name} given as int32,")


def _afar(value: Any) -> Any:
    """A tensor, or what holds some, where tensors have a shape and a type and no numbers."""
    if isinstance(value, Critic):
        return value.each(_afar)
    if isinstance(value, Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=AFAR)
    if isinstance(value, list):
        return [_afar(item) for item in value]
    return mapped(value, _afar) if isinstance(value, dict) else value


def _outcome_afar(call: Call) -> dict[str, Any]:
    """The outputs there; none where the numbers themselves are asked for, of which there are none."""
    try:
        return call(**{name: _afar(value) for name, value in call.inputs.items()})
    except Exception as error:  # noqa: BLE001  whatever else is in the way says nothing about devices
        said = " ".join(str(error).split())
        require(not any(words in said for words in MIXED), f"it mixes tensors of two devices: {said[:100]}")
        return {}


@law("GEN-13a", role=(*FLOATING, "aggregates"), since="0.1", examples=5)
def what_is_made_lies_where_the_inputs_lie(case: Case) -> None:
    """What a block makes itself lies on the device of its inputs.

    It is called with tensors on the device "meta", which needs no GPU: they have a shape and a type there, and no
    numbers. A block that asks for numbers is held to this where there is a GPU alone.

    Formula: device(f(x)) = device(x)
    """
    call = case.call()
    for name, value in _outcome_afar(call).items():
        for tensor in tensors_in(value):
            require(tensor.device == AFAR, f"{name} of inputs on another device is on {tensor.device}")

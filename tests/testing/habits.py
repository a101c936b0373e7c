"""Bad habits: what no block of any role may do beside what it computes, and the law that speaks of each."""

import sys

import torch
from torch import Tensor, nn

HABITS = {
    "writes what it reads": "GEN-1",
    "draws a number that it does not use": "GEN-3",
    "prints": "GEN-3a",
    "counts its calls": "GEN-14",
    "notes its calls in its class": "GEN-17a",
    "is known by its identity": "GEN-18",
    "hashed by its identity": "GEN-17",
}
FLOATING = {
    "computes in float32": "GEN-7",
    "casts to the type of what it reads": "GEN-7a",
    "makes tensors on the processor": "GEN-13a",
}
ROWS = {"numbers its rows": "GEN-9"}
BUFFER = {"computes in the memory of what it reads": "GEN-2"}
LAID = {"reads memory as if it were contiguous": "GEN-12"}
EMPTY = {"a row of nothing": "GEN-19"}
CALLS, KNOWN, IN_PLACE = [], set(), ("target_updates", "optimizers")


def every_float(value, change):
    """What a block returned, with its floating tensors changed; what it wrote in place is changed in place."""
    if isinstance(value, Tensor):
        return change(value) if value.is_floating_point() else value
    if isinstance(value, dict):
        return {name: every_float(part, change) for name, part in value.items()}
    return type(value)(every_float(part, change) for part in value) if isinstance(value, tuple | list) else value


def spoiled(owner, function, given):
    """What a function says of what it is given, by keyword, and what the habit of its block makes of that."""
    fault, tensors = (
        owner.fault,
        [x for value in given.values() for x in (value if isinstance(value, list) else [value])],
    )
    seen = [x for x in tensors if isinstance(x, Tensor)]
    if fault == "writes what it reads":
        with torch.no_grad():
            first = (given.get("online") or given.get("grads") or seen)[0]
            first.copy_(first.clone())
    if fault == "computes in float32":
        given = {name: every_float(x, Tensor.float) for name, x in given.items()}
    if fault == "reads memory as if it were contiguous":
        given = {name: every_float(x, lambda t: t.as_strided(t.shape, _strides(t))) for name, x in given.items()}
    found, change = function(**given), _change(owner, seen)
    for written in given.get("target", []) + given.get("params", []) if owner.role in IN_PLACE else ():
        written.copy_(change(written)) if written.is_floating_point() else None
    return every_float(found, change)


def _change(owner, seen):
    """What becomes of the floating tensors that a call of a block results in."""
    match owner.fault:
        case "draws a number that it does not use":
            torch.rand(())
        case "prints":
            sys.stdout.write(owner.fault)
        case "counts its calls":
            CALLS.append(owner.fault)
        case "notes its calls in its class":
            type(owner).noted = [*type(owner).noted, owner.fault]
    whole = any(x.dtype == torch.int64 for x in seen)
    return {
        "counts its calls": lambda t: t + len(CALLS) / 64,
        "is known by its identity": lambda t: t + float(id(owner) not in KNOWN),
        "computes in float32": lambda t: t.to(seen[0].dtype),
        "computes in the memory of what it reads": lambda t: _buffer(seen, t).copy_(t),
        "casts to the type of what it reads": lambda t: t.long().to(t.dtype) if whole else t,
        "makes tensors on the processor": lambda t: t + torch.zeros(t.shape, device="cpu"),
        "numbers its rows": lambda t: t + torch.arange(len(t)).view(-1, *[1] * (t.dim() - 1)) if t.dim() else t,
        "a row of nothing": lambda t: t if len(t) else t.new_zeros((1, *t.shape[1:])),
    }.get(owner.fault, lambda t: t)


def _buffer(seen, due):
    """Something that was handed over and has the shape that is due, or a tensor of its own."""
    return next((x for x in seen if x.shape == due.shape and x.dtype == due.dtype), torch.empty_like(due))


def _strides(tensor):
    return torch.empty(tensor.shape, device="meta").stride()


class Spoiled(nn.Module):
    """A module of a block with a habit."""

    def __init__(self, owner, inner):
        super().__init__()
        self.owner, self.inner, self.noise_size = [owner], inner, inner.noise_size

    def forward(self, x, noise=None):
        return spoiled(self.owner[0], lambda x: self.inner(x, noise), {"x": x})


def registers(self):
    """Become known."""
    KNOWN.add(id(self))

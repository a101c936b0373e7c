"""Which laws are asked of the real inputs of a run: those that need no oracle, and cost little.

A law is asked by its own body, on a call that was recorded. What is asked of rows, and of a whole run, is in
`rlblocks.runs._row_laws`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from rlblocks.testing._call import Call, tensors_in
from rlblocks.testing._coverage import Coverage
from rlblocks.testing._given import broken_by, first_rows, has_functions
from rlblocks.testing._law import Law, laws_for

ALWAYS = ("GEN-1", "GEN-2", "GEN-3", "GEN-3a", "GEN-14", "GEN-17a")
OF_ROWS = ("GEN-8", "GEN-9")  # asked in float64, so that an order of summation is no finding
BY_ROLE: Mapping[str, tuple[str, ...]] = {
    "targets": (*ALWAYS, *OF_ROWS, "GEN-15", "GEN-16", "TGT-2", "TGT-2a", "TGT-7", "TGT-9", "TGT-13"),
    "losses": (*ALWAYS, *OF_ROWS, "LOS-1a", "LOS-6", "LOS-12", "LOS-15"),
    "explorers": (*ALWAYS, *OF_ROWS, "GEN-15", "GEN-16", "EXP-1", "EXP-1a"),
    "transforms": (*ALWAYS, "GEN-9", "GEN-16", "LOS-8c"),
    "returns": (*ALWAYS, "GEN-16", "RET-1a", "RET-7", "RET-14", "RET-16", "RET-17", "RET-22a", "RET-23"),
    "target_updates": (*ALWAYS, "TUP-4", "TUP-5", "TUP-7", "TUP-10"),
    "optimizers": ALWAYS,
    "normalizers": ("GEN-1", "GEN-3", "GEN-14", "GEN-9"),
}
CALLED_AS = {"normalizers": "targets"}  # a role whose own laws ask of something else than calls on rows
WITH_FUNCTIONS = (*ALWAYS, "GEN-16", "LOS-1a", "LOS-12", "LOS-15")  # where a network is handed over as a function
FEW = {"GEN-8": 4, "RET-16": 64, "RET-17": 64}  # rows that are enough, where a law asks of each
ABOUT = {
    "GEN-15": "action_mask", "TGT-7": "action_mask", "EXP-1a": "action_mask", "LOS-6": "weight", "LOS-8c": "weight",
    "RET-23": "weight",
}  # fmt: skip  # the input that a law is about, which may not be there
SMALL = 4096  # numbers of a tensor, of those about which TUP-10 is asked
MODERATE = 1e6  # beyond it, what a law adds to an input may be lost in rounding


@attrs.frozen
class Broken:
    """A law that does not hold on a call: its id, in words, what was found, and the smallest call that shows it."""

    law: str
    title: str
    said: str
    call: Call


def laws_on(call: Call) -> list[Law]:
    """The laws that can be asked of a real call.

    >>> import torch
    >>> from rlblocks.target_updates import Polyak
    >>> from rlblocks.testing._given import call_on
    >>> call = call_on(Polyak(0.5), {"online": [torch.ones(2)], "target": [torch.zeros(2)]})
    >>> " ".join(law.id for law in laws_on(call))
    'GEN-1 GEN-2 GEN-3 GEN-3a GEN-14 GEN-17a TUP-4 TUP-5 TUP-7 TUP-10'
    """
    role = call.block.role
    wanted = [name for name in BY_ROLE.get(role, ()) if not has_functions(call) or name in WITH_FUNCTIONS]
    wanted = [name for name in wanted if ABOUT.get(name, "") in ("", *call.inputs)]
    if not _moderate(call):
        wanted = [name for name in wanted if name in (*ALWAYS, "GEN-16")]
    known = called_laws(role)
    return [known[name] for name in wanted if name in known and not known[name].needs(call.block)]


def called_laws(role: str) -> dict[str, Law]:
    """The laws that ask of a call of a block of this role, by id."""
    return {law.id: law for law in laws_for(CALLED_AS.get(role, role))}


def asked_on(call: Call, number: int = 1) -> Iterator[tuple[str, Broken | None]]:
    """Ask every law that can be asked; the id of each whose inputs held what it is about, and what was broken.

    Args:
        call: of the block.
        number: decides what is drawn beside it.
    """
    for law in laws_on(call):
        asked, coverage = _suited(law, call), Coverage()
        said = broken_by(law, asked, number, coverage)
        if said:
            yield law.id, _smallest(law, asked, said, number)
        elif not coverage.missing(law.covers):
            yield law.id, None


def _suited(law: Law, call: Call) -> Call:
    """The call as one law takes it: fewer rows, more digits, smaller tensors."""
    if law.id in FEW and call.block.role != "returns":
        call = first_rows(call, FEW[law.id])
    if law.id in FEW and call.block.role == "returns":
        call = _first_steps(call, FEW[law.id])
    if law.id in OF_ROWS:
        call = call.to(torch.float64)
    if law.id == "TUP-10":
        kept = [i for i, tensor in enumerate(call.inputs["target"]) if tensor.numel() <= SMALL]
        call = call.with_inputs(**{name: [call.inputs[name][i] for i in kept] for name in ("online", "target")})
    return call


def _first_steps(call: Call, count: int) -> Call:
    """A trajectory up to one of its steps."""
    kept = call.with_inputs(**{name: call.inputs[name][:count] for name in call.rows})
    return attrs.evolve(kept, sizes={**call.sizes, "time": min(count, call.sizes["time"])})


def _smallest(law: Law, call: Call, said: str, number: int) -> Broken:
    """The fewest first rows, by powers of two, on which a law is still broken."""
    count = 1
    while call.block.role != "returns" and not has_functions(call) and count < call.sizes.get("batch", 0):
        fewer = first_rows(call, count)
        if why := broken_by(law, fewer, number):
            return Broken(law.id, law.title, why, fewer)
        count *= 2
    return Broken(law.id, law.title, said, call)


def _moderate(call: Call) -> bool:
    """Whether all numbers that are read are finite and no larger than a law can add to."""
    return all(
        bool((tensor.abs() <= MODERATE).all()) for tensor in tensors_in(call.inputs) if tensor.is_floating_point()
    )


def not_finite(call: Call, wrote: Any) -> str | None:
    """What is not finite of what a block wrote, where all that it read was (GEN-15); empty where nothing is.

    None where that could not be asked.
    """
    if not all(_finite(tensor) for tensor in tensors_in(dict(call.inputs))):
        return None
    wrote = wrote if isinstance(wrote, tuple) else (wrote,)
    broken = [
        key for key, value in zip(call.block.outputs, wrote, strict=False) if not all(map(_finite, tensors_in(value)))
    ]
    return f"of finite inputs, {broken[0]} is not finite" if broken else ""


def _finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def not_the_reward(call: Call, wrote: Any) -> str | None:
    """Where a terminated row's target is not its reward (TGT-2), in what a target wrote itself; empty where it is.

    None where that could not be asked, such as of a batch in which no row is terminated.
    """
    inputs = call.inputs
    if call.block.outputs != ("td_target",) or not {"reward", "discount"} <= set(inputs) or call.block.specs:
        return None
    found = wrote.view(len(inputs["reward"]), -1)
    over = inputs["discount"] == 0
    if not bool(over.any()):
        return None
    due = inputs["reward"].to(found.dtype).unsqueeze(1).expand_as(found)
    wrong = (found != due).any(1) & over
    if not bool(wrong.any()):
        return ""
    row = int(wrong.nonzero()[0])
    return (
        f"in the terminated row {row} td_target is {found[row].tolist()}, but must be the reward {due[row, 0].item()!r}"
    )


OWN: Mapping[str, tuple[str, Callable[[Call, Any], str | None]]] = {  # asked of what a block wrote itself
    "GEN-15": ("what is written is finite where all that is read is", not_finite),
    "TGT-2": ("a terminated row's target is its reward", not_the_reward),
}

"""GEN: what a block declares is what it takes; and a batch of another size is no batch of this one."""

from __future__ import annotations

import inspect
from typing import Any

import attrs
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import REQUIRED, Read
from rlblocks._core.keys import parse
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing.laws.general import COMPUTING, PREPARING
from rlblocks.testing.laws.general_rows import NEVER, outcome, value_reads
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import BATCHES

SHARE, AT_LEAST_ZERO, COUNT = ((0.0, 0.5, 1.0), (-0.01, 1.01)), ((0.0, 0.5, 3.0), (-0.01,)), ((1, 3), (0, 1.5))
RANGES: dict[str, dict[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {  # what fields take, and what they refuse
    **{name: {"lam": SHARE} for name in ("gae", "td_lambda", "retrace")},
    "v_trace": {"lam": SHARE, "rho_max": AT_LEAST_ZERO, "c_max": AT_LEAST_ZERO},
    "n_step_return": {"n": COUNT}, "random_subset": {"of": COUNT},
    "smoothed_q": {"noise": AT_LEAST_ZERO, "limit": AT_LEAST_ZERO},
    "truncated_quantiles": {"drop": ((0, 3), (-1, 1.5))},
}  # fmt: skip


@law("GEN-23", role=(*COMPUTING, *PREPARING), since="0.1", looks=True, examples=1)
def what_is_optional_is_declared_so(case: Case) -> None:
    """What `compute` can do without is declared as optional.

    Else a recipe is refused because nobody writes what the block does not need.

    Formula: x has a default in `compute` ⇒ x has a default in `inputs`
    """
    block = case.block
    case.say(f"block = {block!r}")
    taken = inspect.signature(block.compute).parameters
    for name, asked in block.inputs.items():
        if isinstance(asked, Read) and not asked.raw and name in taken:
            optional = taken[name].default is not inspect.Parameter.empty
            require(not optional or asked.default is not REQUIRED, f"the input {name!r} is declared as needed")


@law("GEN-23a", role=COMPUTING, since="0.1", looks=True, examples=1)
def masks_are_optional(case: Case) -> None:
    """Which actions are legal is declared as optional: where nobody says it, all are.

    Formula: inputs ∋ read(action_mask) ⇒ it has a default
    """
    block = case.block
    case.say(f"block = {block!r}")
    for name, asked in asked_by(block).items():
        if isinstance(asked, Read) and parse(asked.key).name == "action_mask":
            require(asked.default is not REQUIRED, f"the input {name!r} is declared as needed")


@law("GEN-23b", role=COMPUTING, since="0.1", looks=True, examples=1)
def values_of_actions_say_their_dims(case: Case) -> None:
    """Values of all actions are read with their dims.

    Without, a recipe of several networks, or of another form of values, is wired and computes something else.

    Formula: inputs ∋ read(q) ⇒ it has dims
    """
    block = case.block
    case.say(f"block = {block!r}")
    for name in value_reads(block):
        asked = asked_by(block)[name]
        require(not isinstance(asked, Read) or asked.raw or bool(asked.dims), f"the input {name!r} says no dims")


@law("GEN-11a", role=COMPUTING, since="0.1", covers=("several rows",), examples=6)
def one_row_is_not_many(case: Case) -> None:
    """One row in the place of many is refused, never repeated.

    Each input `[B]` in turn is handed over as `[1]`.

    Formula: f(…, x: [1], …) raises where the other inputs have B > 1 rows
    """
    call = case.call(rows=case.draw(st.sampled_from(BATCHES[1:])), optional=True)
    for name in sorted(call.rows) if len(call.rows) > 1 else ():
        value = call.inputs[name]
        if isinstance(value, Tensor) and value.dim() == 1 and not call.lead.get(name, 0):
            found = outcome(call, **{name: value[:1]})
            require(found is NEVER, f"{name} of one row was taken for {call.sizes['batch']} rows")


def ranged(block: Block) -> str:
    """Whether the kit knows what its numbers mean, by its name or the tag `like`."""
    known = RANGES.get(like(block), {}).keys() & attrs.fields_dict(type(block)).keys()  # type: ignore[arg-type]
    return "" if known else "the kit knows no range of its fields"


@law("GEN-24", role=("returns", "targets"), since="0.1", needs=ranged, looks=True, examples=1)
def numbers_that_mean_nothing_are_refused(case: Case) -> None:
    """A field takes every number that means something, both ends included, and no other.

    A mixture of λ < 0 or λ > 1, or a step of none, would be computed all the same.
    """
    block: Any = case.block
    for name, (right, wrong) in RANGES[like(block)].items():
        if name in attrs.fields_dict(type(block)):
            case.say(f"attrs.evolve({block!r}, {name}=...)")
            for value in right:
                attrs.evolve(block, **{name: value})
            for unfit in (*wrong, None):
                try:
                    attrs.evolve(block, **{name: unfit})
                except Exception:  # noqa: BLE001, S112  any refusal is one
                    continue
                require(False, f"{name} = {unfit} was taken")

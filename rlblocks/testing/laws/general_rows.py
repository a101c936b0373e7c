"""GEN: what every block obeys that works on a batch of rows: a row's result depends on that row alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Read
from rlblocks._core.keys import parse
from rlblocks.testing._call import Call, mapped, tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import LawBroken, close, require, same
from rlblocks.testing._critic_calls import CHOSEN
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing.laws.general import COMPUTING, MODULES, PREPARING
from rlblocks.testing.strategies import BATCHES, layouts, orders

ROWS = (*COMPUTING, *MODULES, "value_forms", "distributions")
FLOATING = (*COMPUTING, *PREPARING, "value_forms", "distributions")
NEVER = object()


def outcome(call: Call, **changed: Any) -> Any:
    """The outputs, or `NEVER` where the block refuses such inputs."""
    try:
        return call(**changed)
    except LawBroken:
        raise
    except Exception:  # noqa: BLE001  any refusal is one
        return NEVER


@law("GEN-7", role=FLOATING, since="0.1", covers=("a call",))
def float_types_agree(case: Case) -> None:
    """Float32 and float64 agree, and the result keeps the type.

    In float64 the same numbers come out, in float64; nothing is rounded on the way: what moves with the inputs moves
    with changes of them, too, that float32 does not see.

    Formula: |f₃₂(x) − f₆₄(x)| within the rounding of float32
    """
    call = case.call()
    wide = call.to(torch.float64)
    single, double = call(), wide()
    for name, value in double.items():
        floats = [tensor for tensor in tensors_in(value) if tensor.is_floating_point()]
        for tensor in floats:
            require(tensor.dtype == torch.float64, f"{name} of float64 inputs is {tensor.dtype}")
        for ours, theirs in zip(tensors_in(single[name]), tensors_in(value), strict=True):
            require(
                not theirs.is_floating_point() or ours.dtype == torch.float32,
                f"{name} of float32 inputs is {ours.dtype}",
            )
            close(ours, theirs, f"{name} in float32")
    _not_rounded(wide, double)


VISIBLE, HIDDEN = 2.0**-20, 2.0**-30  # shares of a number, above and below what float32 tells apart


def _not_rounded(wide: Call, due: Mapping[str, Any]) -> None:
    """What is far from constant in float64 is not constant below the resolution of float32."""
    near = {name: wide.inputs[name] for name in wide.floating() if name in wide.rows}
    far, close_by = (wide(**{name: value * (1 - share) for name, value in near.items()}) for share in (VISIBLE, HIDDEN))
    size = max(
        [1.0, *(float(value.abs().nan_to_num(0.0, 0.0, 0.0).amax()) for value in near.values() if value.numel())]
    )
    for name, value in due.items():
        for here, there, between in zip(*map(tensors_in, (value, far[name], close_by[name])), strict=True):
            if here.is_floating_point() and here.numel():
                moved = (there - here).abs() > VISIBLE / 16 * (size + here.abs())
                require(
                    not bool(moved.any()) or not torch.equal(between, here),
                    f"{name} of float64 inputs is rounded to float32 on the way",
                )


@law("GEN-7a", role=FLOATING, since="0.1")
def integers_are_not_truncated(case: Case) -> None:
    """Whole numbers given as integers are refused, or mean what they mean as floats.

    A result is never cast to the type of an integer input.
    """
    call = case.call()
    name = case.draw(st.sampled_from([n for n in call.floating() if n in call.rows] or [""]))
    if not name:
        return
    whole = call.inputs[name].round()
    given = outcome(call, **{name: whole.long()})
    if given is not NEVER:
        due = call(**{name: whole})
        for key, value in due.items():
            for ours, theirs in zip(tensors_in(given[key]), tensors_in(value), strict=True):
                close(ours, theirs, f"{key}, with {name} given as integers,")


@law("GEN-8", role=ROWS, since="0.1", covers=("several rows",))
def a_batch_is_its_rows(case: Case) -> None:
    """The result of a batch is the results of its rows.

    Rows are handed over one at a time; what stood beside them must not have mattered.

    Formula: f(x)[i] = f(x[i : i + 1])[0], for every row i
    """
    call = case.call(rows=case.draw(st.sampled_from(BATCHES)))
    together = call.per_row(call())
    for i in range(call.sizes["batch"]):
        alone = call(**call.map_rows(lambda value: value[i : i + 1]))  # noqa: B023  used at once
        for name, value in together.items():
            for tensor in tensors_in(value):
                require(
                    tensor.shape[:1] == (call.sizes["batch"],),
                    f"{name} has the shape {list(tensor.shape)}, not one entry a row",
                )
            agree(mapped(value, lambda x: x[i : i + 1]), alone[name], f"row {i} of {name}")  # noqa: B023  used at once


def agree(found: Any, due: Any, what: str) -> None:
    """Equal, up to the rounding of matrix products, which depends on the number of rows."""
    if isinstance(due, Mapping):
        for name, part in due.items():
            agree(found[name], part, f"{what}[{name!r}]")
    elif isinstance(due, Tensor) and due.is_floating_point():
        close(found, due, what)
    else:
        same(found, due, what)


@law("GEN-9", role=(*ROWS, "transforms"), since="0.1", covers=("several rows",))
def rows_can_be_permuted(case: Case) -> None:
    """Rows in another order give the results in that order.

    What is one number for all rows does not change.

    Formula: f(x[π]) = f(x)[π], for every order π of the rows
    """
    call = case.call(rows=case.draw(st.sampled_from(BATCHES[1:])))
    order = torch.tensor(case.draw(orders(call.sizes["batch"]), "order"))
    straight, permuted = call(), call(**call.map_rows(lambda value: value[order]))
    for name, value in straight.items():
        due = value if name in call.reduced else mapped(value, lambda x: x[order])
        agree(permuted[name], due, f"{name} of permuted rows")


@law("GEN-11", role=ROWS, since="0.1", covers=("several rows",))
def columns_are_not_broadcast(case: Case) -> None:
    """[B, 1] in the place of [B] is refused, never broadcast.

    Each input in turn; a block may also take it for `[B]`.

    Formula: f(…, x: [B, 1], …) raises, or is f(…, x: [B], …)
    """
    call = case.call(rows=case.draw(st.sampled_from(BATCHES[1:])), **_all_given(case.block))
    due = call()
    for name in _handed(call):
        found = outcome(call, **{name: call.inputs[name].unsqueeze(1)})
        if found is not NEVER:
            for key, value in due.items():
                agree(found[key], value, f"{key}, with {name} given as [B, 1],")


def _handed(call: Call) -> list[str]:
    """The inputs `[B]`, but for those that may be `[B, 1]`: a value in a form of one number, a policy's action."""
    free = {"value"} if call.block.role == "value_forms" else set(chosen_by_policies(call.block))
    tensors = {name: value for name, value in call.inputs.items() if isinstance(value, Tensor)}
    return [name for name, value in tensors.items() if name in call.rows - free and value.dim() == 1]


def _all_given(block: Block) -> dict[str, Any]:
    """Conditions under which a call is handed everything that the block can read."""
    return {"optional": True} if block.role in (*COMPUTING, "distributions") else {}


@law("GEN-12", role=(*ROWS, *PREPARING), since="0.1")
def layout_does_not_matter(case: Case) -> None:
    """How the inputs lie in memory does not matter.

    Slices with gaps and transposed views give what contiguous tensors give.
    """
    call = case.call()
    due = call()
    for name in [name for name, value in call.inputs.items() if name in call.rows and isinstance(value, Tensor)]:
        for how, laid in layouts(call.inputs[name]).items():
            for key, output in call(**{name: laid}).items():
                agree(output, due[key], f"{key}, with {name} given as {how},")


def on_a_gpu(block: Block) -> str:  # noqa: ARG001  the signature of `Needs`
    """Whether there is a GPU."""
    return "" if torch.cuda.is_available() else "there is no CUDA device here"


@law(
    "GEN-13",
    role=FLOATING,
    since="0.1",
    needs=on_a_gpu,
)
def devices_agree(case: Case) -> None:
    """A GPU gives what the CPU gives, and leaves it there.

    Outputs are on the device of the inputs.
    """
    call = case.call()
    due, found = call(), call.to(torch.device("cuda"))()
    for name, value in due.items():
        for ours, theirs in zip(tensors_in(found[name]), tensors_in(value), strict=True):
            require(ours.device.type == "cuda", f"{name} of inputs on a GPU is on {ours.device}")
            agree(ours.cpu(), theirs, f"{name} on a GPU")


def masked(block: Block) -> str:
    """Whether a block reads which actions are legal, beside values of actions."""
    reads = [parse(asked.key) for asked in asked_by(block).values() if isinstance(asked, Read)]
    has_mask = any(key.name == "action_mask" for key in reads)
    return "" if has_mask and value_reads(block) else "it reads no mask of actions together with their values"


def value_reads(block: Block) -> list[str]:
    """The arguments that are values of every action, `[B, A, *form]`."""
    return [
        name for name, asked in asked_by(block).items()
        if isinstance(asked, Read) and parse(asked.key).name == "q" and not asked.at
    ]  # fmt: skip


def chosen_by_policies(block: Block) -> list[str]:
    """The arguments that are actions which a policy chose, `[B, *shape]`."""
    return [
        name for name, asked in asked_by(block).items()
        if isinstance(asked, Read) and parse(asked.key).name in CHOSEN
    ]  # fmt: skip


def with_value(call: Call, names: list[str], where: Tensor, value: float) -> Call:
    """The call with this number at `[B, A]` or `[B]` places of some inputs, in what every member says."""

    def change(old: Tensor, lead: int) -> Tensor:
        rest = old.dim() - lead - where.dim()
        return old.masked_fill(where.view(*[1] * lead, *where.shape, *[1] * rest), value)

    return call.with_inputs(**{name: change(call.inputs[name], call.lead.get(name, 0)) for name in names})


POISON = (math.nan, math.inf, -math.inf, 1e30)


@law("GEN-15", role=COMPUTING, since="0.1", needs=masked, covers=("action_mask with a False",))
def illegal_values_do_not_matter(case: Case) -> None:
    """What stands at illegal actions is not used, NaN and infinity included.

    Outputs and gradients are those of values that were clean.

    Formula: f(x) = f(x′) where x and x′ differ at illegal actions alone
    """
    call = case.call(optional=True)
    names, poison = value_reads(case.block), case.draw(st.sampled_from(POISON), "poison")
    poisoned = with_value(call, names, ~call.inputs["action_mask"], poison)
    same(poisoned(), call(), f"with {poison} at illegal actions, the output")


@law("GEN-16", role=("targets", "explorers", *PREPARING), since="0.1")
def no_gradient_flows(case: Case) -> None:
    """No gradient flows through it.

    Outputs neither require a gradient nor remember where they come from, though every input does.

    Formula: ∂f(x)/∂x = 0
    """
    call = case.call(optional=True)
    for name, value in call(**call.tracked()).items():
        for tensor in tensors_in(value):
            require(not tensor.requires_grad and tensor.grad_fn is None, f"{name} carries a gradient")


@law("GEN-19", role=("targets", "explorers", *MODULES, "value_forms", "distributions"), since="0.1", examples=5)
def no_rows_give_no_rows(case: Case) -> None:
    """A batch of no rows gives no rows.

    The empty batch is correct, or refused by an error.
    """
    call = case.call()
    found = outcome(call, **call.map_rows(lambda value: value[:0]))
    if found is not NEVER:
        due = call.per_row(call())
        for name, value in due.items():
            for none, some in zip(tensors_in(found[name]), tensors_in(value), strict=True):
                require(none.shape == (0, *some.shape[1:]), f"{name} of no rows has the shape {list(none.shape)}")

"""AGG: what every aggregate obeys: it says one number for several, which lies among them and moves with them."""

from __future__ import annotations

import math

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing import oracles
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing.control_oracles import TOGETHER
from rlblocks.testing.strategies import floats, layouts, orders

EXACT = 1e-9
SEVERAL = ("several members", "several rows")


def together(call: Call, values: Tensor | None = None) -> Tensor:
    """What an aggregate says."""
    found: Tensor = call(**({} if values is None else {"values": values}))["together"]
    return found


def unknown(block: Block) -> str:
    """Why there is no oracle for an aggregate."""
    known = oracles.like(block) in TOGETHER
    return "" if known else f"the kit has no oracle for the equation of {oracles.like(block)!r}"


def unordered(block: Block) -> str:
    """Whether it is a function of the set of members."""
    return "its tags say that the order of members matters" if block.tags.get("order") == "matters" else ""


def scale_free(block: Block) -> str:
    """Whether the unit of values does not matter."""
    return "its tags say that the scale of values matters" if block.tags.get("scale") == "matters" else ""


@law("AGG-1", role="aggregates", since="0.1", needs=unknown, covers=SEVERAL)
def equals_its_equation(case: Case) -> None:
    """It equals its equation, computed row by row in float64.

    The oracle is a function of a list of Python floats.

    Formula: least: minⱼ xⱼ; average: (Σⱼ xⱼ)/N; first: x₁
    """
    call = case.call()
    due = [TOGETHER[oracles.like(case.block)](row) for row in call.inputs["values"].T.tolist()]
    close(together(call), torch.tensor(due, dtype=torch.float64), "what is said")


@law("AGG-2", role="aggregates", since="0.1", covers=SEVERAL)
def one_number_a_row(case: Case) -> None:
    """It says one number a row, in the type of the values.

    `[N, B] -> [B]`, in float32 as in float64, of no rows as of many.
    """
    call = case.call()
    values = call.inputs["values"]
    for given in (values, values.double(), values[:, :0]):
        found = together(call, given)
        require(found.shape == given.shape[1:], f"of values {list(given.shape)} it says {list(found.shape)}")
        require(found.dtype == given.dtype, f"of {given.dtype} values it says {found.dtype}")
    close(together(call), together(call, values.double()), "in float32, what is said")


@law("AGG-3", role="aggregates", since="0.1", needs=unordered, covers=SEVERAL)
def members_can_be_permuted(case: Case) -> None:
    """Members in another order say the same.

    Unless the tag `order` says that it matters.

    Formula: f(x∘σ) = f(x)
    """
    call = case.call()
    order = torch.tensor(case.draw(orders(call.sizes["member"]), "order"))
    close(together(call, call.inputs["values"][order]), together(call), "of permuted members, what is said")


@law("AGG-4", role="aggregates", since="0.1", covers=SEVERAL)
def it_never_falls_where_a_member_rises(case: Case) -> None:
    """Where members rise it does not fall.

    Each entry by an amount of its own, none of them below 0.

    Formula: x ≤ x′ ⇒ f(x) ≤ f(x′)
    """
    call = case.call().to(torch.float64)
    values = call.inputs["values"]
    rise = case.draw(floats(*values.shape, step=1 / 8), "rise").clamp(min=0).double()
    before, after = together(call), together(call, values + rise)
    require(bool((after >= before - EXACT).all()), f"it fell from {before.tolist()} to {after.tolist()}")


@law("AGG-5", role="aggregates", since="0.1", covers=SEVERAL)
def it_lies_among_the_members(case: Case) -> None:
    """It lies between the least and the greatest member of its row.

    So where all agree, it agrees with them.

    Formula: minⱼ xⱼ ≤ f(x) ≤ maxⱼ xⱼ
    """
    call = case.call().to(torch.float64)
    values, found = call.inputs["values"], together(call)
    low, high = values.amin(0), values.amax(0)
    inside = bool(((low - EXACT <= found) & (found <= high + EXACT)).all())
    require(inside, f"{found.tolist()} is not between {low.tolist()} and {high.tolist()}")


@law("AGG-6", role="aggregates", since="0.1", covers=SEVERAL)
def it_moves_with_its_row(case: Case) -> None:
    """Where all members of a row move by one amount, it moves by that amount.

    Each row by an amount of its own.

    Formula: f(x + c) = f(x) + c
    """
    call = case.call().to(torch.float64)
    shift = case.draw(floats(call.sizes["batch"]), "shift").double()
    close(together(call, call.inputs["values"] + shift), together(call) + shift, "of values that moved, what is said")


@law("AGG-7", role="aggregates", since="0.1", needs=scale_free, covers=SEVERAL)
def the_unit_does_not_matter(case: Case) -> None:
    """Values in another unit give the result in that unit.

    Where the tag `scale` does not say that it matters.

    Formula: f(k·x) = k·f(x) for k > 0
    """
    call, k = case.call().to(torch.float64), case.draw(st.sampled_from([0.25, 3.0, 1000.0]), "k")
    close(together(call, call.inputs["values"] * k), together(call) * k, f"of values times {k}, what is said")


@law("AGG-8", role="aggregates", since="0.1", covers=("several rows",))
def one_member_is_itself(case: Case) -> None:
    """One member is handed back as it is, with a dim for members or without.

    `[1, B]` and `[B]` say the same, bit for bit.

    Formula: f([x]) = f(x) = x
    """
    call = case.call(members=1)
    values = call.inputs["values"]
    for given in (values, values[0]):
        same(together(call, given), values[0], f"of values {list(given.shape)}, what is said")


@law("AGG-9", role="aggregates", since="0.1", covers=SEVERAL)
def rows_are_apart(case: Case) -> None:
    """What is said of a row depends on that row alone.

    Handed over alone, in another order, beside NaN, or laid out otherwise in memory.
    """
    call = case.call(rows=case.draw(st.sampled_from([2, 3, 5])))
    values, found = call.inputs["values"], together(call)
    order = torch.tensor(case.draw(orders(values.shape[1]), "order"))
    close(together(call, values[:, order]), found[order], "of permuted rows, what is said")
    for row in range(values.shape[1]):
        close(together(call, values[:, row : row + 1]), found[row : row + 1], f"of row {row} alone, what is said")
    beside = values.clone()
    beside[:, 0] = math.nan
    close(together(call, beside)[1:], found[1:], "beside a row of NaN, what is said")
    for how, laid in layouts(values).items():
        close(together(call, laid), found, f"of {how}, what is said")


@law("AGG-10", role="aggregates", since="0.1", covers=SEVERAL)
def gradients_are_shares(case: Case) -> None:
    """Its gradient by the members of a row are shares: none below 0, one in all, and nothing of other rows.

    So a policy that climbs it climbs what some members say.

    Formula: ∂f/∂xⱼ ≥ 0, Σⱼ ∂f/∂xⱼ = 1
    """
    call = case.call().to(torch.float64)
    values, rows = call.inputs["values"].clone().requires_grad_(), call.sizes["batch"]
    upstream = torch.arange(1, rows + 1, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((together(call, values) * upstream).sum(), values)
    shares = gradient / upstream
    require(bool((shares > -EXACT).all()), f"a share is below 0: {shares.tolist()}")
    close(shares.sum(0), torch.ones(rows, dtype=torch.float64), "the sum of the shares of members")


@law("AGG-11", role="aggregates", since="0.1", covers=("several rows",))
def dims_before_the_batch_are_members(case: Case) -> None:
    """All dims before the batch are members.

    `[2, 3, B]` says what `[6, B]` says.
    """
    call = case.call(members=6)
    values = call.inputs["values"]
    close(together(call, values.view(2, 3, -1)), together(call), "of values [2, 3, B], what is said")

"""LOS: what every transform of a column obeys, and what normalising and keeping promise."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing.laws.general_rows import NEVER, POISON, outcome
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import flags


def normalises(block: Block) -> str:
    """Whether a transform is the one whose equation is known."""
    return "" if like(block) == "normalise" else "it is not like normalise"


def keeps(block: Block) -> str:
    """Whether a transform keeps what a network says."""
    return "" if like(block) == "keep" else "it is not like keep"


def settles(block: Block) -> str:
    """Whether a transform is one of those that change nothing the second time."""
    return "" if like(block) in {"normalise", "keep"} else "it is not like normalise, nor like keep"


def weighted(block: Block) -> str:
    """Whether a transform knows which rows are real."""
    return "" if "weight" in asked_by(block) else "it reads no weight"


def column(call: Call) -> str:
    """The argument that is rewritten."""
    (name,) = [name for name in call.rows if name != "weight"]
    return name


def rewritten(call: Call, **changed: Any) -> Tensor:
    """What the key holds afterwards."""
    (found,) = call(**changed).values()
    return found  # type: ignore[no-any-return]


def filled_up(case: Case, rows: int | None = None) -> Call:
    """A call in which some rows only fill a chunk up, but not all."""
    call = case.call(rows=rows, optional=True)
    padding = case.draw(flags(call.sizes["batch"]), "padding")
    padding[0] = False
    case.saw("padding", padding.any())
    case.saw("all rows real", not padding.any())
    return call.with_inputs(weight=torch.ones_like(call.inputs["weight"]).masked_fill(padding, 0.0) * 1.5)


@law("LOS-8", role="transforms", since="0.1", needs=normalises, covers=("padding", "all rows real"), examples=25)
def it_is_normalised_by_its_real_rows(case: Case) -> None:
    """It equals its equation over the real rows, in float64.

    The standard deviation divides by their number.

    Formula: x ← (x − mean)/(std + ε), std² = (1/n)·Σ (xᵢ − mean)²
    """
    call = filled_up(case)
    x, weight = call.inputs[column(call)].double(), call.inputs["weight"]
    real = x[weight != 0]
    centred = real - real.mean()
    due = torch.zeros_like(x)
    due[weight != 0] = centred / (centred.square().mean().sqrt() + case.block.eps)
    close(rewritten(call), due, "the column", rtol=1e-5)
    close(rewritten(call.without("weight")), rewritten(call, weight=torch.ones_like(weight)), "without weights, it")


@law("LOS-8a", role="transforms", since="0.1", needs=normalises, covers=("rows that differ",))
def units_do_not_matter(case: Case) -> None:
    """Another unit and another zero of the column change nothing, and the other sign only the sign.

    Up to ε.

    Formula: N(a·x + b) = sign(a)·N(x)
    """
    call = filled_up(case, rows=5).to(torch.float64)
    x = call.inputs[column(call)]
    differ = x[call.inputs["weight"] != 0].std(correction=0) > 1e-3  # noqa: PLR2004  far above ε
    case.saw("rows that differ", differ)
    if not differ:
        return
    a, b = case.draw(st.sampled_from([0.5, 3.0, -2.0]), "a"), case.draw(st.sampled_from([0.0, -7.0]), "b")
    sign = 1 if a > 0 else -1
    close(rewritten(call, **{column(call): a * x + b}), sign * rewritten(call), "a column in other units", rtol=1e-4)


@law("LOS-8b", role="transforms", since="0.1", needs=normalises)
def equal_rows_come_out_as_zero(case: Case) -> None:
    """One row, and rows that all agree, come out as 0.

    Nothing is divided by 0.

    Formula: std = 0 ⇒ N(x) = 0
    """
    call = case.call(rows=case.draw(st.sampled_from([1, 2, 3])))
    x = torch.full_like(call.inputs[column(call)], case.draw(st.sampled_from([0.0, -2.5, 4096.0]), "x"))
    found = rewritten(call, **{column(call): x})
    require(not bool(found.any()), f"rows that all are {x[0].item()} come out as {found.tolist()}")


@law("LOS-8c", role="transforms", since="0.1", needs=weighted, covers=("padding",))
def padding_does_not_matter(case: Case) -> None:
    """Rows of weight 0 come out as 0 and take no part, whatever stands in them.

    NaN and infinity included; how heavy the other rows are does not matter.

    Formula: wᵢ = 0 ⇒ N(x)ᵢ = 0 and N(x)ⱼ is independent of xᵢ
    """
    call, poison = filled_up(case, rows=5), case.draw(st.sampled_from(POISON), "poison")
    x, padding = call.inputs[column(call)], call.inputs["weight"] == 0
    found = rewritten(call)
    same(rewritten(call, **{column(call): x.masked_fill(padding, poison)}), found, f"with {poison} there, the column")
    same(rewritten(call, weight=call.inputs["weight"] * 3), found, "with three times the weight, the column")
    require(not bool(found[padding].any()), f"rows that are not real come out as {found[padding].tolist()}")


@law("LOS-8d", role="transforms", since="0.1")
def time_does_not_matter(case: Case) -> None:
    """A column `[T, N]` is transformed as its rows in one line, and keeps its shape and type.

    So that it may stand in the recipe's `prepare` or in an objective's.
    """
    call = case.call(rows=6)
    folded = call(**call.map_rows(lambda value: value.view(3, 2)))
    (found,) = folded.values()
    require(list(found.shape) == [3, 2], f"the column has the shape {list(found.shape)}, not [3, 2]")
    close(found.reshape(6), rewritten(call), "the column")
    require(found.dtype == call.inputs[column(call)].dtype, f"the column is {found.dtype}")


@law("LOS-8e", role="transforms", since="0.1", needs=weighted)
def weights_are_not_broadcast(case: Case) -> None:
    """A weight [B, 1] beside a column [B] is refused, never broadcast.

    And a column [B, 1] beside a weight [B].
    """
    call = filled_up(case, rows=3)
    for name in sorted(call.rows):
        found = outcome(call, **{name: call.inputs[name].unsqueeze(1)})
        require(found is NEVER, f"{name} given as [B, 1] was not refused")


@law("LOS-8f", role="transforms", since="0.1", needs=weighted, covers=("more padding",))
def how_far_it_is_filled_up_does_not_matter(case: Case) -> None:
    """More rows of weight 0, wherever they stand, change nothing in the others.

    A chunk of short episodes is filled up further than one of long ones.
    """
    call = filled_up(case, rows=4)
    name, count = column(call), case.draw(st.integers(1, 5), "count")
    case.saw("more padding", count > 1)
    at = case.draw(st.integers(0, 4), "at")

    def longer(value: Tensor, filler: float) -> Tensor:
        return torch.cat((value[:at], value.new_full((count,), filler), value[at:]))

    given = {name: longer(call.inputs[name], 9.0), "weight": longer(call.inputs["weight"], 0.0)}
    found = rewritten(call, **given)
    close(torch.cat((found[:at], found[at + count :])), rewritten(call), "with more rows of weight 0, the column")


@law("LOS-8g", role="transforms", since="0.1", needs=settles, covers=("rows that differ",))
def twice_is_once(case: Case) -> None:
    """What is transformed already stays as it is, up to ε.

    A column of mean 0 and standard deviation 1 has them already; what is kept is what was said.

    Formula: f(f(x)) = f(x)
    """
    call = filled_up(case, rows=6).to(torch.float64)
    once = rewritten(call)
    differ = call.inputs[column(call)][call.inputs["weight"] != 0].std(correction=0) > 1e-3  # noqa: PLR2004  far above ε
    case.saw("rows that differ", differ)
    if differ:
        close(rewritten(call, **{column(call): once}), once, "the second time, the column", rtol=1e-4)


@law("LOS-8h", role="transforms", since="0.1", needs=normalises, covers=("rows that differ",))
def real_rows_have_mean_0_and_deviation_1(case: Case) -> None:
    """The real rows come out with mean 0 and standard deviation 1, in the order in which they were.

    However many there are; a deviation that divides by one less is above 1.

    Formula: mean N(x) = 0, mean N(x)² = 1, xᵢ ≤ xⱼ ⇒ N(x)ᵢ ≤ N(x)ⱼ
    """
    call = filled_up(case, rows=case.draw(st.sampled_from([2, 3, 7]))).to(torch.float64)
    real = call.inputs["weight"] != 0
    x, found = call.inputs[column(call)][real], rewritten(call)[real]
    differ = x.std(correction=0) > 1e-3  # noqa: PLR2004  far above ε
    case.saw("rows that differ", differ)
    if differ:
        close(found.mean() + 1.0, torch.ones((), dtype=torch.float64), "1 + the mean", rtol=1e-6)
        close(found.square().mean(), torch.ones((), dtype=torch.float64), "the mean square", rtol=1e-3)
        order = x.argsort()
        require(bool((found[order].diff() >= 0).all()), "two rows have changed places")


@law("LOS-8i", role="transforms", since="0.1", needs=normalises)
def far_from_0_nothing_is_lost(case: Case) -> None:
    """Rows that lie far from 0, and near each other, keep their digits.

    Whole numbers from 10 000 on are exact in float32, and their squares are not: E[x²] − E[x]² would be wrong there.

    Formula: N(x + c) = N(x) for |c| ≫ std, by Σ (x − mean)² and not by E[x²] − E[x]²

    Reference: Chan, Golub and LeVeque (1983).
    """
    call = case.call(rows=6)
    x = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])[case.draw(st.permutations(range(6)), "order")]
    offset = case.draw(st.sampled_from([0.0, 1e4, -65_536.0, 1e6]), "offset")
    given = {column(call): x + offset} | {n: torch.ones(6) for n in call.rows if n == "weight"}
    due = (x.double() - 2.5) / (35 / 12) ** 0.5
    close(rewritten(call, **given).double(), due, f"of 0 to 5, {offset:g} further up, the column", rtol=1e-4)


@law("LOS-8j", role="transforms", since="0.1", needs=keeps, covers=("padding", "all rows real"))
def what_is_kept_is_what_was_said(case: Case) -> None:
    """Real rows are kept bit by bit, in a tensor of their own.

    So that the old value of a row is the one that it had, whatever its network says later.
    """
    call = filled_up(case)
    said, real = call.inputs[column(call)] / 3 + 0.1, call.inputs["weight"] != 0  # numbers that fill their digits
    case.say("column = column / 3 + 0.1")
    found = rewritten(call, **{column(call): said})
    same(found[real], said[real], "the column")
    require(found.data_ptr() != said.data_ptr(), "the column shares its memory with what the network said")


@law("LOS-8k", role="transforms", since="0.1", needs=settles)
def doubles_are_doubled(case: Case) -> None:
    """In float32 it equals what it is in float64, up to rounding; nothing is computed in less than it was given.

    And the type of the column is kept.
    """
    call = filled_up(case, rows=6)
    fine = rewritten(call.to(torch.float64))
    require(fine.dtype == torch.float64, f"of a column in float64 it made {fine.dtype}")
    close(rewritten(call).double(), fine, "in float32, the column", rtol=1e-4)
    near = 1.0 + torch.arange(6, dtype=torch.float64) * 2.0**-40
    found = rewritten(call.without("weight"), **{column(call): near})
    require(len(set(found.tolist())) == 6, "rows that differ in float64 alone come out equal")  # noqa: PLR2004  all rows

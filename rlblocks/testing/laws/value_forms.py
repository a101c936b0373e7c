"""FRM: what every form of a value obeys: it has a mean, and a back-up whose mean is the back-up of the mean."""

from __future__ import annotations

import math

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._module_calls import form_shape
from rlblocks.testing.laws.general_rows import POISON
from rlblocks.testing.strategies import orders

ENDS = ("a terminated row", "a row that goes on")


def scalar(block: Block) -> str:
    """Whether a form is a single number: by its name or the tag `like`."""
    return "" if oracles.like(block) == "scalar" else "it is not the scalar form"


def quantiles(block: Block) -> str:
    """Whether a form are equally likely numbers: by its name or the tag `like`."""
    return "" if oracles.like(block) == "quantiles" else "it is not the form of quantiles"


def unbounded(block: Block) -> str:
    """Whether a form can hold any value."""
    return "its tag support says that values are bounded" if "support" in block.tags else ""


@law("FRM-1", role="value_forms", since="0.1", needs=scalar, covers=ENDS)
def scalars_equal_their_equation(case: Case) -> None:
    """The back-up is one step of reward and the value, and the mean the value itself.

    Row by row, in Python floats.

    Formula: backup = r + γ·v, mean = v
    """
    call = case.call(part="backup")
    rows = oracles.rows_of_call(call)
    due = [row["reward"] + row["discount"] * row["value"] if row["discount"] else row["reward"] for row in rows]
    close(call()["backup"], torch.tensor(due), "the back-up")
    mean = case.call(part="mean")
    same(mean()["mean"], mean.inputs["value"], "the mean")


@law("FRM-1a", role="value_forms", since="0.1", needs=quantiles, covers=ENDS)
def quantiles_equal_their_equations(case: Case) -> None:
    """Every quantile is backed up for itself, and the mean is that of all, each as likely as any other.

    Number by number, in Python floats; their order does not matter to the mean.

    Formula: backup_i = r + γ·θᵢ, mean = (1/M)·Σᵢ θᵢ

    Reference: Dabney et al. (2018).
    """
    call = case.call(part="backup")
    rows = oracles.rows_of_call(call)
    due = [
        [row["reward"] + row["discount"] * v if row["discount"] else row["reward"] for v in row["value"]]
        for row in rows
    ]
    close(call()["backup"], torch.tensor(due), "the back-up")
    mean = case.call(part="mean")
    each = [[math.fsum(form) / len(form) for form in row["value"]] for row in oracles.rows_of_call(mean)]
    close(mean()["mean"], torch.tensor(each), "the mean")
    turned = mean(value=mean.inputs["value"].flip(-1))["mean"]
    close(turned, torch.tensor(each), "of quantiles from last to first, the mean")


@law("FRM-2", role="value_forms", since="0.1", needs=unbounded, covers=ENDS)
def backups_have_the_right_mean(case: Case) -> None:
    """The mean of the back-up is the back-up of the mean.

    So a target of this form agrees with one of scalars.

    Formula: mean(backup(r, γ, z)) = r + γ·mean(z)
    """
    call, block = case.call(part="backup"), case.block
    value, backup = call.inputs["value"], call()["backup"]
    mean, found = block.mean(value.unsqueeze(1)).squeeze(1), block.mean(backup.unsqueeze(1)).squeeze(1)
    close(found, call.inputs["reward"] + call.inputs["discount"] * mean, "the mean of the back-up")


@law("FRM-3", role="value_forms", since="0.1", covers=ENDS)
def terminated_rows_forget_the_value(case: Case) -> None:
    """A terminated row is backed up from its reward alone, even if its value is NaN.

    What stands there is not used; the other rows do not notice.

    Formula: γ = 0 ⇒ backup(r, 0, z) = backup(r, 0, z′)
    """
    call, poison = case.call(part="backup"), case.draw(st.sampled_from(POISON), "poison")
    over, value = call.inputs["discount"] == 0, call.inputs["value"].clone()
    value[over] = poison
    found, due = call(value=value)["backup"], call()["backup"]
    require(
        bool(found.isfinite().all()), f"with {poison} for the values of terminated rows the back-up is {found.tolist()}"
    )
    same(found, due, f"with {poison} for the values of terminated rows, the back-up")


@law("FRM-4", role="value_forms", since="0.1")
def shapes_are_as_declared(case: Case) -> None:
    """Mean and back-up have the shapes that width and dims say.

    `[B, A, *form]` to `[B, A]`, and `[B, *form]` to itself.
    """
    block, mean, backup = case.block, case.call(part="mean"), case.call(part="backup")
    due = (mean.sizes["batch"], mean.sizes["action"])
    require(tuple(mean()["mean"].shape) == due, f"the mean has the shape {list(mean()['mean'].shape)}, not {list(due)}")
    shape = (backup.sizes["batch"], *form_shape(block))
    require(
        tuple(backup()["backup"].shape) == shape,
        f"the back-up has the shape {list(backup()['backup'].shape)}, not {list(shape)}",
    )
    require(
        block.width() >= 1 and (block.width() == 1 or len(block.dims()) > 0),
        f"{block.width()} numbers without a dim of their own",
    )


@law("FRM-5", role="value_forms", since="0.1")
def actions_do_not_mix(case: Case) -> None:
    """Every action has a mean of its own.

    Actions in another order have their means in that order.

    Formula: mean(z∘σ) = mean(z)∘σ, for every order σ of the actions
    """
    call = case.call(part="mean")
    order = torch.tensor(case.draw(orders(call.sizes["action"]), "order"))
    same(call(value=call.inputs["value"][:, order])["mean"], call()["mean"][:, order], "of permuted actions, the mean")


@law("FRM-6", role="value_forms", since="0.1", covers=("discounts that differ",), examples=60)
def rows_have_their_own_discount(case: Case) -> None:
    """Every row has a discount and a reward of its own.

    A reward that is larger by 1 gives a mean that is larger by 1, in its row alone; a value that is larger gives one
    that is larger by the row's own discount times as much.

    Formula: mean(backup(r + x, γ, z)) = mean(backup(r, γ, z)) + x
    """
    call, block = case.call(part="backup"), case.block
    if unbounded(block):
        return

    def mean(value: Tensor) -> Tensor:
        found: Tensor = block.mean(value.unsqueeze(1)).squeeze(1)
        return found

    value, before = call.inputs["value"], mean(call()["backup"])
    shift = torch.arange(call.sizes["batch"], dtype=torch.float32)
    after = mean(call(reward=call.inputs["reward"] + shift)["backup"])
    close(after - before, shift, "of rewards larger by the number of their row, the mean is larger by")
    more, after = mean(value + 8.0) - mean(value), mean(call(value=value + 8.0)["backup"])
    close(after - before, call.inputs["discount"] * more, "of values larger by 8, the mean is larger by")

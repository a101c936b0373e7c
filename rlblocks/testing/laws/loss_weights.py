"""LOS: what losses obey that weigh rows: a weight scales the gradient of its row, and 0 leaves nothing of it."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks.testing._call import Call, moved_to
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing.laws.general_rows import NEVER, agree, outcome
from rlblocks.testing.laws.losses import gradients, weighted
from rlblocks.testing.strategies import flags


@law("LOS-3", role="losses", since="0.1", needs=weighted, covers=("several rows",))
def ones_are_no_weights(case: Case) -> None:
    """Weights of 1 are no weights.

    Value and gradient are those without weights.

    Formula: w = 1 ⇒ L_w = L
    """
    call = case.call(optional=True)
    ones = torch.ones_like(call.inputs["weight"])
    bare = call.without("weight")
    found = call(weight=ones)
    for name, due in bare().items():
        (agree if name in call.reduced else same)(found[name], due, f"with weights of 1, the {name}")
    for name, gradient in gradients(bare).items():
        close(gradients(call, weight=ones)[name], gradient, f"with weights of 1, the gradient by {name}")


@law("LOS-3a", role="losses", since="0.1", needs=weighted, covers=("several rows",), examples=50)
def weights_scale_gradients(case: Case) -> None:
    """A row's weight multiplies its gradient, not only what is reported.

    The gradient of a row of weight w is w times the unweighted one; at 0 it is exactly 0. The gradient by what all rows
    share is the mean of what each row alone would give, times its weight.

    Formula: ∂L_w/∂qᵢ = wᵢ·∂L/∂qᵢ

    Reference: Schaul et al. (2016), section 3.4.
    """
    call = case.call(optional=True).to(torch.float64)
    weight, plain = call.inputs["weight"], call.without("weight")
    for name, gradient in gradients(plain).items():
        rows = gradient.movedim(call.lead.get(name, 0), 0) if name in call.rows else _of_each_row(plain, name)
        due = rows * weight.view(-1, *[1] * (rows.dim() - 1))
        due = due.movedim(0, call.lead.get(name, 0)) if name in call.rows else due.mean(0)
        close(gradients(call)[name], due, f"the gradient by {name}", rtol=1e-9)
        none = gradients(call, weight=torch.zeros_like(weight))[name]
        require(not bool(none.any()), f"with weights of 0 the gradient by {name} is {none.tolist()}")


def _of_each_row(call: Call, name: str) -> Tensor:
    """The gradient by what all rows share that each row alone gives."""
    alone = [call.map_rows(lambda value: value[i : i + 1]) for i in range(call.sizes["batch"])]  # noqa: B023
    return torch.stack([gradients(call.with_inputs(**row))[name] for row in alone])


@law("LOS-3b", role="losses", since="0.1", needs=weighted, covers=("several rows",))
def weights_are_not_normalised(case: Case) -> None:
    """The loss is divided by the rows, not by the weights.

    Twice the weights give twice the loss.

    Formula: L(2w) = 2·L(w), as L = (1/B)·Σᵢ wᵢ·ℓᵢ
    """
    call = case.call(optional=True).to(torch.float64)
    close(
        call(weight=call.inputs["weight"] * 2)["loss"],
        call()["loss"] * 2,
        "with weights twice as large, the loss",
        rtol=1e-9,
    )


@law("LOS-3c", role="losses", since="0.1", needs=weighted, covers=("several rows",))
def weights_may_be_coarser(case: Case) -> None:
    """Weights in float32 weigh rows of float64 as the same numbers in float64 do.

    A store keeps its weights in float32, whatever the networks compute in. What is computed of weights alone, such as
    their sum, may be rounded as float32 is.

    Formula: L(w: float32) = L(w: float64)
    """
    call = case.call(optional=True)
    weight, wide = call.inputs["weight"], call.to(torch.float64)
    due, found = wide(), outcome(wide, weight=weight)
    require(found is not NEVER, "weights of float32, beside values of float64, are refused")
    for name in due:
        ours, theirs = (moved_to(wrote[name], weight.dtype) for wrote in (found, due))
        agree(ours, theirs, f"with weights in float32, the {name}")


@law("LOS-6", role="losses", since="0.1", needs=weighted, covers=("padding", "a row that counts"), examples=30)
def padding_does_not_matter(case: Case) -> None:
    """What stands in rows of weight 0 changes nothing.

    Neither what is written for all rows nor the gradient of any row, however large the numbers there are.

    Formula: wᵢ = 0 ⇒ L and all its gradients are independent of row i
    """
    call = case.call(rows=case.draw(st.sampled_from([2, 3, 5])), optional=True)
    padding = case.draw(flags(call.sizes["batch"]), "padding")
    case.saw("padding", bool(padding.any()))
    case.saw("a row that counts", bool((call.inputs["weight"] > 0).logical_and(~padding).any()))
    call = call.with_inputs(weight=call.inputs["weight"].masked_fill(padding, 0.0))
    garbage = {
        name: call.inputs[name].masked_fill(padding, case.draw(st.sampled_from([1e4, -1e4]), f"garbage_in_{name}"))
        for name in call.floating() if name in call.rows and name != "weight" and call.inputs[name].dim() == 1
    }  # fmt: skip
    found, due = call(**garbage), call()
    for name in call.reduced & set(due):
        agree(found[name], due[name], f"with other numbers in padding, the {name}")
    for name, gradient in gradients(call).items():
        close(gradients(call, **garbage)[name], gradient, f"with other numbers in padding, the gradient by {name}")

"""LOS: what every loss obeys: one number, whose gradient carries the weights, and what is reported beside it."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Read
from rlblocks._core.keys import parse
from rlblocks.testing import loss_oracles
from rlblocks.testing._call import Call, tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._critic_calls import in_form
from rlblocks.testing._law import law
from rlblocks.testing._names import arguments_of, asked_by


def learns_from(block: Block) -> list[str]:
    """The arguments that a gradient should reach: what the online networks say of the present state.

    The tag `constant` names those, after commas, that a loss weighs others by and does not train.
    """
    held, arguments = block.tags.get("constant", "").replace(",", " ").split(), arguments_of(block)
    return [
        name for name, asked in asked_by(block).items()
        if isinstance(asked, Read) and parse(asked.key).which == "online" and not parse(asked.key).next
        and arguments[name] not in held
    ]  # fmt: skip


def trains(block: Block) -> str:
    """Whether a loss reads what a network is trained for."""
    return "" if learns_from(block) else "it reads nothing of an online network"


def weighted(block: Block) -> str:
    """Whether a loss reads weights."""
    return trains(block) or ("" if "weight" in asked_by(block) else "it reads no weight")


def pays(block: Block) -> str:
    """Whether a loss writes the error of each row."""
    return "" if "error" in block.outputs else "it writes no error"


def compares(block: Block) -> str:
    """Whether a loss compares a prediction with a target, and with nothing else."""
    asked = set(asked_by(block))
    if block.debts:  # type: ignore[attr-defined]  # a Loss
        return "it hands over what it compares, and leaves the step to the optimizer"
    if not {"prediction", "td_target"} <= asked:
        return trains(block) or "it has no inputs named prediction and td_target"
    return trains(block) or ("it compares its prediction with a stored value too" if "value" in asked else "")


def regresses(block: Block) -> str:
    """Whether what a loss compares are single numbers."""
    in_another = not compares(block) and in_form(asked_by(block)["prediction"], block)
    return "it compares distributions" if in_another else compares(block)


def gradients(call: Call, **changed: Any) -> dict[str, Tensor]:
    """The gradient of the loss by every argument that a gradient should reach."""
    names = learns_from(call.block)
    given = {**call.inputs, **changed}
    leaves = {name: given[name].detach().clone().requires_grad_() for name in names}
    loss = call(**{**changed, **leaves})["loss"]
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return {
        name: torch.zeros_like(leaf) if g is None else g for (name, leaf), g in zip(leaves.items(), found, strict=True)
    }


@law(
    "LOS-1",
    role="losses",
    since="0.1",
    needs=loss_oracles.unknown,
    covers=("several rows", "weight given"),
    examples=25,
)
def equals_its_equation(case: Case) -> None:
    """It equals its equation, computed row by row in float64.

    The oracle is a loop over Python floats; so is what is reported beside the loss.

    Formula: L = (c/B)·Σᵢ wᵢ·ℓᵢ; squared error: ℓ = δ²/2, huber: δ²/2 or κ(|δ| − κ/2), policy gradient: −A·log π,
    clipped surrogate: −min(ρA, clip(ρ, 1 ± ε)·A), with δ = y − q and ρ = π/π_old

    Reference: Huber (1964); Williams (1992); Schulman et al. (2017), equations 7 and 8; Haarnoja et al. (2018).
    """
    call = case.call()
    found = call()
    for name, due in loss_oracles.outputs(call).items():
        if name in found:  # a block need not report all that another one does
            close(found[name], torch.tensor(due), name, rtol=1e-5)


@law("LOS-1a", role="losses", since="0.1")
def shapes_are_as_declared(case: Case) -> None:
    """The loss is one number, all else of the shape that it declares, and everything is finite.

    `[]` and `[B]`.
    """
    call = case.call()
    found = call()
    require("loss" in found, f"it writes {', '.join(found)}, and no loss")
    for name in case.block.outputs:
        due = [] if name in call.reduced else [call.sizes["batch"]]
        shape = list(found[name].shape)
        require(shape == due, f"the {name} has the shape {shape}, not {due}")
        require(bool(found[name].isfinite().all()), f"of finite inputs the {name} is {found[name].tolist()}")


@law("LOS-2", role="losses", since="0.1", needs=trains, examples=10)
def the_gradient_is_that_of_the_value(case: Case) -> None:
    """Its gradient is that of its value, by finite differences.

    In float64; where it has a kink, both sides of a small step may count.

    Formula: ∂L/∂x between (L(x) − L(x − h))/h and (L(x + h) − L(x))/h
    """
    call = case.call().to(torch.float64)
    for name, gradient in gradients(call).items():
        value, step = call.inputs[name], 1e-6
        middle = call()["loss"]
        for row in range(value.numel()):
            moved = [value.clone() for _ in range(2)]
            moved[0].view(-1)[row] -= step
            moved[1].view(-1)[row] += step
            low, high = (call(**{name: m})["loss"] for m in moved)
            slopes = sorted([float((middle - low) / step), float((high - middle) / step)])
            found = float(gradient.view(-1)[row])
            inside = slopes[0] - 1e-4 <= found <= slopes[1] + 1e-4
            require(inside, f"the gradient by {name}[{row}] is {found:.6g}, but the value falls by {slopes[1]:.6g}")


@law("LOS-4", role="losses", since="0.1", needs=pays)
def errors_are_plain(case: Case) -> None:
    """The error of a row is at least 0, carries no gradient, and knows nothing of weights.

    A prioritized store reads it.

    Formula: errorᵢ ≥ 0, ∂error/∂x = 0, ∂error/∂w = 0
    """
    call = case.call(optional=True)
    tracked = {name: call.inputs[name].clone().requires_grad_() for name in call.floating()}
    error = call(**tracked)["error"]
    require(not error.requires_grad, "the error carries a gradient")
    require(bool((error >= 0).all()), f"the error {error.tolist()} has an entry below 0")
    if "weight" in call.inputs:
        same(call(weight=call.inputs["weight"] * 3 + 1)["error"], call()["error"], "with other weights, the error")


@law("LOS-15", role="losses", since="0.1")
def reports_carry_no_gradient(case: Case) -> None:
    """What is reported or remembered beside the loss carries no gradient.

    It is kept longer than the graph.
    """
    call = case.call(optional=True)
    tracked = {name: call.inputs[name].clone().requires_grad_() for name in call.floating()}
    for name, value in call(**tracked).items():
        carries = name != "loss" and any(tensor.requires_grad for tensor in tensors_in(value))
        require(not carries, f"the {name} carries a gradient")


@law("LOS-19", role="losses", since="0.1", covers=("a number that matters",), examples=25)
def what_is_no_number_is_not_hidden(case: Case) -> None:
    """A NaN in a number that matters makes the loss NaN.

    So that the run stops and says so, instead of learning from the other rows.

    Formula: xᵢ = NaN and L depends on xᵢ ⇒ L = NaN
    """
    call = case.call()
    if isinstance(call.inputs.get("weight"), Tensor):
        call = call.with_inputs(weight=torch.ones_like(call.inputs["weight"]))
    name = case.draw(st.sampled_from(sorted(set(call.floating()) & call.rows)), "name")
    row = case.draw(st.integers(0, call.sizes["batch"] - 1), "row")
    changed, poisoned = call.inputs[name].clone(), call.inputs[name].clone()
    changed.select(call.lead.get(name, 0), row).add_(1)
    poisoned.select(call.lead.get(name, 0), row).fill_(torch.nan)
    matters = bool(call(**{name: changed})["loss"] != call()["loss"])
    case.saw("a number that matters", matters)
    found = call(**{name: poisoned})["loss"]
    require(found.isnan() or not matters, f"with NaN in row {row} of {name}, the loss is {found.item()}")


@law("LOS-12", role="losses", since="0.1", needs=trains)
def targets_are_constants(case: Case) -> None:
    """A gradient reaches what is trained, and nothing else.

    Targets and weights are constants, and every declared prediction is trained.

    Formula: ∂L/∂y = 0 and ∂L/∂w = 0, ∂L/∂q exists

    Reference: Sutton and Barto (2018), section 9.3: semi-gradients.
    """
    call = case.call(optional=True)
    asked = call.rows | {name for name, a in asked_by(case.block).items() if isinstance(a, Read) and parse(a.key).which}
    tracked = {name: call.inputs[name].clone().requires_grad_() for name in call.floating() if name in asked}
    found = torch.autograd.grad(call(**tracked)["loss"], list(tracked.values()), allow_unused=True)
    for name, gradient in zip(tracked, found, strict=True):
        reached = gradient is not None and bool(gradient.any())
        require(name in learns_from(case.block) or not reached, f"a gradient reaches {name}, which is a constant")
        require(name not in learns_from(case.block) or gradient is not None, f"no gradient reaches {name}")


@law("LOS-13", role="losses", since="0.1", covers=("several rows",))
def the_loss_is_a_mean(case: Case) -> None:
    """The loss of all rows is the mean of the losses of the rows.

    So that it does not depend on how rows are put together to batches.

    Formula: L(x₁, …, x_B) = (1/B)·Σᵢ L(xᵢ)
    """
    call = case.call(rows=case.draw(st.sampled_from([2, 3, 5]))).to(torch.float64)
    batch = call.sizes["batch"]
    alone = [call(**call.map_rows(lambda value: value[i : i + 1]))["loss"] for i in range(batch)]  # noqa: B023
    close(call()["loss"], torch.stack(alone).mean(), "loss", rtol=1e-9)

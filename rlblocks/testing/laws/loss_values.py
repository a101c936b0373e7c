"""LOS: what losses obey that compare a prediction with a target."""

from __future__ import annotations

import attrs
import torch
from hypothesis import strategies as st

from rlblocks._core.block import Block, fields_of
from rlblocks._core.declare import Read
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._critic_calls import in_form
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing.laws.general_rows import agree
from rlblocks.testing.laws.losses import compares, gradients, pays, regresses
from rlblocks.testing.strategies import orders

EXACT = 1e-9


def has_coefficient(block: Block) -> str:
    """Whether the coefficient is a field."""
    return "" if "coefficient" in fields_of(type(block)) else "its coefficient is no field"


def is_huber(block: Block) -> str:
    """Whether a loss is Huber's: by its name, or by the tag `like`."""
    return "" if oracles.like(block) == "huber" else "it is not Huber's error"


@law("LOS-4a", role="losses", since="0.1", needs=lambda block: compares(block) or pays(block))
def the_error_is_the_distance(case: Case) -> None:
    """The error of a row is |target − prediction|, of distributions that of their means, and of members the mean.

    Whatever the penalty and its coefficient are, so that priorities can be compared.

    Formula: errorᵢ = (1/N)·Σⱼ |yᵢ − qⱼᵢ|, with means over the numbers of a distribution
    """
    call = case.call()
    target, prediction = call.inputs["td_target"], call.inputs["prediction"]
    if in_form(asked_by(case.block)["prediction"], case.block):
        target, prediction = target.mean(-1), prediction.mean(-1)
    each = (target - prediction).abs()
    close(call()["error"], each.reshape(-1, call.sizes["batch"]).mean(0), "error")


def compares_members(block: Block) -> str:
    """Whether a loss compares what several networks predict with one target."""
    if why := compares(block):
        return why
    asked = asked_by(block)["prediction"]
    starred = isinstance(asked, Read) and asked.dims[:1] == ("*",)
    return "" if starred else "it takes the prediction of one network alone"


@law("LOS-21", role="losses", since="0.1", needs=compares_members, covers=("several rows",))
def members_learn_side_by_side(case: Case) -> None:
    """The loss of several members is the sum of their losses, and each has the gradient that it would have alone.

    The error of a row is the mean of theirs. Which member stands where does not matter.

    Formula: L(q_1, …, q_N) = Σⱼ L(qⱼ)

    Reference: Fujimoto et al. (2018), algorithm 1.
    """
    call = case.call(members=3).to(torch.float64)
    whole, each = call.inputs["prediction"], [call.with_inputs(prediction=p) for p in call.inputs["prediction"]]
    alone = [attrs.evolve(one, lead={}) for one in each]
    close(call()["loss"], sum(one()["loss"] for one in alone), "the loss", rtol=EXACT)
    due = torch.stack([gradients(one)["prediction"] for one in alone])
    close(gradients(call)["prediction"], due, "the gradient by prediction", rtol=EXACT)
    order = torch.tensor(case.draw(orders(3), "order"))
    close(call(prediction=whole[order])["loss"], call()["loss"], "of members in another order, the loss", rtol=EXACT)
    if "error" in case.block.outputs:
        errors = torch.stack([one()["error"] for one in alone]).mean(0)
        close(call()["error"], errors, "the error", rtol=EXACT)
    one = attrs.evolve(call, inputs={**call.inputs, "prediction": whole[:1]})
    close(one()["loss"], alone[0]()["loss"], "of one member with a dim of its own, the loss", rtol=EXACT)


@law("LOS-17", role="losses", since="0.1", needs=regresses)
def the_target_is_the_minimum(case: Case) -> None:
    """The loss is 0 at the target, and nowhere below.

    A prediction that is right costs nothing and moves nothing.

    Formula: L(q = y) = 0, L ≥ 0, ∂L/∂q = 0 at q = y
    """
    call = case.call()
    right = call.with_inputs(prediction=call.inputs["td_target"].clone())
    close(right()["loss"], torch.tensor(0.0), "of a prediction that equals its target, the loss")
    require(bool(call()["loss"] >= 0), f"the loss is {call()['loss'].item()}, below 0")
    require(not bool(gradients(right)["prediction"].any()), "a prediction that equals its target is moved")


@law("LOS-17a", role="losses", since="0.1", needs=regresses, covers=("a distant target",))
def every_row_is_moved_towards_its_target(case: Case) -> None:
    """A step against the gradient moves every prediction towards its target, however far that is.

    The gradient never vanishes and never points away; clipping it must not stop the learning.

    Formula: sign(−∂L/∂qᵢ) = sign(yᵢ − qᵢ)
    """
    call = case.call().without("weight")
    if has_coefficient(case.block) == "" and not case.block.coefficient:
        case.saw("a distant target")
        return
    far = case.draw(st.sampled_from([1.0, 40.0, 5000.0]), "far")
    case.saw("a distant target", far > 1000)  # noqa: PLR2004
    call = call.with_inputs(td_target=call.inputs["td_target"] * far)
    towards = torch.sign(call.inputs["td_target"] - call.inputs["prediction"])
    found = torch.sign(-gradients(call)["prediction"])
    require(
        bool((found == towards).all()),
        f"predictions move by the signs {found.tolist()}, the targets lie at {towards.tolist()}",
    )


@law("LOS-18", role="losses", since="0.1", needs=has_coefficient)
def the_coefficient_multiplies(case: Case) -> None:
    """The coefficient multiplies the loss, and nothing else.

    Not what is reported beside it.

    Formula: L(c) = c·L(1)
    """
    call = case.call()
    if "coefficient" in call.inputs:  # a schedule: its present value is handed over
        once, thrice = (call.with_inputs(coefficient=torch.tensor(c, dtype=torch.float64)) for c in (1.0, 3.0))
    else:
        once, thrice = (call.of(attrs.evolve(case.block, coefficient=c)) for c in (1.0, 3.0))
    found, due = thrice(), once()
    due["loss"] = due["loss"] * 3
    for name, value in due.items():
        agree(found[name], value, f"with a coefficient of 3, the {name}")


@law("LOS-5", role="losses", since="0.1", needs=is_huber, covers=("beyond", "within"), examples=25)
def hubers_slope_is_clipped(case: Case) -> None:
    """The gradient is the error within δ, and exactly δ beyond: never more, never 0.

    Continuous in value and slope at δ.

    Formula: ∂L/∂qᵢ = −(c/B)·clip(yᵢ − qᵢ, −κ, κ), with κ the threshold δ

    Reference: Huber (1964); Mnih et al. (2015), Methods.
    """
    call = case.call().without("weight").to(torch.float64)
    block, rows = case.block, call.sizes["batch"]
    error = call.inputs["td_target"] - call.inputs["prediction"]
    case.saw("beyond", bool((error.abs() > block.delta).any()))
    case.saw("within", bool((error.abs() < block.delta).any()))
    due = -error.clamp(-block.delta, block.delta) * block.coefficient / rows
    close(gradients(call)["prediction"], due, "the gradient by prediction", rtol=1e-9)


@law("LOS-5a", role="losses", since="0.1", needs=is_huber)
def large_deltas_give_the_square(case: Case) -> None:
    """With a large δ it is half the squared error.

    And stays finite.

    Formula: δ → ∞ ⇒ L = (1/B)·Σᵢ (yᵢ − qᵢ)²/2
    """
    call = case.call().without("weight").to(torch.float64)
    wide = call.of(attrs.evolve(case.block, delta=1e9, coefficient=1.0))
    error = call.inputs["td_target"] - call.inputs["prediction"]
    close(wide()["loss"], (error * error / 2).sum() / call.sizes["batch"], "with δ = 10⁹, the loss", rtol=1e-9)

"""LOS: what losses obey that move a policy, keep it near an older one, or keep a value near an older one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Read
from rlblocks._core.keys import parse
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing.laws.losses import gradients
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import floats

EXACT = 1e-9
WIDE = 2.0  # a clip beyond which hardly a drawn ratio or value lies


def computes(*names: str) -> Callable[[Block], str]:
    """Whether a loss computes one of these equations: by its name, or by the tag `like`."""
    return lambda block: "" if like(block) in names else f"it does not compute {' or '.join(names)}"


def clips_ratios(block: Block) -> str:
    """Whether a loss clips the ratio of two policies at what a schedule of it says."""
    return computes("clipped_surrogate")(block) or ("" if "clip" in asked_by(block) else "it asks for no clip")


def compares_policies(block: Block) -> str:
    """Whether a loss says how far the policy has moved."""
    known = "kl" in block.outputs and {"prediction", "log_prob", "weight"} <= set(asked_by(block))
    return "" if known or like(block) == "kl_penalty" else "it writes no kl of a stored log_prob"


def moves_a_policy(block: Block) -> str:
    """Whether a loss reads the log-probability of what was done."""
    asked = asked_by(block).get("prediction")
    reads = isinstance(asked, Read) and parse(asked.key).name == "log_prob"
    return "" if reads else "it reads no log-probability of the stored action"


def _rows(case: Case, **conditions: Any) -> Call:
    """A call in float64 without weights."""
    return case.call(**conditions).without("weight").to(torch.float64)


def unmoved(call: Call) -> Call:
    """The same call, of a policy that is still the one that acted."""
    return call.with_inputs(log_prob=call.inputs["prediction"].clone()) if "log_prob" in call.inputs else call


def near_the_bounds(call: Call) -> Call:
    """The same call with every other ratio just inside or outside of the clip, where clips of another kind differ."""
    now, clip = call.inputs["prediction"], float(call.inputs["clip"])
    places = [1 + clip * 0.97, 1 - clip * 0.97, 1 + clip * 1.03, 1 - clip * 1.03]
    if min(places) <= 0:
        return call
    near = now - torch.tensor([math.log(places[i // 2 % 4]) for i in range(len(now))], dtype=now.dtype)
    return call.with_inputs(log_prob=torch.where(torch.arange(len(now)) % 2 == 0, near, call.inputs["log_prob"]))


@law("LOS-7", role="losses", since="0.1", needs=computes("policy_gradient", "clipped_surrogate"))
def an_unmoved_policy_follows_the_policy_gradient(case: Case) -> None:
    """While the policy is the one that acted, the gradient is that of −A·log π.

    The ratio is 1 there, so that all policy gradients agree.

    Formula: π = π_old ⇒ ∂L/∂log πᵢ = −(c/B)·Aᵢ

    Reference: Williams (1992); Schulman et al. (2017), equations 1 and 6.
    """
    call = unmoved(_rows(case))
    due = -call.inputs["advantage"] * case.block.coefficient / call.sizes["batch"]
    close(gradients(call)["prediction"], due, "the gradient by the log-probability", rtol=EXACT)


SIDES = ("above, gaining", "above, losing", "below, gaining", "below, losing", "within")


@law("LOS-7a", role="losses", since="0.1", needs=clips_ratios, covers=SIDES, examples=60)
def what_has_gone_far_enough_is_left_alone(case: Case) -> None:
    """A row has no gradient where its ratio left the clip as its advantage wants, and that of r·A everywhere else.

    Formula: ∂L/∂log πᵢ = 0 where (A > 0 and ρ > 1 + ε) or (A < 0 and ρ < 1 − ε), else −(c/B)·ρᵢ·Aᵢ

    Reference: Schulman et al. (2017), equation 7 and figure 1.
    """
    call = near_the_bounds(_rows(case))
    advantage, clip = call.inputs["advantage"], float(call.inputs["clip"])
    ratio = (call.inputs["prediction"] - call.inputs["log_prob"]).exp()
    above, below = ratio > 1 + clip, ratio < 1 - clip
    for name, place, none in (("above", above, clip > WIDE), ("below", below, clip >= 1)):
        case.saw(f"{name}, gaining", none or bool((place & (advantage > 0)).any()))
        case.saw(f"{name}, losing", none or bool((place & (advantage < 0)).any()))
    case.saw("within", bool((~above & ~below).any()) or clip == 0)
    spent = (above & (advantage > 0)) | (below & (advantage < 0))
    due = torch.where(spent, 0.0, -ratio * advantage * case.block.coefficient / call.sizes["batch"])
    close(gradients(call)["prediction"], due, "the gradient by the log-probability", rtol=EXACT)


@law("LOS-7b", role="losses", since="0.1", needs=clips_ratios, covers=("a difference",), examples=25)
def clipping_is_pessimistic(case: Case) -> None:
    """The clipped objective is nowhere above the unclipped one.

    Formula: min(ρA, clip(ρ, 1 − ε, 1 + ε)·A) ≤ ρA

    Reference: Schulman et al. (2017), section 3.
    """
    call = _rows(case, rows=1)
    ratio = (call.inputs["prediction"] - call.inputs["log_prob"]).exp()
    least = -float(ratio * call.inputs["advantage"]) * case.block.coefficient
    found = float(call()["loss"])
    case.saw("a difference", found != least or float(call.inputs["clip"]) > WIDE)
    require(found >= least - EXACT * (1 + abs(least)), f"the loss is {found:.6g}, below −r·A = {least:.6g}")


@law("LOS-9", role="losses", since="0.1", needs=computes("entropy"))
def a_step_raises_the_entropy(case: Case) -> None:
    """A step against the gradient raises the entropy of every row alike.

    Formula: ∂L/∂Hᵢ = −c/B

    Reference: Mnih et al. (2016), section 4.
    """
    call = _rows(case)
    due = -torch.ones_like(call.inputs["prediction"]) * call.inputs["coefficient"] / call.sizes["batch"]
    close(gradients(call)["prediction"], due, "the gradient by the entropy", rtol=EXACT)


def _value_clipped(call: Call) -> tuple[Tensor, Tensor]:
    """Whether a row's value has left the clip around the stored one, and the value at its edge."""
    value, old, clip = call.inputs["prediction"], call.inputs["value"], call.inputs["clip"]
    return (value - old).abs() > clip, torch.minimum(torch.maximum(value, old - clip), old + clip)


@law(
    "LOS-10",
    role="losses",
    since="0.1",
    needs=computes("clipped_value_loss"),
    covers=("a row without gradient", "a clipped row with gradient", "a row within"),
    examples=40,
)
def a_value_is_held_near_the_stored_one(case: Case) -> None:
    """A value has no gradient where it has left the clip around the stored value and is nearer than the clip's edge.

    Everywhere else the gradient is that of the squared error, and its own.

    Formula: ℓ = ½·max((y − v)², (y − v_clip)²), v_clip = v_old + clip(v − v_old, −ε, ε)

    Reference: Engstrom et al. (2020).
    """
    call = _rows(case)
    value, target = call.inputs["prediction"], call.inputs["td_target"]
    outside, edge = _value_clipped(call)
    nearer, tie = (target - value).abs() < (target - edge).abs(), (target - value).abs() == (target - edge).abs()
    wide = float(call.inputs["clip"]) > WIDE
    case.saw("a row without gradient", wide or bool((outside & nearer).any()))
    case.saw("a clipped row with gradient", wide or bool((outside & ~nearer).any()))
    case.saw("a row within", bool((~outside).any()) or float(call.inputs["clip"]) == 0)
    due = torch.where(outside & nearer, 0.0, (value - target) * case.block.coefficient / call.sizes["batch"])
    found = gradients(call)["prediction"]
    close(found.masked_fill(outside & tie, 0), due.masked_fill(outside & tie, 0), "the gradient by value", rtol=EXACT)


@law("LOS-10a", role="losses", since="0.1", needs=computes("clipped_value_loss"))
def clipping_a_value_is_pessimistic(case: Case) -> None:
    """The clipped error of a value is nowhere below the plain one.

    And equal to it where the value has not moved.

    Formula: ½·max((y − v)², (y − v_clip)²) ≥ ½·(y − v)²
    """
    call = _rows(case)

    def plain(value: Tensor) -> Tensor:
        found: Tensor = ((call.inputs["td_target"] - value) ** 2).mean() * (case.block.coefficient / 2)
        return found

    found, least = call()["loss"], plain(call.inputs["prediction"])
    require(found >= least * (1 - EXACT), f"the loss is {found.item()}, below the plain one, {least.item()}")
    old = call.inputs["value"]
    close(call(prediction=old.clone())["loss"], plain(old), "of a value that has not moved, the loss", rtol=EXACT)


def _divergence(call: Call) -> Tensor:
    wrote = call()
    found: Tensor = wrote["kl"] if "kl" in wrote else wrote["loss"] / wrote["beta"]
    return found


@law("LOS-11", role="losses", since="0.1", needs=compares_policies, covers=("another policy",), examples=25)
def the_divergence_is_from_old_to_new(case: Case) -> None:
    """The mean over the actions of the old policy is its divergence from the new one, that way round, and at least 0.

    With every action a row, weighted by its old probability, the estimate is exact. It is 0 for equal policies.

    Formula: Σ_a π_old(a)·(ρ − 1 − log ρ) = KL(π_old ‖ π) = Σ_a π_old(a)·log(π_old(a)/π(a)), ρ = π/π_old

    Reference: Schulman (2020), Approximating KL Divergence: the estimator k₃.
    """
    actions = case.draw(st.sampled_from([2, 3, 5]))
    call = case.call(rows=actions, optional=True).to(torch.float64)
    old, new = (case.draw(floats(actions, step=1 / 32)).double().log_softmax(0) for _ in range(2))
    case.saw("another policy", bool((old != new).any()))
    call = call.with_inputs(log_prob=old, prediction=new, weight=old.exp() * actions)
    due = (old.exp() * (old - new)).sum()
    close(_divergence(call), due, "the divergence", rtol=EXACT)
    require(bool(_divergence(call) >= 0), f"the divergence is {_divergence(call).item()}, below 0")
    close(_divergence(unmoved(call)), torch.tensor(0.0), "of a policy that has not moved, the divergence")


@law("LOS-11a", role="losses", since="0.1", needs=computes("kl_penalty"))
def a_penalty_pulls_back(case: Case) -> None:
    """A step against the gradient of a penalty brings every log-probability back to the stored one.

    And where it is the stored one, there is no gradient.

    Formula: sign(−∂L/∂log π) = sign(log π_old − log π)
    """
    call = _rows(case)
    towards = torch.sign(call.inputs["log_prob"] - call.inputs["prediction"])
    found = torch.sign(-gradients(call)["prediction"])
    require(
        bool((found == towards).all()), f"rows move by the signs {found.tolist()}, the old lie at {towards.tolist()}"
    )


@law("LOS-20", role="losses", since="0.1", needs=computes("kl_penalty"), covers=("a smaller β", "a greater β"))
def a_penalty_adapts_once_a_chunk(case: Case) -> None:
    """β is halved after a chunk that moved the policy too little, doubled after one that moved it too far.

    It is the same for all minibatches of a chunk; what counts is the last of them.

    Formula: d < d_targ/1.5 ⇒ β ← β/2; d > 1.5·d_targ ⇒ β ← 2β

    Reference: Schulman et al. (2017), section 4.
    """
    call, block = _rows(case, rows=1).with_inputs(carry=case.block.init()), case.block
    beta, kl = float(block.beta), float(block.target)
    for chunk in range(4):
        before, steps = beta, torch.tensor(64.0 * (chunk + 1), dtype=torch.float64)
        beta *= 0.5 if kl < block.target / 1.5 else 2.0 if kl > block.target * 1.5 else 1.0
        case.saw("a smaller β", beta < before)
        case.saw("a greater β", beta > before)
        for log_ratio in case.draw(st.lists(st.sampled_from([0.0, 0.1, 0.14, 1.0]), min_size=1, max_size=3)):
            moved = call.inputs["log_prob"] + log_ratio
            found = call(prediction=moved, env_steps=steps)
            call = call.with_inputs(carry=found["carry"])
            kl = float(torch.tensor(log_ratio, dtype=torch.float64).expm1()) - log_ratio
            close(found["beta"], torch.tensor(beta), f"in chunk {chunk}, β")


@law("LOS-14", role="losses", since="0.1", needs=moves_a_policy)
def impossible_actions_stay_finite(case: Case) -> None:
    """An action that was taken and has become all but impossible leaves loss and gradient finite.

    Its log-probability is −10⁴.
    """
    call = case.call()
    call = call.with_inputs(prediction=torch.full_like(call.inputs["prediction"], -1e4))
    for name in case.block.outputs:
        require(bool(call()[name].isfinite().all()), f"the {name} is {call()[name].tolist()}")
    found = gradients(call)["prediction"]
    require(bool(found.isfinite().all()), f"the gradient by the log-probability is {found.tolist()}")

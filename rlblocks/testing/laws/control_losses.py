"""CON: what losses obey that train a policy through the value of its actions, or the temperature of its entropy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Read
from rlblocks._core.keys import parse
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._critic_calls import CHOSEN, is_critic
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing._policy_calls import bounds_of
from rlblocks.testing.laws.losses import gradients, learns_from
from rlblocks.testing.laws.policy_losses import EXACT, computes
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import floats

TOGETHER: dict[str, Callable[[Tensor], Tensor]] = {
    "least": lambda values: values.min(0).values,
    "average": lambda values: values.mean(0),
    "first": lambda values: values[0],
}


def together(block: Any, values: Tensor, dims: int = 1) -> Tensor:
    """What members say as one number: `[*, B, ...]` to what has the last `dims` dims."""
    return TOGETHER[like(block.over)](values) if values.dim() > dims else values


def _aggregates(block: Block) -> str:
    over = getattr(block, "over", None)
    if over is None:
        return "it has no field `over`, which would say how members go together"
    return "" if like(over) in TOGETHER else f"the kit does not know what {like(over)!r} makes of members"


def _chosen(block: Block) -> list[str]:
    """The arguments that are actions of the policy that is trained."""
    asked = asked_by(block)
    return [name for name in learns_from(block) if parse(getattr(asked[name], "key", "")).name in CHOSEN]


def climbs(block: Block) -> str:
    """Whether a loss asks for the value of an action that a policy chose."""
    if not _chosen(block) or not any(map(is_critic, asked_by(block).values())):
        return "it asks for no value of an action that a policy chose"
    return _aggregates(block)


def weighs_entropy(block: Block) -> str:
    """Whether a loss weighs the log-probability of the action whose value it asks for."""
    return climbs(block) or ("" if {"log_prob", "log_alpha"} <= set(asked_by(block)) else "it weighs no entropy")


def _critic(call: Call) -> Any:
    (name,) = [name for name, asked in asked_by(call.block).items() if is_critic(asked)]
    return call.inputs[name]


def _rows(case: Case, **conditions: Any) -> Call:
    """A call in float64 without weights."""
    return case.call(**conditions).without("weight").to(torch.float64)


@law("CON-8", role="losses", since="0.1", needs=climbs, covers=("several members", "no dim of members"), examples=25)
def actions_climb_the_value(case: Case) -> None:
    """A step against the gradient moves every action up what the critics say together, by its own row's slope.

    Formula: ∂L/∂aᵢ = −(c/B)·∂(agg_j q_j(sᵢ, aᵢ))/∂aᵢ

    Reference: Silver et al. (2014), theorem 1; Lillicrap et al. (2016), equation 6.
    """
    call = _rows(case)
    (name,) = _chosen(case.block)
    action = call.inputs[name].detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(together(case.block, _critic(call)(action)).sum(), action)
    due = -slope * case.block.coefficient / call.sizes["batch"]
    close(gradients(call)[name], due, f"the gradient by {name}", rtol=EXACT)


@law("CON-8a", role="losses", since="0.1", needs=weighs_entropy, examples=25)
def a_nat_is_worth_alpha(case: Case) -> None:
    """A nat of entropy is worth α: where that is nothing, the loss is minus the value of the actions.

    Formula: ∂L/∂log πᵢ = α·c/B, and α = 0 ⇒ L = −(c/B)·Σᵢ agg_j q_j(sᵢ, ãᵢ)

    Reference: Haarnoja et al. (2018), section 4.2.
    """
    call = _rows(case)
    log_prob, scale = call.inputs["log_prob"], case.block.coefficient / call.sizes["batch"]
    due = torch.full_like(log_prob, float(call.inputs["log_alpha"].exp()) * scale)
    close(gradients(call)["log_prob"], due, "the gradient by log_prob", rtol=EXACT)
    value = together(case.block, _critic(call)(call.inputs[_chosen(case.block)[0]]))
    none = call(log_alpha=torch.full_like(call.inputs["log_alpha"], -1e4))
    close(none["loss"], -value.sum() * scale, "with α = 0, the loss", rtol=EXACT)


@law(
    "CON-8b", role="losses", since="0.1", needs=lambda b: computes("discrete_soft_policy_loss")(b) or _aggregates(b),
    covers=("action_mask with a False", "several members", "no dim of members"), examples=40,
)  # fmt: skip
def the_best_policy_is_softmax(case: Case) -> None:
    """The best policy is the softmax of the values over the temperature.

    Over legal actions. There is no gradient, and no other policy costs less.

    Formula: argmin L = π*(a|s) ∝ exp(q(s, a)/α), L(π*) = −α·log Σ_a exp(q(s, a)/α)

    Reference: Haarnoja et al. (2018), equation 4; Christodoulou (2019).
    """
    call = _rows(case)
    alpha = call.inputs["log_alpha"].exp()
    q = together(case.block, call.inputs["q"], dims=2) / alpha
    legal = q.masked_fill(~call.inputs.get("action_mask", torch.ones_like(q, dtype=torch.bool)), -math.inf)
    shift = case.draw(floats(call.sizes["batch"]), "shift").double()
    best = call.with_inputs(logits=q + shift.unsqueeze(1))
    cost = -(legal.logsumexp(1).mean() * alpha) * case.block.coefficient
    close(best()["loss"], cost, "of the best policy, the loss", rtol=EXACT)
    none = torch.zeros_like(q)
    close(gradients(best)["logits"], none, "of the best policy, the gradient by logits", rtol=EXACT * float(1 + alpha))
    found, due = float(call()["loss"]), float(cost)
    require(found >= due - EXACT * (1 + abs(due)), f"the loss is {found}, below that of the best policy, {due}")


def holds_entropy(block: Block) -> str:
    """Whether a loss trains a temperature, and weighs it by an entropy or by log-probabilities."""
    if learns_from(block) != ["log_alpha"]:
        return "it trains no temperature"
    return "" if _measured(block) else "it reads no entropy and no log-probability"


def _measured(block: Block) -> dict[str, float]:
    """The arguments that say how random a policy is, and the sign of each."""
    signs = {"entropy": 1.0, "log_prob": -1.0}
    names = {name: parse(asked.key).name for name, asked in asked_by(block).items() if isinstance(asked, Read)}
    return {name: signs[key] for name, key in names.items() if key in signs}


@law("CON-9", role="losses", since="0.1", needs=holds_entropy, examples=25)
def more_entropy_lowers_alpha(case: Case) -> None:
    """The more entropy the policy has, the more a step against the gradient lowers α; below its target, it raises α.

    Whatever α is.

    Formula: ∂L/∂log α = (c/B)·Σᵢ (Hᵢ − H̄), so that H + 1 raises it by c

    Reference: Haarnoja et al. (2018b, arXiv:1812.05905), section 5.
    """
    call = _rows(case)
    ((name, sign),) = _measured(case.block).items()
    here = gradients(call)["log_alpha"]
    more = gradients(call, **{name: call.inputs[name] + sign})["log_alpha"]
    close(more - here, torch.tensor(float(case.block.coefficient)), "of a nat more, the gradient grows by", rtol=EXACT)
    elsewhere = gradients(call, log_alpha=call.inputs["log_alpha"] + 1)["log_alpha"]
    close(elsewhere, here, "of another α, the gradient", rtol=EXACT)


@law(
    "CON-9a", role="losses", since="0.1", needs=computes("temperature_loss"), covers=("bounds that differ",),
    examples=25,
)  # fmt: skip
def targets_count_components(case: Case) -> None:
    """The target counts every component of an action once, in units of its own bounds.

    A policy that is uniform over the bounds has log 2 for each; a nat more for each is one for all components together.

    Formula: H̄ = d·e + Σᵢ log((highᵢ − lowᵢ)/2), e the entropy of each of d components between −1 and 1

    Reference: Haarnoja et al. (2018b, arXiv:1812.05905), section 5, where e = −1.
    """
    call = _rows(case)
    low, high = bounds_of(call.inputs["action"])
    uniform = torch.full_like(call.inputs["log_prob"], -float((high - low).double().log().sum()))
    even = call.of(attrs.evolve(case.block, per_component=math.log(2))).with_inputs(log_prob=uniform)
    close(gradients(even)["log_alpha"], torch.tensor(0.0), "of a uniform policy at log 2, the gradient", rtol=1e-6)
    wanted = even.of(attrs.evolve(case.block, per_component=math.log(2) + 1))
    due = torch.tensor(-float(case.block.coefficient) * low.numel())
    close(gradients(wanted)["log_alpha"], due, "of a target of a nat more for each component, the gradient", rtol=1e-6)


@law(
    "CON-9b", role="losses", since="0.1", needs=computes("discrete_temperature_loss"),
    covers=("action_mask with a False",), examples=25,
)  # fmt: skip
def targets_are_shares_of_the_greatest(case: Case) -> None:
    """A share of 1 is the entropy of a policy to which all legal actions are alike, a share of 0 that of a single one.

    At its target, no row moves α.

    Formula: H̄(s) = share·log n(s), n(s) the number of legal actions

    Reference: Christodoulou (2019).
    """
    call = _rows(case, rows=1)
    ((name, _),) = _measured(case.block).items()
    legal = call.inputs["action_mask"].sum() if "action_mask" in call.inputs else call.sizes["action"]
    for share in (1.0, 0.5, 0.0):
        entropy = torch.full_like(call.inputs[name], share * math.log(int(legal)))
        found = gradients(call.of(attrs.evolve(case.block, share=share)), **{name: entropy})["log_alpha"]
        close(found, torch.tensor(0.0), f"at a share of {share} of the greatest entropy, the gradient", rtol=1e-6)

"""CON: what targets obey that bootstrap from what a policy would do: what its entropy is worth, and its limits.

Laws about what several critics say are in `member_targets`, those about the smoothing of actions in `smoothed_targets`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, same
from rlblocks.testing._critic_calls import CHOSEN
from rlblocks.testing._law import Needs, law
from rlblocks.testing._names import asked_by
from rlblocks.testing._next_values import (
    changed_values,
    critics_of,
    keys_of,
    of_each_action,
    temperatures_of,
)
from rlblocks.testing.control_oracles import TOGETHER
from rlblocks.testing.laws.targets import ENDS, backs_up, td_target
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import floats

EXACT = 1e-9
SEVERAL = ("several members",)


def computes(*names: str) -> Needs:
    """Whether a target computes one of these equations, by its name or by the tag `like`."""
    return lambda block: "" if like(block) in names else f"it does not say that it is {' or '.join(names)}"


def log_prob_of(block: Block) -> str:
    """The argument that is the log-probability of the next action; empty without one."""
    return next((name for name, key in keys_of(block).items() if key.next and key.name == "log_prob"), "")


def pays_entropy(block: Block) -> str:
    """Whether a target weighs the log-probability of an action that a policy chose by a temperature."""
    found = log_prob_of(block) and temperatures_of(block)
    return backs_up(block) or ("" if found else "it weighs no log-probability by a temperature")


def exact(case: Case, **conditions: Any) -> Call:
    """A call in float64."""
    return case.call(**conditions).to(torch.float64)


def discounts_of(call: Call, like_this: Tensor) -> Tensor:
    """The discount of each row beside a target."""
    discount: Tensor = call.inputs["discount"]
    return discount.view(-1, *[1] * (like_this.dim() - 1))


@law("CON-1", role="targets", since="0.1", needs=pays_entropy, covers=ENDS)
def no_temperature_reaches_the_end(case: Case) -> None:
    """A terminated row equals its reward exactly, for any temperature.

    For α of 0, ∞ and NaN.

    Formula: γ = 0 ⇒ y = r, for every α
    """
    call, poison = case.call(), case.draw(st.sampled_from([math.nan, math.inf, -math.inf]), "log_alpha")
    over, (name,) = call.inputs["discount"] == 0, temperatures_of(case.block)
    found = td_target(call, **{name: torch.full_like(call.inputs[name], poison)})[over]
    reward = call.inputs["reward"].view(-1, *[1] * (found.dim() - 1))[over].expand_as(found)
    same(found, reward, f"with log α = {poison}, the td_target of terminated rows")


@law("CON-1a", role="targets", since="0.1", needs=pays_entropy, covers=(*ENDS, "discounts that differ"))
def a_nat_is_worth_alpha(case: Case) -> None:
    """A nat more of log-probability takes α from the next value, discounted like it.

    In each row by its own x.

    Formula: y(log π + x) = y(log π) − γ·α·x

    Reference: Haarnoja et al. (2018), equations 2 and 3.
    """
    call, name = exact(case), log_prob_of(case.block)
    (alpha,) = (call.inputs[n].exp() for n in temperatures_of(case.block))
    x, due = case.draw(floats(call.sizes["batch"]), "x").double(), td_target(call)
    paid = discounts_of(call, due) * alpha * x.view(-1, *[1] * (due.dim() - 1))
    close(td_target(call, **{name: call.inputs[name] + x}), due - paid, "td_target of log π + x")


@law(
    "CON-1b", role="targets", since="0.1", needs=computes("discrete_soft_q"), covers=("action_mask with a False", *ENDS)
)
def equal_values_leave_the_entropy(case: Case) -> None:
    """Where all actions are worth the same, the next value is that, and α times the policy's entropy.

    The entropy is that over legal actions.

    Formula: q(s′, ·) = c ⇒ y = r + γ·(c + α·H(π(·|s′)))

    Reference: Christodoulou (2019).
    """
    call, c = exact(case), case.draw(floats(1), "c").double()
    (alpha,) = (call.inputs[n].exp() for n in temperatures_of(case.block))
    logits = call.inputs["logits"]
    legal = call.inputs.get("action_mask", torch.ones_like(logits, dtype=torch.bool))
    pi = logits.masked_fill(~legal, -math.inf).softmax(1)
    entropy = -torch.special.xlogy(pi, pi).sum(1)
    found = td_target(call, **changed_values(call, lambda value: torch.zeros_like(value) + c))
    close(found, call.inputs["reward"] + call.inputs["discount"] * (c + alpha * entropy), "td_target of equal values")


@law("CON-1c", role="targets", since="0.1", needs=computes("discrete_soft_q"))
def the_level_of_logits_does_not_matter(case: Case) -> None:
    """A constant for each row, added to its logits, changes nothing.

    Nor does the type of policy that wrote them.

    Formula: y(logits + c) = y(logits), c of each row
    """
    call = exact(case)
    shift = case.draw(floats(call.sizes["batch"]), "shift").double().unsqueeze(1)
    close(td_target(call, logits=call.inputs["logits"] + shift), td_target(call), "td_target of shifted logits")


@law("CON-4", role="targets", since="0.1", needs=computes("soft_q"), covers=SEVERAL)
def without_a_temperature_it_is_the_policys_value(case: Case) -> None:
    """At α = 0 it is the target of a policy that would take the sampled action for certain.

    SAC without entropy and TD3 without noise have one target.

    Formula: α = 0 ⇒ y = r + γ·agg_j q_j(s′, ã)
    """
    from rlblocks.targets import PolicyQ

    call, (name,) = exact(case), temperatures_of(case.block)
    cold = td_target(call, **{name: torch.full_like(call.inputs[name], -math.inf)})
    close(cold, _policys(call, PolicyQ(case.block.over)), "at α = 0, td_target", rtol=EXACT)


def _policys(call: Call, block: Any) -> Tensor:
    """The target of the action that a policy would take, from the inputs of another target."""
    (action,) = [name for name, key in keys_of(call.block).items() if key.name in CHOSEN]
    (critic,) = critics_of(call.block)
    found: Tensor = block.compute(
        reward=call.inputs["reward"],
        discount=call.inputs["discount"],
        action=call.inputs[action],
        q=call.inputs[critic],
    )
    return found


def weighs_actions(block: Any) -> str:
    """Whether a target is the discrete soft one, of members that go together in a way that the kit knows."""
    if reason := computes("discrete_soft_q")(block):
        return reason
    return "" if like(block.over) in TOGETHER else "the kit does not know what it makes of members"


@law("CON-4d", role="targets", since="0.1", needs=weighs_actions, covers=(*SEVERAL, "action_mask given"))
def a_certain_policy_has_the_value_of_its_action(case: Case) -> None:
    """Where the policy is certain of an action, it is what that action's values are together; there is no entropy.

    As in double Q-learning, of which this is the limit.

    Formula: π(a|s′) = 1 ⇒ y = r + γ·agg_j q_j(s′, a)
    """
    call = exact(case)
    logits = call.inputs["logits"]
    legal = call.inputs.get("action_mask", torch.ones_like(logits, dtype=torch.bool))
    best = logits.masked_fill(~legal, -math.inf).argmax(1)
    certain = torch.full_like(logits, -1e4).scatter(1, best.unsqueeze(1), 0.0)
    q = call.inputs["q"].gather(-1, best.unsqueeze(-1).expand(*call.inputs["q"].shape[:-1], 1)).squeeze(-1)
    rows = q.T.tolist() if call.sizes["member"] else q.unsqueeze(1).tolist()
    value = torch.tensor([TOGETHER[like(case.block.over)](row) for row in rows], dtype=torch.float64)
    close(td_target(call, logits=certain), call.inputs["reward"] + call.inputs["discount"] * value, "td_target")


def reads_a_policy(block: Block) -> str:
    """Whether a target reads what a policy says of the next state."""
    names = [name for name, key in keys_of(block).items() if key.next and key.name in (*CHOSEN, "logits", "log_prob")]
    return backs_up(block) or ("" if names and critics_of(block) + of_each_action(block) else "it reads no policy")


@law("CON-5", role="targets", since="0.1", needs=reads_a_policy, covers=("it mattered",), examples=25)
def all_that_a_policy_says_matters(case: Case) -> None:
    """Everything that it reads of the policy, of the temperature and of draws changes the target somewhere.

    What is read and not used would be computed in vain, or stands for something that should be read.
    """
    call = exact(case, rows=5)
    call = call.with_inputs(discount=torch.ones(5, dtype=torch.float64))
    due, matters = td_target(call), []
    for name, change in _changes(call).items():
        other = td_target(call, **{name: change(call.inputs[name])})
        matters.append(bool((other != due).any()))
    case.saw("it mattered", all(matters))


def is_still(block: Any) -> bool:
    """Whether the noise of a target is nothing, as its fields `noise` and `limit` say."""
    return 0 in (getattr(block, "noise", 1), getattr(block, "limit", 1))


def _changes(call: Call) -> dict[str, Callable[[Tensor], Tensor]]:
    """How each of those inputs becomes another."""
    found: dict[str, Callable[[Tensor], Tensor]] = {name: lambda x: x - 1 for name in temperatures_of(call.block)}
    for name, key in keys_of(call.block).items():
        if key.next and key.name in (*CHOSEN, "logits", "log_prob"):
            found[name] = lambda x: x.flip(0) if x.dim() == 1 else x.flip(-1) + x.flip(0) * 0.5
    for name, asked in asked_by(call.block).items():
        if isinstance(asked, Draw) and not is_still(call.block):
            found[name] = lambda x: x.flip(0)
    return found

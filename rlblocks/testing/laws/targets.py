"""TGT: what every target obeys: it backs the value of the next state up by one step, where there is one."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing import oracles
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing._next_values import (
    changed_values,
    form_of,
    in_other_units,
    of_each_action,
    poisoned,
    relabelled,
    values_of,
)
from rlblocks.testing.laws.general_rows import POISON, masked, with_value
from rlblocks.testing.strategies import orders

ENDS = ("a terminated row", "a row that goes on")


def backs_up(block: Block) -> str:
    """Whether a target bootstraps from values of actions."""
    needed = {"reward", "discount"} - set(asked_by(block))
    if needed:
        return f"it does not read {' or '.join(sorted(needed))}"
    return "" if values_of(block) else "it reads no values of actions"


def counts_actions(block: Block) -> str:
    """Whether a target bootstraps from something of each of a number of actions."""
    return backs_up(block) or ("" if of_each_action(block) else "it reads nothing of each action")


def scale_free(block: Block) -> str:
    """Whether only the order of values and their size matter, not a temperature that they are compared with."""
    matters = block.tags.get("scale") == "matters"
    return "its tags say that the scale of values matters" if matters else backs_up(block)


def td_target(call: Call, **changed: Any) -> Tensor:
    """What a target writes, `[B, *form]`; of one that tells one member of each row, what it tells that one."""
    found: Tensor = call(**changed)["td_target"]
    return found if told(call.block) else of_the_learner(call, found, **changed)


def told(block: Block) -> str:
    """Whether a target tells all members alike, and not one of them, drawn for each row."""
    return "" if block.tags.get("tells") == "one member" else "it tells all members the same"


def said_by(block: Block) -> str:
    """The argument that is what members say of the stored action."""
    (name,) = [name for name, asked in asked_by(block).items() if getattr(asked, "at", "")]
    return name


def learners(call: Call, found: Tensor, **changed: Any) -> Tensor:
    """Which member of each row learns, `[B, N]` bool: the one whose target does not follow what it says."""
    said = {**call.inputs, **changed}[said_by(call.block)]
    moved = call(**{**changed, said_by(call.block): said + 64.0})["td_target"]
    still: Tensor = moved == found
    require(bool((still.sum(1) == 1).all()), f"of the members of a row learn {still.tolist()}, and one must")
    return still


def of_the_learner(call: Call, found: Tensor, **changed: Any) -> Tensor:
    """The target of the member that learns, of what is told to all, `[B, N]`."""
    return found[learners(call, found, **changed)]


@law("TGT-1", role="targets", since="0.1", needs=oracles.unknown, covers=(*ENDS, "action_mask given"), examples=30)
def equals_its_equation(case: Case) -> None:
    """It equals its equation, computed row by row in float64.

    The oracle is a loop over Python floats.

    Formula: y = r + γ·v(s′), γ = 0 where terminated; max_q: v = maxₐ q⁻(s′, a); double_q: v = q⁻(s′, argmaxₐ q(s′, a));
    policy_q: v = q⁻(s′, μ(s′)); soft_q: v = q⁻(s′, ã) − α·log π(ã|s′)

    Reference: Watkins and Dayan (1992); Mnih et al. (2015); van Hasselt, Guez and Silver (2016); Lillicrap et al.
    (2016); Haarnoja et al. (2018).
    """
    call = case.call(form=None)
    case.saw("action_mask given", "action_mask" not in asked_by(case.block))  # it has none to be given
    close(td_target(call), oracles.td_target(call), "td_target")


@law("TGT-2", role="targets", since="0.1", needs=backs_up, covers=ENDS)
def terminated_rows_equal_the_reward(case: Case) -> None:
    """A terminated row equals its reward exactly, even if the next values are NaN.

    Nor is anything else used that networks say of a state that does not exist: an action, a log-probability.

    Formula: γ = 0 ⇒ y = r

    Reference: Sutton and Barto (2018), section 3.5.
    """
    call, poison = case.call(form=None), case.draw(st.sampled_from(POISON), "poison")
    over = call.inputs["discount"] == 0
    found = td_target(poisoned(call, over, poison))
    reward = call.inputs["reward"].view(-1, *[1] * (found.dim() - 1)).expand_as(found)
    same(found[over], reward[over], f"with {poison} for the next values of terminated rows, their td_target")
    same(found[~over], td_target(call)[~over], "the td_target of the other rows")


@law("TGT-2a", role="targets", since="0.1", needs=backs_up, covers=("a row that goes on",))
def other_rows_bootstrap(case: Case) -> None:
    """A row that was truncated, or goes on, bootstraps: its target depends on the next values.

    Nothing but a discount of 0 stops the bootstrap, so that a time limit is no end.

    Formula: γ ≠ 0 ⇒ y(q⁻ + c) ≠ y(q⁻)

    Reference: Pardo et al. (2018).
    """
    call = case.call()
    goes_on = call.inputs["discount"] != 0
    moved = td_target(call, **changed_values(call, lambda value: value + 64.0))
    require(
        bool((moved != td_target(call))[goes_on].all()), "other next values left the target of a row that goes on alone"
    )


@law("TGT-4", role="targets", since="0.1", needs=backs_up, covers=ENDS)
def constants_pass_through(case: Case) -> None:
    """A constant added to all next values adds the discounted constant to the target.

    Formula: y(q + c) = y(q) + γ·c
    """
    call, c = case.call(form=None).to(torch.float64), case.draw(st.sampled_from([-3.0, 0.5, 100.0]), "c")
    found, due = td_target(call, **changed_values(call, lambda value: value + c)), td_target(call)
    discount = call.inputs["discount"].view(-1, *[1] * (due.dim() - 1))
    close(found, due + discount * c, f"td_target with {c} added to every next value")


@law("TGT-4a", role="targets", since="0.1", needs=scale_free, covers=ENDS)
def it_is_homogeneous(case: Case) -> None:
    """Reward and next values times k give k times the target.

    The unit of the reward does not matter; a temperature is in it too.

    Formula: y(k·r, k·q) = k·y(r, q)
    """
    call, k = case.call(form=None).to(torch.float64), case.draw(st.sampled_from([0.25, 3.0, 1000.0]), "k")
    close(td_target(call, **in_other_units(call, k)), td_target(call) * k, f"td_target of everything times {k}")


@law("TGT-4b", role="targets", since="0.1", needs=backs_up)
def rewards_add_up(case: Case) -> None:
    """What is added to the reward is added to the target.

    The reward enters once, undiscounted.

    Formula: y(r + x) = y(r) + x
    """
    call = case.call(form=None)
    reward = call.inputs["reward"]
    shift = torch.arange(1, reward.numel() + 1, dtype=reward.dtype) * 16
    found, due = td_target(call, reward=reward + shift), td_target(call)
    close(found - due, shift.view(-1, *[1] * (due.dim() - 1)).expand_as(due), "the difference of td_target")


@law("TGT-7", role="targets", since="0.1", needs=masked, covers=("action_mask with a False",))
def illegal_actions_are_never_used(case: Case) -> None:
    """Illegal next actions are never used, however high their value.

    With all legal values far below, the target stays below as well.

    Formula: y(q) = y(q′) where q and q′ differ at illegal actions alone
    """
    call = case.call(optional=True)
    illegal = ~call.inputs["action_mask"]
    raised = with_value(call, of_each_action(case.block), illegal, 1e6)
    same(td_target(raised), td_target(call), "with 10⁶ at illegal actions, td_target")


@law("TGT-8", role="targets", since="0.1", needs=counts_actions)
def actions_can_be_relabelled(case: Case) -> None:
    """Actions under other numbers give the same target.

    No action is special.

    Formula: y(q∘σ) = y(q), for every order σ of the actions
    """
    call = case.call(form=None)
    order = torch.tensor(case.draw(orders(call.sizes["action"]), "order"))
    close(td_target(call, **relabelled(call, order)), td_target(call), "td_target of relabelled actions")


@law("TGT-9", role="targets", since="0.1", needs=backs_up, covers=("discounts that differ",))
def every_row_has_its_own_discount(case: Case) -> None:
    """Every row has a discount of its own.

    y − r is proportional to the row's own discount, so that rows of n steps stand beside rows of one.

    Formula: y_i = r_i + γ_i·v_i, v_i = y_i(γ = 1) − r_i
    """
    call = case.call(form=None).to(torch.float64)
    one, own = torch.ones_like(call.inputs["discount"]), call.inputs["discount"]
    gain = td_target(call, discount=one) - call.inputs["reward"].view(-1, *[1] * (td_target(call).dim() - 1))
    due = call.inputs["reward"].view(-1, *[1] * (gain.dim() - 1)) + own.view(-1, *[1] * (gain.dim() - 1)) * gain
    close(td_target(call), due, "td_target")


@law("TGT-13", role="targets", since="0.1", needs=backs_up)
def the_form_is_kept(case: Case) -> None:
    """What it writes has one entry a row, in the form of the values.

    `[B]` of values `[B, A]`, `[B, N]` of values `[B, A, N]`; of critics in a form of atoms, as many as it keeps.
    """
    call = case.call(form=None)
    due, shape = (call.sizes["batch"], *form_of(call)), tuple(td_target(call).shape)
    fits = len(shape) == len(due) and all(theirs in (None, ours) for ours, theirs in zip(shape, due, strict=True))
    require(fits and 0 not in shape, f"td_target has the shape {list(shape)}, and must have {list(due)}")

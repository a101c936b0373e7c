"""What a target reads of the next state, by what it is: values, critics, and what a policy says; and each changed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Fn, Read
from rlblocks._core.keys import Key, parse
from rlblocks.testing._call import Call
from rlblocks.testing._critic_calls import VALUES, is_critic
from rlblocks.testing._names import asked_by
from rlblocks.testing.critics import Critic


def keys_of(block: Block) -> dict[str, Key]:
    """The keys of what networks say, by argument; of a critic, the key that it writes."""
    asked = {name: a for name, a in asked_by(block).items() if isinstance(a, Read) or is_critic(a)}
    keys = {name: parse(a.key) for name, a in asked.items() if isinstance(a, Read | Fn)}
    return {name: key for name, key in keys.items() if key.which}


def critics_of(block: Block) -> list[str]:
    """The arguments that are critics, functions of an action."""
    return [name for name, asked in asked_by(block).items() if is_critic(asked)]


def values_of(block: Block) -> list[str]:
    """The arguments that are values of every action, `[*, B, A, *form]`, or critics."""
    values = [name for name, key in keys_of(block).items() if key.name in VALUES]
    return [name for name in values if not getattr(asked_by(block)[name], "at", "")]


def of_each_action(block: Block) -> list[str]:
    """The arguments with an entry for each action: their values, and what a policy says of them."""
    of_all = [name for name, key in keys_of(block).items() if key.name == "logits"]
    return [*of_all, *(name for name in values_of(block) if name not in critics_of(block))]


def temperatures_of(block: Block) -> list[str]:
    """The arguments that are the logarithm of a temperature, in units of reward."""
    return [name for name, key in keys_of(block).items() if key.name == "log_alpha"]


def changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Values, or those that a critic gives, changed."""
    return value.then(change) if isinstance(value, Critic) else change(value)


def changed_values(call: Call, change: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    """Every value of actions, changed."""
    return {name: changed(call.inputs[name], change) for name in values_of(call.block) if name in call.inputs}


def in_other_units(call: Call, k: float) -> dict[str, Any]:
    """Everything that is in units of reward, times k."""
    alphas = {name: call.inputs[name] + math.log(k) for name in temperatures_of(call.block)}
    return {"reward": call.inputs["reward"] * k, **changed_values(call, lambda value: value * k), **alphas}


def poisoned(call: Call, rows: Tensor, poison: float) -> Call:
    """The call with a number in some rows, `[B]` bool, of all that networks say of the next state."""
    given: dict[str, Any] = {}
    for name in [name for name, key in keys_of(call.block).items() if key.next and name in call.inputs]:
        value = call.inputs[name]
        if isinstance(value, Critic):
            given[name] = value.filled(rows, poison)
        elif value.is_floating_point():
            lead = call.lead.get(name, 0)
            where = rows.view(*[1] * lead, -1, *[1] * (value.dim() - lead - 1))
            given[name] = value.masked_fill(where, poison)
    return call.with_inputs(**given)


def relabelled(call: Call, order: Tensor) -> dict[str, Tensor]:
    """All that has an entry for each action, with actions under other numbers."""
    names = [name for name in (*of_each_action(call.block), "action_mask") if name in call.inputs]
    found = {name: call.inputs[name].index_select(call.lead.get(name, 0) + 1, order) for name in names}
    taken = [name for name, a in asked_by(call.block).items() if isinstance(a, Read) and a.key == "next.action"]
    return found | {name: order.argsort()[call.inputs[name]] for name in taken}


def disturbed(call: Call, name: str) -> Any:
    """One of the values, other than it was, and not by a constant."""
    value = call.inputs[name]
    if isinstance(value, Critic):
        return value.then(lambda said: said * 2 + 1)
    return value.flip(call.lead.get(name, 0) + 1) * 2


def form_of(call: Call) -> tuple[int | None, ...]:
    """The dims after the batch that a target should have; None for any number of atoms, at least one."""
    forms: list[tuple[int | None, ...]] = []
    for name in values_of(call.block):
        value = call.inputs[name]
        if isinstance(value, Critic):
            forms.append((None,) * len(value.form))
        else:
            forms.append(tuple(value.shape[call.lead.get(name, 0) + 2 :]))
    return max(forms, key=len)


def alone(call: Call, member: int) -> Call:
    """The call with one member of every ensemble, without a dim for members."""
    picked = {name: call.inputs[name].of_members(member) for name in critics_of(call.block)}
    picked |= {name: call.inputs[name][member] for name in call.lead}
    return call.with_inputs(**picked)


def of_members(call: Call, order: list[int]) -> dict[str, Any]:
    """What several members say, with the members in another order, or some of them."""
    index = torch.tensor(order)
    picked = {name: call.inputs[name].of_members(index) for name in critics_of(call.block)}
    return picked | {name: call.inputs[name][index] for name in call.lead}

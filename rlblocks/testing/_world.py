"""The values of one call of `compute`, each drawn by what its key says of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks import functional
from rlblocks._core.block import Block
from rlblocks._core.clocks import Times
from rlblocks._core.declare import Declared, Draw, Fn, Known, Read, Scheduled, Size
from rlblocks._core.keys import Key, Spec, parse
from rlblocks.testing._critic_calls import (
    CHOSEN,
    SINGLE,
    VALUES,
    Setting,
    critics,
    form_of,
    in_form,
    is_critic,
    of_members,
    one_for_each,
)
from rlblocks.testing._policy_calls import actions_in, masks_for
from rlblocks.testing.critics import Critic
from rlblocks.testing.strategies import (
    ATOMS,
    Sizes,
    discounts,
    flags,
    floats,
    masks,
    moments,
    q_values,
    uniforms,
)

OTHER_ATOMS = 5  # of a target whose form has other numbers than the prediction's


def number_at(block: Block, name: str, times: Times) -> float:
    """The present value of a block's schedule or method, as the run computes it for an input that is `scheduled`."""
    held = attrgetter(name)(block)
    return float(held.value(times) if getattr(type(held), "role", "") == "schedules" else held(times))


class World:
    """What the inputs of one call have in common: a value that is read twice is the same value."""

    def __init__(self, draw: st.DrawFn, block: Block, chosen: Sizes, setting: Setting, form: tuple[int, ...]) -> None:
        self.draw, self.block, self.sizes, self.setting, self.form = draw, block, chosen, setting, form
        self.known: dict[tuple[bool, str, str], Tensor] = {}
        self.critics: dict[str, Critic] = {}

    def supply(self, asked: Declared) -> Any:  # noqa: PLR0911  one for each kind of input
        """A value for one declared input."""
        match asked:
            case Read():
                return self._read(asked)
            case Draw(over="member"):
                return self.draw(one_for_each(self.setting.members))
            case Draw(kind=kind, like=like):
                return self._random(kind, self._shape(like))
            case Scheduled(name=name):
                return torch.tensor(number_at(self.block, name, self.draw(moments())), dtype=torch.float64)
            case Size(dim=dim):
                return getattr(self.sizes, dim)
            case Known():
                return self.setting.action
            case Fn(key=key):
                return self._critic(key) if is_critic(asked) else functional.one_step_backup

    def _critic(self, text: str) -> Critic:
        if text not in self.critics:
            form = form_of(text, self.block)
            made = critics(self.sizes.batch, self.setting.action, self.setting.members, form)
            self.critics[text] = self.draw(made)
        return self.critics[text]

    def _shape(self, like: str) -> tuple[int, ...]:
        """The shape of a draw for each row."""
        if like and parse(like).name in ("action", *CHOSEN):
            return (self.sizes.batch, *self.setting.action.shape)
        return (self.sizes.batch,) if like in {"", "reward"} else tuple(self._plain(parse(like)).shape)

    def _random(self, kind: str, shape: tuple[int, ...]) -> Tensor:
        if kind == "uniform":
            return self.draw(uniforms(*shape))
        if kind == "bernoulli":
            return self.draw(flags(*shape)).float()
        return self.draw(floats(*shape, step=1 / 32))

    def _read(self, asked: Read) -> Tensor:
        key, lead = parse(asked.key), int(self.setting.leads(asked))
        if in_form(asked, self.block):
            return self._once(key, of_members(self.setting.members, self.sizes.batch, ATOMS))
        if not key.which:
            return self._plain(key, asked.dims)
        dims = () if asked.at else asked.dims
        value = self._value(key, dims, lead)
        if value.dim() > lead + 1 + len(self._dims(dims)) and not asked.raw and key.name in VALUES:
            value = value.flatten(lead + 2).mean(-1)  # the mean over the form is what a reader of the plain key gets
        if asked.at and value.dim() > lead + 1:
            action, each = self._plain(parse(asked.at)), value.unsqueeze(0).flatten(0, lead)
            chosen = torch.stack([functional.value_of_action(member, action) for member in each])
            return chosen.view(*value.shape[:lead], *chosen.shape[1:])
        return value

    def _dims(self, dims: tuple[str, ...]) -> tuple[int, ...]:
        """The sizes of all named dims after the batch; a value of unknown dims has one number for each action."""
        named = [dim for dim in dims if dim not in {"*", "batch", "member", "time"}]  # rows in one line
        return tuple(getattr(self.sizes, dim, 3) for dim in named) if dims else (self.sizes.action,)

    def _value(self, key: Key, dims: tuple[str, ...], lead: int) -> Tensor:
        """What a network writes: a value for each action, or one number a row where the name says so."""
        rows, shape = self.sizes.batch, self._dims(dims)
        form = self.form if len(shape) == 1 and key.name != "logits" else ()
        if key.name in SINGLE:
            return self._once(key, floats(1, step=1 / 32).map(lambda drawn: drawn[0]))
        if (dims and not shape and not lead) or (
            key.name in {"v", "value", "log_prob", "entropy", *CHOSEN} and not dims
        ):
            return self._once(key, self._column(key.name, ()))
        if lead:
            return self._once(key, of_members(self.setting.members, rows, *shape, *form))
        return self._once(key, q_values(rows, *shape, *form))

    def _once(self, key: Key, made: st.SearchStrategy[Tensor]) -> Tensor:
        place = (key.next, key.name, key.which)
        if place not in self.known:
            self.known[place] = self.draw(made)
        return self.known[place]

    def _plain(self, key: Key, dims: tuple[str, ...] = ()) -> Tensor:
        """A stored column, or what an earlier block wrote."""
        place = (key.next, key.name, "")
        if place not in self.known:
            self.known[place] = self.draw(self._column(key.name, dims))
        return self.known[place]

    def _column(self, name: str, dims: tuple[str, ...]) -> st.SearchStrategy[Tensor]:
        asked = self.block.inputs.values()
        form = (OTHER_ATOMS,) if any(in_form(a, self.block) for a in asked) else self.form
        known = columns(self.sizes.batch, self.setting.action, self.sizes.action, form)
        if name in known:
            return known[name]
        if dims:
            return q_values(self.sizes.batch, *self._dims(dims))
        return floats(self.sizes.batch, *((self.sizes.feature,) if name.startswith("observation") else ()))


@functools.cache
def columns(rows: int, action: Spec, actions: int, form: tuple[int, ...]) -> Mapping[str, st.SearchStrategy[Tensor]]:
    """What is known of columns by their names."""
    return {
        "discount": discounts(rows),
        "terminated": flags(rows),
        "truncated": flags(rows),
        "is_first": flags(rows),
        "action_mask": masks_for(action, rows) if isinstance(action.n, tuple) else masks(rows, actions),
        **dict.fromkeys(("action", *CHOSEN), actions_in(action, rows)),
        "weight": uniforms(rows),
        "epsilon": uniforms(rows),
        "error": sizes_of_errors(rows),
        "priority": sizes_of_errors(rows),
        "log_prob": floats(rows, step=1 / 64),  # so that ratios lie within a clip and beyond it
        "value": floats(rows, step=1 / 32),
        "return": floats(rows, step=3 / 64),
        "td_target": floats(rows, *form, step=0.375),
    }


def sizes_of_errors(rows: int) -> st.SearchStrategy[Tensor]:
    """Numbers at least 0."""
    return floats(rows).map(torch.abs)

"""What calls of `compute` are made of where actions are real numbers and values come from several networks."""

from __future__ import annotations

import functools
import math

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block, fields_of
from rlblocks._core.declare import Declared, Draw, Fn, Known, Read, Size
from rlblocks._core.keys import Spec, parse
from rlblocks.testing._policy_calls import ACTIONS
from rlblocks.testing.critics import Critic
from rlblocks.testing.strategies import ATOMS, floats, orders

BOUNDED = tuple(action for action in ACTIONS if action.low is not None)
UNEVEN = (
    *BOUNDED, Spec((3,), low=(-0.25, -4.0, 1.0), high=(0.25, 12.0, 1.5)),
    Spec((2, 2), low=(-1.0, -2.0, 0.0, -8.0), high=(1.0, -1.0, 0.5, 24.0)),
)  # fmt: skip
MEMBERS = (0, 1, 2, 3, 7)  # 0 is one network without a dim for members
CHOSEN = ("sample", "mode")  # actions that a policy wrote
SINGLE = ("log_alpha",)  # what a network that reads nothing writes: one number for all rows
VALUES = {"q": (), "quantiles": (ATOMS,)}  # what a network of values writes, and the trailing dims of each


def is_critic(asked: Declared) -> bool:
    """Whether an input is a function from actions to what a network says of them."""
    if not isinstance(asked, Fn) or asked.key.endswith(".backup"):
        return False
    key = parse(asked.key)
    return key.name in VALUES and bool(key.which)


def has_real_actions(block: Block) -> bool:
    """Whether a block is about actions in a Box: it asks for a critic or for bounds, and for nothing of each action."""
    asked = list(block.inputs.values())
    reads = [a for a in asked if isinstance(a, Read)]
    counts = any(parse(a.key).name in {"logits", "action_mask"} or "action" in a.dims for a in reads)
    counts |= any(isinstance(a, Size) for a in asked)
    return not counts and any(isinstance(a, Known) or is_critic(a) for a in asked)


def in_form(asked: Declared, block: Block) -> bool:
    """Whether a loss reads its prediction, the value of the stored action, in the form of its network."""
    return block.role == "losses" and isinstance(asked, Read) and asked.raw and parse(asked.key).name in VALUES


def takes_members(block: Block) -> bool:
    """Whether a block says what becomes of the members of an ensemble: of values `[*, B]`, of a critic's, or of one."""
    if any(getattr(getattr(block, name), "role", "") == "aggregates" for name in fields_of(type(block))):
        return True
    asked = block.inputs.values()
    starred = any(isinstance(a, Read) and a.dims[:1] == ("*",) for a in asked)
    return starred or any(is_critic(a) or in_form(a, block) for a in asked)


def members_for(block: Block) -> st.SearchStrategy[int]:
    """How many members the networks have that a block reads; 0 is one network without a dim for members."""
    if not takes_members(block):
        return st.just(0)
    needs_dim = any(isinstance(a, Draw) and a.over for a in block.inputs.values())
    return st.sampled_from(MEMBERS[1:] if needs_dim else MEMBERS)


@functools.cache
def spread(members: int) -> Tensor:
    """Numbers that keep members apart."""
    return torch.arange(max(members, 1)) / 1024


@functools.cache
def of_members(members: int, *shape: int, step: float = 0.25) -> st.SearchStrategy[Tensor]:
    """Numbers for each member, `[*, *shape]`; no two members agree everywhere."""
    apart = spread(members).view(-1, *[1] * len(shape))
    lead = (members,) if members else ()
    return floats(max(members, 1), *shape, step=step).map(lambda drawn: (drawn + apart).reshape(*lead, *shape))


@functools.cache
def critics(rows: int, action: Spec, members: int, form: tuple[int, ...]) -> st.SearchStrategy[Critic]:
    """Critics of some rows."""
    level = of_members(members, rows, *(form or (1,)))
    slope = of_members(members, math.prod(action.shape), *(form or (1,)), step=1 / 32)
    return st.builds(Critic, level, slope, st.just(form))


def has_rows(asked: Declared) -> bool:
    """Whether a tensor has an entry for each row."""
    if isinstance(asked, Draw):
        return not asked.over
    return isinstance(asked, Read) and parse(asked.key).name not in SINGLE


@functools.cache
def one_for_each(count: int) -> st.SearchStrategy[Tensor]:
    """Numbers in [0, 1) for each of a dim, no two the same."""
    return orders(count).map(lambda order: (torch.tensor(order) + 0.5) / count)


@attrs.frozen
class Setting:
    """What is chosen once for a call.

    Attributes:
        action: what is known of the environment's actions.
        members: how many members the networks of values have; 0 is one network without a dim for members.
    """

    action: Spec
    members: int = 0

    def leads(self, asked: Declared) -> bool:
        """Whether an input has a dim for members before its rows."""
        if not isinstance(asked, Read) or not self.members:
            return False
        key = parse(asked.key)
        return bool(key.which) and (key.name in VALUES or asked.dims[:1] == ("*",))

    def notes(self) -> tuple[str, ...]:
        """What was chosen, by the names that laws ask for."""
        several = ["several members"] if self.members > 1 else []
        alone = [] if self.members else ["no dim of members"]
        uneven = ["bounds that differ"] if isinstance(self.action.low, tuple) else []
        return (*several, *alone, *uneven)


@st.composite
def settings_for(draw: st.DrawFn, block: Block, actions: int, members: int | None = None) -> Setting:
    """Actions in a Box where a block is about those, and else `actions` of them; members as the block takes them."""
    chosen = draw(members_for(block)) if members is None else members
    if has_real_actions(block):
        return Setting(draw(st.sampled_from(UNEVEN)), chosen)
    return Setting(Spec((), "int64", n=actions), chosen)

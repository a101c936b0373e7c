"""What calls of `compute` are made of where actions are real numbers and values come from several networks."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, cast

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block, fields_of
from rlblocks._core.declare import Declared, Draw, Fn, Known, Read, Size
from rlblocks._core.keys import Spec, parse
from rlblocks.testing._policy_calls import ACTIONS
from rlblocks.testing.critics import Critic
from rlblocks.testing.strategies import ATOMS, floats, one_of, orders

if TYPE_CHECKING:
    from rlblocks.explorers.base import Explorer

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
    asked = block.inputs.values()
    masked = any(isinstance(a, Read) and parse(a.key).name == "action_mask" for a in asked)
    return not masked and not _for_each_action(block) and any(isinstance(a, Known) or is_critic(a) for a in asked)


KINDS = ("one", "several", "real")  # of actions: one of so many, several such choices, real numbers


def kind_of(action: Spec) -> str:
    """Which of these an action is."""
    if isinstance(action.n, tuple):
        return "several"
    return "one" if action.n else "real"


def spaces_of(block: Block, actions: int = 4, among: tuple[str, ...] = KINDS) -> list[list[Spec]]:
    """The actions that a block can be asked about, by their kinds; `actions` of them, where it is one of several.

    An explorer that is told what is known of the action, or what a policy chose, is asked about all that it has no
    misfit with; other blocks about one kind, which follows from what they read.
    """
    one = Spec((), "int64", n=actions)
    if block.role != "explorers":
        return [list(UNEVEN) if has_real_actions(block) else [one]]
    told = [a for a in block.inputs.values() if isinstance(a, Known) or (isinstance(a, Read) and _is_choice(a))]
    everything = (one, *ACTIONS[1:], *UNEVEN[len(BOUNDED) :])
    possible = [one] if not told or _for_each_action(block) else everything
    fits = [action for action in possible if not cast("Explorer", block).misfit(action)]
    found = [[action for action in fits if kind_of(action) == kind] for kind in among]
    return [kind for kind in found if kind]


def _is_choice(asked: Read) -> bool:
    return parse(asked.key).name in CHOSEN


def _for_each_action(block: Block) -> bool:
    """Whether a block reads something of each of a number of actions, but for which are legal."""
    asked = list(block.inputs.values())
    names = {"logits", "q"} if block.role == "explorers" else {"logits"}
    of_each = [parse(a.key).name in names or "action" in a.dims for a in asked if isinstance(a, Read)]
    return any(of_each) or any(isinstance(a, Size) for a in asked)


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
    if written := max((spec.members for spec in block.specs.values()), default=0):
        return st.just(written)
    needs = fewest_members(block)
    return one_of(*sorted({needs, needs + 2, *(count for count in MEMBERS if count > needs)}))


def fewest_members(block: Block) -> int:
    """How many members there must be at least: as many as the field says that the tag `members` names."""
    if "members" in block.tags:
        return int(getattr(block, block.tags["members"]))
    return int(any(isinstance(a, Draw) and a.over for a in block.inputs.values()))


def form_of(key: str, block: Block) -> tuple[int, ...]:
    """The form of a critic's values: more atoms than the field says that the tag `atoms` names."""
    form = VALUES[parse(key).name]
    left_out = int(getattr(block, block.tags["atoms"])) if "atoms" in block.tags else 0
    return tuple(max(count, 2 * left_out) for count in form)


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

    def has(self, asked: Declared) -> bool:
        """Whether there can be such an input: real numbers have no masks."""
        return bool(self.action.n) or not isinstance(asked, Read) or parse(asked.key).name != "action_mask"

    def notes(self) -> tuple[str, ...]:
        """What was chosen, by the names that laws ask for."""
        several = ["several members"] if self.members > 1 else []
        alone = [] if self.members else ["no dim of members"]
        uneven = ["bounds that differ"] if isinstance(self.action.low, tuple) else []
        return (*several, *alone, *uneven, f"actions: {kind_of(self.action)}")


@st.composite
def settings_for(
    draw: st.DrawFn, block: Block, actions: int, members: int | None = None, among: tuple[str, ...] = KINDS
) -> Setting:
    """Actions of a kind that a block is about, or of one of those `among`; members as the block takes them."""
    chosen = draw(members_for(block)) if members is None else members
    kind = draw(one_of(*map(tuple, spaces_of(block, actions, among))))
    return Setting(draw(one_of(*kind)), chosen)

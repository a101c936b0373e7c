"""EXP: what every explorer obeys: actions are in the space, and only declared draws and schedules explore."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw, Scheduled
from rlblocks.explorers.base import Explorer
from rlblocks.testing import oracles
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._compute_calls import remembers
from rlblocks.testing._critic_calls import KINDS, spaces_of
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing._policy_calls import bounds_of, counts_of
from rlblocks.testing._world import number_at
from rlblocks.testing.laws.general_rows import masked
from rlblocks.testing.strategies import LAST, Moment, moments


def drawn(block: Block, kind: str) -> list[str]:
    """The inputs that are draws of one kind."""
    return [name for name, asked in asked_by(block).items() if isinstance(asked, Draw) and asked.kind == kind]


def scheduled_by(block: Block) -> dict[str, str]:
    """The inputs that are scheduled, and by which field or method."""
    return {name: asked.name for name, asked in asked_by(block).items() if isinstance(asked, Scheduled)}


def has_epsilon(block: Block) -> str:
    """Whether an explorer explores at a rate that is handed over."""
    return "" if "epsilon" in scheduled_by(block) else "it has no scheduled input named epsilon"


def chooses(block: Block) -> str:
    """Whether an explorer says what it does."""
    return "" if block.outputs[:1] == ("action",) else "it does not write an action first"


def kinds_of(block: Block, *among: str) -> list[str]:
    """The kinds of actions that an explorer can choose, of all or of some."""
    return [kind for kind in among or KINDS if spaces_of(block, among=(kind,))]


def chooses_one(block: Block) -> str:
    """Whether an explorer can choose one of several actions."""
    return "" if kinds_of(block, "one") else "it does not choose one of several actions"


def action_of(call: Call, **changed: object) -> Tensor:
    """The actions chosen."""
    found: Tensor = call(**changed)["action"]
    return found


def scripted(call: Call, u: float, normal: float = 0.0) -> dict[str, Tensor]:
    """Every uniform draw replaced by one number; every normal one too, where that is not 0."""
    names = [*drawn(call.block, "uniform"), *(drawn(call.block, "normal") if normal else [])]
    uniform = set(drawn(call.block, "uniform"))
    return {name: torch.full_like(call.inputs[name], u if name in uniform else normal) for name in names}


def values_of(call: Call) -> Tensor:
    """What one network says of each action, or several say together, `[B, A]`."""
    q: Tensor = call.inputs["q"]
    rows = oracles.rows_of_call(call) if call.lead.get("q") else []
    return q.new_tensor([oracles.together({**row, "block": call.block}) for row in rows]) if rows else q


EXTREMES = (0.0, 2.0**-24, 0.5, LAST)
FAR = (-64.0, 64.0)  # standard deviations


def in_space(found: Tensor, call: Call) -> None:
    """Raise where actions are not those that the environment of a call takes."""
    action, due = call.action, [call.sizes["batch"], *call.action.shape]
    require(list(found.shape) == due, f"the action has the shape {list(found.shape)}, but must have {due}")
    kind = torch.int64 if action.n else torch.float32
    require(found.dtype == kind, f"the action is {found.dtype}, not {kind}")
    if counts := counts_of(action):
        least, greatest = torch.zeros(len(counts)), torch.tensor(counts) - 1
        greatest = greatest if action.shape else greatest[0]
        least = least if action.shape else least[0]
    else:
        least, greatest = bounds_of(action)
    inside = bool(((found >= least) & (found <= greatest)).all())
    where = f"between {least.tolist()} and {greatest.tolist()}"
    require(inside, f"the actions {found.tolist()} are not all {where}")


@law("EXP-1", role="explorers", since="0.1", needs=chooses, covers=("several rows",))
def actions_are_in_the_space(case: Case) -> None:
    """Every action is in the space: one for each row, of its type and shape, each component inside its own bounds.

    In every kind of space that it can choose in, also for the least and the greatest numbers that a draw can give.

    Formula: a ∈ 𝒜: 0 ≤ a < n, or low ≤ a ≤ high in every component
    """
    for kind in kinds_of(case.block):
        call = case.call(optional=case.draw(st.booleans()), among=(kind,))
        u, far = case.draw(st.sampled_from(EXTREMES), "u"), case.draw(st.sampled_from(FAR), "far")
        for found in (action_of(call), action_of(call, **scripted(call, u)), action_of(call, **scripted(call, u, far))):
            in_space(found, call)


def reads_masks(block: Block) -> str:
    """Whether an explorer is told which actions are legal."""
    told = "action_mask" in asked_by(block) and kinds_of(block, "one", "several")
    return "" if told else "it reads no mask of actions"


@law("EXP-1a", role="explorers", since="0.1", needs=reads_masks, covers=("action_mask with a False",), examples=25)
def illegal_actions_are_never_chosen(case: Case) -> None:
    """An illegal action is never chosen, at random neither.

    Whatever is drawn, and at whatever rate it explores.

    Formula: mask[a] = 1
    """
    rates = {name: torch.tensor(1.0, dtype=torch.float64) for name in scheduled_by(case.block)}
    for kind in kinds_of(case.block, "one", "several"):
        call = case.call(optional=True, among=(kind,))
        given = scripted(call, case.draw(st.sampled_from(EXTREMES), "u"))
        for found in (action_of(call), action_of(call, **given), action_of(call, **given, **rates)):
            legal = call.inputs["action_mask"].gather(-1, found.unsqueeze(-1))
            require(bool(legal.all()), f"the actions {found.tolist()} are not all legal")


@law("EXP-2", role="explorers", since="0.1", needs=has_epsilon, covers=("several rows",))
def the_rate_is_obeyed_at_its_ends(case: Case) -> None:
    """At ε = 0 it is greedy for every draw, at ε = 1 the values do not matter.

    Also where the draw is exactly 0.

    Formula: ε = 0: a = argmax over legal a of q(s, a); ε = 1: a is independent of q

    Reference: Sutton and Barto (2018), section 2.2.
    """
    call, u = case.call(optional=case.draw(st.booleans())), case.draw(st.sampled_from(EXTREMES), "u")
    never, always = (torch.tensor(rate, dtype=torch.float64) for rate in (0.0, 1.0))
    q, mask = values_of(call), call.inputs.get("action_mask")
    best = (q if mask is None else q.masked_fill(~mask, -torch.inf)).argmax(1)
    same(action_of(call, epsilon=never), best, "at ε = 0 the action")
    same(action_of(call, epsilon=never, **scripted(call, u)), best, f"at ε = 0, with {u} drawn, the action")
    same(
        action_of(call, epsilon=always, q=-call.inputs["q"]),
        action_of(call, epsilon=always),
        "at ε = 1, of negated values, the action",
    )


@law("EXP-6", role="explorers", since="0.1", needs=lambda block: "" if scheduled_by(block) else "it reads no schedule")
def rates_follow_environment_steps(case: Case) -> None:
    """What it reads of a schedule is its value at the environment steps so far.

    The same number whatever else has been counted, and never set back by an episode that ended.

    Formula: ε_t = ε(environment steps so far)
    """
    block, moment = case.block, case.draw(moments(), "moment")
    for name in scheduled_by(block).values():
        clock = getattr(getattr(block, name, None), "over", None)
        if clock is None or clock.unit not in {"env_steps", "of_run"}:
            continue
        elsewhere = Moment(moment.env_steps, moment.updates + 7, moment.episodes + 1, moment.budget)
        found, due = number_at(block, name, elsewhere), number_at(block, name, moment)
        require(found == due, f"{name} is {due} at {moment}, but {found} after updates and episodes more")


@law("EXP-7", role="explorers", since="0.1", examples=1)
def evaluation_does_not_explore(case: Case) -> None:
    """In evaluation another explorer takes its place, which draws nothing, follows no schedule and remembers nothing.

    Unless the tag `evaluation` says that the policy itself is stochastic, which still has no memory; and evaluating it
    again changes nothing.
    """
    block = case.block
    case.say(f"evaluation = {block!r}.evaluation()")
    found = block.evaluation()
    require(isinstance(found, Explorer), f"its evaluation is {found!r}, not an explorer")
    require(
        found.evaluation() == found, f"the evaluation of its evaluation is another explorer, {found.evaluation()!r}"
    )
    require(not remembers(found), f"its evaluation {found!r} has a memory, which evaluation would move")
    if block.tags.get("evaluation") != "stochastic":
        asked = [name for name, asked in found.inputs.items() if isinstance(asked, Draw | Scheduled)]
        require(not asked, f"its evaluation {found!r} reads {', '.join(asked)}, so it explores")


@law("EXP-10a", role="explorers", since="0.1", needs=masked)
def large_values_are_finite(case: Case) -> None:
    """Values of any size give an action.

    Values of ±10⁴, or all alike, never leave the space of actions.
    """
    call = case.call()
    k = case.draw(st.sampled_from([0.0, 1e4, -1e4]), "k")
    found = action_of(call, q=call.inputs["q"] * k)
    inside = bool(((found >= 0) & (found < call.sizes["action"])).all())
    require(inside, f"of values times {k} the actions {found.tolist()} are not all in the space")


def acts_for_members(block: Block) -> str:
    """Whether an explorer acts as another one, by what several members say together."""
    return "" if oracles.like(block) == "over_members" else "it does not act as another explorer (the tag `like`)"


@law("EXP-20", role="explorers", since="0.1", needs=acts_for_members, covers=("several members", "no dim of members"))
def members_act_together(case: Case) -> None:
    """It acts as the explorer inside would, of what its members say together, action by action in each row.

    Computed row by row in float64; of one network without a dim for members it is the explorer inside.

    Formula: π(a|s) = inner(agg_j q_j(s, ·))
    """
    call = case.call(optional=case.draw(st.booleans()))
    inside = call.of(case.block.inner).with_inputs(q=values_of(call))
    for name, due in inside().items():
        same(call()[name], due, f"of what members say together, the {name}")

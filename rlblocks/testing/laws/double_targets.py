"""TAB-11: what targets obey that tell one of two members what the other one says: who chooses, and who is believed."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._next_values import of_each_action
from rlblocks.testing.laws.explorers import drawn
from rlblocks.testing.laws.targets import ENDS, learners, said_by, td_target, told

BOTH = ("the first learns", "the second learns")


def deciding(block: Block) -> str:
    """The draw that says which member learns."""
    (name,) = drawn(block, "uniform")
    return name


def own(call: Call) -> tuple[str, Tensor]:
    """The argument that is the next values of all members, `[2, B, A]`, and where they are the learner's own."""
    (name,) = of_each_action(call.block)
    where = learners(call, call()["td_target"]).movedim(1, 0)  # [2, B]
    return name, where.unsqueeze(-1).expand_as(call.inputs[name])


def seen(case: Case, call: Call) -> None:
    """Note which members learn."""
    first = learners(call, call()["td_target"])[:, 0]
    case.saw(BOTH[0], bool(first.any()))
    case.saw(BOTH[1], not bool(first.all()))


@law("TAB-11", role="targets", since="0.1", needs=told, covers=BOTH)
def one_member_of_each_row_learns(case: Case) -> None:
    """One member of each row learns; the other one is told exactly what it says.

    So its error is 0, whatever the loss, and a row changes one of two tables.

    Formula: y_j = q_j(s, a) for the member j that does not learn

    Reference: van Hasselt (2010), algorithm 1.
    """
    call = case.call()
    seen(case, call)
    found, said = call()["td_target"], call.inputs[said_by(case.block)].movedim(0, 1)
    learns = learners(call, found)
    same(found[~learns], said[~learns], "what the member that does not learn is told")


@law("TAB-11a", role="targets", since="0.1", needs=told, covers=BOTH)
def its_own_level_does_not_matter(case: Case) -> None:
    """Of its own values only the order matters to a member: another one says what its choice is worth.

    A constant for each row and a scale above 0 leave the choice, and so its target, as they are.

    Formula: y_i(k·q_i + c, q_j) = y_i(q_i, q_j) for k > 0
    """
    call = case.call().to(torch.float64)
    seen(case, call)
    name, where = own(call)
    k, q = case.draw(st.sampled_from([1 / 64, 64.0]), "k"), call.inputs[name]
    moved = torch.where(where, q * k + torch.arange(float(q.shape[1])).view(1, -1, 1) * 32, q)
    close(td_target(call, **{name: moved}), td_target(call), "td_target of other own values")


@law("TAB-11b", role="targets", since="0.1", needs=told, covers=(*ENDS, *BOTH))
def the_other_one_is_believed(case: Case) -> None:
    """What the other member says of the chosen action is backed up, and what it says of others is not used.

    Raised by 64 at its own best action it raises the target by γ·64; raised anywhere else it changes nothing.

    Formula: y_i = r + γ·q_j(s′, argmaxₐ q_i(s′, a)), j ≠ i

    Reference: van Hasselt (2010), algorithm 1; Sutton and Barto (2018), equation 6.10.
    """
    call = case.call().without("action_mask").to(torch.float64)
    seen(case, call)
    name, where = own(call)
    q = call.inputs[name]
    best = q.masked_fill(~where, -torch.inf).amax(0).argmax(-1)  # [B] of the learner
    at = torch.nn.functional.one_hot(best, q.shape[-1]).bool().expand_as(q)
    there, elsewhere = (td_target(call, **{name: q + 64.0 * (w & ~where)}) for w in (at, ~at))
    close(there, td_target(call) + 64.0 * call.inputs["discount"], "with the chosen action worth 64 more, td_target")
    same(elsewhere, td_target(call), "with all other actions worth 64 more, td_target")


@law("TAB-11c", role="targets", since="0.1", needs=told, covers=BOTH)
def members_are_alike(case: Case) -> None:
    """With the two members exchanged, and the draws, the targets are exchanged.

    Neither is the better one.

    Formula: y(q_2, q_1, 1 − u) = (y_2, y_1)(q_1, q_2, u)
    """
    call = case.call(optional=case.draw(st.booleans()))
    seen(case, call)
    draws = call.inputs[deciding(case.block)]
    given = {name: call.inputs[name].flip(0) for name in call.lead}
    given[deciding(case.block)] = torch.where(draws < 0.5, 0.75, 0.25).to(draws.dtype)  # noqa: PLR2004  one half
    same(call(**given)["td_target"].flip(1), call()["td_target"], "with members exchanged, td_target")


@law("TAB-11d", role="targets", since="0.1", needs=told, examples=3)
def each_learns_from_half_of_the_rows(case: Case) -> None:
    """Each member learns from half of the rows.

    Of draws that divide [0, 1) evenly exactly half choose the first one, in every row.

    Formula: P(the first learns) = 1/2

    Reference: van Hasselt (2010), algorithm 1.
    """
    call, name = case.call(rows=5), deciding(case.block)
    count = torch.zeros(5)
    for k in range(64):
        draws = torch.tensor([((k + 13 * row) % 64 + 0.5) / 64 for row in range(5)])
        count += learners(call, call(**{name: draws})["td_target"], **{name: draws})[:, 0]
    require(bool((count == 32).all()), f"of 64 even draws {count.tolist()} let the first member learn, and 32 must")  # noqa: PLR2004


@law("TAB-11e", role="targets", since="0.1", needs=told, covers=ENDS)
def of_equal_members_it_is_q_learning(case: Case) -> None:
    """Where both members say the same, the target is that of Q-learning.

    What is lost is only what they differ in.

    Formula: q_1 = q_2 = q ⇒ y = r + γ·maxₐ q(s′, a)

    Reference: Sutton and Barto (2018), section 6.7.
    """
    call = case.call(optional=True).to(torch.float64)
    (name,) = of_each_action(case.block)
    q = call.inputs[name][:1].expand_as(call.inputs[name]).clone()
    legal = q[0].masked_fill(~call.inputs["action_mask"], -torch.inf) if "action_mask" in call.inputs else q[0]
    due = call.inputs["reward"] + call.inputs["discount"] * legal.amax(1)
    close(td_target(call, **{name: q}), due, "of equal members, td_target")

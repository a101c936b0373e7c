"""CON: what targets obey that ask several critics: which of them count, and what their atoms are worth together."""

from __future__ import annotations

import itertools
import math
from typing import Any

import attrs
import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing._next_values import alone, changed_values, critics_of, keys_of, of_members, temperatures_of
from rlblocks.testing.control_oracles import TOGETHER
from rlblocks.testing.laws.general_rows import NEVER, outcome
from rlblocks.testing.laws.policy_targets import EXACT, SEVERAL, computes, exact, log_prob_of
from rlblocks.testing.laws.targets import ENDS, backs_up, td_target
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import orders


def picks_members(block: Block) -> list[str]:
    """The arguments that are one number for each member."""
    return [name for name, asked in asked_by(block).items() if isinstance(asked, Draw) and asked.over == "member"]


def of_a_critic(block: Block) -> str:
    """Whether a target bootstraps from one number that critics say of one action."""
    if reason := backs_up(block):
        return reason
    scalar = [name for name in critics_of(block) if keys_of(block)[name].name == "q"]
    return "" if len(scalar) == 1 else "it asks for no critic, or not for its mean"


def aggregates(block: Any) -> str:
    """Whether the kit knows what a target makes of what its critics say."""
    if reason := of_a_critic(block):
        return reason
    if picks_members(block):
        return computes("random_subset")(block)
    over = getattr(block, "over", None)
    known = over is not None and like(over) in TOGETHER
    return "" if known else "the kit does not know what it makes of several critics"


def unordered(block: Any) -> str:
    """Whether what several members say is a set."""
    over = getattr(block, "over", None)
    ordered = over is not None and over.tags.get("order") == "matters"
    takes = critics_of(block) or over is not None
    return backs_up(block) or ("" if takes and not ordered else "it reads no members, or their order matters")


@law("CON-2", role="targets", since="0.1", needs=unordered, covers=SEVERAL)
def members_can_be_permuted(case: Case) -> None:
    """Critics in another order give the same target.

    Numbers that are drawn for members go with them.

    Formula: y(q_{σ(1)}, …, q_{σ(N)}) = y(q_1, …, q_N)
    """
    call = case.call()
    if not call.sizes["member"]:
        return
    order = case.draw(orders(call.sizes["member"]), "order")
    picks = {name: call.inputs[name][torch.tensor(order)] for name in picks_members(case.block)}
    close(td_target(call, **of_members(call, order), **picks), td_target(call), "td_target of permuted members")


@law("CON-2a", role="targets", since="0.1", needs=lambda b: of_a_critic(b) if not picks_members(b) else "it picks")
def one_member_needs_no_dim(case: Case) -> None:
    """One critic gives the same target with a dim for members and without.

    `[1, B]` and `[B]`.

    Formula: y([q]) = y(q)
    """
    call = case.call(members=1)
    close(td_target(alone(call, 0)), td_target(call), "td_target without a dim for members")


@law("CON-2b", role="targets", since="0.1", needs=aggregates, covers=(*SEVERAL, *ENDS), examples=25)
def members_go_together_row_by_row(case: Case) -> None:
    """It is what its critics' own targets are together, in each row by themselves: the least of them, their mean.

    Critics are put together after they were asked, and before anything that all of them have in common.

    Formula: y_i = agg_j y_i(q_j), with agg the least, the mean or the first

    Reference: least: Fujimoto et al. (2018), equation 10.
    """
    call = exact(case)
    count, block = call.sizes["member"], case.block
    if not count:
        return
    (picks,) = [call.inputs[name] for name in picks_members(block)] or [None]
    chosen = range(count) if picks is None else picks.argsort()[: block.of].tolist()
    each = [_of_one(call, member) for member in chosen]
    together = TOGETHER["least" if picks is not None else like(block.over)]
    due = [together([float(target[row]) for target in each]) for row in range(call.sizes["batch"])]
    close(td_target(call), torch.tensor(due, dtype=torch.float64), "td_target", rtol=EXACT)


def _of_one(call: Call, member: int) -> Tensor:
    """The target if there were one member; what picks members has it left alone, all of the same one."""
    if not picks_members(call.block):
        return td_target(alone(call, member))
    return td_target(call, **of_members(call, [member] * call.sizes["member"]))


@law("CON-2c", role="targets", since="0.1", needs=computes("random_subset"), examples=3)
def every_subset_is_as_likely(case: Case) -> None:
    """Every subset of so many critics is drawn as often, over all orders of the numbers that decide.

    Critic j says j in every row, so the target tells the first of those that were drawn, the same in each row.

    Formula: P(M) = 1 / C(N, m) for every M of m among N critics

    Reference: Chen et al. (2021), algorithm 1.
    """
    of, count = min(case.block.of, 3), 4
    block = attrs.evolve(case.block, of=of)
    call, (name,) = exact(case, rows=3, members=count).of(block), picks_members(block)
    says = torch.arange(float(count), dtype=torch.float64).unsqueeze(1)
    given = changed_values(call, lambda value: torch.zeros_like(value) + says)
    given |= {"reward": torch.zeros(3).double(), "discount": torch.ones(3).double()}
    given |= {log_prob_of(block): torch.zeros(3).double()}
    seen = [0] * count
    for order in itertools.permutations(range(count)):
        target = td_target(call, **given, **{name: (torch.tensor(order).double() + 0.5) / count})
        require(
            bool((target == target[0]).all()), f"with {order} for {name}, rows had other critics: {target.tolist()}"
        )
        seen[int(target[0])] += 1
    due = [math.factorial(count) * math.comb(count - 1 - j, of - 1) // math.comb(count, of) for j in range(count)]
    require(seen == due, f"of {of} critics the first one was 0, 1, 2, 3 in {seen} orders, not in {due}")


@law("CON-4a", role="targets", since="0.1", needs=computes("random_subset"), examples=10)
def all_members_are_no_subset(case: Case) -> None:
    """With all critics drawn it is the target of the least of all, whatever was drawn.

    REDQ with as many as there are is SAC.

    Formula: m = N ⇒ y = min_j y(q_j)
    """
    call = exact(case, members=3).of(attrs.evolve(case.block, of=3))
    (name,) = picks_members(call.block)
    order = torch.tensor(case.draw(orders(3), "order"))
    each = torch.stack([_of_one(call, member) for member in range(3)])
    for drawn in (call.inputs[name], call.inputs[name][order]):
        close(td_target(call, **{name: drawn}), each.amin(0), "with all members drawn, td_target", rtol=EXACT)


@law(
    "CON-4b", role="targets", since="0.1", needs=computes("truncated_quantiles"), covers=(*SEVERAL, *ENDS), examples=25
)
def the_greatest_atoms_do_not_matter(case: Case) -> None:
    """It keeps the least atoms of all critics pooled: the greatest `drop` for each critic can be anything above.

    Whose they are does not matter, and all others do.

    Formula: atoms of y = r + γ·(z_(1) ≤ … ≤ z_(k) − α·log π), the least k = N·M − d·N of N·M pooled atoms

    Reference: Kuznetsov et al. (2020), section 3.
    """
    call = exact(case)
    action, (critic,) = call.inputs["action"], critics_of(case.block)
    atoms = call.inputs[critic](action)
    pooled = atoms.unsqueeze(0).flatten(0, -3).movedim(0, 1).flatten(1).sort(1).values  # [B, N·M]
    left = pooled.shape[1] - case.block.drop * (pooled.shape[1] // atoms.shape[-1])
    edge = pooled[:, left - 1].unsqueeze(-1)
    higher = td_target(call, **changed_values(call, lambda z: torch.where(z > edge, z + 100, z)))
    close(higher, td_target(call), "with the greatest atoms higher by 100, td_target")
    require(
        td_target(call).shape[1] == left, f"of {pooled.shape[1]} atoms it keeps {td_target(call).shape[1]}, not {left}"
    )
    goes_on = call.inputs["discount"] != 0
    lower = td_target(call, **changed_values(call, lambda z: torch.where(z <= edge, z - 100, z)))
    require(bool((lower < td_target(call))[goes_on].all()), "an atom that is among the least does not matter")


@law("CON-4g", role="targets", since="0.1", needs=computes("truncated_quantiles"), examples=5)
def something_is_left(case: Case) -> None:
    """To leave out as many atoms as a critic has is refused: a target of none is no target.

    Formula: d ≥ M ⇒ refused
    """
    call = exact(case)
    (critic,) = critics_of(case.block)
    atoms = call.inputs[critic](call.inputs["action"]).shape[-1]
    for drop in (atoms, atoms + 1):
        wide = call.of(attrs.evolve(case.block, drop=drop))
        require(outcome(wide) is NEVER, f"of {atoms} atoms {drop} were left out")


@law("CON-4c", role="targets", since="0.1", needs=computes("truncated_quantiles"), covers=ENDS)
def all_atoms_have_the_critics_mean(case: Case) -> None:
    """With none left out, the mean of its atoms is the soft target of the mean of all critics.

    TQC that drops nothing and SAC with an average of critics agree in expectation.

    Formula: d = 0 ⇒ mean y = r + γ·(mean_j q_j(s′, ã) − α·log π(ã|s′))
    """
    call = exact(case).of(attrs.evolve(case.block, drop=0))
    (critic,), (alpha,) = critics_of(call.block), (call.inputs[n].exp() for n in temperatures_of(call.block))
    q = call.inputs[critic](call.inputs["action"]).mean(-1)
    soft = (q.mean(0) if call.sizes["member"] else q) - alpha * call.inputs[log_prob_of(call.block)]
    due = call.inputs["reward"] + call.inputs["discount"] * soft
    close(td_target(call).mean(1), due, "with no atom left out, the mean of td_target", rtol=EXACT)

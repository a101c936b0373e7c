"""EXP: with which probability an explorer takes each action, by enumerating its draws instead of sampling them.

Every uniform draw runs through the midpoints of a grid, so that the share of grid points that lead to an action is its
probability, up to the width of a cell.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw
from rlblocks.testing import oracles
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._compute_calls import remembers
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing._policy_calls import bounds_of, counts_of
from rlblocks.testing.laws.explorers import chooses_one, drawn, kinds_of
from rlblocks.testing.laws.general_rows import chosen_by_policies, value_reads
from rlblocks.testing.strategies import orders

GRID = 60  # a multiple of every number of legal actions that is drawn


def enumerable(block: Block) -> str:
    """Whether an explorer draws at most two uniform numbers a row, and nothing else."""
    draws = [name for name, asked in asked_by(block).items() if isinstance(asked, Draw)]
    if len(draws) != len(drawn(block, "uniform")):
        return "it draws numbers that are not uniform, which cannot be enumerated"
    return "" if len(draws) <= 2 else f"it draws {len(draws)} numbers a row, too many to enumerate"  # noqa: PLR2004


def with_oracle(block: Block) -> str:
    """Whether probabilities can be enumerated and are known."""
    return enumerable(block) or oracles.unknown(block) or chooses_one(block)


def compares_values(block: Block) -> str:
    """Whether only the order of values matters."""
    matters = "temperature" in asked_by(block) or block.tags.get("scale") == "matters"
    return "the size of values matters to it" if matters else enumerable(block) or reads_values(block)


def reads_values(block: Block) -> str:
    """Whether an explorer looks at values of actions."""
    return "" if value_reads(block) else "it reads no values of actions"


def probabilities(call: Call) -> Tensor:
    """The probability of every action in every row, `[B, A]`, and exactly that where it is a multiple of 1/GRID."""
    names, batch, actions = drawn(call.block, "uniform"), call.sizes["batch"], call.sizes["action"]
    middle = (torch.arange(GRID) + 0.5) / GRID
    grids = [axis.flatten() for axis in torch.meshgrid(*[middle] * len(names), indexing="ij")] if names else []
    count = GRID ** len(names)  # every row is repeated once for every point
    rows = call.map_rows(lambda value: value.repeat_interleave(count, 0))
    rows |= {name: grid.repeat(batch) for name, grid in zip(names, grids, strict=True)}
    chosen = call(**rows)["action"].view(batch, count)
    return torch.stack([(chosen == a).double().mean(1) for a in range(actions)], 1)


def near(found: Tensor, due: Tensor, what: str) -> None:
    """Probabilities agree up to the cells of the grid that their boundaries cut."""
    worst = (found - due).abs().max()
    row, action = divmod(int((found - due).abs().argmax()), found.shape[1])
    require(
        worst <= 1.5 / GRID,
        f"{what}: action {action} of row {row} has probability {found[row, action]:.3f}, "
        f"but must have {due[row, action]:.3f}",
    )


@law(
    "EXP-3", role="explorers", since="0.1", needs=with_oracle, covers=("several rows", "action_mask given"), examples=15
)
def probabilities_are_those_of_the_equation(case: Case) -> None:
    """Every action has the probability that the equation says.

    The greedy action may be drawn at random as well: 1 − ε + ε/n, and ε/n for each other legal one.

    Formula: ε-greedy: π(a) = (1 − ε)·1{a = argmax q} + ε/n over n legal actions; Boltzmann: π(a) = exp(q(a)/T) / Σ_b
    exp(q(b)/T)

    Reference: Sutton and Barto (2018), section 2.2 and equation 2.11.
    """
    call = case.call(among=("one",))
    case.saw("action_mask given", "action_mask" not in asked_by(case.block))  # it has none to be given
    near(probabilities(call), oracles.action_probabilities(call), "of all draws alike")


@law("EXP-5", role="explorers", since="0.1", needs=compares_values, examples=8)
def only_the_order_of_values_matters(case: Case) -> None:
    """Values times k > 0 plus a constant give the same actions.

    For each row its own constant.

    Formula: π(k·q + c) = π(q) for k > 0
    """
    call = case.call()
    shift = torch.arange(call.sizes["batch"], dtype=torch.float32).unsqueeze(1) * 16 - 8
    moved = call.with_inputs(**{name: call.inputs[name] * 4 + shift for name in value_reads(case.block)})
    near(probabilities(moved), probabilities(call), "of values times 4 and shifted")


def forgets_names(block: Block) -> str:
    """Whether actions can be given other numbers without its noticing."""
    known = "what it remembers may be actions by their old numbers" if remembers(block) else ""
    return enumerable(block) or chooses_one(block) or known


@law("EXP-5a", role="explorers", since="0.1", needs=forgets_names, examples=8)
def actions_can_be_relabelled(case: Case) -> None:
    """Actions under other numbers have the same probabilities.

    No action is special; values have no ties here.

    Formula: π(q∘σ) = π(q)∘σ, for every order σ of the actions
    """
    call = case.call(among=("one",), members=0)
    order = torch.tensor(case.draw(orders(call.sizes["action"]), "order"))
    names = [name for name in (*value_reads(case.block), "action_mask") if name in call.inputs]
    moved = {name: call.inputs[name][:, order] for name in names}
    moved |= {name: order.argsort()[call.inputs[name]] for name in chosen_by_policies(case.block)}
    near(probabilities(call.with_inputs(**moved)), probabilities(call)[:, order], "of relabelled actions")


@law("EXP-5b", role="explorers", since="0.1", needs=lambda block: enumerable(block) or reads_values(block), examples=8)
def better_actions_are_not_less_likely(case: Case) -> None:
    """A greater value never makes an action less likely.

    One value of each row is raised.

    Formula: q(a) ≤ q′(a), q = q′ elsewhere ⇒ π(a; q) ≤ π(a; q′)
    """
    call = case.call(members=0)
    (name, *_) = value_reads(case.block)
    raised = call.inputs[name].clone()
    raised[:, 0] += 8.0
    found, before = probabilities(call.with_inputs(**{name: raised}))[:, 0], probabilities(call)[:, 0]
    require(
        bool((found >= before - 1.5 / GRID).all()),
        f"raised by 8, action 0 went from {before.tolist()} to {found.tolist()}",
    )


@law(
    "EXP-10",
    role="explorers",
    since="0.1",
    needs=lambda b: enumerable(b) or ("" if "temperature" in asked_by(b) else "it has no temperature"),
    examples=8,
)
def temperature_goes_from_greedy_to_uniform(case: Case) -> None:
    """Towards temperature 0 it is greedy, towards infinity uniform; a constant added to all values is nothing.

    At 0 itself too, and for values of any size.

    Formula: lim_{T→0} π = 1{a = argmax q}, lim_{T→∞} π = 1/n, π(q + c) = π(q)

    Reference: Sutton and Barto (2018), equation 2.11.
    """
    call = case.call(members=0)
    (name, *_) = value_reads(case.block)
    q, mask = call.inputs[name], call.inputs.get("action_mask")
    legal = torch.ones_like(q, dtype=torch.bool) if mask is None else mask
    best = torch.nn.functional.one_hot(q.masked_fill(~legal, -torch.inf).argmax(1), q.shape[1]).double()
    for t in (1e-6, 1e-40, 0.0):
        cold = torch.tensor(t, dtype=torch.float64)
        near(probabilities(call.with_inputs(temperature=cold)), best, f"at temperature {t}")
    hot = torch.tensor(1e9, dtype=torch.float64)
    near(probabilities(call.with_inputs(temperature=hot)), legal / legal.sum(1, keepdim=True), "at temperature 10⁹")
    near(probabilities(call.with_inputs(**{name: q + 64})), probabilities(call), "of values plus 64")


@law(
    "EXP-4",
    role="explorers",
    since="0.1",
    needs=lambda b: enumerable(b) or ("" if drawn(b, "uniform") else "it draws nothing"),
    covers=("several rows",),
)
def rows_explore_independently(case: Case) -> None:
    """Rows explore independently: every row has draws of its own.

    Another draw in one row changes nothing in the others, and every draw has one number a row.

    Formula: aᵢ is a function of uᵢ, and of no other row's uⱼ
    """
    call = case.call(rows=3)
    before = call()["action"]
    for name in drawn(case.block, "uniform"):
        for row, u in [(row, u) for row in range(3) for u in (0.0, 0.999)]:
            moved = call.inputs[name].clone()
            moved[row] = u
            beside = (call(**{name: moved})["action"] == before)[[other for other in range(3) if other != row]]
            require(bool(beside.all()), f"{u} for {name} in row {row} changed the action of another row")


def is_uniform(block: Block) -> str:
    """Whether an explorer is the one that takes any action, and draws one number for each component."""
    if oracles.like(block) != "uniform_random":
        return "it does not say that it is uniform_random"
    return "" if len(drawn(block, "uniform")) == 1 else "it draws several numbers for each component"


@law("EXP-11", role="explorers", since="0.1", needs=is_uniform, examples=6)
def any_action_is_as_likely_in_every_component(case: Case) -> None:
    """Each component is uniform by a draw of its own: over its legal entries, or from its least to its greatest value.

    In units of the environment, in every kind of space that it can choose in.

    Formula: P(aᵢ = k) = 1/nᵢ over legal entries; aᵢ = low + u·(high − low) for real ones
    """
    for kind in kinds_of(case.block):
        call = case.call(rows=1, among=(kind,))
        for place in range(max(1, prod(call.action.shape))):
            found = _along_a_grid(call, place)
            beside = torch.cat((found[:, :place], found[:, place + 1 :]), 1)
            require(bool((beside == beside[:1]).all()), f"the draw of component {place} moved another component")
            _evenly(found[:, place], call, place)


def _along_a_grid(call: Call, place: int) -> Tensor:
    """Actions `[GRID, components]` where the draw of one component runs through a grid, and the others hold still."""
    (name,) = drawn(call.block, "uniform")
    rows = call.map_rows(lambda value: value.repeat_interleave(GRID, 0))
    choice = rows[name].reshape(GRID, -1).clone()
    choice[:, place] = (torch.arange(GRID) + 0.5) / GRID
    rows[name] = choice.view(GRID, *call.action.shape)
    found: Tensor = call(**rows)["action"]
    return found.view(GRID, -1)


def _evenly(found: Tensor, call: Call, place: int) -> None:
    """Raise where one component does not go evenly through all that it can be."""
    counts = counts_of(call.action)
    if counts:
        mask = call.inputs.get("action_mask", torch.ones(1, len(counts), max(counts), dtype=torch.bool))
        legal = mask.view(len(counts), -1)[place, : counts[place]].double()
        shares = torch.bincount(found, minlength=counts[place]).double() / GRID
        return near(shares.view(1, -1), (legal / legal.sum()).view(1, -1), f"in component {place}")
    low, high = (bound.flatten()[place].double() for bound in bounds_of(call.action))
    even = low + (torch.arange(GRID) + 0.5) / GRID * (high - low)
    return close(found.sort().values, even.float(), f"of a grid, the sorted values of component {place}", rtol=1e-6)

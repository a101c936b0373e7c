"""TGT: which network chooses the next action, which one says what it is worth, and what follows for whole problems."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.keys import parse
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing._next_values import disturbed, keys_of, values_of
from rlblocks.testing.laws.general_rows import value_reads
from rlblocks.testing.laws.targets import backs_up, td_target


def reads_of(block: Block, which: str) -> list[str]:
    """The values of actions that a block reads from the online network, or from its target."""
    return [name for name in value_reads(block) if parse(asked_by(block)[name].key).which == which]  # type: ignore[union-attr]


def double(block: Block) -> str:
    """Whether a target is double Q-learning's: by its name, or by the tag `like`."""
    if oracles.like(block) != "double_q":
        return "it does not compute double Q-learning's target (the tag `like` says so where a block does)"
    return backs_up(block)


def single_network(block: Block) -> str:
    """Whether all values come from one network, and the oracle of the greatest value applies."""
    return "" if oracles.like(block) == "max_q" else "it does not compute Q-learning's target"


def takes_one_action(block: Block) -> str:
    """Whether a target names the values that choose and the values that are bootstrapped from."""
    named = {"q_select", "q_evaluate", "reward", "discount"}
    return "" if named <= set(asked_by(block)) else "it has no inputs named q_select and q_evaluate"


@law("TGT-10a", role="targets", since="0.1", needs=backs_up)
def only_the_next_state_is_read(case: Case) -> None:
    """All values it reads are of the next state.

    A target that reads the values of the present state would move with the prediction.

    Formula: y = y(r, γ, s′)
    """
    block = case.block
    for name in values_of(block):
        key = keys_of(block)[name]
        require(key.next, f"its input {name!r} reads '{key}', a value of the present state")


@law("TGT-5", role="targets", since="0.1", needs=double, covers=("argmaxes that differ",))
def online_chooses_and_target_evaluates(case: Case) -> None:
    """The target network says what the online network's best action is worth.

    Tables whose greatest values are at different actions, in every row.

    Formula: y = r + γ·q⁻(s′, argmaxₐ q(s′, a))

    Reference: van Hasselt, Guez and Silver (2016).
    """
    call = case.call(rows=3)
    (online,), (target,) = reads_of(case.block, "online"), reads_of(case.block, "target")
    q = (
        call.inputs[online]
        if "action_mask" not in call.inputs
        else call.inputs[online].masked_fill(~call.inputs["action_mask"], -1e9)
    )
    best = q.argmax(1)
    case.saw("argmaxes that differ", bool((call.inputs[target].argmax(1) != best).any()))
    value = call.inputs[target].gather(1, best.unsqueeze(1)).squeeze(1)
    close(td_target(call), call.inputs["reward"] + call.inputs["discount"] * value, "td_target")


@law("TGT-5a", role="targets", since="0.1", needs=double)
def the_online_level_does_not_matter(case: Case) -> None:
    """Only the order of the online values matters, not their level or size.

    A constant for each row and a scale above 0 leave the choice, and so the target, as they are.

    Formula: y(k·q + c, q⁻) = y(q, q⁻) for k > 0, c of each row
    """
    call = case.call(form=None)
    (online,) = reads_of(case.block, "online")
    k = case.draw(st.sampled_from([0.5, 8.0]), "k")
    level = torch.arange(call.sizes["batch"], dtype=torch.float32).unsqueeze(1) * 32
    same(
        td_target(call, **{online: call.inputs[online] * k + level}),
        td_target(call),
        "td_target of other online values",
    )


@law("TGT-6", role="targets", since="0.1", needs=takes_one_action)
def never_above_the_greatest(case: Case) -> None:
    """No target that takes the value of one action exceeds that of the best one.

    It is reached where both networks are equal.

    Formula: y ≤ r + γ·maxₐ q⁻(s′, a), with equality where q = q⁻
    """
    call = case.call()
    evaluate = call.inputs["q_evaluate"]
    legal = (
        evaluate if "action_mask" not in call.inputs else evaluate.masked_fill(~call.inputs["action_mask"], -torch.inf)
    )
    greatest = call.inputs["reward"] + call.inputs["discount"] * legal.amax(1)
    found = td_target(call)
    require(bool((found <= greatest + 1e-3).all()), f"td_target {found.tolist()} exceeds {greatest.tolist()}")
    close(td_target(call, q_select=evaluate), greatest, "where both networks are equal, td_target")


@law("TGT-10", role="targets", since="0.1", needs=backs_up, covers=("it mattered",), examples=25)
def every_read_matters(case: Case) -> None:
    """Every value that it declares to read changes the target somewhere.

    A network that is read and not used would be computed in vain, or stand for another that should be read.
    """
    call = case.call(rows=5)
    if not bool((call.inputs["discount"] != 0).all()):
        call = call.with_inputs(discount=torch.ones(5))
    due = td_target(call)
    mattered = [bool((td_target(call, **{name: disturbed(call, name)}) != due).any()) for name in values_of(case.block)]
    case.saw("it mattered", all(mattered))


@law("TGT-11", role="targets", since="0.1", needs=single_network, examples=10)
def the_backup_contracts(case: Case) -> None:
    """On a small problem backups contract by γ, to the values of the policy that is greedy for them.

    On a random problem with deterministic transitions; the fixed point is found twice.

    Formula: ‖Tq − Tq′‖∞ ≤ γ·‖q − q′‖∞; Tq* = q* and maxₐ q* = (I − γP_π)⁻¹ r_π for π greedy in q*

    Reference: Puterman (1994), chapter 6.
    """
    states, actions, gamma = 4, 3, 0.75
    random = np.random.default_rng(case.draw(st.integers(0, 255), "seed"))
    successor = torch.from_numpy(random.integers(0, states, states * actions))
    reward = torch.from_numpy(random.normal(size=states * actions))
    discount = torch.full_like(reward, gamma) * torch.from_numpy(random.random(states * actions) > 0.2).double()  # noqa: PLR2004
    call = case.call(rows=states * actions).without("action_mask").with_inputs(reward=reward, discount=discount)

    def backup(q: Tensor) -> Tensor:
        return td_target(call, **dict.fromkeys(value_reads(case.block), q[successor])).view(states, actions)

    first, second = (torch.from_numpy(random.normal(size=(states, actions))) for _ in range(2))
    shrunk, before = (backup(first) - backup(second)).abs().max(), (first - second).abs().max()
    require(shrunk <= gamma * before + 1e-9, f"two tables {before:.4g} apart are {shrunk:.4g} apart after a backup")
    best = first
    for _ in range(200):
        best = backup(best)
    moves = torch.eye(states, dtype=torch.float64)[successor.view(states, actions)[range(states), best.argmax(1)]]
    gain, weight = (column.view(states, actions)[range(states), best.argmax(1)] for column in (reward, discount))
    value = torch.linalg.solve(torch.eye(states, dtype=torch.float64) - weight[:, None] * moves, gain)
    close(best.amax(1), value, "the value of the greedy policy, by linear algebra and by backups", rtol=1e-9)


@law(
    "TGT-14",
    role="targets",
    since="0.1",
    needs=lambda block: "" if "backup" in asked_by(block) else "it is handed no back-up",
)
def the_forms_backup_is_called(case: Case) -> None:
    """The form's own back-up is what backs up: it is handed reward, discount and a value.

    So a categorical form may project, and a quantile form may not.

    Formula: y = backup(r, γ, v)
    """
    call, seen = case.call(), []

    def backup(reward: Tensor, discount: Tensor, value: Tensor) -> Tensor:
        seen.append((reward, discount, value))
        return reward * 0 + 7.0

    found = td_target(call, backup=backup)
    require(bool((found == 7).all()), f"with a back-up that gives 7, td_target is {found.tolist()}")  # noqa: PLR2004
    for reward, discount, value in seen:
        same(reward, call.inputs["reward"], "the reward that is handed to the back-up")
        same(discount, call.inputs["discount"], "the discount that is handed to the back-up")
        require(
            value.shape == reward.shape, f"the value that is handed to the back-up has the shape {list(value.shape)}"
        )

"""What a misfit offers instead: everything that it names does the job."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from rlblocks.recipes import a2c, dqn, ppo, reinforce

from rlblocks import Network, WiringError, wire
from rlblocks._core.block import blocks_of
from rlblocks.explorers import EpsilonGreedy, Greedy
from rlblocks.losses import ValueLoss
from rlblocks.networks import MLP
from rlblocks.returns import GAE, Retrace
from rlblocks.stores import Latest, WithNext
from rlblocks.targets import NoTarget, Sarsa
from rlblocks.transforms import Normalise
from tests.core.tabular_misfits import q_lambda

MISFITS = {
    "epsilon-greedy on a policy": (lambda: a2c().swap(explorer=EpsilonGreedy()), "explorer", "explorers"),
    "greedy on a policy whose log-probabilities are read": (
        lambda: ppo().swap(explorer=Greedy()), "explorer", "explorers"),
    "a return of action values": (lambda: ppo().swap({"prepare[0]": Retrace()}), "prepare[0]", "returns"),
    "advantages without a value": (lambda: reinforce().swap({"prepare[0]": GAE()}), "prepare[0]", "returns"),
}  # fmt: skip


def problems(recipe: Any) -> tuple[Any, ...]:
    with pytest.raises(WiringError) as caught:
        wire(recipe)
    return caught.value.problems


@pytest.mark.parametrize("case", MISFITS)
def test_each_block_that_is_said_to_fit_fits(case: str) -> None:
    """Swapped into the slot, the recipe wires."""
    make, path, role = MISFITS[case]
    offered = problems(make())[0].fix.rpartition("in this slot these fit: ")[2].split(", ")

    assert offered
    for name in offered:
        assert wire(make().swap({path: blocks_of(role)[name]()}))


def test_each_return_that_is_said_to_write_an_advantage_does() -> None:
    """Put where the fix says, the recipe wires."""
    bare = ppo().swap({"prepare": ()})
    place, _, names = problems(bare)[0].fix.partition(": ")

    assert place == "put a block that writes it into the recipe's prepare"
    for name in names.split(", "):
        assert wire(bare.swap({"prepare": (blocks_of("returns")[name](),)}))


def test_each_target_that_is_said_to_be_read_is() -> None:
    """And the block that writes none is not among them."""
    (problem,) = problems(dqn().swap(target=NoTarget()))
    names = problem.fix.partition(": ")[2].split(", ")

    assert "no_target" not in names
    for name in names:
        assert wire(dqn().swap(target=blocks_of("targets")[name]()))


def test_each_head_that_is_said_to_write_a_value_does() -> None:
    """A network with it makes the recipe wire."""
    bare = reinforce().swap({"objectives.policy.losses": (reinforce().get("losses[0]"), ValueLoss())})
    (problem,) = problems(bare)

    for name in problem.fix.partition("with the head ")[2].split(" or "):
        value = Network(reads="observation", body=MLP((4,)), head=blocks_of("heads")[name]())
        networks = {**bare.networks, "value": value}
        assert wire(bare.swap({"networks": networks}).set({"objectives.policy.trains": ("policy", "value")}))


def test_a_trace_of_the_best_actions_is_told_what_serves() -> None:
    """A greedy explorer, or a target of what is done, makes the recipe wire."""
    (problem,) = problems(q_lambda())

    assert "Watkins' Q(lambda)" in problem.what
    assert "sarsa, as in the recipe sarsa_lambda, or the explorer greedy" in problem.fix
    assert wire(q_lambda().swap(explorer=Greedy()))
    assert wire(q_lambda().swap(target=Sarsa(), store=WithNext(Latest(1))))


def test_a_key_that_is_written_later_is_said_to_be() -> None:
    """With the slot that writes it; the other order wires."""
    wrong = ppo().swap({"prepare": (Normalise("advantage"), GAE())})
    (problem,) = problems(wrong)

    assert problem.fix == "slot 'prepare[1]' writes it, but later: change their order"
    assert wire(attrs.evolve(wrong, prepare=wrong.prepare[::-1]))

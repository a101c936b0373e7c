"""What follows from a policy's pass, and policies with other parts: each wires, learns and meets its own past."""

from __future__ import annotations

import re

import attrs
import pytest
import torch

from rlblocks import Network, Objective, Recipe, Updates, wire
from rlblocks.networks import LSTM, MLP, Features, NoisyDense, Policy, StateValue
from rlblocks.returns import GAE, NStepReturn, TDLambda, VTrace
from rlblocks.targets import NoTarget
from rlblocks.transforms import Normalise
from tests.core.rollouts import learnt, small, witnessed
from tests.core.small_blocks import parameters


def passes(source: str, call: str) -> int:
    return len(re.findall(rf"= {re.escape(call)}\(", source))


def test_a_pass_is_shared_by_all_that_follows_from_it() -> None:
    """One pass of the policy for log-probability and entropy, one of the value; an act draws once."""
    plan = wire(small("ppo"))

    assert passes(plan.learn.source, "policy_net") == passes(plan.learn.source, "value_net") == 1
    assert passes(plan.learn.source, "categorical.log_prob") == passes(plan.learn.source, "categorical.entropy") == 1
    assert plan.act.source.count("categorical.sample(") == 1
    assert [(draw.kind, draw.shape, draw.per_row) for draw in plan.act.draws.values()] == [("uniform", (), True)]
    assert plan.learn.draws == {}
    assert plan.evaluate.draws == {}
    assert "value_net(" not in plan.act.source


def test_returns_may_read_how_probable_an_action_has_become() -> None:
    """V-trace, in time order: with one epoch over a fresh chunk all ratios are 1, so it is the λ-return."""
    recipe = small("a2c").set({"store.steps": 8})
    found = []
    for way in (VTrace(0.9), GAE(0.9)):
        _, seen = learnt(recipe.swap({"prepare[0]": way}), 16)
        found.append(seen.chunks[0]["return"])

    assert torch.allclose(*found, atol=1e-5)
    assert "in_time(log_prob_online_at_action, reward)" in wire(recipe.swap({"prepare[0]": VTrace()})).prepare.source  # type: ignore[union-attr]


@pytest.mark.parametrize("way", [VTrace(), TDLambda(0.9), NStepReturn(3), GAE(0.5)])
@pytest.mark.parametrize("name", ["ppo", "ppo_lstm"])
def test_every_return_prepares_a_chunk(name: str, way: object) -> None:
    """In time order, with a memory and without."""
    state, seen = learnt(small(name).swap({"prepare[0]": way}), 32)

    assert state.counters.updates == 16
    assert all(torch.isfinite(chunk["return"]).all() for chunk in seen.chunks)


# -- other networks


def with_a_torso() -> Recipe:
    """Policy and value read the features of one network."""
    recipe = small("ppo")
    heads = {k: attrs.evolve(n, reads=("features",), body=MLP(())) for k, n in recipe.networks.items()}
    torso = Network(reads="observation", body=MLP((6,)), head=Features())
    return recipe.swap({"networks": {"torso": torso, **heads}}).set(
        {"objectives.policy.trains": ("torso", "policy", "value")}
    )


def with_a_memory_of_its_own() -> Recipe:
    """The policy remembers, the value does not."""
    recipe = small("ppo_lstm")
    networks = {
        "policy": Network(reads="observation", body=LSTM(3), head=recipe.networks["policy"].head),
        "value": Network(reads="observation", body=MLP((6,)), head=StateValue()),
    }
    return recipe.swap({"networks": networks}).set({"objectives.policy.trains": ("policy", "value")})


def with_several_inputs() -> Recipe:
    """The policy reads the observation beside what another network makes of it."""
    recipe = with_a_torso()
    both = attrs.evolve(recipe.networks["policy"], reads=("observation", "features"))
    return recipe.swap({"networks.policy": both})


def with_two_objectives(every: int = 1) -> Recipe:
    """Policy and value have optimizers of their own, named after their networks."""
    recipe = small("ppo")
    whole = recipe.objectives["policy"]
    policy = attrs.evolve(whole, trains="policy", losses=(whole.losses[0], whole.losses[2]), every=Updates(every))
    value = Objective(trains="value", target=NoTarget(), losses=whole.losses[1], optimizer=whole.optimizer)
    return recipe.swap({"objectives": {"policy": policy, "value": value}})


def with_a_memory_and_two_objectives() -> Recipe:
    """The memory is trained by the policy's; the value learns from what it finds there."""
    recipe = small("ppo_lstm")
    two = with_two_objectives().objectives
    policy = attrs.evolve(two["policy"], trains=("memory", "policy"))
    return recipe.swap({"objectives": {"policy": policy, "value": two["value"]}})


PARTS = [
    with_a_torso, with_a_memory_of_its_own, with_several_inputs, with_two_objectives, with_a_memory_and_two_objectives,
]  # fmt: skip


@pytest.mark.parametrize("make", PARTS)
def test_other_parts_learn_and_meet_their_past(make: object) -> None:
    """Every parameter moves, and the first learn step of every chunk finds the policy that acted."""
    recipe = make()  # type: ignore[operator]
    before = parameters(learnt(recipe, 0)[0])
    state, seen = learnt(recipe, 64)
    after = parameters(state)

    assert state.counters.updates == 32
    assert [key for key in after if torch.equal(after[key], before[key])] == []
    assert max(wrote["policy.kl"].item() for wrote in seen.wrote[::8]) < 1e-10
    assert max(wrote["policy.kl"].item() for wrote in seen.wrote[:24]) > 0


def test_an_objective_that_rests_leaves_its_networks() -> None:
    """The policy learns at every second learn step, the value at each."""
    _, seen = learnt(with_two_objectives(every=2), 32)

    assert ["policy.loss" in wrote for wrote in seen.wrote] == [False, True] * 8
    assert all("value.loss" in wrote for wrote in seen.wrote)


def test_a_policy_may_be_noisy() -> None:
    """Its noise is drawn for each pass, so the policy that acted is not met again; it learns all the same."""
    recipe = small("ppo").swap({"networks.policy.head": Policy(layer=NoisyDense())})
    state, seen = learnt(recipe, 32)

    assert state.counters.updates == 16
    assert all(torch.isfinite(value).all() for value in parameters(state).values())
    assert seen.wrote[0]["policy.kl"].item() > 0


def test_advantages_may_be_normalised_once_and_again() -> None:
    """What was prepared may be rewritten where it stands, by a block that reads it."""
    recipe = small("ppo").swap({"prepare": (GAE(), Normalise("advantage"), Normalise("return"))})
    _, seen = learnt(witnessed(recipe), 16)
    both = {key: torch.cat([chunk[key] for chunk in seen.chunks[:2]]) for key in ("advantage", "return")}

    assert all(column.mean().abs() < 1e-6 and abs(column.std(correction=0) - 1) < 1e-4 for column in both.values())

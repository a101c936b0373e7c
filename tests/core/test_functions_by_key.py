"""A block that chooses its own argument asks for a function by output key, never by the name of a network."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import torch
from rlblocks.recipes import dqn

from rlblocks import Network, Objective, Recipe, block, fn, read, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import build
from rlblocks.explorers import UniformRandom
from rlblocks.losses import SquaredError
from rlblocks.networks import MLP, Head
from rlblocks.targets import Target
from tests.core.odd_blocks import unregistered


@pytest.fixture(scope="module")
def critic_recipe() -> Recipe:
    """A critic that reads the action, and a target that evaluates it at both actions."""
    with unregistered():

        @block("test/critic")
        class Critic(Head):
            """One value: q(s, a)."""

            def writes(self, spec: Any) -> Any:
                """`q`, `[B]`."""
                from rlblocks._core.keys import SCALAR

                return {"q": SCALAR}

            def misfit(self, spec: Any) -> str:
                """It serves any."""
                return ""

            def build(self, spec: Any, generator: Any) -> Any:
                """A linear map."""

                class Module(torch.nn.Module):
                    noise_size = 0

                    def __init__(self) -> None:
                        super().__init__()
                        self.linear = torch.nn.Linear(spec.features, 1)

                    def forward(self, x: Any, noise: Any = None) -> Any:
                        return {"q": self.linear(x).squeeze(1)}

                return Module()

        @block("test/best_of_two")
        class BestOfTwo(Target):
            """max of q⁻(s′, 0) and q⁻(s′, 1)."""

            inputs = {"reward": read("reward"), "discount": read("discount"), "q": fn("next.q@target")}

            def compute(self, *, reward: Any, discount: Any, q: Any) -> Any:
                zero = torch.zeros_like(reward, dtype=torch.int64)
                return reward + discount * torch.maximum(q(zero), q(zero + 1))

        made = attrs.evolve(
            dqn().set({"cadence.warmup": 32, "cadence.batch": 16}),
            networks={"critic": Network(reads=("observation", "action"), body=MLP((8,)), head=Critic())},
            explorer=UniformRandom(),
            objectives={"critic": Objective("critic", BestOfTwo(), SquaredError(), dqn().get("optimizer"))},
            target_updates={"critic": dqn().get("target_updates.q")},
        )
        yield made


def test_the_function_is_of_the_action_and_by_the_target_network(critic_recipe: Recipe) -> None:
    """`fn("next.q@target")` evaluates whatever network writes q, on the next observation, by its target copy."""
    source = wire(critic_recipe).learn.source

    assert 'q=lambda action: critic_target_net(next_observation, action)["q"]' in source


def test_the_value_at_the_stored_action_is_the_critics_own(critic_recipe: Recipe) -> None:
    """Where the network reads the action, nothing is gathered."""
    source = wire(critic_recipe).learn.source

    assert "prediction=q_online" in source
    assert "value_of_action" not in source


def test_it_learns(critic_recipe: Recipe) -> None:
    """Every parameter of the critic moves, and the error is fed to nobody."""
    state = build(wire(critic_recipe), seed=1, budget=100, device=torch.device("cpu"))
    before = {key: value.clone() for key, value in state.online["critic"].state_dict().items()}

    for _ in Loop(state).steps():
        pass
    state.pool.close()

    after = state.online["critic"].state_dict()
    assert [key for key in before if torch.equal(before[key], after[key])] == []

"""Policies on environments whose every number says where it comes from, and what their learn steps were given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs
import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from rlblocks.recipes import RECIPES

from rlblocks import Recipe, RecipeError, block, read, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State, build
from rlblocks.envs import Environment, Supplied, SuppliedVector
from rlblocks.losses import Loss
from rlblocks.schedules import Constant
from tests.core.odd_blocks import unregistered
from tests.states import CPU

ID = "rlblocks-tests/Told-v0"
LONGEST = 6
SMALL = {
    "store.steps": 8, "store.count": 2, "store.longest": LONGEST, "networks.memory.body.units": 3,
    "networks.policy.body.widths": (6,), "networks.value.body.widths": (6,),
}  # fmt: skip
MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED]


class Told(gymnasium.Env[Any, Any]):
    """Observes who it is, its episode, t and place, and pays the place that it was in; who and place are drawn.

    Episodes have one to six steps: even ones terminate, odd ones are truncated. Every step that it took is kept.
    """

    observation_space = spaces.Box(-np.inf, np.inf, (4,), np.float32)
    taken: ClassVar[list[tuple[Any, Any, Any, bool]]] = []  # observation, action, next observation, over

    def __init__(self, space: spaces.Space[Any] | None = None) -> None:
        self.action_space = space or spaces.Discrete(2)
        self.who, self.episode = 0.0, -1

    def observe(self) -> Any:
        return np.array([self.who, self.episode / 64, self.t / 8, self.place], np.float32)

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        gymnasium.Env.reset(self, seed=seed)
        self.who = self.who or float(self.np_random.normal())
        self.episode, self.t, self.place = self.episode + 1, 0, float(self.np_random.normal())
        self.length = int(self.np_random.integers(1, LONGEST + 1))
        return self.observe(), {}

    def step(self, action: Any) -> Any:
        seen, paid = self.observe(), self.place
        self.place, self.t = float(self.np_random.normal()), self.t + 1
        over, even = self.t == self.length, self.episode % 2 == 0
        Told.taken.append((seen, action, self.observe(), over))
        return self.observe(), paid, over and even, over and not even, {}


if ID not in gymnasium.registry:
    gymnasium.register(ID, entry_point=Told, max_episode_steps=LONGEST, disable_env_checker=True)


def told(space: spaces.Space[Any] | None = None, n: int = 2) -> Supplied:
    """Several of these environments, with such actions."""
    return Supplied(lambda: gymnasium.make(ID, space=space), n=n)


def in_vectors(mode: AutoresetMode, space: spaces.Space[Any] | None = None, n: int = 2) -> SuppliedVector:
    """The same in a vector environment that resets in its own way."""
    how = {"autoreset_mode": mode}
    return SuppliedVector(
        lambda num_envs=n: gymnasium.make_vec(
            ID, num_envs=num_envs, vectorization_mode="sync", vector_kwargs=how, space=space
        )
    )


def unpacked(column: torch.Tensor) -> torch.Tensor:
    """Observations as who, episode, t and place."""
    return column * torch.tensor([1.0, 64.0, 8.0, 1.0])


def small(name: str, env: Environment | None = None, **numbers: Any) -> Recipe:
    """A recipe on a scale on which a chunk takes milliseconds: eight steps of two environments, or two episodes."""
    recipe = attrs.evolve(RECIPES[name](), env=env or told(), normalizers={})
    sizes = {path: size for path, size in SMALL.items() if has(recipe, path)}
    if name == "ppo_lstm":
        sizes = {path: size for path, size in sizes.items() if not path.endswith("widths")} | {"cadence.window": 4}
    return recipe.set({**sizes, **({"cadence.minibatches": 2} if "ppo" in name else {}), **numbers})


def has(recipe: Recipe, path: str) -> bool:
    """Whether a recipe has a place so called."""
    try:
        recipe.get(path)
    except RecipeError:
        return False
    return True


@attrs.define
class Seen:
    """What learn steps were given and wrote, in order, and how often each had been called before."""

    chunks: list[dict[str, torch.Tensor]] = attrs.Factory(list)
    wrote: list[dict[str, torch.Tensor]] = attrs.Factory(list)

    def watch(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, and a note of each call."""

        def watched(chunk: Any, *others: Any) -> Any:
            self.chunks.append({key: column.clone() for key, column in chunk.items()})
            self.wrote.append(function(chunk, *others))
            return self.wrote[-1]

        return watched


def learnt(recipe: Recipe, steps: int, seed: int = 3) -> tuple[State, Seen]:
    """The state after so many environment steps, and what the learn steps saw."""
    seen = Seen()
    Told.taken.clear()
    state = build(wire(recipe), seed=seed, budget=steps, device=CPU)
    for _ in Loop(state, seen.watch).steps():
        pass
    state.pool.close()
    return state, seen


with unregistered():

    @block("test/witness")
    class Witness(Loss):
        """Nothing to minimise; reads what else is stored, and writes how much more probable each action has become."""

        inputs = {
            "now": read("log_prob@online", at="action"), "then": read("log_prob"), "weight": read("weight"),
            "reward": read("reward"), "discount": read("discount"), "following": read("next.observation"),
            "terminated": read("terminated"), "truncated": read("truncated"),
        }  # fmt: skip
        outputs = ("loss", "log_ratio")

        def compute(
            self, *, now: Any, then: Any, weight: Any, reward: Any, discount: Any, following: Any,
            terminated: Any, truncated: Any,
        ) -> Any:  # fmt: skip
            return 0.0 * (weight * now).sum(), ((now - then) * (weight > 0)).detach()


def witnessed(recipe: Recipe, lr: float = 0.02) -> Recipe:
    """The recipe with a loss that reads more, and a policy that prefers some actions from the beginning."""
    losses = recipe.objectives["policy"].losses
    made = recipe.swap(
        {"objectives.policy.losses": (*losses, Witness()), "objectives.policy.optimizer.lr": Constant(lr)}
    )
    return made.set({"networks.policy.head.layer.gain": 1.0})


def steady(recipe: Recipe, lr: float = 0.02) -> Recipe:
    """The recipe with a learning rate that does not fall."""
    return recipe.swap({"objectives.policy.optimizer.lr": Constant(lr)})

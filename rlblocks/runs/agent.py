"""An agent: observation in, action out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from rlblocks._core.clocks import Times
from rlblocks._core.dry_run import namespace
from rlblocks._core.plan import Plan
from rlblocks._core.randomness import Draws, Numbers, seed_for
from rlblocks.cadences.base import Progress
from rlblocks.envs._choices import choices_in
from rlblocks.envs._contract import Wrong
from rlblocks.envs._masks import flags_of
from rlblocks.envs.base import Facts
from rlblocks.runs.options import Options

START = Progress(0, 0, 0, 0, 0, 1)  # of a run that has not begun


class Agent:
    """How a trained recipe acts: greedy, as in evaluation. Holds no replay, no optimizer and no environment.

    Attributes:
        plan: the wired recipe.
        networks: the modules, by name.
        times: where its run stands: what is scheduled in evaluation reads it.
    """

    def __init__(
        self, plan: Plan, networks: dict[str, nn.Module], carries: Mapping[str, Any], device: torch.device,
        seed: int = 0, *, times: Times = START,
    ) -> None:  # fmt: skip
        self.plan, self.networks, self._device = plan, networks, device
        idle: dict[str, Any] = {name: {} for name in plan.recipe.objectives}  # acting has no optimizer
        names = namespace(plan, networks, {}, idle | dict(carries), torch.autograd.grad)
        self._act = plan.evaluate.define(plan.recipe.name, names)
        self._numbers = Numbers(plan.evaluate.numbers, device)
        self.times = times
        self._generator = np.random.Generator(np.random.PCG64(seed_for(seed, "evaluation")))
        self._draws: dict[int, Draws] = {}
        self._hidden: dict[int, Tensor] = {}
        self._spec = plan.columns["observation"]

    def __call__(self, observation: Any, action_mask: Any = None) -> Any:
        """The action for one observation, or the actions `[B]` for a batch `[B, ...]` of them.

        A Discrete observation is what the environment's space calls it. `action_mask` says which actions are legal,
        `[A]` or `[B, A]`, true where they are, where the environment that the agent learned in said so; without one all
        are. Of MultiDiscrete actions it has the form in which the
        environment says it, and a batch is a sequence of such. Discrete actions are an int, batched an int64 array,
        counted as the environment's space counts them, MultiDiscrete ones likewise. Box actions are cut to the bounds
        of the space. A policy that remembers goes on from the call before with as many rows: call `restart()` where an
        episode begins.

        Raises:
            ValueError: the observation has neither the shape of one nor of a batch, or it is Discrete and outside its
                space, or the mask does not fit it, lets no action be legal, or is of actions that were not masked in
                training.
        """
        array = _counted(np.asarray(observation), self.plan.facts)
        single = array.ndim == len(self._spec.shape)
        mask = None if action_mask is None else self._masks([action_mask] if single else action_mask)
        actions = self._as_executed(self.act(array[None] if single else array, mask))
        if not single:
            return actions
        return int(actions[0]) if isinstance(self.plan.facts.action_space, spaces.Discrete) else actions[0, ...]

    def _as_executed(self, actions: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The actions as the environment takes them."""
        match self.plan.facts.action_space:
            case spaces.Discrete() as space:
                return actions + int(space.start)
            case spaces.MultiDiscrete() as space:
                return (actions + space.start).astype(space.dtype, copy=False)
            case spaces.MultiBinary() as space:
                return actions.astype(space.dtype, copy=False)
            case spaces.Box() as space:
                actions = np.clip(actions, space.low, space.high).astype(space.dtype, copy=False)
        return actions

    def restart(self, seed: int = 0) -> None:
        """Forget what happened, and begin the random numbers of a policy that draws anew, with those of a seed."""
        self._hidden.clear()
        self._generator.bit_generator.state = np.random.PCG64(seed_for(seed, "evaluation")).state

    def act(
        self, observations: np.ndarray[Any, Any], action_mask: np.ndarray[Any, Any] | None = None
    ) -> np.ndarray[Any, Any]:
        """Actions for a batch, counted from 0. See `__call__`."""
        if observations.shape[1:] != self._spec.shape:
            raise ValueError(
                f"observations have the shape {observations.shape[1:]}, and this agent learned on {self._spec.shape}"
            )
        rows = len(observations)
        if rows not in self._draws:
            self._draws[rows] = Draws(self.plan.evaluate.draws, (rows,), self._generator, self._device)
        seen = torch.from_numpy(observations.astype(self._spec.dtype, copy=False)).to(self._device)
        chunk = {"observation": seen, **self._legal(action_mask, rows)}
        if "hidden" in self.plan.columns:
            start = torch.zeros((rows, *self.plan.columns["hidden"].shape), device=self._device)
            chunk["hidden"] = self._hidden.get(rows, start)
        with torch.no_grad():
            wrote = self._act(chunk, self._numbers(self.times), self._draws[rows]())
        if "hidden" in chunk:
            self._hidden[rows] = wrote["next.hidden"]
        return wrote["action"].cpu().numpy()  # type: ignore[no-any-return]

    def _masks(self, given: Any) -> np.ndarray[Any, Any]:
        """The masks of a batch as one array."""
        choices = choices_in(self.plan.facts.action_space)
        if len(choices.shape) == 1:
            return np.asarray(given)
        try:
            return np.array([flags_of(row, choices) for row in given])
        except Wrong as wrong:
            raise ValueError(f"of the action mask that is given, {wrong.what}") from None

    def _legal(self, action_mask: np.ndarray[Any, Any] | None, rows: int) -> dict[str, Tensor]:
        """The mask as a column, where actions were masked in training."""
        spec = self.plan.columns.get("action_mask")
        if spec is None:
            if action_mask is not None:
                raise ValueError("an action mask is given, and this agent learned where all actions were legal")
            return {}
        mask = np.ones((rows, *spec.shape), bool) if action_mask is None else action_mask.astype(bool)
        if mask.shape != (rows, *spec.shape):
            raise ValueError(f"the action mask has the shape {mask.shape}, and is one of {(rows, *spec.shape)}")
        if not mask.any(-1).all():
            raise ValueError("the action mask lets no action be legal")
        return {"action_mask": torch.from_numpy(mask).to(self._device)}


def evaluation_seed(options: Options) -> int:
    """The seed of a run's evaluation environments: another stream than training's, the same for each evaluation."""
    return int(seed_for(options.seed, "evaluation").generate_state(1)[0])


def _counted(observations: np.ndarray[Any, Any], facts: Facts) -> np.ndarray[Any, Any]:
    """Discrete observations counted from 0, as columns hold them; others as they are."""
    if not isinstance(facts.observation_space, spaces.Discrete):
        return observations
    last = facts.first + int(facts.observation_space.n) - 1
    odd = (observations < facts.first) | (observations > last) | (observations != np.floor(observations))
    if odd.any():
        raise ValueError(f"the observation is {observations[odd][0]}, outside its space {facts.first} to {last}")
    return observations - facts.first

"""The state of a run: the only thing that changes, and all of it is in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor, nn

from rlblocks._core.dry_run import build_modules, first_carries, namespace
from rlblocks._core.errors import BuildError, CheckpointError
from rlblocks._core.plan import Plan
from rlblocks._core.randomness import generators, seed_for
from rlblocks._core.statistics import Pending
from rlblocks.cadences.base import Progress
from rlblocks.envs.base import Pool
from rlblocks.stores.base import Memory, StoreSpec

Tree = dict[str, Any]
OWN = "resume the run with the recipe in its own folder"


@attrs.define
class Counters:
    """Where the run stands; what every clock reads."""

    budget: int
    env_steps: int = 0
    warmup_steps: int = 0
    updates: int = 0
    episodes: int = 0

    def progress(self, rows: int) -> Progress:
        """The same, frozen, for a cadence."""
        return Progress(self.env_steps, self.warmup_steps, self.updates, self.episodes, rows, self.budget)


@attrs.define
class State:
    """Everything that changes in a run.

    Attributes:
        online: the networks, by name.
        target: their copies, by name; the network itself where its keeper is `SameAsOnline`.
        carries: what each objective's optimizer remembers, and any other block, by its slot.
        memory: the built store.
        pool: the running environments.
        observation: what to act on next, `[n, ...]`.
        generators: one for each purpose.
        counters: where the run stands.
        pending: steps that are in no normalizer's statistics yet.
        recalled: `is_first` `[n]`, where an episode begins; where a network remembers also `hidden`, `[n, C]`.
    """

    plan: Plan
    device: torch.device
    online: dict[str, nn.Module]
    target: dict[str, nn.Module]
    carries: dict[str, dict[str, list[Tensor]]]
    memory: Memory
    pool: Pool
    observation: np.ndarray[Any, Any]
    generators: dict[str, np.random.Generator]
    counters: Counters
    pending: Pending
    recalled: dict[str, np.ndarray[Any, Any]]

    def seen(self) -> dict[str, np.ndarray[Any, Any]]:
        """What is known before acting, by column; the pool knows which actions are legal, where they are masked."""
        mask = self.pool.action_mask
        legal = {} if mask is None else {"action_mask": mask}
        return {"observation": self.observation, **legal, **self.recalled}

    def recall(self, wrote: Mapping[str, np.ndarray[Any, Any]], over: np.ndarray[Any, Any]) -> None:
        """What is remembered for the next step; nothing of an episode that is over."""
        self.recalled = {"is_first": over}
        if "next.hidden" in wrote:
            hidden = wrote["next.hidden"].copy()
            hidden[over] = 0.0
            self.recalled["hidden"] = hidden

    def namespace(self) -> dict[str, Any]:
        """The names that the plan's functions use, bound to this state."""
        return namespace(self.plan, self.online, self.target, self.carries, torch.autograd.grad)

    def tree(self) -> Tree:
        """All of it, as a tree of tensors, arrays, numbers and texts."""
        return {
            "networks": self.tree_of_networks(),
            "targets": {name: dict(self.target[name].state_dict()) for name in self.plan.follows},
            "carries": {name: {key: list(part) for key, part in carry.items()} for name, carry in self.carries.items()},
            "counters": attrs.asdict(self.counters),
            "generators": {name: _generator_state(generator) for name, generator in self.generators.items()},
            "environments": self.pool.state(),
            "store": self.memory.state(),
            "pending": self.pending.state(),
            "recalled": {key: value.copy() for key, value in self.recalled.items()},
        }

    def tree_of_networks(self) -> Tree:
        """The trained networks alone."""
        return {name: dict(module.state_dict()) for name, module in self.online.items()}

    def tree_of_agent(self) -> Tree:
        """All that acting needs: the networks, and what the normalizers know."""
        held = {f"normalizers.{name}" for name in self.plan.recipe.normalizers}
        carries = {slot: dict(carry) for slot, carry in self.carries.items() if slot in held}
        return {"networks": self.tree_of_networks(), "carries": carries}

    def load(self, tree: Tree) -> None:
        """Become what `tree()` described.

        Raises:
            CheckpointError: it describes another recipe.
        """
        for kind, modules in (("networks", self.online), ("targets", {n: self.target[n] for n in self.plan.follows})):
            load_networks(kind, modules, tree[kind])
        load_carries(self.carries, tree["carries"])
        budget = self.counters.budget
        for name, value in tree["counters"].items():
            setattr(self.counters, name, value)
        self.counters.budget = budget
        for name, generator in self.generators.items():
            generator.bit_generator.state = tree["generators"][name]
        try:
            self.memory.load(tree["store"])
            self.pending.load(tree["pending"])
            self.recalled = {key: tree["recalled"][key].copy() for key in self.recalled}
            self.observation = self.pool.load(tree["environments"])
        except KeyError as error:
            raise CheckpointError(
                f"the checkpoint is of another recipe: its store or its environments have no {error}", fix=OWN
            ) from error
        if self.pool.inexact:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Where the episodes of a checkpoint do not go on: whatever would join their rows to others is let go."""
        self.recalled = nothing_recalled(self.plan, self.pool.n)
        self.pending.cut()
        self.memory.cut()


def build(plan: Plan, *, seed: int, budget: int, device: torch.device) -> State:
    """Make the state of a new run. The first to hold numbers.

    Raises:
        BuildError: an environment does not start, or memory does not suffice.
    """
    made = generators(seed)
    online = _modules(plan, seed, device)
    target = {name: _copy_of(plan, name, online[name], device) if name in plan.follows else online[name]
              for name in plan.targets}  # fmt: skip
    carries = {
        name: {key: [part.to(device) for part in parts] for key, parts in carry.items()}
        for name, carry in first_carries(plan, online, plan.facts.n).items()
    }
    pool = plan.recipe.env.build(int(seed_for(seed, "environments").generate_state(1)[0]))
    memory = _memory(plan, pool, made)
    try:
        observation = pool.reset()
    except Exception:
        pool.close()
        raise
    return State(
        plan, device, online, target, carries, memory, pool, observation, made, Counters(budget),
        Pending(plan, carries), nothing_recalled(plan, pool.n),
    )  # fmt: skip


def _memory(plan: Plan, pool: Pool, made: Mapping[str, np.random.Generator]) -> Memory:
    return plan.recipe.store.build(StoreSpec(plan.columns, pool.n, made["store"], pool.judge))


def nothing_recalled(plan: Plan, n: int) -> dict[str, np.ndarray[Any, Any]]:
    """What is remembered before n episodes begin."""
    memory = {"hidden": np.zeros((n, *plan.columns["hidden"].shape), np.float32)} if "hidden" in plan.columns else {}
    return {"is_first": np.ones(n, bool), **memory}


def _modules(plan: Plan, seed: int, device: torch.device) -> dict[str, nn.Module]:
    """Fresh networks: the same on every device, because they are made on the CPU."""
    generator = torch.Generator().manual_seed(int(seed_for(seed, "networks").generate_state(1, np.uint64)[0] >> 1))
    modules = build_modules(plan, generator, torch.device("cpu"))
    try:
        return {name: module.to(device) for name, module in modules.items()}
    except RuntimeError as error:
        raise BuildError(f"the networks could not be moved to {device}: {error}", fix="use device=cpu") from error


def _copy_of(plan: Plan, name: str, module: nn.Module, device: torch.device) -> nn.Module:
    copy: nn.Module = build_modules(plan, torch.Generator(), torch.device("cpu"))[name].to(device)
    copy.load_state_dict(module.state_dict(), strict=True)
    return copy.requires_grad_(requires_grad=False)


def _generator_state(generator: np.random.Generator) -> Any:
    return generator.bit_generator.state


def _same_names(what: str, saved: Tree, ours: Any) -> None:
    if set(saved) != set(ours):
        missing, extra = sorted(set(ours) - set(saved)), sorted(set(saved) - set(ours))
        raise CheckpointError(
            f"the checkpoint is of another recipe: {what} lacks {missing} and has {extra} besides",
            fix=OWN, missing=missing, extra=extra,
        )  # fmt: skip


def load_networks(kind: str, modules: dict[str, nn.Module], saved: Tree) -> None:
    """Load every module from its part of a checkpoint.

    Raises:
        CheckpointError: the checkpoint is of another recipe.
    """
    _same_names(kind, saved, modules)
    for name, module in modules.items():
        _load_module(f"{kind}.{name}", module, saved[name])


def load_carries(ours: Mapping[str, Tree], saved: Tree) -> None:
    """Load what blocks remember, in place, from its part of a checkpoint.

    Raises:
        CheckpointError: the checkpoint is of another recipe.
    """
    _same_names("carries", saved, ours)
    with torch.no_grad():
        for name, carry in ours.items():
            _same_names(f"carries.{name}", saved[name], carry)
            for key, parts in carry.items():
                for part, other in zip(parts, saved[name][key], strict=True):
                    part.copy_(other)


def _load_module(what: str, module: nn.Module, saved: Tree) -> None:
    ours = module.state_dict()
    _same_names(what, saved, ours)
    for key, tensor in ours.items():
        if tensor.shape != saved[key].shape:
            raise CheckpointError(
                f"the checkpoint is of another recipe: {what}.{key} has the shape {tuple(saved[key].shape)}, "
                f"this recipe's has {tuple(tensor.shape)}",
                fix=OWN,
            )  # fmt: skip
    module.load_state_dict(saved, strict=True)


__all__ = ["Counters", "State", "Tree", "build", "load_networks"]

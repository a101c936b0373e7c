"""The dry run: the printed functions, run once on the `meta` device with odd sizes, where tensors have shapes only."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from rlblocks._core.errors import RecipeError, RlblocksError
from rlblocks._core.keys import Spec
from rlblocks._core.printing import carry_name
from rlblocks._core.recipe import slots_of
from rlblocks.functional import in_time, members_value_of_action, rows, value_of_action
from rlblocks.networks.ensemble import build_ensemble

if TYPE_CHECKING:
    from rlblocks._core.plan import Plan, Printed
    from rlblocks._core.recipe import Recipe
    from rlblocks._core.world import World

PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
STEPS = 5  # of the chunk in the dry run
META = torch.device("meta")

Modules = dict[str, Any]  # of NetworkModule


def noise_sizes(world: World) -> dict[str, int]:
    """How many standard normals one pass of each network takes."""
    modules = _build(world.recipe, world.reads, world.columns["action"], None, META)
    return {name: int(module.noise_size) for name, module in modules.items()}


def build_modules(plan: Plan, generator: torch.Generator | None, device: torch.device) -> Modules:
    """The networks of a plan, in the order of the recipe."""
    return _build(plan.recipe, plan.reads, plan.columns["action"], generator, device)


def _build(
    recipe: Recipe, reads: Mapping[str, Mapping[str, Spec]], action: Spec,
    generator: torch.Generator | None, device: torch.device,
) -> Modules:  # fmt: skip
    return {
        name: build_ensemble(network.members, reads[name], network.body, network.head, action, generator, device)
        for name, network in recipe.networks.items()
    }


def namespace(
    plan: Plan,
    online: Modules,
    target: Modules,
    carries: Mapping[str, Any],
    gradients: Callable[..., Any],
) -> dict[str, Any]:
    """The names that printed functions use."""
    names: dict[str, Any] = {
        "value_of_action": value_of_action,
        "members_value_of_action": members_value_of_action,
        "rows": rows,
        "in_time": in_time,
        "no_grad": torch.no_grad,
        "specs": plan.columns,
        "gradients": gradients,
        **plan.blocks,
    }
    for name, module in online.items():
        names[f"{name}_net"] = module
        names[f"{name}_tensors"] = [*module.parameters(), *module.buffers()]
    for name, module in target.items():
        names[f"{name}_target_net"] = module
        names[f"{name}_target_tensors"] = [*module.parameters(), *module.buffers()]
    for name, objective in plan.recipe.objectives.items():
        names[f"{name}_params"] = [p for net in objective.trains for p in online[net].parameters()]
        names[f"{name}_carry"] = carries[name]
    for slot in plan.carried.keys() & carries.keys():
        names[carry_name(slot)] = {key: tensor for key, (tensor,) in carries[slot].items()}
    return names


def first_carries(plan: Plan, online: Modules, environments: int) -> dict[str, Any]:
    """What optimizers, and whatever else remembers, begin with: by objective, and by slot."""
    optimizers = {
        name: objective.optimizer.init([p for net in objective.trains for p in online[net].parameters()])
        for name, objective in plan.recipe.objectives.items()
    }
    device = next((p.device for module in online.values() for p in module.parameters()), META)
    slots = {f"normalizers.{key}": (plan.columns[key], environments) for key in plan.recipe.normalizers}
    slots |= {slot: (plan.columns["action"], environments) for slot, _ in slots_of(plan.recipe, "explorers")}
    others: dict[str, Any] = {
        slot: {key: [tensor.to(device)] for key, tensor in block.init(*slots.get(slot, ())).items()}  # type: ignore[attr-defined]  # handed a carry
        for slot, block in plan.carried.items()
    }
    return optimizers | others


def rehearse(plan: Plan) -> list[RlblocksError]:
    """Run every printed function on `meta`; whatever it raises is a misfit of the slot whose line raised it."""
    online = build_modules(plan, None, META)
    odd = _odd_number(plan, online)
    target = {name: online[name] if name not in plan.follows else build_modules(plan, None, META)[name]
              for name in plan.targets}  # fmt: skip
    carries = first_carries(plan, online, odd)
    labels = {id(p): f"{name}.{key}" for name, module in online.items() for key, p in module.named_parameters()}
    problems: list[RlblocksError] = []

    def gradients(loss: Tensor, params: list[Tensor]) -> list[Tensor]:
        if not isinstance(loss, Tensor) or not loss.requires_grad:
            raise RecipeError("the losses have no gradient: nothing in them depends on a parameter")
        found = torch.autograd.grad(loss, params, allow_unused=True)
        dead = [labels[id(p)] for p, g in zip(params, found, strict=True) if g is None]
        if dead:
            problems.append(RecipeError(
                f"no loss reaches {', '.join(dead)}: these parameters would never be trained",
                fix="read what the network writes in a loss, or leave it out of `trains`", parameters=dead,
            ))  # fmt: skip
        return [torch.zeros_like(p) if g is None else g for p, g in zip(params, found, strict=True)]

    names = namespace(plan, online, target, carries, gradients)
    prepared: dict[str, Tensor] = {}
    for part in [plan.act, plan.warmup, plan.evaluate, plan.prepare, plan.learn, *plan.follows.values()]:
        if part is None:
            continue
        found = _run(part, names, prepared, plan, odd)
        if isinstance(found, RlblocksError):
            problems.append(found)
            break
        if part is plan.prepare and found:
            try:
                prepared = _minibatch(plan, found, odd)
            except RecipeError as error:
                return [*problems, error]
    return problems


def _odd_number(plan: Plan, modules: Modules) -> int:
    """A number of rows that is no other size of the recipe, so that no two dims agree by chance."""
    shapes = [spec.shape for spec in plan.columns.values()]
    shapes += [tuple(p.shape) for module in modules.values() for p in module.parameters()]
    sizes = {size for shape in shapes for size in shape} | set(plan.sizes.values())
    return next((prime for prime in PRIMES if prime not in sizes), max(sizes) + 2)


def _run(part: Printed, names: Mapping[str, Any], prepared: Mapping[str, Tensor], plan: Plan, odd: int) -> Any:
    timed = any(spec.dims[0] == "time" for spec in part.columns.values())
    rows_of = odd * plan.recipe.cadence.together() if part is plan.learn else odd
    lead = (STEPS, odd) if timed else (rows_of,)
    chunk = {key: prepared.get(key, _empty(spec, lead)) for key, spec in part.columns.items()}
    draws = {
        name: torch.empty((*lead, *d.shape) if d.per_row else d.shape, device=META) for name, d in part.draws.items()
    }
    numbers = {name: torch.tensor(0.5, dtype=torch.float64) for name in part.numbers}  # as in a run: on the CPU
    late = (set(plan.recipe.objectives),) if "due)" in part.source.partition("\n")[0] else ()
    try:
        return part.define("dry run", names)(chunk, numbers, draws, *late)
    except Exception as error:  # noqa: BLE001  whatever a block raises is a misfit, to be told as one
        return _told(part, error, plan, odd)


def _empty(spec: Spec, lead: tuple[int, ...]) -> Tensor:
    kind = torch.from_numpy(np.empty(0, spec.dtype)).dtype
    return torch.empty((*lead, *spec.shape), dtype=kind, device=META)


def _minibatch(plan: Plan, prepared: Mapping[str, Tensor], odd: int) -> dict[str, Tensor]:
    """What was prepared, as a minibatch of `odd` rows has it.

    Raises:
        RecipeError: it is not one entry for each row of the chunk.
    """
    if plan.recipe.store.hands != "drained":
        return dict(prepared)
    for key, value in prepared.items():
        if value.shape[:2] != (STEPS, odd):
            raise RecipeError(
                f"slot 'prepare' writes {key!r} with the shape {list(value.shape)} for a chunk of {STEPS} steps of "
                f"{odd} environments", fix="write [time, batch, ...]", key=key,
            )  # fmt: skip
    minibatch = odd * plan.recipe.cadence.together()
    return {key: rows(value)[:1].expand(minibatch, *value.shape[2:]) for key, value in prepared.items()}


def _told(part: Printed, error: Exception, plan: Plan, odd: int) -> RlblocksError:
    """The slot and line of the printed function in which a block raised."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith(f" {part.name}>") and frame.lineno:
            slot = part.slots[frame.lineno - 1]
            try:
                holder = f"slot {slot!r} holds {type(plan.recipe.get(slot)).__name__}, which"
            except RecipeError:
                holder = f"{slot or part.name}"
            said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            if isinstance(error, RecipeError):
                return RecipeError(f"slot {slot!r}: {said}", fix="read what is trained in a loss", slot=slot)
            what, _, fix = said.rpartition("; ")
            if isinstance(error, ValueError) and what:  # a block that says what to do knows better
                return RecipeError(f"{holder} does not fit: {what}", fix=fix, slot=slot, error=error)
            return RecipeError(
                f"{holder} failed in the dry run ({odd} rows, shapes only): {said}\n"
                f"  line: {(frame.line or '').strip()}",
                fix="compare the shapes that it reads with those that it expects (rlblocks explain shows both)",
                slot=slot, error=error,
            )  # fmt: skip
    return RecipeError(f"the dry run failed: {type(error).__name__}: {error}", error=error)

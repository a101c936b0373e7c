"""Wiring: everything that can be known before the first step is checked before the first step.

`wire` resolves every read of a recipe to a writer, prints the functions that will run, and collects every misfit.
No tensor holds a number and no environment takes a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import gymnasium

from rlblocks._core import dry_run
from rlblocks._core.block import Block, blocks_of
from rlblocks._core.clocks import Updates
from rlblocks._core.declare import Read
from rlblocks._core.errors import RecipeError, WiringError, did_you_mean
from rlblocks._core.keys import FLAG, SCALAR, Spec, parse
from rlblocks._core.plan import Plan, Printed, printed
from rlblocks._core.printing import Line, Page, Values, World, annotation, as_arguments, variable
from rlblocks._core.recipe import Objective, Recipe, slots_of
from rlblocks.envs.base import Facts
from rlblocks.explorers.base import Explorer


def spec_of(space: gymnasium.Space[Any]) -> Spec:
    """What is known of the tensors of a space.

    Raises:
        RecipeError: it is neither Box nor Discrete.
    """
    if isinstance(space, gymnasium.spaces.Discrete):
        return Spec((), "int64", n=int(space.n))
    if isinstance(space, gymnasium.spaces.Box):
        low, high = float(space.low.min()), float(space.high.max())
        dtype = "uint8" if space.dtype == "uint8" else "float32"
        return Spec(space.shape, dtype, low=low if math.isfinite(low) else None, high=high if math.isfinite(high) else None)
    raise RecipeError(f"the space {space} is neither Box nor Discrete", fix="wrap the environment so that it is")


def wire(recipe: Recipe, facts: Facts | None = None) -> Plan:
    """Check a recipe against an environment and print what will run.

    Raises:
        WiringError: it does not fit; all misfits are in it.
    """
    facts = facts or recipe.env.facts()
    world = World(recipe, _sizes(facts), {})
    columns = _collected(world, facts)
    _networks(world, columns)
    if world.problems:  # whatever reads these networks would only repeat it
        raise WiringError(recipe.name, world.problems)
    act, warmup, evaluate = _acting(world, columns)
    stored = {**columns, **{k: SCALAR for k in recipe.explorer.outputs if k != "action"}}
    chunk = {**stored, "discount": SCALAR, **dict.fromkeys(recipe.store.outputs, SCALAR)}
    prepare, prepared = _prepare(world, chunk)
    learn, outputs = _learning(world, {**chunk, **prepared})
    feeds = _debts(world, learn, outputs)
    follows = _keepers(world)
    _leftovers(world)
    if world.problems:
        raise WiringError(recipe.name, world.problems)
    plan = Plan(
        recipe, facts, world.sizes, {**stored, "discount": SCALAR}, act, warmup, evaluate, learn, prepare, follows, feeds,
        dict(world.namespace), tuple(sorted(world.targets_read)), dict(world.reads),
    )  # fmt: skip
    problems = dry_run.rehearse(plan)
    if problems:
        raise WiringError(recipe.name, problems)
    return plan


def _sizes(facts: Facts) -> dict[str, int]:
    space = facts.action_space
    return {"action": int(space.n)} if isinstance(space, gymnasium.spaces.Discrete) else {}


def _collected(world: World, facts: Facts) -> dict[str, Spec]:
    """What collecting writes, whatever the recipe."""
    try:
        observation = spec_of(facts.observation_space)
    except RecipeError as error:
        world.blame(f"environment {facts.name}: {error.what}", error.fix)
        observation = Spec()
    try:
        action = spec_of(facts.action_space)
    except RecipeError as error:
        world.blame(f"environment {facts.name}: {error.what}", error.fix)
        action = Spec()
    return {
        "observation": observation, "action": action, "reward": SCALAR, "terminated": FLAG, "truncated": FLAG,
        "next.observation": observation,
    }  # fmt: skip


def _networks(world: World, columns: Mapping[str, Spec]) -> None:
    """What each network reads and writes, those first that read only columns; whether its parts can serve that."""
    from rlblocks.networks import input_misfit, network_sizes

    waiting = dict(world.recipe.networks)
    while waiting:
        known = {**columns, **world.specs}
        ready = [name for name, network in waiting.items() if all(read in known for read in network.reads)]
        if not ready:
            break
        for name in ready:
            network, reads = waiting.pop(name), {read: known[read] for read in world.recipe.networks[name].reads}
            for part, path, why, fix in (
                (network.body, "body", input_misfit(reads, network.body), _fitting_bodies(next(iter(reads.values())))),
                (network.head, "head", network.head.misfit(world.sizes), _fitting_recipes(world.sizes)),
            ):
                if why:
                    slot = f"networks.{name}.{path}"
                    world.blame(f"slot {slot!r} holds {type(part).__name__}, which {why}", fix, slot=slot)
                    break
            else:
                world.reads[name] = reads
                _writes(world, name, network.head.writes(network_sizes(reads, network.body, world.sizes)))
    for name, network in waiting.items():
        for read in network.reads:
            if read not in {**columns, **world.specs}:
                fix = did_you_mean(read, [*columns, *world.specs])
                world.blame(f"network {name!r} reads {read!r}, but nothing writes that key", fix,
                            slot=f"networks.{name}.reads", key=read)  # fmt: skip
    world.noise = {} if world.problems else dry_run.noise_sizes(world)


def _writes(world: World, name: str, specs: Mapping[str, Spec]) -> None:
    for key, spec in specs.items():
        if key in world.writers:
            world.blame(f"networks {world.writers[key]!r} and {name!r} both write {key!r}",
                        "drop one of them, or give it another head", key=key)  # fmt: skip
            continue
        world.writers[key], world.specs[key] = name, spec


def _fitting_bodies(spec: Spec) -> str:
    fits = [name for name, kind in blocks_of("bodies").items() if not kind().misfit(spec)]  # type: ignore[attr-defined]
    return f"bodies that read {spec}: {', '.join(fits)}" if fits else "wrap the environment"


def _fitting_recipes(sizes: Mapping[str, int]) -> str:
    if sizes:
        return "use another head"
    return "the recipes here act in Discrete spaces: use an environment with Discrete actions, such as CartPole-v1"


def _acting(world: World, columns: Mapping[str, Spec]) -> tuple[Printed, Printed, Printed]:
    """How training, warm-up and evaluation act."""
    recipe = world.recipe
    warm = [(path, block) for path, block in slots_of(recipe, "explorers") if path.startswith("cadence.")]
    slot, explorer = warm[0] if warm else ("explorer", recipe.explorer)
    assert isinstance(explorer, Explorer)
    greedy = recipe.explorer.evaluation()
    return (
        _act(world, columns, "act", recipe.explorer, "explorer"),
        _act(world, columns, "act_warmup", explorer, slot),
        _act(world, columns, "act_evaluation", greedy, "explorer" if greedy == recipe.explorer else "explorer.evaluation"),
    )


def _act(world: World, columns: Mapping[str, Spec], name: str, explorer: Explorer, slot: str) -> Printed:
    seen = {key: spec for key, spec in columns.items() if key == "observation"}
    page = Page(world, seen, explores=name != "act_evaluation")
    page.call(explorer, slot, {key: variable(key) for key in explorer.outputs}, grad=False)
    returned = ", ".join(f'"{key}": {variable(key)}' for key in explorer.outputs)
    lines = [Line(line.code, line.slot, line.note, grad=True) for line in page.lines]
    return printed(f"{name}(chunk, numbers, draws)", f"Actions of {world.recipe.name!r}.", page, lines,
                   [f"return {{{returned}}}"])  # fmt: skip


def _prepare(world: World, chunk: Mapping[str, Spec]) -> tuple[Printed | None, dict[str, Spec]]:
    """What is computed once per chunk."""
    if not world.recipe.prepare:
        return None, {}
    page = Page(world, chunk)
    for index, block in enumerate(world.recipe.prepare):
        _write(page, block, f"prepare[{index}]", "", grad=False)
    keys = [key for block in world.recipe.prepare for key in block.outputs]
    returned = ", ".join(f'"{key}": {variable(key)}' for key in keys)
    made = printed("prepare(chunk, numbers, draws)", "Once per chunk.", page, page.lines, [f"return {{{returned}}}"])
    return made, dict.fromkeys(keys, SCALAR)


def _write(
    page: Page, block: Block, slot: str, prefix: str, *, grad: bool, several: bool = False
) -> dict[str, str]:
    """Call a block and note what it writes; returns the variable of each key. One of several losses gets its own name."""
    results = {}
    for key in block.outputs:
        results[key] = variable(f"{prefix}{slot.rpartition('.')[2]}" if key == "loss" and several else f"{prefix}{key}")
        if key != "loss" and (key in page.written or key in page.columns):
            page.world.blame(f"slot {slot!r} holds {type(block).__name__}, which writes {key!r}, but that is written already",
                             "keep one of the two blocks", slot=slot, key=key)  # fmt: skip
    page.call(block, slot, results, grad=grad)
    page.written.update({key: Values(name, SCALAR) for key, name in results.items() if key != "loss"})
    return results


def _learning(world: World, chunk: Mapping[str, Spec]) -> tuple[Printed, dict[str, str]]:
    """One learn step: the objectives in the order written. Those with a rhythm of their own stand under `if … in due`."""
    page, outputs = Page(world, chunk), {}
    for name, objective in world.recipe.objectives.items():
        start, late = len(page.lines), objective.every != Updates(1)
        wrote = _objective(page, name, objective)
        if late:
            page.lines.append(Line(f"late |= {_as_dict(wrote)}", f"objectives.{name}"))
            page.lines[start:] = [attrs.evolve(line, guard=name) for line in page.lines[start:]]
            page.forget(tuple(world.recipe.networks))  # what was computed under a condition is not there for others
        else:
            outputs.update(wrote)
    late = any(objective.every != Updates(1) for objective in world.recipe.objectives.values())
    if late:
        page.lines.insert(0, Line("late = {}"))
    doc = f"One learn step of {world.recipe.name!r}, γ = {world.recipe.gamma:g}."
    head = "learn(chunk, numbers, draws, due)" if late else "learn(chunk, numbers, draws)"
    tail = [f"return {_as_dict(outputs)}{' | late' if late else ''}"]
    return printed(head, doc, page, page.lines, tail), outputs


def _as_dict(codes: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {code}' for key, code in codes.items()) + "}"


def _objective(page: Page, name: str, objective: Objective) -> dict[str, str]:
    """Target without gradient, losses with it, the step; what the objective wrote, for later readers."""
    world, base = page.world, f"objectives.{name}"
    prefix = f"{name}." if len(world.recipe.objectives) > 1 else ""
    for network in objective.trains:
        if network not in world.recipe.networks:
            world.blame(f"objective {name!r} trains {network!r}, but there is no such network",
                        did_you_mean(network, world.recipe.networks), slot=f"{base}.trains")  # fmt: skip
    if not objective.losses:
        world.blame(f"objective {name!r} has no loss", f"give it one: {', '.join(blocks_of('losses'))}",
                    slot=f"{base}.losses")  # fmt: skip
    before = set(page.written)
    page.with_grad = _differentiated(world, objective)
    for index, block in enumerate(objective.prepare):
        _write(page, block, f"{base}.prepare[{index}]", prefix, grad=False)
    _write(page, objective.target, f"{base}.target", prefix, grad=False)
    several = len(objective.losses) > 1
    terms = [
        variable_of["loss"]
        for index, loss in enumerate(objective.losses)
        if "loss" in (variable_of := _write(page, loss, f"{base}.losses[{index}]", prefix, grad=True, several=several))
    ]
    _step(page, name, objective, prefix, terms)
    wrote = {key: page.written.pop(key) for key in sorted(set(page.written) - before)}
    page.forget(objective.trains)
    page.written.update({f"{name}.{k}": Values(f"{v.code}.detach()", v.spec) for k, v in wrote.items()})
    total = f"{variable(prefix + 'loss')}.detach()"
    return {f"{name}.loss": total, **{f"{name}.{key}": value.code for key, value in wrote.items()}}


def _differentiated(world: World, objective: Objective) -> set[tuple[str, bool, str]]:
    """The forward passes that the losses read, and what these read in turn: they need a graph."""
    found: set[tuple[str, bool, str]] = set()
    for loss in objective.losses:
        for asked in loss.inputs.values():
            key = parse(asked.key) if isinstance(asked, Read) else None
            if key and key.which == "online" and key.name in world.writers:
                found.add((world.writers[key.name], key.next, "online"))
    for network, later, which in list(found):
        reads = world.recipe.networks[network].reads
        found |= {(world.writers[read], later, which) for read in reads if read in world.writers}
    return found


def _step(page: Page, name: str, objective: Objective, prefix: str, terms: list[str]) -> None:
    """Add the losses up, differentiate, and let the optimizer move the parameters."""
    base, total, grads = f"objectives.{name}", variable(f"{prefix}loss"), variable(f"{prefix}grads")
    parameters = f"{name}_params"
    if terms != [total]:
        page.lines.append(Line(f"{total} = {' + '.join(terms) or 'None'}", f"{base}.losses"))
    page.lines.append(Line(f"{grads} = gradients({total}, {parameters})", f"{base}.losses"))
    given = page.arguments(objective.optimizer, f"{base}.optimizer", grad=False)
    handed = {"params": parameters, "grads": grads, "carry": f"{name}_carry", **given}
    optimizer = page.world.named(objective.optimizer, f"{base}.optimizer")
    note = annotation(objective.optimizer, f"{base}.optimizer", given, ())
    page.lines.append(Line(f"{optimizer}.compute({as_arguments(handed)})", f"{base}.optimizer", note, grad=False))


def _debts(world: World, learn: Printed, outputs: Mapping[str, str]) -> dict[str, str]:
    """What the store writes must be read, and what it asks for must be paid; its kind must suit the cadence."""
    recipe, store = world.recipe, world.recipe.store
    if recipe.cadence.demands != store.hands:
        world.blame(
            f"slot 'cadence' holds {type(recipe.cadence).__name__}, which needs a store whose rows are "
            f"{recipe.cadence.demands}, but slot 'store' holds {type(store).__name__}, whose rows are {store.hands}",
            "swap one of the two", slot="cadence",
        )  # fmt: skip
    if store.most_rows() < recipe.cadence.needs():
        world.blame(
            f"slot 'cadence' holds {type(recipe.cadence).__name__}, which learns once the store holds "
            f"{recipe.cadence.needs():,} rows, but slot 'store' holds at most {store.most_rows():,}",
            "enlarge the store, or lower the cadence's warmup and batch", slot="cadence",
        )  # fmt: skip
    for key in store.debts:
        if key not in learn.columns:
            readers = _readers(key, "losses")
            world.blame(
                f"slot 'store' holds {type(store).__name__}, which writes {key!r}, and nothing reads it",
                f"use a loss that reads {key!r}: {', '.join(readers)}", slot="store", key=key,
            )  # fmt: skip
    feeds = {}
    for argument, asked in store.inputs.items():
        if not isinstance(asked, Read):
            continue
        paid = [key for key in outputs if key == asked.key or key.partition(".")[2] == asked.key]
        if len(paid) != 1:
            said = "nothing writes it" if not paid else f"it could be any of {', '.join(paid)}"
            world.blame(
                f"slot 'store' holds {type(store).__name__}, which must be handed {asked.key!r} (as {argument!r}), and {said}",
                f"use a loss that writes {asked.key!r}: {', '.join(_writers(asked.key, 'losses'))}", slot="store",
            )  # fmt: skip
        else:
            feeds[argument] = paid[0]
    return feeds


def _readers(key: str, role: str) -> list[str]:
    return [name for name, kind in blocks_of(role).items()
            if any(isinstance(r, Read) and r.key == key for r in dict(kind.inputs).values())]  # fmt: skip


def _writers(key: str, role: str) -> list[str]:
    return [name for name, kind in blocks_of(role).items() if key in kind.outputs]


def _keepers(world: World) -> dict[str, Printed]:
    """Every `@target` read has one keeper, and every keeper a reader; prints the keepers' functions."""
    follows = {}
    kept = world.recipe.target_updates
    for network in sorted(world.targets_read - set(kept)):
        world.blame(f"network {network!r} is read @target, but slot 'target_updates' keeps no copy of it",
                    f"add target_updates={{{network!r}: HardCopy()}}, or SameAsOnline()", slot="target_updates")  # fmt: skip
    for name, keeper in kept.items():
        if name not in world.recipe.networks:
            world.blame(f"slot 'target_updates.{name}' keeps a copy of {name!r}, but there is no such network",
                        did_you_mean(name, world.recipe.networks), slot=f"target_updates.{name}")  # fmt: skip
        elif name not in world.targets_read:
            world.blame(f"slot 'target_updates.{name}' holds {type(keeper).__name__}, but nothing reads {name!r} @target",
                        "remove it, or use a target that reads @target", slot=f"target_updates.{name}")  # fmt: skip
        elif keeper.tags.get("copies") != "none":
            page = Page(world, {})
            given = page.arguments(keeper, f"target_updates.{name}", grad=False)
            block = world.named(keeper, f"target_updates.{name}")
            handed = {"online": f"{name}_tensors", "target": f"{name}_target_tensors", **given}
            note = annotation(keeper, f"target_updates.{name}", given, ())
            lines = [Line(f"{block}.compute({as_arguments(handed)})", f"target_updates.{name}", note, grad=False)]
            follows[name] = printed(f"follow_{name}(chunk, numbers, draws)", f"Every {keeper.every}.", page, lines, [])
    return follows


def _leftovers(world: World) -> None:
    """Networks that nobody reads, values in a form that no loss reads, and parameters that nobody trains."""
    objectives = world.recipe.objectives.values()
    trained = {network for objective in objectives for network in objective.trains}
    differentiated = {parse(asked.key).name for objective in objectives for loss in objective.losses
                      for asked in loss.inputs.values() if isinstance(asked, Read)}  # fmt: skip
    for name, network in world.recipe.networks.items():
        written = [key for key, writer in world.writers.items() if writer == name]
        if written and not world.network_keys_read & set(written):
            world.blame(f"network {name!r} writes {', '.join(written)}, and nothing reads it", "remove it",
                        slot=f"networks.{name}")  # fmt: skip
        form = getattr(network.head, "form", None)
        if form is not None and form.key != "q" and form.key not in differentiated:
            world.blame(f"network {name!r} writes {form.key!r} in the form {type(form).__name__}, and no loss reads it",
                        "use a loss of that form, or the form Scalar()", slot=f"networks.{name}.head.form")  # fmt: skip
        if name not in trained:
            world.blame(f"network {name!r} is trained by no objective", "name it in an objective's trains",
                        slot=f"networks.{name}")  # fmt: skip

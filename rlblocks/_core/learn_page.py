"""The printed learn step: what is computed once per chunk, and the objectives in the order written."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from rlblocks._core.block import Block
from rlblocks._core.clocks import Updates
from rlblocks._core.declare import Fn, Read
from rlblocks._core.errors import did_you_mean
from rlblocks._core.keys import SCALAR, Spec, parse
from rlblocks._core.plan import Printed, printed
from rlblocks._core.printing import Page, Values
from rlblocks._core.recipe import Objective
from rlblocks._core.remedies import served_blocks
from rlblocks._core.source import Line, annotation, as_arguments, variable
from rlblocks._core.world import World


def in_time(columns: Mapping[str, Spec]) -> dict[str, Spec]:
    """The columns of a chunk in time order, before its rows are mixed."""
    return {key: attrs.evolve(spec, dims=("time", *spec.dims)) for key, spec in columns.items()}


def as_rows(columns: Mapping[str, Spec]) -> dict[str, Spec]:
    """The same columns once time is flattened away."""
    return {key: attrs.evolve(spec, dims=tuple(d for d in spec.dims if d != "time")) for key, spec in columns.items()}


def prepare_page(world: World, chunk: Mapping[str, Spec]) -> tuple[Printed | None, dict[str, Spec]]:
    """What is computed once per chunk."""
    if not world.recipe.prepare:
        return None, {}
    page = Page(world, chunk)
    for index, block in enumerate(world.recipe.prepare):
        _write(page, block, f"prepare[{index}]", "", grad=False)
    keys = [key for block in world.recipe.prepare for key in block.outputs if key in page.written]
    specs = {key: page.written[key].spec for key in keys}
    returned = ", ".join(f'"{key}": {variable(key)}' for key in specs)
    made = printed("prepare(chunk, numbers, draws)", "Once per chunk.", page, page.lines, [f"return {{{returned}}}"])
    return made, specs


def specs_of(block: Block) -> dict[str, Spec]:
    """What is known of each key that a block writes: one number a row, unless the block says otherwise."""
    return {key: block.specs.get(key, SCALAR) for key in block.outputs}


def _write(page: Page, block: Block, slot: str, prefix: str, *, grad: bool, several: bool = False) -> dict[str, str]:
    """Call a block and note what it writes; returns each key's variable. One of several losses has its own name."""
    results: dict[str, str] = {}
    if not block.outputs:
        return results
    rewritten = {asked.key for asked in block.inputs.values() if isinstance(asked, Read)}
    for key in block.outputs:
        results[key] = variable(f"{prefix}{slot.rpartition('.')[2]}" if key == "loss" and several else f"{prefix}{key}")
    _written_once(page, block, slot, [key for key in block.outputs if key not in {"loss", *rewritten}])
    page.call(block, slot, results, grad=grad)
    specs = specs_of(block)
    for key in rewritten & set(block.outputs):
        found = page.plain(parse(key))
        specs |= {} if found is None else {key: found.spec}
        results = results if found else {of: name for of, name in results.items() if of != key}
    page.written.update({key: Values(name, specs[key], slot) for key, name in results.items() if key != "loss"})
    return results


def _written_once(page: Page, block: Block, slot: str, keys: list[str]) -> None:
    """A key has one writer; who reads and rewrites it is none."""
    for writer in dict.fromkeys(page.written[key].slot if key in page.written else "" for key in keys):
        twice = [
            key for key in keys if (page.written[key].slot == writer if key in page.written else key in page.columns)
        ]
        if twice:
            which = f"writes {' and '.join(map(repr, twice))}, but {_before(writer)} writes that already"
            page.world.misfit(slot, block, which, "keep one of the two", key=twice[0])


def _before(slot: str) -> str:
    return f"slot {slot!r}" if slot else "collecting, the store or the recipe's prepare"


def learn_page(world: World, chunk: Mapping[str, Spec]) -> tuple[Printed, dict[str, str]]:
    """One learn step: the objectives in the order written; those with a rhythm of their own under `if … in due`."""
    page, outputs = Page(world, chunk, window=world.recipe.cadence.together()), {}
    targets = [objective.target for objective in world.recipe.objectives.values()]
    world.rows = {**chunk, **{key: spec for target in targets for key, spec in specs_of(target).items()}}
    for name, objective in world.recipe.objectives.items():
        start, late = len(page.lines), objective.every != Updates(1)
        wrote = _objective(page, name, objective)
        if late:
            page.lines.append(Line(f"late |= {_as_dict(wrote)}", f"objectives.{name}"))
            page.lines[start:] = [attrs.evolve(line, guard=name) for line in page.lines[start:]]
            page.passes.forget(world.recipe.networks)  # what was computed under a condition is not there for others
            page.written = {key: value for key, value in page.written.items() if key not in wrote}
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
        fits = ", ".join(served_blocks("losses", world.rows, world))
        world.blame(f"objective {name!r} has no loss", f"give it one: {fits}",
                    slot=f"{base}.losses")  # fmt: skip
    before = set(page.written)
    page.passes.begin(_differentiated(world, objective))
    for index, block in enumerate(objective.prepare):
        _write(page, block, f"{base}.prepare[{index}]", prefix, grad=False)
    _write(page, objective.target, f"{base}.target", prefix, grad=False)
    several = len(objective.losses) > 1
    terms: list[tuple[Block, str]] = []
    for index, loss in enumerate(objective.losses):
        variable_of = _write(page, loss, f"{base}.losses[{index}]", prefix, grad=True, several=several)
        terms += [(loss, variable_of["loss"])] if "loss" in variable_of else []
    _step(page, name, objective, prefix, [code for _, code in terms])
    wrote = {key: page.written.pop(key) for key in sorted(set(page.written) - before)}
    page.passes.forget(objective.trains)
    page.written.update({f"{name}.{k}": Values(f"{v.code}.detach()", v.spec) for k, v in wrote.items()})
    reported = _as_reported(terms, variable(f"{prefix}loss")) | {key: value.code for key, value in wrote.items()}
    return {f"{name}.{key}": code for key, code in reported.items()}


def _as_reported(terms: list[tuple[Block, str]], total: str) -> dict[str, str]:
    """The sum of the losses, and each of several by its registered name, numbered where it is there twice."""
    names = [type(loss).registered_name.rpartition("/")[2] for loss, _ in terms]
    numbered = [
        f"{name}_{names[: i + 1].count(name)}" if names.count(name) > 1 else name for i, name in enumerate(names)
    ]
    each = {f"loss.{name}": code for name, (_, code) in zip(numbered, terms, strict=True)} if len(terms) > 1 else {}
    return {key: f"{code}.detach()" for key, code in {"loss": total, **each}.items()}


def _differentiated(world: World, objective: Objective) -> set[tuple[str, bool, str]]:
    """The forward passes that the losses read, and what these read in turn: they need a graph."""
    asked = [given for loss in objective.losses for given in loss.inputs.values() if isinstance(given, Read | Fn)]
    keys = [key for given in asked if (key := parse(given.key)).which == "online" and key.name in world.writers]
    found = {(world.writers[key.name], key.next, "online") for key in keys}
    waiting = list(found)
    while waiting:
        network, later, which = waiting.pop()
        below = {(world.writers[r], later, which) for r in world.recipe.networks[network].reads if r in world.writers}
        waiting += below - found
        found |= below
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

"""Wiring: everything that can be known before the first step is checked before the first step.

`wire` resolves every read of a recipe to a writer, prints the functions that will run, and collects every misfit.
No tensor holds a number and no environment takes a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import attrs
import gymnasium

from rlblocks._core import dry_run
from rlblocks._core.block import blocks_of
from rlblocks._core.checks import debts, drawn_actions, in_order, keepers, leftovers, repeats, stops, windows
from rlblocks._core.errors import RecipeError, WiringError, did_you_mean
from rlblocks._core.keys import FLAG, SCALAR, Spec
from rlblocks._core.learn_page import as_rows, in_time, learn_page, prepare_page, specs_of
from rlblocks._core.offers import other_explorers, other_head
from rlblocks._core.plan import Plan, Printed, printed
from rlblocks._core.printing import Page
from rlblocks._core.recipe import Network, Recipe, slots_of
from rlblocks._core.remedies import fitting_bodies, mend_network, parted, plain
from rlblocks._core.source import Line, variable
from rlblocks._core.spaces import spec_of
from rlblocks._core.world import World, learns_beginnings
from rlblocks.envs.base import Facts
from rlblocks.explorers.base import Explorer

if TYPE_CHECKING:
    from rlblocks.normalizers.base import Normalizer


def wire(recipe: Recipe, facts: Facts | None = None) -> Plan:
    """Check a recipe against an environment and print what will run.

    Raises:
        WiringError: it does not fit; all misfits are in it.
    """
    known = facts or recipe.env.facts()
    return _wired(recipe, known, lambda changed: _wires(changed, known))


def _wires(recipe: Recipe, facts: Facts) -> bool:
    try:
        _wired(recipe, facts, lambda _: False)  # a fix of a fix is not looked for
    except WiringError:
        return False
    return True


def _wired(recipe: Recipe, facts: Facts, wires: Callable[[Recipe], bool]) -> Plan:
    world = World(recipe, _sizes(facts), {}, wires)
    columns = world.columns = _collected(world, facts)
    _networks(world, _normalised(world, columns))
    if world.problems:  # whatever reads these networks would only repeat it
        raise WiringError(recipe.name, world.problems)
    columns = world.columns
    act, warmup, explorer, evaluate = _acting(world, columns)
    stored = {**columns, **_written_besides(recipe.explorer, explorer)}
    chunk = {**stored, "discount": SCALAR, **as_rows(specs_of(recipe.store))}
    if recipe.store.hands == "drained":
        chunk = in_time(chunk)
    prepare, prepared = prepare_page(world, chunk)
    learn, outputs = learn_page(world, as_rows({**chunk, **prepared}))
    windows(world)
    in_order(world, facts)
    repeats(world, facts)
    feeds = debts(world, facts, outputs)
    drawn_actions(world)
    stopped = stops(world, outputs)
    follows = keepers(world)
    leftovers(world)
    if world.problems:
        raise WiringError(recipe.name, world.problems)
    plan = Plan(
        recipe, facts, world.sizes, {**stored, "discount": SCALAR}, act, warmup, explorer, evaluate, learn, prepare,
        follows, feeds, stopped, dict(world.namespace), dict(world.carried), tuple(sorted(world.targets_read)),
        dict(world.reads),
    )  # fmt: skip
    problems = dry_run.rehearse(plan)
    if problems:
        raise WiringError(recipe.name, problems)
    return plan


def _written_besides(explorer: Explorer, warmup: Explorer) -> dict[str, Spec]:
    """What both write beside the action; a row of the one looks like a row of the other."""
    return {key: spec for key, spec in specs_of(explorer).items() if key in warmup.outputs and key != "action"}


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
    if isinstance(facts.action_space, gymnasium.spaces.Box) and facts.action_space.dtype.kind != "f":
        world.blame(f"environment {facts.name}: its actions are whole numbers in a Box, {facts.action_space}",
                    "wrap it so that they are MultiDiscrete, or a Box of floats")  # fmt: skip
    legal = _mask(action) if facts.masked else None
    return {
        "observation": observation, "action": action, "reward": SCALAR, "terminated": FLAG, "truncated": FLAG,
        "next.observation": observation, **({"action_mask": legal, "next.action_mask": legal} if legal else {}),
        **_goals(facts), **({"is_first": FLAG} if learns_beginnings(world.recipe) else {}),
    }  # fmt: skip


def _goals(facts: Facts) -> dict[str, Spec]:
    """The goal that a step achieved and the one that it was paid for, in the environment's own precision."""
    if facts.goals is None:
        return {}
    goal = Spec(facts.goals.shape or (), str(facts.goals.dtype))
    return {"next.achieved_goal": goal, "desired_goal": goal}


def _mask(action: Spec) -> Spec:
    """What a mask of such actions is: a flag for each entry of each choice, choices in rows where there are several."""
    if isinstance(action.n, tuple):
        return Spec((len(action.n), max(action.n)), "bool", dims=("batch", "choice", "action"))
    return Spec((action.n or 0,), "bool", dims=("batch", "action"))


def _normalised(world: World, columns: Mapping[str, Spec]) -> dict[str, Spec]:
    """The columns as they are read: those with a normalizer are real numbers without bounds."""
    seen = dict(columns)
    for name, block in world.recipe.normalizers.items():
        slot = f"normalizers.{name}"
        if name not in columns:
            world.blame(f"slot {slot!r} normalises {name!r}, but collecting does not write that",
                        did_you_mean(name, columns), slot=slot)  # fmt: skip
        elif why := block.misfit(name, columns[name]):
            fits = [of for of, kind in blocks_of("normalizers").items()
                    if plain(kind) and not cast("Normalizer", kind()).misfit(name, columns[name])]  # fmt: skip
            world.misfit(slot, block, why, f"use {' or '.join(fits)} there" if fits else "take it out")
        else:
            for key in {name, f"next.{name}"} & set(columns):
                seen[key] = attrs.evolve(columns[key], dtype="float32", low=None, high=None)
    return seen


def _networks(world: World, columns: Mapping[str, Spec]) -> None:
    """What each network reads and writes, those first that read only columns; whether its parts can serve that."""
    waiting = dict(world.recipe.networks)
    while waiting:
        known = {**columns, **world.specs}
        ready = [name for name, network in waiting.items() if all(read in known for read in network.reads)]
        if not ready:
            break
        for name in ready:
            network = waiting.pop(name)
            _network(world, name, network, {read: known[read] for read in network.reads}, columns["action"])
    for name, network in waiting.items():
        for read in network.reads:
            if read not in {**columns, **world.specs}:
                fix = mend_network(read, columns, waiting, world)
                world.blame(f"network {name!r} reads {read!r}, but nothing writes that key", fix,
                            slot=f"networks.{name}.reads", key=read)  # fmt: skip
    world.noise = {} if world.problems else dry_run.noise_sizes(world)


def _network(world: World, name: str, network: Network, reads: dict[str, Spec], action: Spec) -> None:
    from rlblocks.networks import ensemble_misfit, input_misfit, network_spec
    from rlblocks.networks._encode import input_spec

    body, head = network.body, network.head
    if why := input_misfit(reads, body):
        what, fix = parted(why)
        world.misfit(f"networks.{name}.body", body, what, ", or use ".join(filter(None, (fix, fitting_bodies(reads)))))
    elif why := head.misfit(spec := network_spec(reads, body, action)):
        slot = f"networks.{name}.head"
        world.misfit(slot, head, why, other_head(world, slot, head, action, reads))
    elif not spec.features and any("batch" in of.dims for of in head.writes(spec).values()):
        world.misfit(f"networks.{name}.head", head, "writes something for each row, and the network reads nothing",
                     "let the network read a key, or use the head temperature")  # fmt: skip
    elif spec.features and not any("batch" in of.dims for of in head.writes(spec).values()):
        world.misfit(f"networks.{name}.head", head, f"reads no features, and the network reads {', '.join(reads)}",
                     "write reads=(), body=NoBody()")  # fmt: skip
    elif network.members > 1 and (why := ensemble_misfit(body, head, input_spec(reads), spec)):
        world.blame(f"network {name!r} has {network.members} members, which {why}", "give it members=1",
                    slot=f"networks.{name}.members")  # fmt: skip
    else:
        _remembers(world, name, body.carry(input_spec(reads)))
        world.reads[name] = reads
        _writes(world, name, {key: _of_members(of, network) for key, of in head.writes(spec).items()})
        for derived in head.derives(spec):
            world.derived |= {(key, derived.at): derived for key in derived.outputs}


def _of_members(spec: Spec, network: Network) -> Spec:
    """What is known of a key that several networks write at once."""
    several = network.members > 1
    return attrs.evolve(spec, dims=("member", *spec.dims), members=network.members) if several else spec


def _remembers(world: World, name: str, carry: int) -> None:
    """A network with a memory makes it a column of the store, with what cuts it."""
    if carry and world.remembers:
        world.blame(
            f"networks {world.remembers!r} and {name!r} both remember, and a row holds one memory",
            "let one network write features and the others read them", slot=f"networks.{name}.body",
        )  # fmt: skip
    elif carry:
        world.remembers = name
        memory = Spec((carry,))
        world.columns |= {"hidden": memory, "next.hidden": memory, "is_first": FLAG}


def _writes(world: World, name: str, specs: Mapping[str, Spec]) -> None:
    for other in dict.fromkeys(world.writers[key] for key in specs if key in world.writers):
        twice = [key for key in specs if world.writers.get(key) == other]
        world.blame(f"networks {other!r} and {name!r} both write {', '.join(map(repr, twice))}",
                    f"drop one of them, or {_instead(world, other, name)}", key=twice[0])  # fmt: skip
    for key, spec in specs.items():
        if key not in world.writers:
            world.writers[key], world.specs[key] = name, spec


def _instead(world: World, one: str, other: str) -> str:
    """What two networks that write the same key could be."""
    networks = world.recipe.networks
    return "write one with members=2" if networks[one] == networks[other] else "give it another head"


def _acting(world: World, columns: Mapping[str, Spec]) -> tuple[Printed, Printed, Explorer, Printed]:
    """How training, warm-up and evaluation act."""
    recipe = world.recipe
    warm = [(path, block) for path, block in slots_of(recipe, "explorers") if path.startswith("cadence.")]
    slot, explorer = warm[0] if warm else ("explorer", recipe.explorer)
    assert isinstance(explorer, Explorer)
    if len(warm) > 1:
        world.blame(f"slot 'cadence' holds {len(warm)} explorers", "a cadence has one, for the warm-up", slot="cadence")
    for where, chooses in {"explorer": recipe.explorer, slot: explorer}.items():
        if why := chooses.misfit(columns["action"]):
            world.misfit(where, chooses, why, other_explorers(world, chooses, _acting_columns(columns)))
    greedy = recipe.explorer.evaluation()
    acting = _act(world, columns, "act", recipe.explorer, "explorer")
    warmup = _act(world, columns, "act_warmup", explorer, slot)
    before = len(world.problems)
    evaluate = _act(
        world, columns, "act_evaluation", greedy, "explorer" if greedy == recipe.explorer else "explorer.evaluation"
    )
    if any(told.facts.get("slot") == "explorer" for told in world.problems[:before]):  # another is evaluated otherwise
        del world.problems[before:]
    return acting, warmup, explorer, evaluate


def _acting_columns(columns: Mapping[str, Spec]) -> dict[str, Spec]:
    """What is known when an action is chosen."""
    seen = {key: spec for key, spec in columns.items() if key in {"observation", "action_mask", "hidden"}}
    return {**seen, "is_first": FLAG}


def _act(world: World, columns: Mapping[str, Spec], name: str, explorer: Explorer, slot: str) -> Printed:
    page = Page(world, _acting_columns(columns), explores=name != "act_evaluation")
    page.call(explorer, slot, {key: variable(key) for key in explorer.outputs}, grad=False)
    wrote = {key: variable(key) for key in explorer.outputs}
    if world.remembers:
        wrote["next.hidden"] = page.passes.memory(world.remembers, slot)
    returned = ", ".join(f'"{key}": {code}' for key, code in wrote.items())
    lines = [Line(line.code, line.slot, line.note, grad=True) for line in page.lines]
    return printed(f"{name}(chunk, numbers, draws)", f"Actions of {world.recipe.name!r}.", page, lines,
                   [f"return {{{returned}}}"])  # fmt: skip

"""What to do about a read that nobody serves: the right spelling, who would write it, which blocks fit the slot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import attrs

from rlblocks._core import declare
from rlblocks._core.block import Block, blocks_of, fields_of
from rlblocks._core.clocks import Updates
from rlblocks._core.declare import REQUIRED, Declared, Fn, Read, Size
from rlblocks._core.errors import alike
from rlblocks._core.keys import Key, Spec, fits_dims, parse
from rlblocks._core.paths import join, walk

if TYPE_CHECKING:
    from rlblocks._core.recipe import Network, Recipe
    from rlblocks._core.world import World
    from rlblocks.explorers.base import Explorer
    from rlblocks.networks.base import Body, Head, ValueForm

PLACES = {
    "explorers": "let the explorer be one that writes it",
    "returns": "put a block that writes it into the recipe's prepare",
    "targets": "let the target be one that writes it",
}

FORM_FUNCTIONS = ("backup", "mean")  # that a block may ask of a value's form

Known = Mapping[str, Spec]


def mend(key: Key, block: Block, known: Known, world: World) -> str:
    """How to have `key` written, and which blocks of the same role do without it. `known` is what is written so far."""
    late = world.recipe.objectives.get(key.group)
    if late is not None and late.every != Updates(1):
        return f"objective {key.group!r} writes it only every {late.every}: give it every=Updates(1)"
    every = [*known, *(f"{name}@online" for name in world.specs)]
    near = alike(str(key), [k for k in every if ("@" in k) == bool(key.which)])
    if near:
        return f"did you mean {near!r}?"
    if block.role == "optimizers" and not key.which:
        return f"use a loss that writes it: {', '.join(served_blocks('losses', world.rows, world, writes=str(key)))}"
    found = _not_stored(key, world.recipe) or _later(key, block, world.recipe) or _written_by(key, known, world)
    fits = [] if found and block.role == "losses" else fitting_blocks(block, known, world)
    here = f"in this slot these fit: {', '.join(fits)}" if fits else ""
    return "; ".join(part for part in (found, here) if part) or f"keys there are: {', '.join(sorted(every))}"


def mend_dims(asked: Read, there: Spec, block: Block, known: Known, world: World) -> str:
    """How a key comes to have the dims that a block asks for, and which blocks do with those that it has."""
    writer = world.writers.get(parse(asked.key).name, "")
    missing = [dim for dim in asked.dims if dim not in {*there.dims, "*"}]
    forms = [name for name, kind in blocks_of("value_forms").items()
             if missing and plain(kind)
             and set(missing) <= set(cast("ValueForm", kind()).dims())]  # fmt: skip
    found = f"give the head of network {writer!r} the form {' or '.join(forms)}" if forms else ""
    if missing == ["member"] and writer:
        found = f"give network {writer!r} members=2"
    if "member" in there.dims and not missing and writer:
        found = "; ".join((f"give network {writer!r} members=1", *_wrapping(block)))
    fits = [] if found and block.role == "losses" else fitting_blocks(block, known, world)
    here = f"in this slot these fit: {', '.join(fits)}" if fits else ""
    return "; ".join(part for part in (found, here) if part) or "use a network whose head writes those dims"


def _wrapping(block: Block) -> list[str]:
    """To put a block inside one of its role that makes one number of what members say; empty where none does."""
    found = [kind.__name__ for kind in blocks_of(block.role).values() if {"inner", "over"} <= set(fields_of(kind))]
    return [f"or wrap this one: {name}({type(block).__name__}(...))" for name in found]


def reads_action(network: str, world: World) -> str:
    """How a network comes to value one action."""
    reads = (*world.recipe.networks[network].reads, "action")
    return f"let it read the action: networks.{network}.reads={reads!r}"


def parted(said: str) -> tuple[str, str]:
    """What is wrong, and what to do about it, from `what; fix`."""
    what, _, fix = said.rpartition("; ")
    return (what, fix) if what else (said, "")


def plain(kind: type[Block]) -> bool:
    """Whether a block can be made without settings."""
    return not any(field.default is attrs.NOTHING for field in fields_of(kind).values())


def fitting_bodies(reads: Mapping[str, Spec]) -> str:
    """The bodies without a memory that read such inputs."""
    from rlblocks.networks import input_misfit
    from rlblocks.networks._encode import input_spec

    fits = [name for name, kind in blocks_of("bodies").items()
            if plain(kind) and not input_misfit(reads, cast("Body", kind()))
            and not cast("Body", kind()).carry(input_spec(reads))]  # fmt: skip
    what = ", ".join(str(spec) for spec in reads.values()) or "nothing"
    return f"bodies that read {what}: {', '.join(fits)}" if fits else "wrap the environment"


def mend_network(read: str, columns: Known, waiting: Mapping[str, Network], world: World) -> str:
    """How to have a key written that a network reads. `waiting` are those that read what nobody wrote so far."""
    there = [*columns, *world.specs]
    near, heads = alike(read, there), _heads(read, world)
    circle = [name for name, network in waiting.items() if type(network.head).registered_name in heads]
    if circle:
        return f"network {circle[0]!r} would write it, but is part of a circle: let it read columns alone"
    if near or not heads:
        return f"did you mean {near!r}?" if near else f"there are: {', '.join(sorted(there))}"
    return f"{read!r} is written by a network with the head {' or '.join(heads)}"


def served_blocks(role: str, known: Known, world: World, *, reads: str = "", writes: str = "") -> list[str]:
    """The blocks of a role whose reads are all served, of those that read or write a key; all of those if none is."""
    found = {name: kind for name, kind in blocks_of(role).items()
             if isinstance(kind.inputs, Mapping) and isinstance(kind.outputs, tuple)
             and (not writes or writes in kind.outputs)
             and (not reads or any(isinstance(a, Read) and a.key == reads for a in kind.inputs.values()))}  # fmt: skip
    return [name for name, kind in found.items() if all_served(kind.inputs, known, world)] or list(found)


def _not_stored(key: Key, recipe: Recipe) -> str:
    """Which explorer alone writes a key: of what two explorers write, rows hold what both do."""
    explorers = {
        join(steps): node for steps, node in walk(recipe) if isinstance(node, Block) and node.role == "explorers"
    }
    silent = [slot for slot, node in explorers.items() if str(key) not in node.outputs]
    wordy = [slot for slot, node in explorers.items() if str(key) in node.outputs]
    if not silent or not wordy:
        return ""
    others = [
        name
        for name, kind in blocks_of("explorers").items()
        if isinstance(kind.outputs, tuple) and str(key) in kind.outputs
    ]
    return (
        f"slot {wordy[0]!r} writes it and {silent[0]!r} does not, so it is not stored: use {' or '.join(others)} there"
    )


def _later(key: Key, block: Block, recipe: Recipe) -> str:
    """Where in the recipe the key is written after it is read."""
    for steps, node in walk(recipe):
        if isinstance(node, Block) and node is not block and str(key) in node.outputs and str(key) not in _asked(node):
            return f"slot {join(steps)!r} writes it, but later: change their order"
    return ""


def _written_by(key: Key, known: Known, world: World) -> str:
    """The blocks that would write a key, and where they stand."""
    if key.which:
        heads = _heads(key.name, world)
        forms = [name for name, kind in blocks_of("value_forms").items() if getattr(kind, "key", "") == key.name]
        if forms and "q" in world.writers:
            return f"{key.name!r} is written by a head with the form {' or '.join(forms)}"
        return f"{key.name!r} is written by a network with the head {' or '.join(heads)}" if heads else ""
    for role, place in PLACES.items():
        writers = [name for name, kind in blocks_of(role).items() if isinstance(kind.outputs, tuple)
                   and str(key) in kind.outputs and all_served(kind.inputs, known, world)]  # fmt: skip
        if writers:
            return f"{place}: {', '.join(writers)}"
    if kept := _wrapping_stores(key, world) or _keeper(key, known, world):
        return kept
    if key.name in world.writers:
        return f"network {world.writers[key.name]!r} writes {key.name + '@online'!r}"
    return ""


def _wrapping_stores(key: Key, world: World) -> str:
    """To wrap the store in one that writes a key besides; empty where none does, or the store is drained."""
    kinds = {name: kind for name, kind in blocks_of("stores").items() if "inner" in fields_of(kind)}
    found = [name for name, kind in kinds.items()
             if world.recipe.store.hands == "sampled" and str(key) in kind().outputs]  # fmt: skip
    return f"wrap the store in one that writes it: {', '.join(found)}" if found else ""


def _keeper(key: Key, known: Known, world: World) -> str:
    """To write a column of what a network says, as it is made, by a transform; empty where none does."""
    for kind in blocks_of("transforms").values():
        needs = {name for name, field in fields_of(kind).items() if field.default is attrs.NOTHING} - {"key"}
        if "key" in fields_of(kind) and not needs:
            made = cast("Any", kind)(key=str(key))
            reads = {asked.key for asked in made.inputs.values() if isinstance(asked, Read)}
            if f"{key}@online" in reads and all_served(made.inputs, known, world):
                return f"put {kind.__name__}({str(key)!r}) into the recipe's prepare"
    return ""


def _heads(name: str, world: World) -> list[str]:
    """The heads that write a key for the environment's actions, as they are without settings."""
    from rlblocks.networks import NetworkSpec

    spec = NetworkSpec(1, world.columns["action"])
    kinds = {of: kind for of, kind in blocks_of("heads").items()
             if not any(field.default is attrs.NOTHING for field in fields_of(kind).values())}  # fmt: skip
    heads = {of: cast("Head", kind()) for of, kind in kinds.items()}
    return [of for of, head in heads.items() if not head.misfit(spec) and name in head.writes(spec)]


def fitting_blocks(block: Block, known: Known, world: World) -> list[str]:
    """The other blocks of the same role whose reads are all served, and that write what the recipe waits for."""
    wanted = _wanted(block, world.recipe)
    return [name for name, kind in blocks_of(block.role).items()
            if kind is not type(block) and isinstance(kind.outputs, tuple) and wanted <= set(kind.outputs)
            and not (set(kind.outputs) - {"loss"}) & set(known) and all_served(kind.inputs, known, world)
            and _chooses(kind, world)]  # fmt: skip


def _chooses(kind: type[Block], world: World) -> bool:
    """Whether an explorer can choose such actions; other blocks choose none."""
    return kind.role != "explorers" or not cast("Explorer", kind()).misfit(world.columns["action"])


def _wanted(block: Block, recipe: Recipe) -> set[str]:
    """The keys that only a block of this role can write, and that another one reads."""
    others = [node for _, node in walk(recipe) if isinstance(node, Block) and node is not block]
    written = {key for other in others for key in other.outputs}
    kinds = [kind for kind in blocks_of(block.role).values() if isinstance(kind.outputs, tuple)]
    return ({key for other in others for key in _asked(other)} - written) & {key for k in kinds for key in k.outputs}


def _asked(block: Block) -> set[str]:
    return {asked.key for asked in block.inputs.values() if isinstance(asked, Read) and asked.default is REQUIRED}


def all_served(inputs: object, known: Known, world: World) -> bool:
    """Whether everything that a block must have is there. Of one whose inputs depend on its fields, nobody knows."""
    return isinstance(inputs, Mapping) and all(_served(asked, known, world) for asked in inputs.values())


def _served(asked: Declared, known: Known, world: World) -> bool:
    match asked:
        case Read(default=default) if default is not REQUIRED:
            return True
        case Read():
            return _reads(asked, known, world)
        case Fn(key=key):
            return _answers(parse(key), world)
        case Size(dim=dim):
            return dim in world.sizes
        case declare.Known(key=key):
            return key in world.columns
    return True


def _answers(of: Key, world: World) -> bool:
    """Whether a function by output key is there: a network's that reads the action, or one of a value's form."""
    if of.which:
        return of.name in world.writers and "action" in world.recipe.networks[world.writers[of.name]].reads
    return of.group in world.writers and of.name in FORM_FUNCTIONS


def _reads(asked: Read, known: Known, world: World) -> bool:
    """Whether a key is there, at the action if so asked, with the dims; in time only where the store keeps it."""
    key = parse(asked.key)
    form = world.recipe.networks[world.writers[key.name]].head.form if key.name in world.writers else None
    name = form.key if form is not None and asked.raw else key.name
    spec = world.specs.get(name) if key.which else known.get(asked.key)
    if spec is None or ("time" in asked.dims and world.recipe.store.hands != "drained"):
        return False
    ways = {at for of, at in world.derived if of == key.name} if key.which else set()
    if ways:
        return asked.at in ways
    if asked.at and asked.at not in spec.dims:
        return asked.at in world.recipe.networks[world.writers[key.name]].reads
    wanted, there = (tuple(dim for dim in dims if dim != "time") for dims in (asked.dims, spec.dims))
    return fits_dims(there, wanted, asked.at)

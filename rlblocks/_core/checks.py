"""What wiring checks once everything is printed: debts, keepers, and what nobody reads or trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rlblocks._core.block import Block, blocks_of, fields_of
from rlblocks._core.clocks import EnvSteps, Updates
from rlblocks._core.declare import Read
from rlblocks._core.errors import did_you_mean
from rlblocks._core.keys import parse
from rlblocks._core.plan import Printed, printed
from rlblocks._core.printing import Page
from rlblocks._core.recipe import slots_of
from rlblocks._core.remedies import parted, served_blocks
from rlblocks._core.source import Line, annotation, as_arguments
from rlblocks._core.world import World
from rlblocks.envs.base import Facts

if TYPE_CHECKING:
    from rlblocks.networks.base import ValueForm


def debts(world: World, facts: Facts, outputs: Mapping[str, str]) -> dict[str, str]:
    """What the store writes must be read, and what it asks for must be paid; its kind must suit the cadence."""
    recipe, store = world.recipe, world.recipe.store
    if recipe.cadence.demands != store.hands:
        world.blame(
            f"slot 'cadence' holds {type(recipe.cadence).__name__}, which needs a store whose rows are "
            f"{recipe.cadence.demands}, but slot 'store' holds {type(store).__name__}, whose rows are {store.hands}",
            _partners(recipe.cadence.demands, store.hands), slot="cadence",
        )  # fmt: skip
        return {}
    if store.hands == "drained":
        if why := store.misfit(facts):
            world.blame(*parted(f"slot 'store' holds {type(store).__name__}, which {why}"), slot="store")
        elif why := recipe.cadence.misfit(store.chunk(facts.n)):
            world.blame(*parted(f"slot 'cadence' holds {type(recipe.cadence).__name__}, which {why}"), slot="cadence")
    elif why := store.misfit(facts):
        world.blame(*parted(f"slot 'store' holds {type(store).__name__}, which {why}"), slot="store")
    elif store.most_rows() < recipe.cadence.needs():
        world.blame(
            f"slot 'cadence' holds {type(recipe.cadence).__name__}, which learns once the store holds "
            f"{recipe.cadence.needs():,} rows, but slot 'store' holds at most {store.most_rows():,}",
            "enlarge the store, or lower the cadence's warmup and batch", slot="cadence",
        )  # fmt: skip
    for key in store.debts:
        _weighed(world, key)
    return _paid(world, "store", store, outputs, "must be handed")


def _weighed(world: World, key: str) -> None:
    """A loss must read what the store says of each row; all of them, where it says which rows are none."""
    store = world.recipe.store
    said = f"slot 'store' holds {type(store).__name__}, which writes {key!r}"
    found, kinds = served_blocks("losses", world.rows, world, reads=key), blocks_of("losses")
    alone = [name for name in found if not getattr(kinds[name], "debts", ())]  # others want another optimizer too
    others = ", ".join(alone)
    asked = {slot: {asked.key for asked in loss.inputs.values() if isinstance(asked, Read)}
             for slot, loss in slots_of(world.recipe, "losses")}  # fmt: skip
    if not any(key in keys for keys in asked.values()):
        world.blame(f"{said}, and no loss reads it", f"use a loss that reads {key!r}: {others}", slot="store", key=key)
    elif store.hands == "drained":
        for slot in [slot for slot, keys in asked.items() if keys and key not in keys]:
            held = type(world.recipe.get(slot)).__name__
            world.blame(f"{said}, 0 for rows that are none, and slot {slot!r} holds {held}, which does not read it",
                        f"let it read {key!r}, or use a loss that does: {others}", slot="store", key=key)  # fmt: skip


def _paid(world: World, slot: str, block: Block, outputs: Mapping[str, str], how: str) -> dict[str, str]:
    """The outputs of learning that a block is handed, by argument."""
    found: dict[str, str] = {}
    for argument, asked in block.inputs.items():
        if not isinstance(asked, Read):
            continue
        paid = [written for written in outputs if written == asked.key or written.partition(".")[2] == asked.key]
        if len(paid) == 1:
            found[argument] = paid[0]
            continue
        late = [name for name, o in world.recipe.objectives.items() if o.every != Updates(1)
                and any(asked.key in loss.outputs for loss in o.losses)]  # fmt: skip
        if paid:
            said, fix = f"it could be any of {', '.join(paid)}", "let one objective alone write it"
        elif late:
            said, fix = f"objective {late[0]!r} writes it only now and then", "give that objective every=Updates(1)"
        else:
            writers = ", ".join(served_blocks("losses", world.rows, world, writes=asked.key))
            said, fix = "no loss writes it", f"use a loss that writes {asked.key!r}: {writers}"
        world.misfit(slot, block, f"{how} {asked.key!r}, and {said}", fix, key=asked.key)
    return found


def stops(world: World, outputs: Mapping[str, str]) -> dict[str, str]:
    """What an early stop of the cadence is asked with, by argument."""
    found: dict[str, str] = {}
    for slot, stop in slots_of(world.recipe, "early_stops"):
        found |= _paid(world, slot, stop, outputs, "reads")
    return found


def drawn_actions(world: World) -> None:
    """A loss that sets a fresh action's probability beside what is stored of another one means the stored one's."""
    for slot, loss in slots_of(world.recipe, "losses"):
        reads = [asked for asked in loss.inputs.values() if isinstance(asked, Read)]
        stored = [asked.key for asked in reads if not parse(asked.key).which and asked.key != "weight"]
        for asked in reads:
            name = parse(asked.key).name
            drawn = world.derived.get((name, "")) if parse(asked.key).which and not asked.at else None
            if drawn is None or (name, "action") not in world.derived or not stored:
                continue
            if not set(drawn.outputs) - {name} & {parse(other.key).name for other in reads}:
                world.misfit(
                    slot, loss, f"reads {asked.key!r} of an action drawn anew, beside {stored[0]!r} of the stored one",
                    f"write read({asked.key!r}, at='action')", key=asked.key,
                )  # fmt: skip


def windows(world: World) -> None:
    """A network that remembers is trained on consecutive steps."""
    if world.remembers and world.recipe.cadence.together() == 1:
        drained = world.recipe.cadence.demands == "drained"
        world.blame(
            f"network {world.remembers!r} remembers, but slot 'cadence' holds {type(world.recipe.cadence).__name__}, "
            "whose minibatches mix single steps: it would never learn what to remember",
            "keep consecutive steps together: cadence.window=16" if drained else
            "use a body without a memory, or learn from rollouts with the cadence rollout_epochs and its window",
            slot="cadence",
        )  # fmt: skip


def repeats(world: World, facts: Facts) -> None:
    """A store of the newest row alone hands nothing new over until the next step."""
    store, cadence, n = world.recipe.store, world.recipe.cadence, facts.n
    if any(told.facts.get("slot") in {"cadence", "env"} for told in world.problems):  # it only follows from that
        return
    if store.hands == "sampled" and store.in_order() and (times := cadence.burst(n)) > 1:
        after = f" after a step of {n} environments" if n > 1 else ""
        fix = "write updates=1" if n == 1 else f"learn from all their rows at once: cadence.every={EnvSteps(n)!r}, "
        fix += f"updates=1, batch={n}, and store.capacity={n}" if n > 1 else ""
        world.blame(
            f"slot 'cadence' holds {type(cadence).__name__}, which learns {times} times in a row{after}, and slot "
            f"'store' holds {type(store).__name__}, which has only the newest row for all of them",
            f"{fix}, or use a store that remembers more: model, which generates rows, or uniform_replay",
            slot="cadence",
        )  # fmt: skip


def in_order(world: World, facts: Facts) -> None:
    """What a loss leaves to the optimizer is read there, and one that credits the rows before has them in order."""
    for name, objective in world.recipe.objectives.items():
        slot, optimizer = f"objectives.{name}.optimizer", objective.optimizer
        asked = {asked.key for asked in optimizer.inputs.values() if isinstance(asked, Read)}
        for index, loss in enumerate(objective.losses):
            for key in [key for key in getattr(loss, "debts", ()) if key not in asked]:
                world.misfit(
                    f"objectives.{name}.losses[{index}]", loss,
                    f"leaves the step to an optimizer that reads {key!r}, and slot {slot!r} holds "
                    f"{type(optimizer).__name__}, which does not", _reading(key, optimizer), key=key,
                )  # fmt: skip
        if optimizer.tags.get("rows") == "one by one":
            _one_by_one(world, facts, name)


def _one_by_one(world: World, facts: Facts, name: str) -> None:
    """Every learn step of an objective must be on one new row, in the order of time, and have one loss."""
    recipe, objective = world.recipe, world.recipe.objectives[name]
    said = (
        f"slot 'objectives.{name}.optimizer' holds {type(objective.optimizer).__name__}, which credits the rows just "
        "before each one"
    )
    cadence, store = type(recipe.cadence).__name__, type(recipe.store).__name__
    if why := recipe.cadence.one_by_one():
        why, fix = parted(why)
        world.blame(f"{said}, but slot 'cadence' holds {cadence}, which {why}", fix, slot="cadence")
    elif not recipe.store.in_order():
        world.blame(f"{said}, but slot 'store' holds {store}, which does not hand over each row once, in order",
                    "use a store of the newest row: Latest(1), or WithNext(Latest(1))", slot="store")  # fmt: skip
    explores = recipe.explorer.evaluation() != recipe.explorer or recipe.explorer.tags.get("evaluation") == "stochastic"
    if explores and objective.target.tags.get("values") == "the best action":
        world.blame(f"{said}, but slot 'objectives.{name}.target' holds {type(objective.target).__name__}, which "
                    "values the best action: behind an explored one, what came before would be credited with what it "
                    "did not lead to, where the trace of Watkins' Q(lambda) is cut",
                    "use a target that values what is done: sarsa, as in the recipe sarsa_lambda, or the explorer "
                    "greedy", slot=f"objectives.{name}.target")  # fmt: skip
    if facts.n > 1:
        world.blame(f"{said}, but slot 'env' has {facts.n} environments, whose rows alternate", "write env.n=1",
                    slot="env")  # fmt: skip
    if objective.every != Updates(1):
        world.blame(f"{said}, but objective {name!r} leaves rows out: every={objective.every!r}",
                    f"write objectives.{name}.every=Updates(1)", slot=f"objectives.{name}.every")  # fmt: skip
    if len(objective.losses) > 1:
        world.blame(f"{said}, but objective {name!r} has {len(objective.losses)} losses, whose gradients it could "
                    "not tell apart", "keep one", slot=f"objectives.{name}.losses")  # fmt: skip


def _reading(key: str, optimizer: Block) -> str:
    """To wrap an optimizer in one that reads a key."""
    kinds = [kind for kind in blocks_of("optimizers").values() if "inner" in fields_of(kind)]
    found = [kind.__name__ for kind in kinds
             if key in {asked.key for asked in kind().inputs.values() if isinstance(asked, Read)}]  # fmt: skip
    return f"wrap it: {' or '.join(f'{name}(inner={type(optimizer).__name__}(...))' for name in found)}"


def _partners(demanded: str, handed: str) -> str:
    """The stores that hand over rows so, and the cadences that learn from such rows."""
    stores = [name for name, held in blocks_of("stores").items() if getattr(held, "hands", "") == demanded]
    cadences = [name for name, held in blocks_of("cadences").items() if getattr(held, "demands", "") == handed]
    return (
        f"swap the store ({demanded}: {', '.join(stores)}) or the cadence ({handed}: {', '.join(cadences) or 'none'})"
    )


def keepers(world: World) -> dict[str, Printed]:
    """Every `@target` read has one keeper, and every keeper a reader; prints the keepers' functions."""
    follows = {}
    kept = world.recipe.target_updates
    for network in sorted(world.targets_read - set(kept)):
        world.blame(f"network {network!r} is read @target, but slot 'target_updates' keeps no copy of it",
                    f"add {network!r}: HardCopy(), or SameAsOnline()", slot="target_updates")  # fmt: skip
    for name, keeper in kept.items():
        if name not in world.recipe.networks:
            world.blame(f"slot 'target_updates.{name}' keeps a copy of {name!r}, but there is no such network",
                        did_you_mean(name, world.recipe.networks), slot=f"target_updates.{name}")  # fmt: skip
        elif name not in world.targets_read:
            if not any(slot.startswith("objectives.") for slot, _ in world.unserved):  # else it only follows from that
                world.misfit(f"target_updates.{name}", keeper, f"keeps a copy of {name!r}, but nothing reads that "
                             "@target", "remove it, or use a target that reads @target")  # fmt: skip
        elif keeper.tags.get("copies") != "none":
            page = Page(world, {})
            given = page.arguments(keeper, f"target_updates.{name}", grad=False)
            block = world.named(keeper, f"target_updates.{name}")
            handed = {"online": f"{name}_tensors", "target": f"{name}_target_tensors", **given}
            note = annotation(keeper, f"target_updates.{name}", given, ())
            lines = [Line(f"{block}.compute({as_arguments(handed)})", f"target_updates.{name}", note, grad=False)]
            follows[name] = printed(f"follow_{name}(chunk, numbers, draws)", f"Every {keeper.every}.", page, lines, [])
    return follows


def leftovers(world: World) -> None:
    """Networks and normalizers that nobody reads, values in a form that no loss reads, and untrained parameters."""
    for name, block in world.recipe.normalizers.items():
        if f"normalizers.{name}" not in world.carried:
            world.misfit(f"normalizers.{name}", block, f"normalises {name!r}, and nothing reads that", "take it out")
    objectives = world.recipe.objectives.values()
    trained = {network for objective in objectives for network in objective.trains}
    asked = [asked for objective in objectives for loss in objective.losses for asked in loss.inputs.values()]
    differentiated = {_stands_for(read, world) for read in asked if isinstance(read, Read)}
    for name, network in world.recipe.networks.items():
        written = [key for key, writer in world.writers.items() if writer == name]
        if written and not world.unserved and not world.network_keys_read & set(written):
            world.blame(f"network {name!r} writes {', '.join(written)}, and nothing reads it", "remove it",
                        slot=f"networks.{name}")  # fmt: skip
            continue
        form = network.head.form
        if form.key in written and form.key != "q" and form.key not in differentiated:
            world.blame(f"network {name!r} writes {form.key!r} in the form {type(form).__name__}, and no loss reads it",
                        _of_form(form), slot=f"networks.{name}.head.form")  # fmt: skip
        if name not in trained:
            world.blame(f"network {name!r} is trained by no objective", _trainer(written, world),
                        slot=f"networks.{name}")  # fmt: skip


def _of_form(form: ValueForm) -> str:
    """The losses that read values in a form which is not scalar."""
    reads = {name: [asked for asked in kind.inputs.values() if isinstance(asked, Read) and asked.raw]
             for name, kind in blocks_of("losses").items() if isinstance(kind.inputs, Mapping)}  # fmt: skip
    losses = [name for name, asked in reads.items() if any(set(form.dims()) <= set(of.dims) for of in asked)]
    return f"use a loss of that form{': ' if losses else ''}{', '.join(losses)}, or the form Scalar()"


def _trainer(written: list[str], world: World) -> str:
    """The losses that would train a network which has an objective of its own, such as a temperature's."""
    said = "name it in an objective's trains"
    if any("batch" in world.specs[key].dims for key in written):
        return said
    keys = {f"{key}@online" for key in written}
    losses = [name for name in served_blocks("losses", world.rows, world)
              if keys & {a.key for a in blocks_of("losses")[name].inputs.values() if isinstance(a, Read)}
              and blocks_of("losses")[name].tags.get("constant") not in written]  # fmt: skip
    return f"give it an objective with a loss of its own: {', '.join(losses)}" if losses else said


def _stands_for(read: Read, world: World) -> str:
    """The name that a read means: of a value in its form, the form's key."""
    name = parse(read.key).name
    return world.recipe.networks[world.writers[name]].head.form.key if read.raw and name in world.writers else name

"""From a plan to boxes and arrows: what is read is followed to who writes it, as wiring does."""

from __future__ import annotations

import re
from typing import Any

import attrs

from rlblocks._core.block import Block
from rlblocks._core.clocks import Clock
from rlblocks._core.declare import Fn, Read
from rlblocks._core.keys import Key, parse
from rlblocks._core.plan import Plan
from rlblocks._core.recipe import slots_of
from rlblocks.runs._drawing_model import Arrow, Box, Drawing
from rlblocks.schedules import Constant, Schedule

NOTE = 46  # characters of a box's small print
ENV, EXPLORER, STORE = "env", "explorer", "store"


def drawing_of(plan: Plan) -> Drawing:
    """The picture of a wired recipe."""
    sketch = Sketch(plan)
    sketch.collecting()
    sketch.remembering()
    sketch.prepared()
    for name in plan.recipe.objectives:
        sketch.objective(name)
    sketch.keepers()
    merged: dict[tuple[str, str, str], list[str]] = {}
    for arrow in sketch.arrows:
        keys = merged.setdefault((arrow.source, arrow.target, arrow.kind), [])
        keys += [key for key in arrow.keys if key not in keys]
    arrows = [Arrow(source, target, tuple(keys), kind) for (source, target, kind), keys in merged.items()]
    touched = {end for arrow in arrows for end in (arrow.source, arrow.target)}
    boxes = [box for box in sketch.boxes.values() if box.id in touched]  # a target that does nothing stands alone
    return Drawing(f"{plan.recipe.name} on {plan.facts.name}", tuple(boxes), tuple(arrows))


@attrs.define
class Sketch:
    """A drawing in the making."""

    plan: Plan
    boxes: dict[str, Box] = attrs.field(factory=dict)
    arrows: list[Arrow] = attrs.field(factory=list)
    writers: dict[str, str] = attrs.field(factory=dict)  # key name -> network
    written: dict[str, str] = attrs.field(factory=dict)  # key -> box: what blocks wrote so far

    def collecting(self) -> None:
        """The environment, how it is acted in, and what remembers it."""
        recipe = self.plan.recipe
        for name in recipe.networks:
            for key in _outputs(self.plan, name):
                self.writers.setdefault(key, name)
        self._box(Box(ENV, self.plan.facts.name, "env", _facts(self.plan), "envs"))
        self._box(_box_of(EXPLORER, recipe.explorer, "explorer"))
        self._box(_box_of(STORE, recipe.store, "store"))
        collected = ("observation", "reward", "terminated", "truncated", "next.observation")
        self.arrows.append(Arrow(ENV, STORE, collected, "collect"))
        self.arrows.append(Arrow(EXPLORER, ENV, ("action",), "collect"))
        kept = tuple(key for key in recipe.explorer.outputs if key in self.plan.columns)
        self.arrows.append(Arrow(EXPLORER, STORE, kept, "collect"))
        self._reads(recipe.explorer, EXPLORER, ENV, "collect")

    def remembering(self) -> None:
        """What a network remembers is stored with each row."""
        for name in self.plan.recipe.networks:
            if self._carry(name):
                self.arrows.append(Arrow(self._network(name, "online"), STORE, ("hidden", "next.hidden"), "remember"))

    def objective(self, name: str) -> None:
        """Target, losses and optimizer of one objective."""
        objective, base = self.plan.recipe.objectives[name], f"objectives.{name}"
        self.written = {key: box for key, box in self.written.items() if "." in key}  # what was written stays local
        for index, block in enumerate(objective.prepare):
            self._call(f"{base}.prepare[{index}]", block, name)
        self._call(f"{base}.target", objective.target, name)
        optimizer = _id(f"{base}.optimizer")
        for index, loss in enumerate(objective.losses):
            self._call(f"{base}.losses[{index}]", loss, name)
            self._draw(_id(f"{base}.losses[{index}]"), optimizer, "loss", "learn")
        self._box(_box_of(optimizer, objective.optimizer, f"{base}.optimizer"))
        for network in objective.trains:
            self._draw(optimizer, self._network(network, "online"), f"trains {network}", "train")

    def prepared(self) -> None:
        """What is computed once for each chunk."""
        for index, block in enumerate(self.plan.recipe.prepare):
            self._call(f"prepare[{index}]", block, "")
        self.written = {f"chunk.{key}": box for key, box in self.written.items()}

    def keepers(self) -> None:
        """What target networks follow, and what the store is paid."""
        for name, keeper in self.plan.recipe.target_updates.items():
            if name in self.plan.follows and name in self.plan.targets:
                online, target = self._network(name, "online"), self._network(name, "target")
                self._draw(online, target, short(keeper), "follow")
        for argument, key in self.plan.feeds.items():
            if key in self.written:
                self._draw(self.written[key], STORE, f"{key} as {argument}", "pay")
        for slot, stop in slots_of(self.plan.recipe, "early_stops"):
            self._box(_box_of(_id(slot), stop, slot))
            for key in self.plan.stops.values():
                self._draw(self.written[key], _id(slot), key, "learn")

    def _call(self, slot: str, block: Block, objective: str) -> None:
        """A block, what it reads, and what it writes for those after it."""
        self._box(_box_of(_id(slot), block, slot))
        self._reads(block, _id(slot), STORE, "learn")
        for key in block.outputs:
            if key != "loss":
                self.written.update({key: _id(slot), f"{objective}.{key}": _id(slot)})

    def _reads(self, block: Block, reader: str, columns: str, kind: str) -> None:
        for asked in block.inputs.values():
            if isinstance(asked, Read):
                self._read(asked, reader, columns, kind)
            elif isinstance(asked, Fn) and "@" in asked.key and parse(asked.key).name in self.writers:
                key = parse(asked.key)
                writer = self.writers[key.name]
                self._draw(self._network(writer, key.which), reader, f"{asked.key}(…)", kind)
                self._feed(writer, key.which, columns, kind, later=key.next, given=("action",))

    def _read(self, asked: Read, reader: str, columns: str, kind: str) -> None:
        """The arrow of one read; none where its default stands in."""
        key = parse(asked.key)
        if not key.which:
            known = (self.written.get(text) for text in (asked.key, f"chunk.{asked.key}"))
            source = next((box for box in known if box), columns if self._is_column(asked.key) else "")
            if source:
                self._draw(self._normalised(source, key, kind), reader, asked.key, kind)
        elif key.name in self.writers:
            writer = self.writers[key.name]
            network = self.plan.recipe.networks[writer]
            name = network.head.form.key if asked.raw else key.name
            self._draw(self._network(writer, key.which), reader, str(attrs.evolve(key, name=name)), kind)
            self._feed(writer, key.which, columns, kind, later=key.next)
            if asked.at and asked.at not in network.reads:
                self._draw(columns, reader, asked.at, kind)

    def _feed(
        self, network: str, which: str, columns: str, kind: str, *, later: bool, given: tuple[str, ...] = ()
    ) -> None:
        """What a network is given for a pass, besides what its reader gives it."""
        for read in (read for read in self.plan.recipe.networks[network].reads if read not in given):
            writer = self.writers.get(read)
            key = Key(read, later)
            source = self._normalised(columns, key, kind) if writer is None else self._network(writer, which)
            self._draw(source, self._network(network, which), str(key), kind)
            if writer is not None:
                self._feed(writer, which, columns, kind, later=later)
        if columns == STORE and self._carry(network):
            together = self.plan.recipe.cadence.together() > 1 and not later
            for name in ("hidden", "is_first") if together else ("hidden",):
                self._draw(STORE, self._network(network, which), str(Key(name, later)), kind)

    def _normalised(self, source: str, key: Key, kind: str) -> str:
        """Where a column comes from: its normalizer, which has it from whoever wrote it."""
        block = self.plan.recipe.normalizers.get(key.name)
        if block is None or source not in (ENV, STORE):
            return source
        slot = f"normalizers.{key.name}"
        self._box(_box_of(_id(slot), block, slot))
        self._draw(source, _id(slot), str(key), kind)
        return _id(slot)

    def _carry(self, network: str) -> int:
        """How many numbers a network remembers."""
        from rlblocks.networks._encode import input_spec

        return self.plan.recipe.networks[network].body.carry(input_spec(self.plan.reads[network]))

    def _network(self, name: str, which: str) -> str:
        network = self.plan.recipe.networks[name]
        copy = which == "target" and name in self.plan.follows
        id_ = _id(f"networks.{name}") + ("_target" if copy else "")
        title = f"network {name}" + ("@target" if copy else "")
        several = f"{network.members} × " if network.members > 1 else ""
        note = f"{several}{short(network.body)} → {short(network.head)}"
        self._box(Box(id_, title, f"networks.{name}", note, "networks", copy))
        return id_

    def _is_column(self, key: str) -> bool:
        return key in self.plan.columns or key in self.plan.recipe.store.outputs

    def _box(self, box: Box) -> None:
        self.boxes.setdefault(box.id, box)

    def _draw(self, source: str, target: str, key: str, kind: str) -> None:
        self.arrows.append(Arrow(source, target, (key,), kind))


def _outputs(plan: Plan, name: str) -> list[str]:
    """The keys that a network writes."""
    from rlblocks.networks import network_spec

    network = plan.recipe.networks[name]
    return list(network.head.writes(network_spec(plan.reads[name], network.body, plan.columns["action"])))


def _box_of(id_: str, block: Block, slot: str) -> Box:
    """The box of a block, with as many of its fields as fit, those first that are not as by default."""
    note, more = "", False
    for text in _told(block, everything=True):
        longer = f"{note}, {text}" if note else text
        if len(longer) > NOTE:
            more = True
            break
        note = longer
    return Box(id_, type(block).__name__, slot, f"{note}, …" if more and note else note, block.role)


def _facts(plan: Plan) -> str:
    count = getattr(plan.recipe.env, "n", 1)
    return f"{count} environments" if count > 1 else "1 environment"


def short(value: Any) -> str:
    """A block with the fields that are not as by default; of a schedule, all.

    >>> from rlblocks.networks import MLP
    >>> short(MLP((64, 64)))
    'MLP(64, 64)'
    """
    match value:
        case int() | float():
            return f"{value:,}" if isinstance(value, int) else f"{value:g}"
        case tuple():
            return ", ".join(map(short, value))
        case Clock():
            return f"{short(value.count)} {value.unit}"
        case Constant():
            return short(value.amount)
        case Block():
            said = ", ".join(text.partition("=")[2] for text in _told(value, everything=isinstance(value, Schedule)))
            return f"{type(value).__name__}({said})" if said else type(value).__name__
    return str(value)


def _told(block: Block, *, everything: bool) -> list[str]:
    """The fields that are not as by default; then those that are, where everything is to be told."""
    fields = attrs.fields(type(block))  # type: ignore[arg-type]  # every block is an attrs class
    same = [a for a in fields if getattr(block, a.name) == _default(a)]
    shown = [a for a in fields if a not in same] + [a for a in same if everything]
    return [f"{a.name}={short(getattr(block, a.name))}" for a in shown]


def _default(attribute: attrs.Attribute[Any]) -> Any:
    factory = getattr(attribute.default, "factory", None)
    return factory() if factory else attribute.default


def _id(slot: str) -> str:
    return re.sub(r"\W+", "_", slot).strip("_")

"""A wired recipe as a picture: who writes which key, and who reads it. As Mermaid text, or as SVG of our own.

The picture is made from the plan that runs: boxes are blocks, coloured by role; arrows carry keys as they are read,
`next.` and `@target` included. What collects is drawn apart from what learns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.declare import Read
from rlblocks._core.keys import parse
from rlblocks.runs._drawing_svg import COLOURS, svg_of
from rlblocks.runs._text import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rlblocks._core.block import Block
    from rlblocks._core.plan import Plan

NOTE = 44  # characters of a box's small print
ENV, EXPLORER, STORE = "env", "explorer", "store"
ARROWS = {"collect": "==>", "learn": "-->", "train": "-.->", "follow": "-.->", "pay": "-.->"}


@attrs.frozen
class Box:
    """One box: a block or a network.

    Attributes:
        id: unique, a word.
        title: in large print.
        slot: where it stands in the recipe.
        note: in small print.
        role: by which it is coloured.
        copy: whether it is a target network.
    """

    id: str
    title: str
    slot: str
    note: str
    role: str
    copy: bool = False


@attrs.frozen
class Arrow:
    """Keys from one box to another.

    Attributes:
        kind: "collect", "learn", "train" (an optimizer moves a network), "follow" (a target network follows) or "pay"
            (a store is handed back what it asks for).
    """

    source: str
    target: str
    keys: tuple[str, ...]
    kind: str


@attrs.frozen
class Drawing:
    """All boxes and arrows of a recipe, with at most one arrow of a kind between two boxes."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def drawing_of(plan: Plan) -> Drawing:
    """The picture of a wired recipe."""
    sketch = Sketch(plan)
    sketch.collecting()
    for name in plan.recipe.objectives:
        sketch.objective(name)
    sketch.keepers()
    merged: dict[tuple[str, str, str], list[str]] = {}
    for arrow in sketch.arrows:
        keys = merged.setdefault((arrow.source, arrow.target, arrow.kind), [])
        keys += [key for key in arrow.keys if key not in keys]
    arrows = [Arrow(source, target, tuple(keys), kind) for (source, target, kind), keys in merged.items()]
    return Drawing(f"{plan.recipe.name} on {plan.facts.name}", tuple(sketch.boxes.values()), tuple(arrows))


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
        self.arrows.append(Arrow(EXPLORER, STORE, tuple(recipe.explorer.outputs), "collect"))
        for asked in _reads(recipe.explorer):
            self._arrow(asked, recipe.explorer, EXPLORER, ENV, "collect")

    def objective(self, name: str) -> None:
        """Target, losses and optimizer of one objective."""
        objective, base = self.plan.recipe.objectives[name], f"objectives.{name}"
        self.written = {}
        prepared = [(f"{base}.prepare[{i}]", block) for i, block in enumerate(objective.prepare)]
        losses = [(f"{base}.losses[{i}]", block) for i, block in enumerate(objective.losses)]
        for slot, block in [*prepared, (f"{base}.target", objective.target), *losses]:
            self._call(slot, block)
        optimizer, slot = objective.optimizer, f"{base}.optimizer"
        self._box(_box_of(_id(slot), optimizer, slot))
        for loss_slot, _ in losses:
            self.arrows.append(Arrow(_id(loss_slot), _id(slot), ("loss",), "learn"))
        for network in objective.trains:
            self.arrows.append(Arrow(_id(slot), self._network(network, "online"), (f"trains {network}",), "train"))
        for argument, key in self.plan.feeds.items():
            payer = self.written.get(key.rpartition(".")[2])
            if payer and (len(self.plan.recipe.objectives) == 1 or key.startswith(f"{name}.")):
                self.arrows.append(Arrow(payer, STORE, (f"{key} as {argument}",), "pay"))

    def keepers(self) -> None:
        """What target networks follow."""
        for name, keeper in self.plan.recipe.target_updates.items():
            if f"{_id(f'networks.{name}')}_target" in self.boxes:
                online = self._network(name, "online")
                self.arrows.append(Arrow(online, self._network(name, "target"), (short(keeper),), "follow"))

    def _call(self, slot: str, block: Block) -> None:
        self._box(_box_of(_id(slot), block, slot))
        for asked in _reads(block):
            self._arrow(asked, block, _id(slot), STORE, "learn")
        self.written.update(dict.fromkeys((key for key in block.outputs if key != "loss"), _id(slot)))

    def _arrow(self, asked: Read, block: Block, reader: str, columns: str, kind: str) -> None:
        """The arrow of one read; none where its default stands in."""
        key = parse(asked.key)
        if key.which:
            writer = self.writers.get(key.name)
            if writer is None:
                return
            form = getattr(self.plan.recipe.networks[writer].head, "form", None)
            text = asked.key.replace(key.name, form.key) if asked.raw and form is not None else asked.key
            self.arrows.append(Arrow(self._network(writer, key.which), reader, (text,), kind))
            self._feed(writer, key.which, columns, kind, later=key.next)
            if asked.at and columns == STORE:
                self.arrows.append(Arrow(columns, reader, (asked.at,), kind))
            return
        source = self.written.get(asked.key) or (columns if self._is_column(asked.key) else "")
        if source:
            self.arrows.append(Arrow(source, reader, (asked.key,), kind))

    def _feed(self, network: str, which: str, columns: str, kind: str, *, later: bool) -> None:
        """What a network is given for a pass."""
        for read in self.plan.recipe.networks[network].reads:
            key = f"next.{read}" if later else read
            writer = self.writers.get(read)
            if writer is None or writer == network:
                self.arrows.append(Arrow(columns, self._network(network, which), (key,), kind))
            else:
                self.arrows.append(Arrow(self._network(writer, which), self._network(network, which), (key,), kind))
                self._feed(writer, which, columns, kind, later=later)

    def _network(self, name: str, which: str) -> str:
        network = self.plan.recipe.networks[name]
        copy = which == "target" and name in self.plan.follows
        id_ = _id(f"networks.{name}") + ("_target" if copy else "")
        title = f"network {name}" + ("@target" if copy else "")
        note = f"{short(network.body)} → {short(network.head)}"
        self._box(Box(id_, title, f"networks.{name}", note, "networks", copy))
        return id_

    def _is_column(self, key: str) -> bool:
        return key in self.plan.columns or key in self.plan.recipe.store.outputs

    def _box(self, box: Box) -> None:
        self.boxes.setdefault(box.id, box)


def _reads(block: Block) -> Iterator[Read]:
    return (asked for asked in block.inputs.values() if isinstance(asked, Read))


def _outputs(plan: Plan, name: str) -> list[str]:
    """The keys that a network writes."""
    from rlblocks.networks import network_sizes

    network = plan.recipe.networks[name]
    return list(network.head.writes(network_sizes(plan.reads[name], network.body, plan.sizes)))


def _box_of(id_: str, block: Block, slot: str) -> Box:
    return Box(id_, type(block).__name__, slot, shorten(", ".join(_told(block, least=2)), NOTE, "…"), block.role)


def _facts(plan: Plan) -> str:
    count = getattr(plan.recipe.env, "n", 1)
    return f"{count} environments" if count > 1 else "1 environment"


def short(value: Any) -> str:
    """A block with the fields that are not as by default, or that have none.

    >>> from rlblocks.networks import MLP
    >>> short(MLP((64, 64)))
    'MLP(64, 64)'
    """
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, tuple):
        return ", ".join(short(item) for item in value)
    if not attrs.has(type(value)):
        return str(value)
    from rlblocks._core.clocks import Clock

    if isinstance(value, Clock):
        return f"{short(value.count)} {value.unit}"
    if type(value).__name__ == "Constant":
        return short(value.amount)
    said = [text.partition("=")[2] for text in _told(value)]
    return f"{type(value).__name__}({', '.join(said)})" if said else type(value).__name__


def _told(value: Any, least: int = 0) -> list[str]:
    """The fields that are not as by default, or that have none; where there are none such, the first `least`."""
    fields = attrs.fields(type(value))
    told = [a for a in fields if getattr(value, a.name) != _default(a)] or fields[:least]
    return [f"{a.name}={short(getattr(value, a.name))}" for a in told]


def _default(attribute: attrs.Attribute[Any]) -> Any:
    factory = getattr(attribute.default, "factory", None)
    return factory() if factory else attribute.default


def _id(slot: str) -> str:
    return re.sub(r"\W+", "_", slot).strip("_")


def svg(plan: Plan) -> str:
    """The drawing as SVG, without any other program."""
    return svg_of(drawing_of(plan))


def mermaid(plan: Plan) -> str:
    """The drawing as Mermaid text, which GitHub and many editors draw."""
    drawing = drawing_of(plan)
    lines = ["flowchart LR"]
    for box in drawing.boxes:
        small = "".join(f"<br/><small>{_plain(part)}</small>" for part in (box.slot, box.note) if part)
        opening, closing = ("[[", "]]") if box.copy else ("[(", ")]") if box.role == "stores" else ("[", "]")
        lines.append(f'  {box.id}{opening}"<b>{_plain(box.title)}</b>{small}"{closing}:::{box.role}')
    for arrow in drawing.arrows:
        lines.append(f'  {arrow.source} {ARROWS[arrow.kind]}|"{_plain(", ".join(arrow.keys))}"| {arrow.target}')
    for role in dict.fromkeys(box.role for box in drawing.boxes):
        fill, stroke = COLOURS.get(role, COLOURS[""])
        lines.append(f"  classDef {role} fill:{fill},stroke:{stroke},color:#1f2430")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return text.replace('"', "#quot;").replace("<", "#lt;")

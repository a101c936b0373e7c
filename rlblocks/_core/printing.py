"""From a recipe to readable source: every read is resolved to a writer, and every call becomes a line.

`Page` is one printed function in the making. It never reorders what the user wrote: blocks are called in the order of
the recipe, and the forward pass that a block reads is printed just before its first reader.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from rlblocks._core.block import Block, blocks_of, find
from rlblocks._core.declare import REQUIRED, Declared, Draw, Fn, Known, Read, Scheduled, Size
from rlblocks._core.errors import did_you_mean
from rlblocks._core.keys import Key, Spec, fits_dims, parse
from rlblocks._core.passes import Passes
from rlblocks._core.remedies import FORM_FUNCTIONS, fitting_blocks, mend, mend_dims, reads_action
from rlblocks._core.source import Line, annotation, as_arguments, variable
from rlblocks._core.world import World


@attrs.frozen
class Values:
    """What is behind a key: the expression, what is known of it, and the slot that wrote it."""

    code: str
    spec: Spec
    slot: str = ""


@attrs.define
class Page:
    """One printed function in the making.

    Attributes:
        columns: what is stored, by key; where they have a time axis before the batch, so has what is printed.
        explores: noisy layers get noise; evaluation reads their mean (what is drawn, not what is computed).
        window: how many consecutive steps stay together, time first; what remembers goes through them in order.
    """

    world: World
    columns: Mapping[str, Spec]
    explores: bool = True
    window: int = 1
    first: list[Line] = attrs.Factory(list)  # what stands before everything else
    lines: list[Line] = attrs.Factory(list)
    columns_read: dict[str, Spec] = attrs.Factory(dict)
    draws: dict[str, tuple[str, tuple[int, ...], bool]] = attrs.Factory(dict)  # name -> kind, shape, one per row
    numbers: dict[str, tuple[Block, str]] = attrs.Factory(dict)  # name -> block, field or method
    written: dict[str, Values] = attrs.Factory(dict)  # by key: what blocks of this function wrote
    normalised: dict[str, Values] = attrs.Factory(dict)  # columns as they are read
    passes: Passes = attrs.field(init=False, default=attrs.Factory(Passes, takes_self=True))

    @property
    def timed(self) -> bool:
        """Whether columns are `[time, batch, ...]`."""
        return any(spec.dims[0] == "time" for spec in self.columns.values())

    def clock(self) -> str:
        """A variable of the shape `[time, batch]`."""
        found = self.plain(parse("reward"))
        return found.code if found else "None"

    # -- reads ---------------------------------------------------------------------------------------------------

    def arguments(self, block: Block, slot: str, *, grad: bool) -> dict[str, str]:
        """The keyword arguments of a call of `block`, each read resolved; none where its default is the identity."""
        found = {name: self.resolve(asked, block, slot, name, grad=grad) for name, asked in block.inputs.items()}
        return {name: code for name, code in found.items() if code}

    def resolve(self, asked: Declared, block: Block, slot: str, argument: str, *, grad: bool) -> str:
        """The expression for one declared input; empty where the block's own default is the identity."""
        match asked:
            case Read():
                return self._read(asked, block, slot, grad=grad)
            case Draw():
                return self._draw(asked, block, slot, argument)
            case Scheduled(name=name):
                self.numbers[f"{slot}.{name}"] = (block, name)
                return f'numbers["{slot}.{name}"]'
            case Size(dim=dim):
                return self._size(dim, block, slot)
            case Fn(key=key):
                return self._function(key, block, slot, grad=grad)
            case Known(key=key):
                known = key in self.world.columns
                return f'specs["{key}"]' if known else self._nobody_writes(key, block, slot)

    def _size(self, dim: str, block: Block, slot: str) -> str:
        if dim in self.world.sizes:
            return str(self.world.sizes[dim])
        said = f"needs a number of {dim}s, and this environment's action space is not Discrete"
        return self.world.misfit(slot, block, said, "use an environment with Discrete actions")

    def _read(self, asked: Read, block: Block, slot: str, *, grad: bool) -> str:
        key = parse(asked.key)
        found = self._network_value(key, asked, block, slot, grad=grad) if key.which else self.plain(key)
        if found is None:
            if asked.default is not REQUIRED:
                return ""
            return self._nobody_writes(asked.key, block, slot)
        if asked.dims and found.code != "None" and not fits_dims(found.spec.dims, asked.dims, asked.at):
            return self._other_dims(found, asked, block, slot)
        return self._at(found, asked, block, slot)

    def _other_dims(self, found: Values, asked: Read, block: Block, slot: str) -> str:
        """A key has other dims than a block asks for: time first, or those of another head."""
        if "time" not in asked.dims:
            return self.world.misfit(
                slot, block, f"reads {asked.key!r} with dims [{', '.join(asked.dims)}], but it is {found.spec}",
                mend_dims(asked, found.spec, block, self.known(), self.world), key=asked.key,
            )  # fmt: skip
        store = self.world.recipe.store
        if store.hands == "drained":
            said = "takes rows in the order of time, and an objective has them mixed"
            return self.world.misfit(slot, block, said, "move it to the recipe's prepare", key=asked.key)
        said = f"takes rows in the order of time, but slot 'store' holds {type(store).__name__}, whose rows are mixed"
        fits = [name for name, kind in blocks_of("stores").items() if kind.hands == "drained"]  # type: ignore[attr-defined]  # a Store
        return self.world.misfit(slot, block, said, f"use a store that keeps it: {', '.join(fits)}", key=asked.key)

    def _at(self, found: Values, asked: Read, block: Block, slot: str) -> str:
        """The entry of the stored action, where a read asks for it; a critic that read it has it already."""
        if not asked.at or (parse(asked.key).name, asked.at) in self.world.derived or found.code == "None":
            return found.code
        writer = self.world.writers.get(parse(asked.key).name, "")
        if asked.at not in found.spec.dims:
            if writer and asked.at in self.world.recipe.networks[writer].reads:
                return found.code
            discrete = "action" in self.world.sizes
            return self.world.misfit(
                slot, block,
                f"reads {asked.key!r} at the stored action, but it is {found.spec}, and network {writer!r} does not "
                "read the action",
                "use a head that writes one value per action" if discrete else reads_action(writer, self.world),
                key=asked.key,
            )  # fmt: skip
        index = self.plain(parse(asked.at))
        if index is None:
            return "None"
        if self.timed:
            return f"in_time(value_of_action(rows({found.code}), rows({index.code})), {self.clock()})"
        of = "members_value_of_action" if found.spec.members else "value_of_action"
        return f"{of}({found.code}, {index.code})"

    def plain(self, key: Key) -> Values | None:
        """A stored column, what an earlier block of this function wrote, or an earlier objective's `q.error`."""
        text = str(key)
        if text in self.written:
            return self.written[text]
        if text in self.normalised:
            return self.normalised[text]
        if text in self.columns:
            self.columns_read[text] = self.columns[text]
            return (
                self._normalise(key, text)
                if key.name in self.world.recipe.normalizers
                else Values(variable(text), self.columns[text])
            )
        return None

    def _normalise(self, key: Key, text: str) -> Values:
        """A column through its normalizer, which holds still while this function runs."""
        slot, block = f"normalizers.{key.name}", self.world.recipe.normalizers[key.name]
        self.world.carried[slot] = block
        given = as_arguments({"x": variable(text), "carry": carry_name(slot)})
        spec = attrs.evolve(self.columns[text], dtype="float32", low=None, high=None)
        self.normalised[text] = Values(variable(text), spec)
        self.first.append(
            Line(f"{variable(text)} = {self.world.named(block, slot)}.compute({given})", slot, f"{slot}: {block!r}")
        )
        return self.normalised[text]

    def _network_value(self, key: Key, asked: Read, block: Block, slot: str, *, grad: bool) -> Values | None:
        writer = self.world.writers.get(key.name)
        if writer is None:
            return None
        name = key.name
        if asked.raw:
            name = self.world.recipe.networks[writer].head.form.key
        self.world.network_keys_read.add(name)
        spec = self.world.specs[name]
        if self.timed and spec.members:
            said = f"reads {asked.key!r} in time, and network {writer!r} has {spec.members} members"
            return Values(self.world.misfit(slot, block, said, "give it members=1", key=asked.key), spec)
        if self.timed:
            spec = attrs.evolve(spec, dims=("time", *spec.dims))
        reads = self.world.recipe.networks[writer].reads
        if "action" in reads and self.plain(Key("action", next=key.next)) is None:
            none = "the next one is not stored" if key.next else "none is chosen yet"
            said = f"reads {asked.key!r}, but network {writer!r} reads the action, and {none}"
            self.world.targets_read |= {writer} if key.which == "target" else set()
            return Values(self._other_block(said, "chooses one", key, block, slot), spec)
        ways = {at: what for (of, at), what in self.world.derived.items() if of == name}
        if not ways:
            return Values(self.passes.value(writer, key, name, slot, grad=grad), spec)
        if asked.at not in ways:
            fix = " or ".join(f"read({asked.key!r}, at={at!r})" if at else f"read({asked.key!r})" for at in ways)
            said = f"reads {asked.key!r} {f'at the {asked.at}' if asked.at else 'without an action'}, but of network "
            said += f"{writer!r} it is known {'at the stored action' if all(ways) else 'for the state alone'}"
            return Values(self.world.misfit(slot, block, said, f"write {fix}", key=asked.key), spec)
        return Values(self.passes.derived(writer, ways[asked.at], key, slot, grad=grad), spec)

    # -- draws and functions -------------------------------------------------------------------------------------

    def _draw(self, asked: Draw, block: Block, slot: str, argument: str) -> str:
        name, like = f"{slot}.{argument}", asked.like
        known = {**self.world.columns, **self.columns, **{key: value.spec for key, value in self.written.items()}}
        spec = known.get(like) if like else Spec()
        if spec is None and parse(like).which:
            spec = self.world.specs.get(parse(like).name)
        if spec is None:
            return self.world.misfit(
                slot, block, f"draws {argument!r} in the shape of {like!r}, but nothing writes that key",
                did_you_mean(like, [*known, *(f"{n}@online" for n in self.world.specs)]), key=like,
            )  # fmt: skip
        self.draws[name] = (asked.kind, spec.shape, True)
        if asked.over:
            if asked.over not in spec.dims:
                return self.world.misfit(
                    slot, block, f"draws {argument!r} for each {asked.over} of {like!r}, but it is {spec}",
                    f"let network {self.world.writers[parse(like).name]!r} have several: members=2"
                    if asked.over == "member" and parse(like).which else "", key=like,
                )  # fmt: skip
            self.draws[name] = (asked.kind, (spec.size(asked.over),), False)
        return f'draws["{name}"]'

    def _function(self, asked: str, block: Block, slot: str, *, grad: bool) -> str:
        """A function by output key: of the action, by whatever network writes the key; or one of its form's."""
        key = parse(asked)
        writer = self.world.writers.get(key.name if key.which else key.group)
        if writer is None:
            return self._nobody_writes(asked, block, slot)
        if key.which:
            self.world.network_keys_read.add(key.name)
            free = tuple(read for read in self.world.recipe.networks[writer].reads if read == "action")
            if not free:
                self.world.targets_read |= {writer} if key.which == "target" else set()
                return self._no_function(asked, writer, block, slot)
            call = self.passes.invocation(writer, key.next, key.which, slot, grad=grad, free=free)
            return f'lambda {", ".join(free)}: {call}["{key.name}"]'
        form = self.world.recipe.networks[writer].head.form
        if key.name not in FORM_FUNCTIONS:
            return self.world.misfit(
                slot, block,
                f"asks for {asked!r}, a function that the form {type(form).__name__} does not have",
                f"a form has: {', '.join(FORM_FUNCTIONS)}", key=asked,
            )  # fmt: skip
        return f"{self.world.named(form, f'networks.{writer}.head.form')}.{key.name}"

    def _no_function(self, asked: str, writer: str, block: Block, slot: str) -> str:
        """A network that does not read the action is asked what it says of one."""
        said = f"asks for {asked!r} as a function of the action, which network {writer!r} does not read"
        if self.world.sizes:
            return self._other_block(said, "reads all values at once", parse(asked), block, slot)
        return self.world.misfit(slot, block, said, reads_action(writer, self.world), key=asked)

    def _other_block(self, said: str, which: str, key: Key, block: Block, slot: str) -> str:
        """A block cannot have what a network says; others that read the same can."""
        fits = fitting_blocks(block, self.known(), self.world)
        same = [name for name in fits
                if key.name in {parse(asked.key).name for asked in find(block.role, name).inputs.values()
                                if isinstance(asked, Read | Fn)}]  # fmt: skip
        fix = f"use a block that {which}: {', '.join(same)}" if same else f"in this slot these fit: {', '.join(fits)}"
        return self.world.misfit(slot, block, said, fix, key=str(key))

    def known(self) -> dict[str, Spec]:
        """What is stored, and what was written so far."""
        return {**self.columns, **{key: value.spec for key, value in self.written.items()}}

    def _nobody_writes(self, asked: str, block: Block, slot: str) -> str:
        """Told once for each slot and network key, in however many forms the slot asks for it."""
        key = parse(asked)
        of_form = bool(key.group) and key.name in FORM_FUNCTIONS
        wanted = Key(key.group, which="online") if of_form else key
        if wanted.which and (slot, wanted.name) in self.world.unserved:
            return "None"
        self.world.unserved.add((slot, wanted.name))
        who = f"no network writes {wanted.name!r}" if wanted.which else "nothing before it writes that key"
        return self.world.misfit(
            slot, block, f"{'asks for' if of_form else 'reads'} {asked!r}, but {who}",
            mend(wanted, block, self.known(), self.world), key=asked,
        )  # fmt: skip

    # -- calls ---------------------------------------------------------------------------------------------------

    def call(self, block: Block, slot: str, results: Mapping[str, str], *, grad: bool) -> None:
        """Print one call of a block: `results` maps each of its output keys to a variable."""
        given = self.arguments(block, slot, grad=grad)
        if "carry" in getattr(block, "handed", ()):
            self.world.carried[slot] = block
            given["carry"] = carry_name(slot)
        left = f"{', '.join(results.values())} = " if results else ""
        code = f"{left}{self.world.named(block, slot)}.compute({as_arguments(given)})"
        self.lines.append(Line(code, slot, annotation(block, slot, given, results), grad))


def carry_name(slot: str) -> str:
    """The name in the source of what the block in a slot remembers."""
    return f"{variable(slot)}_carry"

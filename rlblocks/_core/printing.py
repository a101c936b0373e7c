"""From a recipe to readable source: every read is resolved to a writer, and every call becomes a line.

`Page` is one printed function in the making. It never reorders what the user wrote: blocks are called in the order of
the recipe, and the forward pass that a block reads is printed just before its first reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from rlblocks._core.block import Block
from rlblocks._core.declare import REQUIRED, Declared, Draw, Fn, Read, Scheduled, Size
from rlblocks._core.errors import did_you_mean
from rlblocks._core.keys import Key, Spec, parse
from rlblocks._core.source import Line, annotation, as_arguments, summary, variable
from rlblocks._core.world import World, mend

FORM_FUNCTIONS = ("backup", "mean")


@attrs.frozen
class Values:
    """What is behind a key: the expression and what is known of it."""

    code: str
    spec: Spec


@attrs.define
class Page:
    """One printed function in the making."""

    world: World
    columns: Mapping[str, Spec]
    explores: bool = True  # noisy layers get noise; evaluation reads their mean (what is drawn, not what is computed)
    lines: list[Line] = attrs.Factory(list)
    columns_read: dict[str, Spec] = attrs.Factory(dict)
    draws: dict[str, tuple[str, tuple[int, ...], bool]] = attrs.Factory(dict)  # name -> kind, shape, one per row
    numbers: dict[str, tuple[Block, str]] = attrs.Factory(dict)  # name -> block, field or method
    written: dict[str, Values] = attrs.Factory(dict)  # by key: what blocks of this function wrote
    values: set[str] = attrs.Factory(set)  # variables that hold an output of a forward pass
    passes: dict[tuple[str, bool, str], str] = attrs.Factory(dict)
    with_grad: set[tuple[str, bool, str]] = attrs.Factory(set)

    # -- reads ---------------------------------------------------------------------------------------------------

    def arguments(self, block: Block, slot: str, *, grad: bool) -> dict[str, str]:
        """The keyword arguments of a call of `block`, each read resolved; none where its default is the identity."""
        found = {name: self.resolve(asked, block, slot, name, grad=grad) for name, asked in block.inputs.items()}
        return {name: code for name, code in found.items() if code}

    def resolve(self, asked: Declared, block: Block, slot: str, argument: str, *, grad: bool) -> str:
        """The expression for one declared input; empty where the block's own default is the identity."""
        match asked:
            case Read():
                return self._read(asked, block, slot, argument, grad=grad)
            case Draw(kind=kind, like=like):
                return self._draw(kind, like, block, slot, argument)
            case Scheduled(name=name):
                self.numbers[f"{slot}.{name}"] = (block, name)
                return f'numbers["{slot}.{name}"]'
            case Size(dim=dim):
                if dim not in self.world.sizes:
                    return self.world.misfit(
                        slot, block, f"needs a number of {dim}s, and this environment's action space is not Discrete",
                        "use an environment with Discrete actions",
                    )  # fmt: skip
                return str(self.world.sizes[dim])
            case Fn(key=key):
                return self._function(key, block, slot, argument, grad=grad)

    def _read(self, asked: Read, block: Block, slot: str, argument: str, *, grad: bool) -> str:
        key = parse(asked.key)
        found = self._network_value(key, asked, slot, grad=grad) if key.which else self._plain(key)
        if found is None:
            if asked.default is not REQUIRED:
                return ""
            return self._nobody_writes(key, block, slot, argument)
        if asked.dims and found.spec.dims[: len(asked.dims)] != asked.dims:
            return self.world.misfit(
                slot, block,
                f"reads {asked.key!r} (as {argument!r}) with dims [{', '.join(asked.dims)}], but it is {found.spec}",
                "use a network whose head writes those dims, or a block that reads these", key=asked.key,
            )  # fmt: skip
        return self._at(found, asked, block, slot)

    def _at(self, found: Values, asked: Read, block: Block, slot: str) -> str:
        """The entry of the stored action, where a read asks for it; a critic that read it has it already."""
        if not asked.at:
            return found.code
        writer = self.world.writers.get(parse(asked.key).name, "")
        if asked.at not in found.spec.dims:
            if writer and asked.at in self.world.recipe.networks[writer].reads:
                return found.code
            return self.world.misfit(
                slot, block,
                f"reads {asked.key!r} at the stored action, but it is {found.spec}, and network {writer!r} does not "
                "read the action",
                "use a head that writes one value per action", key=asked.key,
            )  # fmt: skip
        index = self._plain(parse(asked.at))
        return f"value_of_action({found.code}, {index.code})" if index else "None"

    def _plain(self, key: Key) -> Values | None:
        """A stored column, what an earlier block of this function wrote, or an earlier objective's `q.error`."""
        text = str(key)
        if text in self.written:
            return self.written[text]
        if text in self.columns:
            self.columns_read[text] = self.columns[text]
            return Values(variable(text), self.columns[text])
        return None

    def _network_value(self, key: Key, asked: Read, slot: str, *, grad: bool) -> Values | None:
        writer = self.world.writers.get(key.name)
        if writer is None:
            return None
        name = key.name
        if asked.raw:
            name = self.world.recipe.networks[writer].head.form.key
        self.world.network_keys_read.add(name)
        return Values(self._pass(writer, key.next, key.which, name, slot, grad=grad), self.world.specs[name])

    # -- forward passes ------------------------------------------------------------------------------------------

    def _pass(self, network: str, later: bool, which: str, name: str, slot: str, *, grad: bool) -> str:
        """The variable that holds one output of a forward pass; prints the pass where it was not yet."""
        at = (network, later, which)
        grad = which == "online" and (grad or at in self.with_grad)  # a target is a constant, whoever keeps it
        prefix = "next." if later else ""
        value = variable(f"{prefix}{name}@{which}")
        if at not in self.passes:
            self.passes[at] = variable(f"{prefix}{network}@{which}_pass")
            call = self._invocation(network, later, which, slot, grad=grad)
            reads = ", ".join(f"{prefix}{read}" for read in self.world.recipe.networks[network].reads)
            what = summary(self.world.recipe.networks[network])
            note = f"networks.{network}: {what}\n{reads} → {prefix}{name}@{which}"
            self.lines.append(Line(f"{self.passes[at]} = {call}", f"networks.{network}", note, grad))
        if value not in self.values:
            self.values.add(value)
            self.lines.append(Line(f'{value} = {self.passes[at]}["{name}"]', f"networks.{network}", "", grad))
        return value

    def _invocation(
        self, network: str, later: bool, which: str, slot: str, *, grad: bool, free: tuple[str, ...] = ()
    ) -> str:
        """The call of a network's module on what it reads; the keys in `free` are left to the caller."""
        if which == "target":
            self.world.targets_read.add(network)
        given = [
            read if read in free else self._network_input(read, network, later, which, slot, grad=grad)
            for read in self.world.recipe.networks[network].reads
        ]
        if self.world.noise.get(network) and self.explores:
            draw = self._unused(f"networks.{network}.{'next_' if later else ''}{which}")
            self.draws[draw] = ("normal", (self.world.noise[network],), False)
            given.append(f'noise=draws["{draw}"]')
        return f"{network}_{'net' if which == 'online' else 'target_net'}({', '.join(given)})"

    def _network_input(self, read: str, network: str, later: bool, which: str, slot: str, *, grad: bool) -> str:
        writer = self.world.writers.get(read)
        if writer is not None and writer != network:
            self.world.network_keys_read.add(read)
            return self._pass(writer, later, which, read, slot, grad=grad)
        text = f"next.{read}" if later else read
        found = self._plain(parse(text))
        if found is None:
            return self.world.blame(
                f"network {network!r} reads {text!r}, but nothing writes that key",
                did_you_mean(text, [*self.columns, *self.world.writers]), slot=f"networks.{network}", key=text,
            )  # fmt: skip
        return found.code

    def begin(self, with_grad: set[tuple[str, bool, str]]) -> None:
        """Before an objective: what its losses differentiate needs a graph, so a pass without one is printed anew."""
        self.with_grad = with_grad
        self._drop(with_grad & set(self.passes))

    def forget(self, trained: Iterable[str]) -> None:
        """After an objective: passes with a graph are spent; those of what it trained, and what reads it, are stale."""
        networks, moved = self.world.recipe.networks, set(trained)
        while more := {n for n in networks if {self.world.writers.get(r) for r in networks[n].reads} & moved} - moved:
            moved |= more
        self._drop({at for at in self.passes if at in self.with_grad or at[0] in moved})
        self.with_grad = set()

    def _drop(self, passes: set[tuple[str, bool, str]]) -> None:
        for network, later, which in passes:
            del self.passes[network, later, which]
            for name, writer in self.world.writers.items():
                if writer == network:
                    self.values.discard(variable(f"{'next.' if later else ''}{name}@{which}"))

    # -- draws and functions -------------------------------------------------------------------------------------

    def _draw(self, kind: str, like: str, block: Block, slot: str, argument: str) -> str:
        name = f"{slot}.{argument}"
        known = {**self.world.columns, **self.columns, **{key: value.spec for key, value in self.written.items()}}
        spec = known.get(like) if like else Spec()
        if spec is None and parse(like).which:
            spec = self.world.specs.get(parse(like).name)
        if spec is None:
            return self.world.misfit(
                slot, block, f"draws {argument!r} in the shape of {like!r}, but nothing writes that key",
                did_you_mean(like, [*known, *(f"{n}@online" for n in self.world.specs)]), key=like,
            )  # fmt: skip
        self.draws[name] = (kind, spec.shape, True)
        return f'draws["{name}"]'

    def _unused(self, name: str) -> str:
        """A name for the draw of another pass of the same network."""
        again = sum(known.partition("#")[0] == name for known in self.draws)
        return f"{name}#{again + 1}" if again else name

    def _function(self, asked: str, block: Block, slot: str, argument: str, *, grad: bool) -> str:
        """A function by output key: of the action, by whatever network writes the key; or one of its form's."""
        key = parse(asked)
        writer = self.world.writers.get(key.name if key.which else key.group)
        if writer is None:
            return self._nobody_writes(key if key.which else parse(f"{key.group}@online"), block, slot, argument)
        if key.which:
            self.world.network_keys_read.add(key.name)
            free = tuple(read for read in self.world.recipe.networks[writer].reads if read == "action")
            call = self._invocation(writer, key.next, key.which, slot, grad=grad, free=free)
            return f'lambda {", ".join(free)}: {call}["{key.name}"]'
        form = self.world.recipe.networks[writer].head.form
        if key.name not in FORM_FUNCTIONS:
            return self.world.misfit(
                slot, block,
                f"asks for {asked!r} (as {argument!r}), a function that the form {type(form).__name__} does not have",
                f"a form has: {', '.join(FORM_FUNCTIONS)}", key=asked,
            )  # fmt: skip
        return f"{self.world.named(form, f'networks.{writer}.head.form')}.{key.name}"

    def _nobody_writes(self, key: Key, block: Block, slot: str, argument: str) -> str:
        known = [*self.columns, *self.written, *(f"{n}@online" for n in self.world.writers)]
        return self.world.misfit(
            slot, block, f"reads {str(key)!r} (as {argument!r}), but nothing before it writes that key",
            mend(key, block, known, self.world), key=str(key), argument=argument,
        )  # fmt: skip

    # -- calls ---------------------------------------------------------------------------------------------------

    def call(self, block: Block, slot: str, results: Mapping[str, str], *, grad: bool) -> None:
        """Print one call of a block: `results` maps each of its output keys to a variable."""
        given = self.arguments(block, slot, grad=grad)
        left = f"{', '.join(results.values())} = " if results else ""
        code = f"{left}{self.world.named(block, slot)}.compute({as_arguments(given)})"
        self.lines.append(Line(code, slot, annotation(block, slot, given, results), grad))

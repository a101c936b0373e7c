"""The forward passes of one printed function: each is printed just before its first reader, and shared.

Networks and what is derived from their outputs see rows `[batch, ...]`. On a page whose columns have a time axis before
the batch, what they read is flattened and what they give is put back in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from rlblocks._core.declare import Derived, Draw, Read
from rlblocks._core.errors import did_you_mean
from rlblocks._core.keys import Key, parse
from rlblocks._core.source import Line, as_arguments, summary, variable

if TYPE_CHECKING:
    from rlblocks._core.printing import Page  # noqa: TC004  the two know each other

At = tuple[str, bool, str]  # network, whether of the next state, whose parameters


@attrs.define
class Passes:
    """Which passes a page holds, under which variables."""

    page: Page = attrs.field(repr=False)
    held: dict[At, str] = attrs.Factory(dict)
    values: dict[At, set[str]] = attrs.Factory(dict)  # variables that hold an output of a pass, or what follows from it
    with_grad: set[At] = attrs.Factory(set)

    def value(self, network: str, key: Key, name: str, slot: str, *, grad: bool) -> str:
        """The variable that holds one output of a forward pass; prints the pass where it was not yet."""
        at = (network, key.next, key.which)
        forward = self._forward(at, name, slot, grad=grad)
        value = variable(f"{'next.' if key.next else ''}{name}@{key.which}")
        if value not in self.values[at]:
            self.values[at].add(value)
            entry = f'{forward}["{name}"]'
            code = f"{value} = {self._out(entry)}"
            self.page.lines.append(Line(code, f"networks.{network}", "", self._keeps_graph(at, grad=grad)))
        return value

    def derived(self, network: str, what: Derived, key: Key, slot: str, *, grad: bool) -> str:
        """The variable that holds what follows from a pass, such as the log-probability of the stored action."""
        at = (network, key.next, key.which)
        forward = self._forward(at, key.name, slot, grad=grad)
        end = f"_at_{what.at}" if what.at else ""
        results = {name: variable(f"{'next.' if key.next else ''}{name}@{key.which}") + end for name in what.outputs}
        if results[key.name] not in self.values[at]:
            self.values[at] |= set(results.values())
            self._print_derived(at, what, forward, results, grad=self._keeps_graph(at, grad=grad))
        return results[key.name]

    def _print_derived(self, at: At, what: Derived, forward: str, results: dict[str, str], *, grad: bool) -> None:
        page, (network, later, which) = self.page, at
        slot, prefix = f"networks.{network}.head", "next." if later else ""
        given = {}
        for name, asked in what.inputs.items():
            match asked:
                case Read():
                    found = page.plain(parse(f"{prefix}{asked.key}"))
                    code = "" if found is None else self._in(found.code)
                case Draw(kind=kind, like=like):
                    draw = self._unused(f"networks.{network}.{'next_' if later else ''}{which}.{name}")
                    page.draws[draw] = (kind, page.world.columns[like].shape if like else (), True)
                    code = self._in(f'draws["{draw}"]')
                case _:
                    code = page.resolve(asked, what.block, slot, name, grad=grad)
            if code:
                given[name] = code
        call = f"{page.world.named(what.block, slot)}.{what.method}({', '.join([forward, as_arguments(given)])})"
        note = f"{slot}: {what.block!r} → {', '.join(f'{prefix}{name}' for name in results)}"
        code = f"{', '.join(results.values())} = {call.replace(', )', ')')}"
        page.lines.append(Line(code, slot, note, grad))
        if page.timed:
            page.lines += [Line(f"{v} = {self._out(v)}", slot, "", grad) for v in results.values()]

    def _keeps_graph(self, at: At, *, grad: bool) -> bool:
        """A target is a constant, whoever keeps it."""
        return at[2] == "online" and (grad or at in self.with_grad)

    def memory(self, network: str, slot: str) -> str:
        """What a network remembers after acting."""
        return f'{self._forward((network, False, "online"), "hidden", slot, grad=False)}["hidden"]'

    def _forward(self, at: At, name: str, slot: str, *, grad: bool) -> str:
        """The variable that holds all outputs of a forward pass."""
        network, later, which = at
        if at not in self.held:
            grad = self._keeps_graph(at, grad=grad)
            prefix = "next." if later else ""
            forward = variable(f"{prefix}{network}@{which}_pass")
            call = self.invocation(network, later, which, slot, grad=grad)
            self.held[at] = forward
            self.values[at] = set()
            reads = ", ".join(f"{prefix}{read}" for read in self.page.world.recipe.networks[network].reads)
            note = (
                f"networks.{network}: {summary(self.page.world.recipe.networks[network])}\n"
                f"{reads or 'nothing'} → {prefix}{name}@{which}"
            )
            self.page.lines.append(Line(f"{forward} = {call}", f"networks.{network}", note, grad))
        return self.held[at]

    def invocation(
        self, network: str, later: bool, which: str, slot: str, *, grad: bool, free: tuple[str, ...] = ()
    ) -> str:
        """The call of a network's module on what it reads; the keys in `free` are left to the caller."""
        world = self.page.world
        if which == "target":
            world.targets_read.add(network)
        given = [
            read if read in free else self._network_input(read, network, later, which, slot, grad=grad)
            for read in world.recipe.networks[network].reads
        ]
        if network == world.remembers:
            given += self._remembered(later)
        if world.noise.get(network) and self.page.explores:
            draw = self._unused(f"networks.{network}.{'next_' if later else ''}{which}")
            self.page.draws[draw] = ("normal", (world.noise[network],), False)
            given.append(f'noise=draws["{draw}"]')
        return f"{network}_{'net' if which == 'online' else 'target_net'}({', '.join(given)})"

    def _remembered(self, later: bool) -> list[str]:
        """The memory before each row; where rows are whole windows, that of their first, and where it is cleared."""
        page, key = self.page, Key("hidden", later)
        hidden = page.plain(key)
        given = [self._in(hidden.code)] if hidden else ["None"]
        if page.window > 1 and not later:
            first = page.plain(Key("is_first"))
            given += [f"is_first={first.code if first else None}", f"window={page.window}"]
        return given

    def _network_input(self, read: str, network: str, later: bool, which: str, slot: str, *, grad: bool) -> str:
        world = self.page.world
        writer = world.writers.get(read)
        if writer is not None and writer != network:
            world.network_keys_read.add(read)
            if self.page.timed:
                return f'{self._forward((writer, later, which), read, slot, grad=grad)}["{read}"]'
            return self.value(writer, Key(read, later, which), read, slot, grad=grad)
        text = f"next.{read}" if later else read
        found = self.page.plain(parse(text))
        if found is None:
            return world.blame(
                f"network {network!r} reads {text!r}, but nothing writes that key",
                did_you_mean(text, [*self.page.columns, *world.writers]), slot=f"networks.{network}", key=text,
            )  # fmt: skip
        return self._in(found.code)

    def _in(self, code: str) -> str:
        return f"rows({code})" if self.page.timed else code

    def _out(self, code: str) -> str:
        return f"in_time({code}, {self.page.clock()})" if self.page.timed else code

    def begin(self, with_grad: set[At]) -> None:
        """Before an objective: what its losses differentiate needs a graph, so a pass without one is printed anew."""
        self.with_grad = with_grad
        self._drop(with_grad & set(self.held))

    def forget(self, trained: Iterable[str]) -> None:
        """After an objective: passes with a graph are spent; those of what it trained, and what reads it, are stale."""
        world, moved = self.page.world, set(trained)
        networks = world.recipe.networks
        while more := {n for n in networks if {world.writers.get(r) for r in networks[n].reads} & moved} - moved:
            moved |= more
        self._drop({at for at in self.held if at in self.with_grad or at[0] in moved})
        self.with_grad = set()

    def _drop(self, passes: set[At]) -> None:
        for at in passes:
            del self.held[at], self.values[at]

    def _unused(self, name: str) -> str:
        """A name for the draw of another pass of the same network."""
        again = sum(known.partition("#")[0] == name for known in self.page.draws)
        return f"{name}#{again + 1}" if again else name

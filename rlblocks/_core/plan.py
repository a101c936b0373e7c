"""A wired recipe: printed functions, and what they need to run."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks._core.printing import Page
from rlblocks._core.recipe import Recipe
from rlblocks._core.source import Line, function_source
from rlblocks.envs.base import Facts
from rlblocks.explorers.base import Explorer


@attrs.frozen
class DrawSpec:
    """Random numbers that a printed function needs for each call.

    Attributes:
        kind: `normal`, `uniform` or `bernoulli`.
        shape: of one row, or of the whole where `per_row` is not so.
        per_row: whether there is one for each row of the batch.
    """

    kind: str
    shape: tuple[int, ...]
    per_row: bool


@attrs.frozen
class Printed:
    """A function as readable source, and what it must be handed.

    Attributes:
        name: of the function.
        source: what `explain` shows, and what runs.
        columns: the keys of the chunk that it reads.
        draws: by name.
        numbers: by name, the block and its field or method that gives the number.
        slots: for each line of the source, the slot that it came from.
    """

    name: str
    source: str
    columns: Mapping[str, Spec]
    draws: Mapping[str, DrawSpec]
    numbers: Mapping[str, tuple[Block, str]]
    slots: tuple[str, ...]

    def define(self, label: str, namespace: Mapping[str, Any]) -> Callable[..., Any]:
        """Execute the source in a namespace. Tracebacks and debuggers show its lines."""
        filename = f"<rlblocks {label} {self.name}>"
        linecache.cache[filename] = (len(self.source), None, self.source.splitlines(keepends=True), filename)
        scope = dict(namespace)
        exec(compile(self.source, filename, "exec"), scope)  # noqa: S102  the source was printed by wiring, from names only
        made: Callable[..., Any] = scope[self.name]
        return made


def printed(head: str, doc: str, page: Page, lines: list[Line], tail: list[str]) -> Printed:
    """Finish a page."""
    lines = [*page.first, *lines]
    source = function_source(head, doc, page.columns_read, lines, tail)
    by_code = {line.code: line.slot for line in lines}
    slots = tuple(by_code.get(text.strip(), "") for text in source.splitlines())
    draws = {name: DrawSpec(*draw) for name, draw in page.draws.items()}
    return Printed(head.partition("(")[0], source, dict(page.columns_read), draws, dict(page.numbers), slots)


@attrs.frozen
class Plan:
    """Everything that is known before the first step.

    Attributes:
        recipe: what was wired.
        facts: the environment's.
        sizes: of the environment's dims, such as `action`.
        columns: what collecting writes into the store.
        act: `act(chunk, numbers, draws)` in training; in warm-up and evaluation likewise.
        warmup_explorer: who acts in the warm-up.
        learn: `learn(chunk, numbers, draws)`: one learn step.
        prepare: `prepare(chunk, numbers, draws)`: once per chunk; None where the recipe prepares nothing.
        follows: by network, the printed target update.
        feeds: argument of the store's `feed` to the key of learning that pays it.
        stops: argument of the cadence's early stop to the key of learning that it is asked with.
        blocks: name in the source to block.
        carried: slot to the block in it that remembers; optimizers apart.
        targets: networks that are read `@target`.
        reads: by network, what it reads.
    """

    recipe: Recipe
    facts: Facts
    sizes: Mapping[str, int]
    columns: Mapping[str, Spec]
    act: Printed
    warmup: Printed
    warmup_explorer: Explorer
    evaluate: Printed
    learn: Printed
    prepare: Printed | None
    follows: Mapping[str, Printed]
    feeds: Mapping[str, str]
    stops: Mapping[str, str]
    blocks: Mapping[str, Block]
    carried: Mapping[str, Block]
    targets: tuple[str, ...]
    reads: Mapping[str, Mapping[str, Spec]]

    @property
    def source(self) -> str:
        """All printed functions, in the order in which a step uses them."""
        parts = [self.act, *([self.prepare] if self.prepare else []), self.learn, *self.follows.values()]
        return "\n\n".join(part.source for part in parts)

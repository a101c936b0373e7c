"""Random blocks of any role, with random settings that are valid: what a composition is made of."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.block import blocks_of as kinds_of
from rlblocks._core.clocks import EnvSteps, Episodes, OfRun, Updates
from rlblocks._core.errors import FieldError

Pools = Mapping[str, list[Any]]  # by the kind of a field: values to choose from
OF_EACH = 8  # blocks of every class, at most
TRIES = 80  # settings that are tried to find them, since fields may not fit together
MODERATE: Pools = {
    "number": [0.0, 1e-8, 1e-3, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0, 1.5, 2.0, 3.5, 10.0, -1.0, -5.0],
    "integer": [0, 1, 2, 3, 4, 5, 8, 16, 33, 64],
    "duration": [EnvSteps(1), EnvSteps(7), EnvSteps(40), Updates(1), Updates(3), Episodes(2), OfRun(0.5), OfRun(1.0)],
    "sizes": [(), (3,), (8,), (5, 4)],
    "numbers": [(), (0.0,), (-1.5, 2.0)],
    "text": ["CartPole-v1", "advantage", "value"],
    "options": [{}],
}


@attrs.frozen
class _Owner:
    """Stands for the block whose field is checked."""


def accepts(attribute: Any, value: Any) -> bool:
    """Whether a field takes a value."""
    try:
        value = attribute.converter(value) if attribute.converter else value
        if attribute.validator:
            attribute.validator(_Owner(), attribute, value)
    except FieldError:
        return False
    return True


class Gallery:
    """A few blocks of every class of every role, the same in every process.

    Attributes:
        pools: the values of which fields are made.
    """

    def __init__(self, pools: Pools) -> None:
        self.pools = pools
        self._made: dict[tuple[str, int], list[Block]] = {}

    def blocks(self, role: str, depth: int = 2) -> list[Block]:
        """Blocks of a role that a file can hold; at depth 0 they hold no block themselves."""
        if (role, depth) not in self._made:
            chance = random.Random(role)  # noqa: S311  no secret
            found = (self._of_class(kind, depth, chance) for kind in kinds_of(role).values())
            self._made[role, depth] = list(itertools.chain.from_iterable(found))
        return self._made[role, depth]

    def _of_class(self, kind: type[Block], depth: int, chance: random.Random) -> list[Block]:
        fields = attrs.fields(kind)  # type: ignore[arg-type]  # every block is an attrs class
        holds = {a.metadata.get("kind") for a in fields}
        private = not kind.__module__.startswith("rlblocks.")
        if private or "opaque" in holds or (depth == 0 and holds & {"slot", "slots"}):
            return []
        choices = {a.name: self._values(a, depth - 1) for a in fields}
        if not all(choices.values()):
            return []
        found: dict[Block, None] = {}  # in the order in which they were made
        for _ in range(TRIES if choices else 1):
            block = _made(kind, {name: chance.choice(values) for name, values in choices.items()})
            found |= {} if block is None else {block: None}
            if len(found) == OF_EACH:
                break
        return list(found)

    def _values(self, attribute: Any, depth: int) -> list[Any]:
        """Values that a field takes: its own default, and what there is of its kind."""
        kind, role = attribute.metadata["kind"], attribute.metadata.get("role")
        if kind in ("slot", "slots"):
            members = self.blocks(role, depth)
            values = members if kind == "slot" else [(), *[(m,) for m in members], *itertools.pairwise(members)]
        else:
            values = attribute.metadata["options"] if kind == "choice" else self.pools[kind]
        return [value for value in values if accepts(attribute, value)]


def _made(kind: Callable[..., Block], values: Mapping[str, Any]) -> Block | None:
    """The block, or None where its fields do not fit together."""
    try:
        return kind(**values)
    except FieldError:
        return None


GALLERY = Gallery(MODERATE)


def blocks_of(role: str) -> st.SearchStrategy[Block]:
    """Random blocks of a role, each class of it with several random settings; wrappers hold random inner blocks.

    They are valid by themselves, in sizes that a test can afford. Whether they fit a recipe is for `wire` to say.
    Blocks that no file can hold, such as `Supplied`, and those that are not the library's, are not among them.

    >>> from hypothesis import find
    >>> find(blocks_of("stores"), lambda store: type(store).__name__ == "NStep").inner.role
    'stores'
    """
    return st.sampled_from(GALLERY.blocks(role))


def schedules() -> st.SearchStrategy[Any]:
    """Random schedules: constant, from start to end and the other way round, over 1 unit or more, of several pieces.

    >>> from hypothesis import find
    >>> find(schedules(), lambda schedule: type(schedule).__name__ == "Linear" and schedule.over.count == 1).at(5) >= -5
    True
    """
    return blocks_of("schedules")

"""What differs between two recipes, as typed changes on paths that can be applied again.

>>> from rlblocks.schedules import Linear
>>> changes = diff(Linear(1.0, 0.1, "500 updates"), Linear(1.0, 0.05, "500 updates"))
>>> print(describe(changes))
end: 0.1 -> 0.05
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from rlblocks._core.block import Block
from rlblocks._core.errors import FieldError, RecipeError, did_you_mean
from rlblocks._core.frozen import FrozenDict
from rlblocks._core.paths import Step, children, join, split

TreeT = TypeVar("TreeT")


@attrs.frozen
class Swap:
    """A block was replaced by one of another class. What is below it is part of the swap, not listed again."""

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.path}: {self.old!r} -> {self.new!r}"


@attrs.frozen
class Set:
    """A leaf, or a whole mapping or tuple, has another value."""

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.path}: {self.old!r} -> {self.new!r}"


@attrs.frozen
class Add:
    """A mapping has one more entry, at its end; or a tuple one more item, at the index it has afterwards."""

    path: str
    new: Any

    def __str__(self) -> str:
        return f"+ {self.path}: {self.new!r}"


@attrs.frozen
class Remove:
    """A mapping has one entry less, or a tuple one item less: the one at the index it had before."""

    path: str
    old: Any

    def __str__(self) -> str:
        return f"- {self.path}: {self.old!r}"


Change = Swap | Set | Add | Remove


def diff(a: object, b: object) -> tuple[Change, ...]:
    """The changes that make `b` of `a`, parents before children: `apply(diff(a, b), a) == b`."""
    return tuple(_changes(a, b, ()))


def _changes(old: Any, new: Any, at: tuple[Step, ...]) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and _is_patchable(old, new):
        yield from _changed_entries(old, new, at)
    elif isinstance(old, tuple) and isinstance(new, tuple) and (children(old) or children(new)):
        yield from _changed_items(old, new, at)
    elif attrs.has(type(old)) and type(old) is type(new) and children(old):
        for name in children(old):
            yield from _changes(getattr(old, str(name)), getattr(new, str(name)), (*at, name))
    elif isinstance(old, Block) and isinstance(new, Block):
        yield Swap(join(at), old, new)
    else:
        yield Set(join(at), old, new)


def _is_patchable(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether removing entries in place and adding the new ones at the end gives the order of `new`."""
    order = [key for key in old if key in new] + [key for key in new if key not in old]
    return order == list(new) and all(_is_step(key) for key in {*old, *new})


def _is_step(key: str) -> bool:
    try:
        return split(key) == (key,)
    except RecipeError:
        return False


def _changed_entries(old: Mapping[str, Any], new: Mapping[str, Any], at: tuple[Step, ...]) -> Iterator[Change]:
    for key in old:
        if key in new:
            yield from _changes(old[key], new[key], (*at, key))
        else:
            yield Remove(join((*at, key)), old[key])
    for key in new:
        if key not in old:
            yield Add(join((*at, key)), new[key])


def _changed_items(old: tuple[Any, ...], new: tuple[Any, ...], at: tuple[Step, ...]) -> Iterator[Change]:
    """Equal items at both ends are left alone; those between are compared one by one, the rest added or removed."""
    shared = min(len(old), len(new))
    head = next((i for i in range(shared) if old[i] != new[i]), shared)
    tail = next((i for i in range(shared - head) if old[-1 - i] != new[-1 - i]), shared - head)
    for index in range(head, shared - tail):
        yield from _changes(old[index], new[index], (*at, index))
    for index in range(shared - tail, len(old) - tail):
        yield Remove(join((*at, index)), old[index])
    for index in range(shared - tail, len(new) - tail):
        yield Add(join((*at, index)), new[index])


def apply(changes: Iterable[Change], recipe: TreeT) -> TreeT:
    """The recipe with all changes made at once, so that no state between two of them has to be valid.

    Raises:
        RecipeError: a change has no place in this recipe, or a slot does not take what it puts there.
    """
    made: TreeT = _changed([(_steps(change.path), change) for change in changes], recipe, ())
    return made


_Placed = tuple[tuple[Step, ...], Change]
_GONE = object()


def _steps(path: str) -> tuple[Step, ...]:
    return split(path) if path else ()


def _changed(changes: Sequence[_Placed], node: Any, at: tuple[Step, ...]) -> Any:
    """A node after the changes to itself, and then to what is below it."""
    for change in [change for steps, change in changes if not steps]:
        node = _GONE if isinstance(change, Remove) else change.new
    inside: dict[Step, list[_Placed]] = {}
    for steps, change in changes:
        if steps:
            inside.setdefault(steps[0], []).append((steps[1:], change))
    return _rebuilt(node, inside, at) if inside else node


def _rebuilt(node: Any, inside: Mapping[Step, Sequence[_Placed]], at: tuple[Step, ...]) -> Any:
    now = children(node)
    changed, added = dict(now), dict[Step, Any]()
    for step, changes in inside.items():
        if any(not steps and isinstance(change, Add) for steps, change in changes):
            added[step] = _changed(changes, None, (*at, step))
        elif step in now:
            changed[step] = _changed(changes, now[step], (*at, step))
        else:
            raise RecipeError(
                f"there is no {join((*at, step))!r} to change", fix=did_you_mean(str(step), map(str, now)),
                path=join((*at, step)),
            )  # fmt: skip
    kept = {step: child for step, child in changed.items() if child is not _GONE}
    if isinstance(node, Mapping):
        return FrozenDict({str(key): value for key, value in {**kept, **added}.items()})
    if isinstance(node, tuple):
        items = list(kept.values())
        for index, item in sorted(added.items(), key=lambda pair: int(pair[0])):
            items.insert(int(index), item)
        return tuple(items)
    return _evolved(node, {str(name): value for name, value in kept.items() if value is not now[name]}, at)


def _evolved(node: Any, changes: Mapping[str, Any], at: tuple[Step, ...]) -> Any:
    try:
        return attrs.evolve(node, **changes)
    except FieldError as error:
        facts = {**error.facts, "path": join(at)}
        raise FieldError(f"{join(at) or 'the recipe'}: {error.what}", fix=error.fix, **facts) from None


def describe(changes: Iterable[Change]) -> str:
    """The changes for people, a line each. The recipe's name is no line of its own."""
    listed = list(changes)
    lines = [line for change in listed if change.path != "name" for line in _lines(change)]
    return "\n".join(lines) if lines else "no difference but the name" if listed else "no difference"


def _lines(change: Change) -> list[str]:
    """One line; of a mapping in another order, the order and then a line for each entry that changes."""
    if isinstance(change, Set) and isinstance(change.old, Mapping) and isinstance(change.new, Mapping):
        inside = _changed_entries(change.old, change.new, _steps(change.path))
        return [f"{change.path}: in the order {', '.join(change.new)}", *map(str, inside)]
    return [str(change)]

"""Paths into a recipe: `objectives.q.losses[0].delta`.

A recipe is a tree of frozen values, mappings and tuples. Nothing here changes one: `replaced` makes a new tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from rlblocks._core.clocks import Clock
from rlblocks._core.errors import FieldError, RecipeError, did_you_mean
from rlblocks._core.frozen import FrozenDict

Step = str | int


def split(path: str) -> tuple[Step, ...]:
    """The steps of a path.

    >>> split("objectives.q.losses[0].delta")
    ('objectives', 'q', 'losses', 0, 'delta')
    """
    steps: list[Step] = []
    for part in path.split("."):
        match = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_/-]*)((?:\[\d+\])*)", part)
        if not match:
            raise RecipeError(f"{path!r} is no path", fix="write it as in objectives.q.losses[0].delta", path=path)
        steps.append(match.group(1))
        steps.extend(int(index) for index in re.findall(r"\d+", match.group(2)))
    return tuple(steps)


def join(steps: tuple[Step, ...]) -> str:
    """The path of some steps."""
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".")


def children(node: object) -> Mapping[Step, Any]:
    """What lies one step below a node; nothing below a leaf (a number, a text, a clock)."""
    if attrs.has(type(node)) and not isinstance(node, Clock):
        return {a.name: getattr(node, a.name) for a in attrs.fields(type(node))}  # type: ignore[arg-type]  # `has` does not narrow
    if isinstance(node, Mapping):
        return dict(node)
    if isinstance(node, tuple) and any(attrs.has(type(item)) for item in node):
        return dict(enumerate(node))
    return {}


def walk(node: object, at: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Every node below `node`, parents first, with the steps that lead there."""
    for step, child in children(node).items():
        yield (*at, step), child
        yield from walk(child, (*at, step))


def resolve(root: object, path: str) -> tuple[Step, ...]:
    """The full steps of a path or of a short name that fits exactly one place.

    Raises:
        RecipeError: no place, or several, have that name; the message lists what there is.
    """
    steps = split(path)
    if steps[0] in children(root):
        _follow(root, steps)
        return steps
    ends = [full for full, _ in walk(root)]
    places = [full for full in ends if full[-len(steps) :] == steps]
    if len(places) == 1:
        return places[0]
    name = getattr(root, "name", "")
    if places:
        listed = ", ".join(join(place) for place in places)
        raise RecipeError(
            f"recipe {name!r}: {path!r} could be any of {listed}", fix="write the whole path", path=path, places=listed
        )
    for cut in range(len(steps) - 1, 0, -1):  # a short name whose rest is wrong
        begins = [full for full in ends if full[-cut:] == steps[:cut]]
        if len(begins) == 1 and not places:
            _follow(root, (*begins[0], *steps[cut:]))
    known = {join(full) for full in ends} | {str(full[-1]) for full in ends}
    raise RecipeError(f"recipe {name!r} has no {path!r}", fix=did_you_mean(path, known) if _close(path, known) else
                      parts_of(root), path=path)  # fmt: skip


def parts_of(root: object) -> str:
    """What there is one step below, in words."""
    return f"its parts are: {', '.join(map(str, children(root)))}"


def _close(path: str, known: set[str]) -> bool:
    return did_you_mean(path, known).startswith("did")


def _follow(root: object, steps: tuple[Step, ...]) -> Any:
    node = root
    for depth, step in enumerate(steps):
        below = children(node)
        if step not in below:
            where = join(steps[:depth]) or "the recipe"
            holder = type(node).__name__ if attrs.has(type(node)) else f"{len(below)} of them" if below else repr(node)
            raise RecipeError(
                f"recipe {getattr(root, 'name', '')!r}: {where} holds {holder}, which has no {step!r}",
                fix=did_you_mean(str(step), map(str, below)), path=join(steps),
            )  # fmt: skip
        node = below[step]
    return node


def get(root: object, path: str) -> Any:
    """The node at a path or short name."""
    return _follow(root, resolve(root, path))


def replaced(root: Any, steps: tuple[Step, ...], value: object) -> Any:
    """A copy of the tree with another node at `steps`.

    Raises:
        RecipeError: the node does not belong there; the message names the slot.
    """
    return _replaced(root, steps, value, (), getattr(root, "name", ""))


def _replaced(node: Any, steps: tuple[Step, ...], value: object, at: tuple[Step, ...], name: str) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    below = children(node)
    new = _replaced(below[step] if rest else below.get(step), rest, value, (*at, step), name)
    if isinstance(node, Mapping):
        return FrozenDict({**node, str(step): new})
    if isinstance(node, tuple):
        assert isinstance(step, int)
        return (*node[:step], new, *node[step + 1 :])
    try:
        return attrs.evolve(node, **{str(step): new})
    except FieldError as error:
        raise FieldError(
            f"recipe {name!r}: slot {join((*at, step))!r}: {error.what}", fix=error.fix, path=join((*at, step)),
            **error.facts,
        ) from None  # fmt: skip

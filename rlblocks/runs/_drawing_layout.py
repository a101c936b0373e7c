"""Where the boxes of a drawing stand: columns from left to right, few crossings, short arrows. Numbers only.

Layers are longest paths (as in Sugiyama et al., 1981); an arrow that passes a column holds a place in it; places are
ordered by the mean of their neighbours, and then moved as near to them as their order and size allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import attrs

SWEEPS = 12
GAP = 34.0  # between two boxes of a column
THIN = 16.0  # what a passing arrow takes


@attrs.frozen
class Link:
    """An arrow between two stacks in different columns, from left to right: `path` is the items that it passes."""

    path: tuple[str, ...]


@attrs.frozen
class Placed:
    """Columns of items from top to bottom, and the middle of each item."""

    columns: tuple[tuple[str, ...], ...]
    middle: Mapping[str, float]
    links: Mapping[int, Link]


def layers_of(items: Sequence[str], arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The column of each item: one more than the greatest column of those before it; with none, near what it leads to.

    >>> layers_of(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])
    {'a': 0, 'b': 1, 'c': 2}
    """
    layer = dict.fromkeys(items, 0)
    for _ in items:
        for source, target in arrows:
            layer[target] = max(layer[target], layer[source] + 1)
    led = {target for _, target in arrows}
    nearest = {item: min((layer[to] for source, to in arrows if source == item), default=1) - 1 for item in items}
    return {item: column if item in led else nearest[item] for item, column in layer.items()}


def placed(heights: Mapping[str, float], layer: Mapping[str, int], arrows: Sequence[tuple[str, str]]) -> Placed:
    """Order and place items; `arrows` go from lower to higher columns, and are numbered as they stand."""
    columns: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for item in heights:
        columns[layer[item]].append(item)
    sizes, links = dict(heights), {}
    for number, (source, target) in enumerate(arrows):
        passed = [f"{number}:{index}" for index in range(layer[source] + 1, layer[target])]
        for index, item in enumerate(passed, layer[source] + 1):
            columns[index].append(item)
            sizes[item] = THIN
        links[number] = Link((source, *passed, target))
    steps = [step for link in links.values() for step in pairwise(link.path)]
    before: dict[str, list[str]] = {item: [] for item in sizes}
    after: dict[str, list[str]] = {item: [] for item in sizes}
    for left, right in steps:
        after[left].append(right)
        before[right].append(left)
    middle = _spread(columns, sizes)
    for sweep in range(SWEEPS):
        order, near = (columns, before) if sweep % 2 == 0 else (columns[::-1], after)
        for column in order:
            wanted = {item: _mean([middle[other] for other in near[item]], middle[item]) for item in column}
            column.sort(key=wanted.__getitem__)
            middle.update(_fitted(column, sizes, wanted))
    for column in (*columns, *columns[::-1], *columns):
        wanted = {item: _mean([middle[o] for o in (*before[item], *after[item])], middle[item]) for item in column}
        middle.update(_fitted(column, sizes, wanted))
    return Placed(tuple(map(tuple, columns)), middle, links)


def _spread(columns: Sequence[Sequence[str]], sizes: Mapping[str, float]) -> dict[str, float]:
    middle = {}
    for column in columns:
        top = -sum(sizes[item] + GAP for item in column) / 2
        for item in column:
            middle[item] = top + sizes[item] / 2
            top += sizes[item] + GAP
    return middle


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _fitted(column: Sequence[str], sizes: Mapping[str, float], wanted: Mapping[str, float]) -> dict[str, float]:
    """The places nearest to the wanted ones that keep order and distance: least squares by pooling what collides."""
    offset, offsets = 0.0, []
    for index, item in enumerate(column):
        if index:
            last = column[index - 1]
            offset += (sizes[last] + sizes[item]) / 2 + (GAP if sizes[last] > THIN and sizes[item] > THIN else GAP / 2)
        offsets.append(offset)
    pools: list[tuple[float, int]] = []  # mean and count
    for item, moved in zip(column, offsets, strict=True):
        pools.append((wanted[item] - moved, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, few), (high, more) = pools[-2], pools.pop()
            pools[-1] = ((low * few + high * more) / (few + more), few + more)
    means = [mean for mean, count in pools for _ in range(count)]
    return {item: mean + moved for item, mean, moved in zip(column, means, offsets, strict=True)}

"""An ordered mapping that never changes: what a recipe holds its named parts in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

ValueT = TypeVar("ValueT")


class FrozenDict(Mapping[str, ValueT]):
    """Ordered, hashable, unchangeable. Equal only to a mapping with the same items in the same order.

    >>> FrozenDict({"a": 1, "b": 2}) == FrozenDict({"b": 2, "a": 1})
    False
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, ValueT]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> ValueT:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and list(self.items()) == list(other.items())

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)

"""Plain data as TOML that is pleasant to read: short tables on one line, long ones under a header of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tomlkit

if TYPE_CHECKING:
    from tomlkit.items import AoT, Array, InlineTable, Item, Table

WIDTH = 100


def written(data: Mapping[str, Any]) -> str:
    """The data as TOML text, with the plain values of every table first and the order of its tables kept."""
    document = tomlkit.document()
    _fill(document, data, depth=0)
    return tomlkit.dumps(document).strip() + "\n"


def _fill(table: Any, data: Mapping[str, Any], depth: int) -> None:
    """Write the entries of a table: first those that take a line, then those that take a header."""
    lines = {key: item for key, value in data.items() if (item := _line(key, value, data, depth)) is not None}
    for key, item in lines.items():
        table.add(key, item)
    for key, value in data.items():
        if key in lines:
            continue
        if isinstance(value, list):
            tables: AoT = tomlkit.aot()
            for entry in value:
                tables.append(_table(entry, depth + 1))
            table.add(key, tables)
        else:
            table.add(key, _table(value, depth + 1))


def _table(data: Mapping[str, Any], depth: int) -> Table:
    only_tables = bool(data) and all(_line(key, value, data, depth) is None for key, value in data.items())
    table = tomlkit.table(is_super_table=only_tables)
    _fill(table, data, depth)
    return table


def _line(key: str, value: Any, among: Mapping[str, Any], depth: int) -> Item | None:
    """The entry as what stands on one line; None where it needs a header.

    Entries of one table that are all tables keep their order only if they are written alike.
    """
    if isinstance(value, Mapping):
        if depth == 0 or not _fits(key, value):
            return None
        alike = [(k, v) for k, v in among.items() if isinstance(v, Mapping)]
        if len(alike) == len(among) and not all(_fits(k, v) for k, v in alike):
            return None
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value) and not _fits(key, value):
        return None if all(isinstance(item, Mapping) for item in value) else _inline(value)
    return _inline(value)


def _fits(key: str, value: Any) -> bool:
    return len(key) + len(" = ") + len(_inline(value).as_string()) <= WIDTH


def _inline(value: Any) -> Item:
    if isinstance(value, Mapping):
        inline: InlineTable = tomlkit.inline_table()
        for key, item in value.items():
            inline.append(key, _inline(item))
        return inline
    if isinstance(value, list):
        array: Array = tomlkit.array()
        for item in value:
            array.append(_inline(item))
        return array
    made: Item = tomlkit.item(value)
    return made

"""What generated pages are made of: tables, paragraphs of docstrings, roles in the order in which one meets them."""

from __future__ import annotations

import inspect
import re

from rlblocks._core.block import Block, blocks_of, roles

ORDER = (
    "targets", "losses", "aggregates", "returns", "transforms", "explorers", "stores", "target_updates", "optimizers",
    "clips", "schedules", "cadences", "early_stops", "bodies", "heads", "distributions", "layers", "value_forms",
    "normalizers", "envs", "wrappers",
)  # fmt: skip


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def ours(role: str) -> dict[str, type[Block]]:
    """The blocks of a role that come with the library."""
    return {name: kind for name, kind in blocks_of(role).items() if kind.__module__.startswith("rlblocks.")}


def in_order() -> list[str]:
    """The roles, those that one meets first in front."""
    return sorted(roles(), key=lambda role: (ORDER.index(role) if role in ORDER else len(ORDER), role))


def paragraphs(of: object) -> list[str]:
    """The docstring of something, a line a paragraph, without its examples."""
    text = re.split(r"\n\n(?:>>>|Attributes:)", inspect.getdoc(of) or "")[0]
    return [" ".join(part.split()) for part in text.split("\n\n")]

"""What a drawing of a recipe consists of."""

from __future__ import annotations

import attrs


@attrs.frozen
class Box:
    """One box: a block or a network.

    Attributes:
        id: unique, a word.
        title: in large print.
        slot: where it stands in the recipe.
        note: in small print.
        role: by which it is coloured.
        copy: whether it is a target network.
    """

    id: str
    title: str
    slot: str
    note: str
    role: str
    copy: bool = False


@attrs.frozen
class Arrow:
    """Keys from one box to another.

    Attributes:
        kind: "collect", "learn", "train" (an optimizer moves a network), "follow" (a target network follows) or "pay"
            (a store is handed back what it asks for).
    """

    source: str
    target: str
    keys: tuple[str, ...]
    kind: str


@attrs.frozen
class Drawing:
    """All boxes and arrows of a recipe, with at most one arrow of a kind between two boxes."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

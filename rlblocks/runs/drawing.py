"""A wired recipe as a picture: who writes which key, and who reads it. As Mermaid text, or as SVG of our own.

The picture is made from the plan that runs: boxes are blocks, coloured by role; arrows carry keys as they are read,
`next.` and `@target` included. What collects is drawn apart from what learns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks.runs._drawing_model import Arrow, Box, Drawing
from rlblocks.runs._drawing_pen import svg_of
from rlblocks.runs._drawing_sketch import drawing_of
from rlblocks.runs._drawing_svg import COLOURS, INK

if TYPE_CHECKING:
    from rlblocks._core.plan import Plan

__all__ = ["Arrow", "Box", "Drawing", "drawing_of", "mermaid", "svg"]

ARROWS = {"collect": "==>", "learn": "-->"}  # the others are dotted
SHAPES = {"stores": ("[(", ")]"), "copy": ("[[", "]]"), "": ("[", "]")}


def svg(plan: Plan) -> str:
    """The drawing as SVG, without any other program."""
    return svg_of(drawing_of(plan))


def mermaid(plan: Plan) -> str:
    """The drawing as Mermaid text, which GitHub and many editors draw.

    >>> from rlblocks import wire
    >>> from rlblocks.recipes import dqn
    >>> print(mermaid(wire(dqn())).splitlines()[0])
    flowchart LR
    """
    drawing = drawing_of(plan)
    lines = ["flowchart LR", *map(_box, drawing.boxes)]
    lines += [
        f'  {a.source} {ARROWS.get(a.kind, "-.->")}|"{_plain(", ".join(a.keys))}"| {a.target}' for a in drawing.arrows
    ]
    for role in dict.fromkeys(box.role for box in drawing.boxes):
        fill, stroke = COLOURS.get(role, COLOURS[""])
        lines.append(f"  classDef {role} fill:{fill},stroke:{stroke},color:{INK}")
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    small = "".join(f"<br/><small>{_plain(part)}</small>" for part in (box.slot, box.note) if part)
    opening, closing = SHAPES.get("copy" if box.copy else box.role, SHAPES[""])
    return f'  {box.id}{opening}"<b>{_plain(box.title)}</b>{small}"{closing}:::{box.role}'


def _plain(text: str) -> str:
    return text.replace('"', "#quot;").replace("<", "#lt;")

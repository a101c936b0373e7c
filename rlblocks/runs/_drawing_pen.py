"""The pen of a drawing: the ways of arrows between boxes that have their places, and the whole as an SVG document."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import attrs

from rlblocks.runs import _drawing_svg as ink
from rlblocks.runs._drawing_page import LANE, MARGIN, Page, ends, page_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rlblocks.runs._drawing_model import Arrow, Drawing
    from rlblocks.runs._drawing_svg import Frame

TOP, BOTTOM = "top", "bottom"
CORNER = 8.0  # how far from the corner of a box an arrow touches its side, and from boxes and each other they run


def svg_of(drawing: Drawing) -> str:
    """The drawing as an SVG document: arrows first, boxes over them, keys over both."""
    page = page_of(drawing)
    pen = Pen(page)
    ports = page.ports()
    for index, arrow in enumerate(page.through):
        pen.through(index, arrow, ports)
    for arrow in drawing.arrows:
        if arrow in page.through:
            continue
        if page.frames[arrow.source].stack == page.frames[arrow.target].stack:
            pen.upright(arrow)
        else:
            pen.around(arrow)
    return pen.document()


@attrs.define
class Pen:
    """What has been drawn so far."""

    page: Page
    lines: list[str] = attrs.field(factory=list)
    keys: list[str] = attrs.field(factory=list)
    lanes: dict[str, int] = attrs.field(factory=lambda: {TOP: 0, BOTTOM: 0})

    def through(self, index: int, arrow: Arrow, ports: Mapping[tuple[int, str], float]) -> None:
        """An arrow through the columns: level under its keys, then a bend in every gap."""
        left, right = ends(arrow)
        start, end = self.page.frames[left], self.page.frames[right]
        x, y = start.x + start.width, ports[index, "right"]
        points = [(x, y)]
        for item in self.page.found.links[index].path[1:-1]:
            level = self.page.level(item, arrow)
            points += [(edge, level) for edge in self.page.beside(item)]
        points.append((end.x, ports[index, "left"]))
        path = ink.curve(points, ink.label_width(arrow) + 14)
        self.lines.append(ink.arrow_svg(path, arrow.kind, backwards=left == arrow.target))
        self.keys.append(ink.key_svg(arrow, x + 9, y - 5))

    def upright(self, arrow: Arrow) -> None:
        """An arrow between two boxes that stand above each other."""
        source, target = self.page.frames[arrow.source], self.page.frames[arrow.target]
        x = source.x + source.width / 2
        down = target.y > source.y
        y0, y1 = (source.y + source.height, target.y) if down else (source.y, target.y + target.height)
        self.lines.append(ink.arrow_svg(f"M{x:.1f},{y0:.1f} L{x:.1f},{y1:.1f}", arrow.kind))
        self.keys.append(ink.key_svg(arrow, x + 8, (y0 + y1) / 2 + 4))

    def around(self, arrow: Arrow) -> None:
        """An arrow that goes back, along a lane of its own: above all boxes what trains, below them the rest."""
        lane = TOP if arrow.kind == "train" else BOTTOM
        self.lanes[lane] += 1
        source, target = self.page.frames[arrow.source], self.page.frames[arrow.target]
        leaves, comes = self._way(source, lane, 1), self._way(target, lane, -1)
        self.lines.append(ink.arrow_svg(ink.rounded([*leaves, *reversed(comes)]), arrow.kind))
        middle = (leaves[-1][0] + comes[-1][0]) / 2
        self.keys.append(ink.key_svg(arrow, middle - ink.label_width(arrow) / 2, leaves[-1][1] - 5))

    def _way(self, frame: Frame, lane: str, side: int) -> list[tuple[float, float]]:
        """From a box to its lane: straight up or down, and where boxes stand between, along their right (1) or left."""
        level, x = self._lane(lane), frame.x + frame.width / 2
        edge, inside = (frame.y, CORNER) if lane == TOP else (frame.y + frame.height, -CORNER)
        between = [
            other for other in self.page.frames.values()
            if other is not frame and other.x - CORNER < x < other.x + other.width + CORNER
            and min(edge, level) <= other.y <= max(edge, level)
        ]  # fmt: skip
        if not between:
            return [(x, edge), (x, level)]
        sides = [other.x + other.width * (side > 0) for other in (frame, *between)]
        beside = max(sides) if side > 0 else min(sides)
        beside += side * CORNER * self.lanes[lane]
        return [(frame.x + frame.width * (side > 0), edge + inside), (beside, edge + inside), (beside, level)]

    def _lane(self, lane: str) -> float:
        (top, bottom), count = self.page.extent, LANE * (self.lanes[lane] + 0.2)
        return top - count if lane == TOP else bottom + count

    def document(self) -> str:
        """All of it, with a heading and a legend."""
        drawing, frames = self.page.drawing, self.page.frames.values()
        low = self._lane(BOTTOM) + 0.3 * LANE
        kinds = [kind for kind in ink.STROKES if any(arrow.kind == kind for arrow in drawing.arrows)]
        legend, end = ink.legend_svg(kinds, MARGIN, low + 1.4 * LANE)
        wide = max(end, ink.text_width(drawing.title, ink.HEADING) + MARGIN, *(f.x + f.width for f in frames)) + MARGIN
        tall = low + 2 * LANE + MARGIN / 2
        heading = f'font-size="{ink.HEADING}" font-weight="600">{escape(drawing.title)}</text>'
        size = f'viewBox="0 0 {wide:.0f} {tall:.0f}" width="{wide:.0f}" height="{tall:.0f}"'
        look = f'xmlns="http://www.w3.org/2000/svg" font-family="{ink.FONT}" fill="{ink.INK}"'
        return "\n".join([
            f"<svg {size} {look}>",
            f"<title>{escape(drawing.title)}</title>",
            f"<defs>{''.join(map(ink.marker_svg, kinds))}</defs>",
            f'<rect width="{wide:.0f}" height="{tall:.0f}" rx="10" fill="#ffffff"/>',
            f'<text x="{MARGIN}" y="{MARGIN + 4}" {heading}',
            *self.lines, *map(ink.box_svg, frames), *self.keys, *legend, "</svg>", "",
        ])  # fmt: skip

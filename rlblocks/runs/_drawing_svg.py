"""A drawing as SVG: sizes from the text, places from the layout, arrows as curves with their keys on them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import attrs

from rlblocks.runs._drawing_layout import layers_of, placed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rlblocks.runs._drawing_layout import Placed
    from rlblocks.runs.drawing import Arrow, Box, Drawing

COLOURS = {  # fill and edge
    "envs": ("#e3f3e6", "#3f9b57"), "explorers": ("#dff3f1", "#2a9187"), "stores": ("#fdf0d9", "#cf8a1c"),
    "networks": ("#e2ecfb", "#3f6fc4"), "targets": ("#efe6fa", "#8355c0"), "losses": ("#fbe4e4", "#c9504f"),
    "optimizers": ("#eceef1", "#6b7685"), "": ("#f2f2f2", "#8a8a8a"),
}  # fmt: skip
STROKES = {"collect": "#2a9187", "learn": "#4a5160", "train": "#9aa3b0", "follow": "#3f6fc4", "pay": "#cf8a1c"}
LEGEND = {"collect": "collect", "learn": "learn", "train": "train", "follow": "follow", "pay": "pay back"}
DASHED = ("train", "follow", "pay")
INK, QUIET = "#1f2430", "#6a7280"
FONT = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"
TITLE, SMALL, KEY, HEADING = 14, 11, 11, 17  # sizes of print
PAD, LINE = 12.0, 15.0  # inside a box
PITCH = 20.0  # between two arrows at one side of a box
STACK = 58.0  # between the boxes of one stack
BEND = 46.0  # width in which an arrow changes its height
MARGIN, LANE = 30.0, 18.0
WIDE, NARROW = "mwMW@%—→", "iljtfrI.,:;'|()[] "


def text_width(text: str, size: float) -> float:
    """About how wide a text is in a sans-serif font.

    >>> text_width("iii", 10) < text_width("mmm", 10)
    True
    """
    return size * sum(0.92 if c in WIDE else 0.36 if c in NARROW else 0.67 if c.isupper() else 0.6 for c in text)


@attrs.define
class Frame:
    """One box on the page, from its top left corner; ports are the heights at which arrows touch its sides."""

    box: Box
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    stack: str = ""

    @property
    def lines(self) -> list[str]:
        """The small print."""
        return [part for part in (self.box.slot, self.box.note) if part]


def svg_of(drawing: Drawing) -> str:
    """The drawing as an SVG document."""
    page = Page(drawing)
    page.arrange()
    return page.document()


@attrs.define
class Page:
    """A page in the making."""

    drawing: Drawing
    frames: dict[str, Frame] = attrs.field(factory=dict)
    stacks: dict[str, list[str]] = attrs.field(factory=dict)
    parts: list[str] = attrs.field(factory=list)
    lanes: dict[str, int] = attrs.field(factory=lambda: {"top": 0, "bottom": 0})

    # -- places --------------------------------------------------------------------------------------------------

    def arrange(self) -> None:
        """Give every box its place."""
        for box in self.drawing.boxes:
            lines = [part for part in (box.slot, box.note) if part]
            wide = max([text_width(box.title, TITLE) * 1.06, *(text_width(line, SMALL) for line in lines)])
            sides = max(self._ports(box.id, side) for side in ("left", "right"))
            tall = 2 * PAD + TITLE + LINE * len(lines)
            self.frames[box.id] = Frame(box, wide + 2 * PAD + 6, max(tall, PITCH * (sides + 0.6)))
        self._stack()
        forward = self._forward()
        order = [(self.frames[a.source].stack, self.frames[a.target].stack) for a in forward]
        ahead = [self._ahead(arrow) for arrow in forward]
        order = [(s, t) if right else (t, s) for (s, t), right in zip(order, ahead, strict=True)]
        layer = layers_of(list(self.stacks), order)
        found = placed({stack: self._height(stack) for stack in self.stacks}, layer, order)
        self._columns(found, forward)
        self._draw(found, forward)

    def _ports(self, id_: str, side: str) -> int:
        touching = [a for a in self._forward() if id_ in (a.source, a.target)]
        return sum((a.source == id_) == (self._ahead(a) == (side == "right")) for a in touching)

    def _forward(self) -> list[Arrow]:
        """Arrows between two stacks that are drawn through the columns; the others run inside a stack or around all."""
        inside = {frozenset(pair) for pair in self._pairs()}
        return [a for a in self.drawing.arrows if a.kind in ("collect", "learn") and {a.source, a.target} not in inside]

    def _pairs(self) -> list[tuple[str, str]]:
        """Boxes that stand above each other: a network and its target, the environment and the explorer."""
        pairs = [(a.source, a.target) for a in self.drawing.arrows if a.kind == "follow"]
        return [("env", "explorer"), *pairs]

    def _ahead(self, arrow: Arrow) -> bool:
        """Whether an arrow points to the right: all do but those that bring an explorer what it reads."""
        return not (arrow.kind == "collect" and arrow.target == "explorer")

    def _stack(self) -> None:
        below = dict(self._pairs())
        for id_ in self.frames:
            if id_ in below.values():
                continue
            members = [id_] + ([below[id_]] if below.get(id_) in self.frames else [])
            self.stacks[id_] = members
            wide = max(self.frames[member].width for member in members)
            for member in members:
                self.frames[member].stack, self.frames[member].width = id_, wide

    def _height(self, stack: str) -> float:
        members = self.stacks[stack]
        return sum(self.frames[member].height for member in members) + STACK * (len(members) - 1)

    def _columns(self, found: Placed, forward: Sequence[Arrow]) -> None:
        """The left edge of every column: wide enough for the boxes, and for the keys between them."""
        x = MARGIN
        tops = []
        for column in found.columns:
            stacks = [item for item in column if item in self.stacks]
            wide = max((self.frames[stack].width for stack in stacks), default=0.0)
            for stack in stacks:
                y = found.middle[stack] - self._height(stack) / 2
                for member in self.stacks[stack]:
                    frame = self.frames[member]
                    frame.x, frame.y = x + (wide - frame.width) / 2, y
                    y += frame.height + STACK
                    tops.append(frame.y)
            labels = [
                label_width(arrow) for index, arrow in enumerate(forward) if found.links[index].path[0] in column
            ]  # fmt: skip
            x += wide + max(labels, default=0.0) + BEND + 26
        shift = MARGIN + HEADING + 2 * LANE + LANE * sum(a.kind == "train" for a in self.drawing.arrows) - min(tops)
        for frame in self.frames.values():
            frame.y += shift
        self._shift = shift

    _shift: float = 0.0

    # -- ink -----------------------------------------------------------------------------------------------------

    def _draw(self, found: Placed, forward: Sequence[Arrow]) -> None:
        """Arrows first, boxes over them, keys over both."""
        keys: list[str] = []
        ports = self._port_heights(found, forward)
        for index, arrow in enumerate(forward):
            path, key = self._through(index, arrow, found, ports)
            self.parts.append(path)
            keys.append(key)
        for arrow in self.drawing.arrows:
            if arrow not in forward:
                path, key = self._inside(arrow) if self._is_pair(arrow) else self._around(arrow)
                self.parts.append(path)
                keys.append(key)
        self.parts += [box_svg(frame) for frame in self.frames.values()]
        self.parts += keys

    def _is_pair(self, arrow: Arrow) -> bool:
        return self.frames[arrow.source].stack == self.frames[arrow.target].stack

    def _port_heights(self, found: Placed, forward: Sequence[Arrow]) -> dict[tuple[int, str], float]:
        """Where each arrow touches its boxes: in the order of where it comes from or goes to."""
        touching: dict[tuple[str, str], list[tuple[float, int]]] = {}
        for index, arrow in enumerate(forward):
            path = found.links[index].path
            ends = (arrow.source, arrow.target) if self._ahead(arrow) else (arrow.target, arrow.source)
            for id_, side, other in ((ends[0], "right", path[1]), (ends[1], "left", path[-2])):
                touching.setdefault((id_, side), []).append((self._level(found, other, arrow), index))
        heights = {}
        for (id_, side), arrows in touching.items():
            frame = self.frames[id_]
            step = min(PITCH * 1.25, frame.height / (len(arrows) + 0.6))
            top = frame.y + frame.height / 2 - step * (len(arrows) - 1) / 2
            for place, (_, index) in enumerate(sorted(arrows)):
                heights[index, side] = top + place * step
        return heights

    def _level(self, found: Placed, item: str, arrow: Arrow) -> float:
        """The height of a passing place, or of that box of a stack which the arrow touches."""
        if item in self.stacks:
            for id_ in (arrow.source, arrow.target):
                frame = self.frames[id_]
                if frame.stack == item:
                    return frame.y + frame.height / 2
        return found.middle[item] + self._shift

    def _through(
        self, index: int, arrow: Arrow, found: Placed, ports: Mapping[tuple[int, str], float]
    ) -> tuple[str, str]:
        """An arrow through the columns: level under its keys, then a bend in every gap."""
        ahead = self._ahead(arrow)
        left, right = (arrow.source, arrow.target) if ahead else (arrow.target, arrow.source)
        start, end = self.frames[left], self.frames[right]
        x, y = start.x + start.width, ports[index, "right"]
        points = [(x, y)]
        for item in found.links[index].path[1:-1]:
            column = next(column for column in found.columns if item in column)
            stacks = [self.frames[m] for other in column if other in self.stacks for m in self.stacks[other]]
            low = min((frame.x for frame in stacks), default=x)
            high = max((frame.x + frame.width for frame in stacks), default=x)
            level = found.middle[item] + self._shift
            points += [(low, level), (high, level)]
        points.append((end.x, ports[index, "left"]))
        straight = label_width(arrow) + 14
        path = curve(points, straight)
        return arrow_svg(path, arrow.kind, backwards=not ahead), key_svg(arrow, x + 9, y - 5)

    def _inside(self, arrow: Arrow) -> tuple[str, str]:
        """An arrow between two boxes that stand above each other."""
        source, target = self.frames[arrow.source], self.frames[arrow.target]
        x = source.x + source.width / 2
        down = target.y > source.y
        y0, y1 = (source.y + source.height, target.y) if down else (source.y, target.y + target.height)
        path = f"M{x:.1f},{y0:.1f} L{x:.1f},{y1:.1f}"
        return arrow_svg(path, arrow.kind), key_svg(arrow, x + 8, (y0 + y1) / 2 + 4)

    def _around(self, arrow: Arrow) -> tuple[str, str]:
        """An arrow that goes back: out to the right, along a lane above or below all, and in from the right."""
        source, target = self.frames[arrow.source], self.frames[arrow.target]
        lane = "top" if arrow.kind == "train" else "bottom"
        self.lanes[lane] += 1
        edge = (
            min(f.y for f in self.frames.values())
            if lane == "top"
            else max(f.y + f.height for f in self.frames.values())
        )
        level = edge + (-1 if lane == "top" else 1) * LANE * (self.lanes[lane] + 0.2)
        x0, x1 = source.x + source.width / 2, target.x + target.width / 2
        y0 = source.y if lane == "top" else source.y + source.height
        y1 = target.y if lane == "top" else target.y + target.height
        path = rounded([(x0, y0), (x0, level), (x1, level), (x1, y1)])
        wide = sum(text_width(key, KEY) for key in arrow.keys)
        return arrow_svg(path, arrow.kind), key_svg(arrow, (x0 + x1 - wide) / 2, level - 5)

    # -- the whole -----------------------------------------------------------------------------------------------

    def document(self) -> str:
        """All of it, with a heading and a legend."""
        wide = max(frame.x + frame.width for frame in self.frames.values()) + MARGIN
        low = max(frame.y + frame.height for frame in self.frames.values()) + LANE * (self.lanes["bottom"] + 0.5)
        tall = low + 2 * LANE + MARGIN / 2
        kinds = [kind for kind in STROKES if any(arrow.kind == kind for arrow in self.drawing.arrows)]
        markers = "".join(marker_svg(kind) for kind in kinds)
        heading = f'<text x="{MARGIN}" y="{MARGIN + 4}" font-size="{HEADING}" font-weight="600">{escape(self.drawing.title)}</text>'
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {tall:.0f}" width="{wide:.0f}" '
            f'height="{tall:.0f}" font-family="{FONT}" fill="{INK}">',
            f"<defs>{markers}</defs>",
            f'<rect width="{wide:.0f}" height="{tall:.0f}" rx="10" fill="#ffffff"/>',
            heading, *self.parts, *legend_svg(kinds, MARGIN, low + 1.4 * LANE), "</svg>", "",
        ])  # fmt: skip


def label_lines(arrow: Arrow) -> list[str]:
    """The keys of an arrow on one line, or on two where they are many."""
    text = ", ".join(arrow.keys)
    if len(arrow.keys) < 4:  # noqa: PLR2004  three still fit beside each other
        return [text]
    half = (len(arrow.keys) + 1) // 2
    return [", ".join(arrow.keys[:half]) + ",", ", ".join(arrow.keys[half:])]


def label_width(arrow: Arrow) -> float:
    """The width that the keys of an arrow take."""
    return max(text_width(line, KEY) for line in label_lines(arrow))


def curve(points: Sequence[tuple[float, float]], straight: float) -> str:
    """A path through points two by two: level within a pair, a bend from pair to pair; level at first for the keys."""
    (x, y), *rest = points
    parts = [f"M{x:.1f},{y:.1f} H{x + straight:.1f}"]
    x += straight
    for index, (nx, ny) in enumerate(rest):
        if index % 2 == 0:
            mid = (x + nx) / 2
            parts.append(f"C{mid:.1f},{y:.1f} {mid:.1f},{ny:.1f} {nx:.1f},{ny:.1f}")
        else:
            parts.append(f"H{nx:.1f}")
        x, y = nx, ny
    return " ".join(parts)


def rounded(points: Sequence[tuple[float, float]], radius: float = 8.0) -> str:
    """A path of level and upright lines with round corners."""
    parts = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x0, y0), (x1, y1), (x2, y2) in zip(points, points[1:], points[2:], strict=False):
        r = min(radius, (abs(x1 - x0) + abs(y1 - y0)) / 2, (abs(x2 - x1) + abs(y2 - y1)) / 2)
        ax, ay = x1 - r * _sign(x1 - x0), y1 - r * _sign(y1 - y0)
        bx, by = x1 + r * _sign(x2 - x1), y1 + r * _sign(y2 - y1)
        parts.append(f"L{ax:.1f},{ay:.1f} Q{x1:.1f},{y1:.1f} {bx:.1f},{by:.1f}")
    parts.append(f"L{points[-1][0]:.1f},{points[-1][1]:.1f}")
    return " ".join(parts)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def arrow_svg(path: str, kind: str, *, backwards: bool = False) -> str:
    """A line with its head."""
    dash = ' stroke-dasharray="5 4"' if kind in DASHED else ""
    end = "marker-start" if backwards else "marker-end"
    return f'<path d="{path}" fill="none" stroke="{STROKES[kind]}" stroke-width="1.4"{dash} {end}="url(#{kind})"/>'


def marker_svg(kind: str) -> str:
    """The head of an arrow of one kind."""
    return (
        f'<marker id="{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0,1 L9,5 L0,9 z" fill="{STROKES[kind]}"/></marker>'
    )


def key_svg(arrow: Arrow, x: float, y: float) -> str:
    """The keys of an arrow, over a white edge of their own, so that they are legible over whatever they cross."""
    lines = label_lines(arrow)
    parts = []
    for number, line in enumerate(lines, 1 - len(lines)):
        place = f'<text x="{x:.1f}" y="{y + 13 * number:.1f}" font-size="{KEY}"'
        halo = 'fill="#ffffff" stroke="#ffffff" stroke-width="4" stroke-linejoin="round"'
        text = escape(line)
        parts.append(f'{place} {halo}>{text}</text>{place} fill="{STROKES[arrow.kind]}">{text}</text>')
    return "".join(parts)


def box_svg(frame: Frame) -> str:
    """A box with its title and its small print."""
    fill, edge = COLOURS.get(frame.box.role, COLOURS[""])
    dash = ' stroke-dasharray="5 4"' if frame.box.copy else ""
    middle = frame.x + frame.width / 2
    content = TITLE + LINE * len(frame.lines)
    y = frame.y + (frame.height - content) / 2 + TITLE - 2
    parts = [
        f'<rect x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.width:.1f}" height="{frame.height:.1f}" rx="8" '
        f'fill="{fill}" stroke="{edge}" stroke-width="1.5"{dash}/>',
        f'<text x="{middle:.1f}" y="{y:.1f}" font-size="{TITLE}" font-weight="600" text-anchor="middle">'
        f"{escape(frame.box.title)}</text>",
    ]
    for number, line in enumerate(frame.lines, 1):
        parts.append(
            f'<text x="{middle:.1f}" y="{y + LINE * number + 1:.1f}" font-size="{SMALL}" text-anchor="middle" '
            f'fill="{QUIET if number == 1 else INK}">{escape(line)}</text>'
        )
    return "".join(parts)


def legend_svg(kinds: Sequence[str], x: float, y: float) -> list[str]:
    """What the kinds of arrows mean."""
    parts = []
    for kind in kinds:
        parts.append(arrow_svg(f"M{x:.1f},{y:.1f} H{x + 26:.1f}", kind))
        said = LEGEND[kind]
        parts.append(f'<text x="{x + 32:.1f}" y="{y + 4:.1f}" font-size="{SMALL}" fill="{QUIET}">{said}</text>')
        x += 48 + text_width(said, SMALL)
    return parts

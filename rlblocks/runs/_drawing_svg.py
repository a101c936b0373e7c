"""The ink of a drawing: boxes, arrows and texts as SVG, each from its place and size."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import attrs

from rlblocks.runs._drawing_model import Arrow, Box

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = {  # fill and edge
    "envs": ("#e3f3e6", "#3f9b57"), "explorers": ("#dff3f1", "#2a9187"), "stores": ("#fdf0d9", "#cf8a1c"),
    "networks": ("#e2ecfb", "#3f6fc4"), "targets": ("#efe6fa", "#8355c0"), "losses": ("#fbe4e4", "#c9504f"),
    "optimizers": ("#eceef1", "#6b7685"), "returns": ("#eef3d8", "#7f9a2c"), "transforms": ("#f6f8ea", "#9db04f"),
    "normalizers": ("#fbeaf3", "#b8548c"), "": ("#f2f2f2", "#8a8a8a"),
}  # fmt: skip
STROKES = {
    "collect": "#2a9187", "remember": "#2a9187", "learn": "#4a5160", "train": "#9aa3b0", "follow": "#3f6fc4",
    "pay": "#cf8a1c",
}  # fmt: skip
LEGEND = {kind: kind for kind in STROKES} | {"pay": "pay back"}
DASHED = ("remember", "train", "follow", "pay")
INK, QUIET = "#1f2430", "#6a7280"
FONT = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"
TITLE, SMALL, KEY, HEADING = 14, 11, 11, 17  # sizes of print
PAD, LINE = 12.0, 15.0  # inside a box
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
    place = f'x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.width:.1f}" height="{frame.height:.1f}" rx="8"'
    look = f'fill="{fill}" stroke="{edge}" stroke-width="1.5"{dash}'
    parts = [f"<rect {place} {look}/>", _centred(frame.box.title, middle, y, f'font-size="{TITLE}" font-weight="600"')]
    for number, line in enumerate(frame.lines, 1):
        look = f'font-size="{SMALL}" fill="{QUIET if number == 1 else INK}"'
        parts.append(_centred(line, middle, y + LINE * number + 1, look))
    return "".join(parts)


def _centred(text: str, x: float, y: float, look: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" {look}>{escape(text)}</text>'


def legend_svg(kinds: Sequence[str], x: float, y: float) -> tuple[list[str], float]:
    """What the kinds of arrows mean, and where the line ends."""
    parts = []
    for kind in kinds:
        parts.append(arrow_svg(f"M{x:.1f},{y:.1f} H{x + 26:.1f}", kind))
        said = LEGEND[kind]
        parts.append(f'<text x="{x + 32:.1f}" y="{y + 4:.1f}" font-size="{SMALL}" fill="{QUIET}">{said}</text>')
        x += 48 + text_width(said, SMALL)
    return parts, x

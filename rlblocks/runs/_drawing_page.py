"""The page of a drawing: sizes from the texts, places from the layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from rlblocks.runs._drawing_layout import Placed, layers_of, placed
from rlblocks.runs._drawing_model import Arrow, Drawing
from rlblocks.runs._drawing_svg import HEADING, LINE, PAD, SMALL, TITLE, Frame, label_lines, label_width, text_width

if TYPE_CHECKING:
    from rlblocks.runs._drawing_model import Box

PITCH, KEY_LINE = 20.0, 13.0  # between two arrows at one side of a box, and between two lines of keys
STACK = 58.0  # between the boxes of one stack
BEND = 60.0  # width in which an arrow changes its height
MARGIN, LANE = 30.0, 18.0


@attrs.frozen
class Page:
    """Where everything of a drawing stands.

    Attributes:
        drawing: what is drawn.
        frames: the boxes with their places, by id.
        stacks: boxes that stand above each other, by the id of the first.
        through: the arrows that run through the columns; the others run inside a stack or around all.
        found: columns and passing places.
        shift: from the layout's heights to those of the page.
    """

    drawing: Drawing
    frames: dict[str, Frame]
    stacks: dict[str, list[str]]
    through: tuple[Arrow, ...]
    found: Placed
    shift: float

    def level(self, item: str, arrow: Arrow) -> float:
        """The height of a passing place, or of that box of a stack which the arrow touches."""
        if item in self.stacks:
            touched = (self.frames[id_] for id_ in (arrow.source, arrow.target))
            frame = next(frame for frame in touched if frame.stack == item)
            return frame.y + frame.height / 2
        return self.found.middle[item] + self.shift

    @property
    def extent(self) -> tuple[float, float]:
        """The least and the greatest height of what stands in the columns or runs through them."""
        passing = [self.found.middle[item] + self.shift for item in _passing(self.found)]
        frames = self.frames.values()
        return min([*(f.y for f in frames), *passing]), max([*(f.y + f.height for f in frames), *passing])

    def ports(self) -> dict[tuple[int, str], float]:
        """Where each arrow touches its boxes: in the order of where it comes from or goes to."""
        touching: dict[tuple[str, str], list[tuple[float, int]]] = {}
        for index, arrow in enumerate(self.through):
            path = self.found.links[index].path
            left, right = ends(arrow)
            for id_, side, other in ((left, "right", path[1]), (right, "left", path[-2])):
                touching.setdefault((id_, side), []).append((self.level(other, arrow), index))
        heights = {}
        for (id_, side), arrows in touching.items():
            frame = self.frames[id_]
            rooms = [_room(self.through[index], side) for _, index in sorted(arrows)]
            scale = min(1.25, frame.height / (sum(rooms) + 0.6 * PITCH))
            y = frame.y + frame.height / 2 - scale * sum(rooms) / 2
            for room, (_, index) in zip(rooms, sorted(arrows), strict=True):
                y += scale * room
                heights[index, side] = y - scale * PITCH / 2
        return heights

    def beside(self, item: str) -> tuple[float, float]:
        """From where to where a passing place lies: as wide as the boxes of its column."""
        column = next(column for column in self.found.columns if item in column)
        frames = [self.frames[id_] for other in column if other in self.stacks for id_ in self.stacks[other]]
        return min(frame.x for frame in frames), max(frame.x + frame.width for frame in frames)


def page_of(drawing: Drawing) -> Page:
    """Give everything its place."""
    pairs = _pairs(drawing)
    upright = {frozenset(pair) for pair in pairs}
    through = tuple(
        a for a in drawing.arrows if a.kind in ("collect", "learn") and frozenset((a.source, a.target)) not in upright
    )
    frames = {box.id: _framed(box, through) for box in drawing.boxes}
    stacks = _stacked(frames, dict(pairs))
    order = [(frames[left].stack, frames[right].stack) for left, right in map(ends, through)]
    heights = {stack: _height(frames, members) for stack, members in stacks.items()}
    found = placed(heights, layers_of(list(stacks), order), order)
    shift = _arranged(frames, stacks, found, through)
    lanes = 2.0 + sum(arrow.kind == "train" for arrow in drawing.arrows)
    down = MARGIN + HEADING + LANE * lanes - min([0.0, *(found.middle[item] + shift for item in _passing(found))])
    for frame in frames.values():
        frame.y += shift + down
    return Page(drawing, frames, stacks, through, found, shift + down)


def _passing(found: Placed) -> list[str]:
    """The places that arrows hold in the columns which they pass."""
    return [item for link in found.links.values() for item in link.path[1:-1]]


def ends(arrow: Arrow) -> tuple[str, str]:
    """The box at the left and the box at the right end: only what an explorer reads points to the left."""
    backwards = arrow.kind == "collect" and arrow.target == "explorer"
    return (arrow.target, arrow.source) if backwards else (arrow.source, arrow.target)


def _pairs(drawing: Drawing) -> list[tuple[str, str]]:
    """Boxes that stand above each other: a network and its target, the environment and the explorer."""
    return [("env", "explorer"), *((a.source, a.target) for a in drawing.arrows if a.kind == "follow")]


def _framed(box: Box, through: tuple[Arrow, ...]) -> Frame:
    """A box as wide as its texts, and as high as they and its arrows need."""
    lines = [part for part in (box.slot, box.note) if part]
    wide = max([text_width(box.title, TITLE) * 1.06, *(text_width(line, SMALL) for line in lines)])
    rooms = {"right": 0.6 * PITCH, "left": 0.6 * PITCH}
    for arrow in through:
        for side, id_ in zip(rooms, ends(arrow), strict=True):
            rooms[side] += _room(arrow, side) if id_ == box.id else 0.0
    return Frame(box, wide + 2 * PAD + 6, max(2 * PAD + TITLE + LINE * len(lines), *rooms.values()))


def _room(arrow: Arrow, side: str) -> float:
    """The height that an arrow takes at a side of a box; at its left end its keys stand above it."""
    return PITCH + (KEY_LINE * (len(label_lines(arrow)) - 1) if side == "right" else 0.0)


def _stacked(frames: dict[str, Frame], below: dict[str, str]) -> dict[str, list[str]]:
    """Stacks by their first box; all boxes of one are as wide as the widest."""
    stacks = {}
    for id_ in frames:
        if id_ not in below.values():
            stacks[id_] = [id_, below[id_]] if below.get(id_) in frames else [id_]
            wide = max(frames[member].width for member in stacks[id_])
            for member in stacks[id_]:
                frames[member].stack, frames[member].width = id_, wide
    return stacks


def _height(frames: dict[str, Frame], members: list[str]) -> float:
    return sum(frames[member].height for member in members) + STACK * (len(members) - 1)


def _arranged(
    frames: dict[str, Frame], stacks: dict[str, list[str]], found: Placed, through: tuple[Arrow, ...]
) -> float:
    """Put every box into its column, which is as wide as its boxes, and as far from the next as the keys need."""
    x = MARGIN
    for column in found.columns:
        here = [item for item in column if item in stacks]
        wide = max(frames[stack].width for stack in here)
        for stack in here:
            y = found.middle[stack] - _height(frames, stacks[stack]) / 2
            for member in stacks[stack]:
                frame = frames[member]
                frame.x, frame.y = x + (wide - frame.width) / 2, y
                y += frame.height + STACK
        keys = [label_width(arrow) for index, arrow in enumerate(through) if found.links[index].path[0] in column]
        x += wide + max(keys, default=0.0) + BEND
    return -min(frame.y for frame in frames.values())

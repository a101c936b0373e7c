"""The pages of the documentation, and the fenced blocks in them."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")])


@attrs.frozen
class Fence:
    """A fenced block.

    Attributes:
        page: the file.
        line: of its first line of text, counted from 1.
        words: what stands behind the opening fence, such as `python` or `python raises`.
        text: between the fences, with a line end behind every line.
    """

    page: Path
    line: int
    words: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


def name_of(page: Path) -> str:
    """The page as one writes it: `docs/start-here.md`."""
    return page.relative_to(ROOT).as_posix()


def fences_of(page: Path) -> list[Fence]:
    """The fenced blocks of a page, in order."""
    found, words, begun, kept = [], None, 0, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(keepends=True), 1):
        if not line.startswith("```"):
            kept.append(line)
        elif words is None:
            words, begun, kept = tuple(line[3:].split()), number + 1, []
        else:
            found.append(Fence(page, begun, words, "".join(kept)))
            words = None
    assert words is None, f"{name_of(page)}:{begun} is a block without an end"
    return found


def matches(found: str, shown: str) -> bool:
    """Whether an output is the one that a page shows, in which `...` stands for anything."""
    pattern = "".join(".*?" if part == "..." else re.escape(part) for part in re.split(r"(\.\.\.)", _bare(shown)))
    return re.fullmatch(pattern, _bare(found), re.DOTALL) is not None


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())

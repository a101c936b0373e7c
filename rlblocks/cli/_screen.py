"""How the verbs write: text and aligned columns, coloured and wrapped on a terminal, plain and whole in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, TextIO

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
WIDEST = 120  # columns: beyond that the eye loses the line
NARROWEST = 24  # columns of text beside a label; with less, the text stands below it


@attrs.frozen
class Screen:
    """A stream and what it can show.

    Attributes:
        stream: where to write.
        width: columns, at which text is wrapped; 0 wraps nothing.
        colours: whether to colour.
    """

    stream: TextIO
    width: int = 0
    colours: bool = False

    @staticmethod
    def of(stream: TextIO | None = None) -> Screen:
        """What the stream, by default standard output, can show at this moment."""
        stream = sys.stdout if stream is None else stream
        if not stream.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
            return Screen(stream)
        return Screen(stream, min(WIDEST, shutil.get_terminal_size().columns), not os.environ.get("NO_COLOR"))

    def paint(self, text: str, style: str) -> str:
        r"""The text in a style such as "bold cyan", where there are colours.

        >>> import sys
        >>> Screen(sys.stdout).paint("x", "red"), Screen(sys.stdout, 80, True).paint("x", "red")
        ('x', '\x1b[31mx\x1b[0m')
        """
        if not (self.colours and style and text):
            return text
        return f"\x1b[{';'.join(CODES[word] for word in style.split())}m{text}\x1b[0m"

    def write(self, text: str = "", style: str = "") -> None:
        """One or more lines."""
        self.stream.write(f"{self.paint(text, style)}\n")

    def hint(self, text: str) -> None:
        """What one may type next, for a person at a terminal."""
        if self.width:
            self.write(f"\n{self.paint(text, 'dim')}")

    def prose(self, text: str) -> None:
        """Paragraphs, wrapped on a terminal; indented lines stay as they are."""
        for line in text.splitlines():
            wrap = self.width and len(line) > self.width and not line.startswith(" ")
            self.write("\n".join(textwrap.wrap(line, self.width)) if wrap else line)

    def rows(self, rows: Iterable[tuple[str, str]], indent: int = 2, style: str = "cyan") -> None:
        """Labels and what is said of each, the second column at one place."""
        listed = list(rows)
        label = max((len(name) for name, _ in listed), default=0)
        start = indent + label + 2
        for name, said in listed:
            lines = said.splitlines() or [""]
            if self.width and self.width - start >= NARROWEST:
                lines = [part for line in lines for part in textwrap.wrap(line, self.width - start) or [""]]
            head = f"{' ' * indent}{self.paint(name, style)}{' ' * (label - len(name) + 2)}"
            self.write("\n".join([(head + lines[0]).rstrip(), *(" " * start + line for line in lines[1:])]))

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]], indent: int = 2) -> None:
        """A table: the first column to the left, the others, which are numbers as a rule, to the right."""
        listed = [list(row) for row in rows]
        widths = [max(len(row[i]) for row in [head, *listed]) for i in range(len(head))]

        def line(row: Sequence[str]) -> str:
            cells = [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
            return (" " * indent + "  ".join(cells)).rstrip()

        self.write(line(head), "dim")
        for row in listed:
            self.write(line(row))

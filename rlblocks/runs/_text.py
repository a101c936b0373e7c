"""How numbers, durations, curves and paths are written for a terminal: pure functions of what they show."""

from __future__ import annotations

import math
import os
import shlex
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@attrs.frozen
class Glyphs:
    """The characters a view draws with."""

    levels: str  # of a sparkline, from low to high
    done: str
    todo: str
    dot: str  # between two facts
    plus_minus: str
    ellipsis: str


UNICODE = Glyphs("▁▂▃▄▅▆▇█", "━", "─", "·", "±", "…")
ASCII = Glyphs("_.-=+*%#", "#", "-", "|", "+-", "...")


def glyphs_for(encoding: str | None) -> Glyphs:
    """The characters that can be written in `encoding`.

    >>> glyphs_for("utf-8").plus_minus, glyphs_for("ascii").plus_minus, glyphs_for(None).plus_minus
    ('±', '+-', '+-')
    """
    try:
        "".join(attrs.astuple(UNICODE)).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


PLAINER = str.maketrans({"±": "+-", "·": "|", "…": "...", "−": "-", "–": "-", "×": "x", "γ": "gamma", "λ": "lambda"})


def encodable(text: str, encoding: str) -> str:
    """The text in characters that `encoding` has: plainer ones where there are such, else question marks.

    >>> encodable("487.3 ± 12 ☃", "ascii"), encodable("487.3 ± 12 ☃", "utf-8")
    ('487.3 +- 12 ?', '487.3 ± 12 ☃')
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAINER).encode(encoding, "replace").decode(encoding)
    return text


def printable(text: str) -> str:
    r"""The text on one line and without control characters: a name in a file may not move the cursor.

    >>> printable("dqn\x1b[2J on\nCartPole")
    'dqn?[2J on CartPole'
    """
    return "".join(c if c.isprintable() else "?" for c in text.replace("\n", " ").replace("\t", " "))


def count(value: float) -> str:
    """A whole number in groups of three.

    >>> count(41000)
    '41,000'
    """
    return f"{value:,.0f}" if math.isfinite(value) else number(value)


def number(value: float) -> str:
    """A measured number in at most four significant digits, with thousands in groups.

    >>> [number(x) for x in (487.31, 0.012345, 12345.6, -3.0, 1.5e-7, 2e12, float("nan"))]
    ['487.3', '0.01235', '12,346', '-3', '1.5e-07', '2e+12', 'nan']
    """
    size = abs(value)
    if not math.isfinite(value):
        return str(float(value))
    if size and (size < 1e-4 or size >= 1e9):  # noqa: PLR2004  where plain digits stop being readable
        return f"{value:.3g}"
    if size >= 1e3:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.4g}"


def tenths(value: float) -> str:
    """A mean return to one decimal, so that a column of them can be compared; short where it is large.

    >>> [tenths(x) for x in (487.31, 500.0, 12345.6, 2.05e31, -1e6, float("nan"))]
    ['487.3', '500.0', '12345.6', '2.05e+31', '-1,000,000', 'nan']
    """
    return f"{value:.1f}" if abs(value) < 1e6 else number(value)  # noqa: PLR2004  seven digits are the most at a glance


def duration(seconds: float) -> str:
    """A time span as one would read it off a clock.

    >>> [duration(s) for s in (7.4, 83, 3_725, 187_200)]
    ['0:07', '1:23', '1:02:05', '2 d 4 h']
    """
    if not math.isfinite(seconds):
        return "?"
    whole = max(0, round(seconds))
    if whole >= 2 * DAY:
        return f"{whole // DAY} d {whole % DAY // HOUR} h"
    if whole >= HOUR:
        return f"{whole // HOUR}:{whole % HOUR // MINUTE:02}:{whole % MINUTE:02}"
    return f"{whole // MINUTE}:{whole % MINUTE:02}"


def percent(share: float) -> str:
    """A share of 1, rounded down, so that 100 % is said only of what is complete.

    >>> percent(0.4199), percent(0.9999), percent(1.0)
    ('41 %', '99 %', '100 %')
    """
    return f"{math.floor(100 * min(1.0, max(0.0, share)) + 1e-9)} %"


def bar(share: float, width: int) -> tuple[int, int]:
    """How many of `width` cells are done and how many are not; full only when the share is 1.

    >>> bar(0.5, 10), bar(0.999, 10), bar(1.0, 10)
    ((5, 5), (9, 1), (10, 0))
    """
    done = max(0, min(width, math.floor(width * share + 1e-9)))
    return done, width - done


def sparkline(values: Sequence[float], levels: str) -> str:
    """One character per value, scaled from the lowest to the highest; a blank where a value is not finite.

    >>> sparkline([0, 1, 2, float("nan"), 4, 7], "▁▂▃▄▅▆▇█"), sparkline([3, 3], "▁▂▃▄▅▆▇█")
    ('▁▂▃ ▅█', '▄▄')
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return " " * len(values)
    low, high = min(finite), max(finite)
    top = len(levels) - 1
    if not low < high:
        return "".join(levels[top // 2] if math.isfinite(value) else " " for value in values)
    half = high / 2 - low / 2  # the whole range may be more than a float can hold
    return "".join(
        levels[round(top * ((value / 2 - low / 2) / half))] if math.isfinite(value) else " " for value in values
    )


def shorten(text: str, width: int, ellipsis: str) -> str:
    """The text in at most `width` characters.

    >>> shorten("NatureCNN(features=512)", 12, "…")
    'NatureCNN(f…'
    """
    return text if len(text) <= width else text[: max(0, width - len(ellipsis))] + ellipsis[:width]


def typed(path: Path) -> str:
    """The path as one would type it here: relative, from the home folder or absolute, whichever is shortest, quoted.

    >>> from pathlib import Path
    >>> typed(Path.cwd() / "runs" / "dqn"), typed(Path("my runs/dqn")), typed(Path("/etc/hosts"))
    ('runs/dqn', "'my runs/dqn'", '/etc/hosts')
    """
    absolute = os.path.abspath(path)  # noqa: PTH100  a link stays the link that was named
    ways = [shlex.quote(absolute)]
    try:
        near = os.path.relpath(absolute)
        ways.append(shlex.quote(f"./{near}" if near.startswith("-") else near))
    except (ValueError, OSError):  # another drive, or the current folder is gone
        pass
    home = os.path.expanduser("~")  # noqa: PTH111  where there is no home it says so, and Path.home() raises
    if home != "~" and absolute.startswith(home.rstrip(os.sep) + os.sep):
        rest = absolute[len(home.rstrip(os.sep)) + 1 :]
        ways.append("~/" + shlex.quote(rest))
    return min(reversed(ways), key=len)

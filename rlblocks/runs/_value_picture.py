"""Values on a grid as a matplotlib figure: numbers in, a `Figure` out. Like curves, on white."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rlblocks.runs._pictures import DPI, INK, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rlblocks.runs.values import Learned

CELL, MARGIN, HEAD, WIDTH = 0.72, 0.2, 0.85, 7.5  # inches; a picture is as wide as the curves at least
OVER = {"hole": "#4D4D4D", "cliff": "#4D4D4D", "goal": "#009E73"}  # where nothing is chosen any more
SHADES = ("#F4F8FB", "#9CC9E3", "#3A8DC0", "#0B4A78")  # from the lowest value to the highest
DARK = 0.72  # of the shades: from here on letters are white
LENGTH = 0.15  # of half an arrow, in cells


def draw_grid(learned: Learned, title: str, subtitle: str) -> Figure:
    """One cell a state: its value as colour and number, an arrow for what is done there, and what ends there."""
    from matplotlib.figure import Figure

    rows, columns = learned.values.shape
    width = max(WIDTH, columns * CELL + 2 * MARGIN)
    height = rows * CELL + HEAD + MARGIN
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    left = (width - columns * CELL) / 2
    axes = figure.add_axes((left / width, MARGIN / height, columns * CELL / width, rows * CELL / height))
    figure.text(MARGIN / width, 1 - 0.12 / height, title, fontsize=13, fontweight="bold", va="top")
    figure.text(MARGIN / width, 1 - 0.42 / height, subtitle, fontsize=9.5, color=QUIET, va="top")
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    shares = shares_of(learned)
    for row, column in np.ndindex(rows, columns):
        _cell(axes, learned, (row, column), float(shares[row, column]))
    return figure


def shares_of(learned: Learned) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Where each value lies between the lowest and the highest of cells in which something is chosen, in [0, 1]."""
    chosen = learned.values[~np.isin(learned.grid.marks, list(OVER)) & np.isfinite(learned.values)]
    if not chosen.size or chosen.max() == chosen.min():
        return np.zeros_like(learned.values)
    shares = (learned.values - chosen.min()) / (chosen.max() - chosen.min())
    return np.asarray(np.clip(np.nan_to_num(shares), 0.0, 1.0))


def number_of(value: float) -> str:
    """A value, short enough for a cell.

    >>> [number_of(x) for x in (0.7402, -13.0, 7.93, 1234.5, float("nan"))]
    ['0.740', '−13.0', '7.93', '1.23e+03', 'nan']
    """
    large = abs(value) >= 100  # noqa: PLR2004
    said = f"{value:.3g}" if large or not np.isfinite(value) else f"{value:#.3g}"
    return said.replace("-", "−", 1) if said.startswith("-") else said


def _cell(axes: Axes, learned: Learned, at: tuple[int, int], share: float) -> None:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    (row, column), mark = at, str(learned.grid.marks[at])
    shade = OVER.get(mark) or LinearSegmentedColormap.from_list("values", SHADES)(share)
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=shade, edgecolor="white", linewidth=1.5))
    if mark in OVER:
        axes.text(column + 0.5, row + 0.5, mark, color="white", fontsize=8.5, ha="center", va="center")
        return
    ink = "white" if share > DARK else INK
    down, right = learned.grid.moves[int(learned.actions[at])]
    middle = np.array([column + 0.5, row + 0.42])
    step = LENGTH * np.array([right, down])
    arrow = {"arrowstyle": "-|>", "color": ink, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    axes.annotate("", xy=tuple(middle + step), xytext=tuple(middle - step), arrowprops=arrow)
    value = number_of(float(learned.values[at]))
    axes.text(column + 0.5, row + 0.8, value, color=ink, fontsize=8, ha="center", va="center")
    if mark:
        axes.text(column + 0.06, row + 0.12, mark, color=ink, fontsize=6.5, va="center")

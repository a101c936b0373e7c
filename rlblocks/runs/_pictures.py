"""Learning curves as matplotlib figures: numbers in, a `Figure` out. Values on grids are drawn beside it.

Figures are made without pyplot, so no window system and no global state is touched. Colours are those of Okabe and Ito
(2008), which people with any of the common colour blindnesses can tell apart.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from rlblocks.runs.statistics import Curve, Statistic, aggregate, mean, trailing_average

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rlblocks.runs.metrics import Metrics
    from rlblocks.runs.statistics import Array

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)))  # another one for every seven groups
INK, QUIET, FAINT = "#222222", "#6B6B6B", "#E4E4E4"
SIZE, DPI = (7.5, 4.2), 160  # 1200 × 672 pixels: sharp in a README, readable at half the size
STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"], "font.size": 10, "text.color": INK, "axes.labelcolor": QUIET,
    "axes.edgecolor": "#BBBBBB", "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.grid": True, "axes.grid.axis": "y", "axes.axisbelow": True, "grid.color": FAINT, "grid.linewidth": 0.8,
    "xtick.color": QUIET, "ytick.color": QUIET, "ytick.major.size": 0,
    "svg.hashsalt": "rlblocks", "svg.fonttype": "path", "text.parse_math": False,
}  # fmt: skip
RASTER = 500  # dots above which an SVG holds them as an image
LINE = 104  # characters of the legend's size that fit the width
MANY = 25  # evaluations above which their marks are smaller
UNITS, LARGEST = ((1e9, "B"), (1e6, "M"), (1e3, "k")), 1e12  # there is no common letter for more
HUGE = 1e300  # beyond this a margin is no longer a number
OUTLIERS = 4.0  # the frame follows all dots unless that makes it so many times as high as the middle 98 % need


@contextmanager
def style() -> Iterator[None]:
    """The look of the pictures, whatever the user's own settings are, and those again afterwards."""
    import matplotlib as mpl

    ours = {name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(("backend", "toolbar"))}
    with mpl.rc_context({**ours, **STYLE}):
        yield


def span_of(steps: int) -> int:
    """How many environment steps the training returns are averaged over: a twentieth of the run."""
    return max(1, steps // 20)


def smoothed(run: Metrics) -> Curve:
    """The training returns, averaged over the last twentieth of the run."""
    return trailing_average(run.returns, span_of(run.env_steps))


def draw_run(run: Metrics, title: str, subtitle: str, threshold: float | None) -> Figure:
    """One run: every training episode, their moving average, and the evaluations with their range."""
    figure, axes = _frame(title, subtitle)
    steps, values = run.returns.steps, run.returns.values
    finite = np.isfinite(values)
    line, means = smoothed(run), run.evaluated
    ranges = [_range(one.returns) for one in run.evaluations if math.isfinite(one.mean)]
    needed = np.concatenate([line.values, means.values, *ranges, [] if threshold is None else [threshold]])
    beyond = _set_height(axes, needed, values[finite])
    if finite.any():
        label = "training episodes" + (f" ({beyond:,} beyond the frame)" if beyond else "")
        count = int(finite.sum())
        area, alpha = np.clip([400 / count, 40 / math.sqrt(count)], [9, 0.12], [36, 0.5])  # many are small and faint
        axes.scatter(
            steps[finite], values[finite], s=area, color=COLOURS[0], alpha=alpha, linewidths=0, label=label,
            rasterized=count > RASTER,  # as paths they would make the SVG megabytes
        )  # fmt: skip
    if len(line.steps) > 1:
        label = f"mean over {span_of(run.env_steps):,} steps"
        axes.plot(line.steps, line.values, color=COLOURS[0], linewidth=2, label=label, zorder=3)
    if len(means.steps):
        low, high = np.transpose(ranges)
        axes.vlines(means.steps, low, high, color=COLOURS[1], linewidth=1.4, alpha=0.45, zorder=4)
        label, size = "evaluation: mean, lowest to highest", 4.5 if len(means.steps) < MANY else 3
        axes.plot(
            means.steps, means.values, "o-", color=COLOURS[1], linewidth=1.2, markersize=size, label=label, zorder=5
        )
    _finish(axes, run.env_steps, threshold, "return of an episode")
    return figure


def draw_groups(
    groups: Mapping[str, Sequence[Metrics]], title: str, subtitle: str, threshold: float | None,
    statistic: Statistic = mean,
) -> Figure:  # fmt: skip
    """Several seeds of one recipe or of several: the statistic over the seeds, with its 95 % bootstrap interval.

    Where every run was evaluated more than once the evaluations are shown, otherwise the smoothed training returns.
    """
    figure, axes = _frame(title, subtitle)
    evaluated = all(len(run.evaluations) > 1 for runs in groups.values() for run in runs)
    shown: list[Array] = []
    for index, (label, runs) in enumerate(groups.items()):
        curves = [run.evaluated if evaluated else smoothed(run) for run in runs]
        band = aggregate(curves, statistic)
        colour, dashes = COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]
        if len(groups) == 1 and len(runs) > 1:
            for one in curves:
                axes.plot(one.steps, one.values, color=colour, linewidth=0.8, alpha=0.3)
                shown.append(one.values)
        if len(runs) > 1:
            interval = band.interval
            axes.fill_between(band.steps, interval.low, interval.high, color=colour, alpha=0.18, linewidth=0)
            shown += [interval.low, interval.high]
        marker = "o" if len(band.steps) == 1 else ""
        seeds = f"{label} ({len(runs)} seed{'s' if len(runs) > 1 else ''})"
        axes.plot(band.steps, band.center, color=colour, linewidth=2.2, linestyle=dashes, marker=marker, label=seeds)
        shown.append(band.center)
    needed = np.concatenate([*shown, [] if threshold is None else [threshold]])
    _set_height(axes, needed, needed)
    end = max((run.env_steps for runs in groups.values() for run in runs), default=0)
    _finish(axes, end, threshold, "evaluation return" if evaluated else "training return, averaged")
    return figure


def _frame(title: str, subtitle: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI, facecolor="white")
    axes = figure.add_axes((0.105, 0.125, 0.865, 0.64))
    figure.text(0.025, 0.975, title, fontsize=13, fontweight="bold", va="top")
    figure.text(0.025, 0.91, subtitle, fontsize=9.5, color=QUIET, va="top")
    return figure, axes


def _finish(axes: Axes, steps: int, threshold: float | None, label: str) -> None:
    """Axes, threshold and legend."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlim(0, max(1, steps) * 1.01)
    axes.set_xlabel("environment steps")
    axes.set_ylabel(label)
    axes.yaxis.set_label_coords(-0.084, 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "there is nothing to draw yet", transform=axes.transAxes, ha="center", color=QUIET)
        return
    if threshold is not None:
        axes.axhline(threshold, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(  # at the left end: there a curve that rises is not yet
            f"solved at {compact(threshold)}", (0, threshold), xycoords=("axes fraction", "data"), xytext=(3, 3),
            textcoords="offset points", color=QUIET, fontsize=8.5,
        )  # fmt: skip
    rows = _rows(labels)
    left, bottom, width, _ = axes.get_position().bounds
    axes.set_position((left, bottom, width, 0.83 - 0.048 * rows - bottom))
    axes.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(0.014, 0.872), bbox_transform=axes.figure.transFigure,
        ncols=math.ceil(len(labels) / rows), frameon=False, fontsize=9, handlelength=2.2, columnspacing=1.5,
    )  # fmt: skip


def _rows(labels: Sequence[str]) -> int:
    """In how few rows a legend fits the width; matplotlib fills its columns one after the other."""

    def width(columns: int) -> int:
        return sum(max(map(len, column)) + 6 for column in np.array_split(np.array(labels, object), columns))

    columns = max((n for n in range(1, len(labels) + 1) if width(n) <= LINE), default=1)
    return math.ceil(len(labels) / columns)


def _set_height(axes: Axes, needed: Array, dots: Array) -> int:
    """Frame all that is needed and, unless a few would dwarf the rest, all dots; returns how many are outside."""
    needed = np.clip(needed[np.isfinite(needed)], -HUGE, HUGE)
    dots = np.clip(dots, -HUGE, HUGE)
    if not len(needed) and not len(dots):
        return 0
    middle = np.concatenate([needed, np.quantile(dots, [0.01, 0.99]) if len(dots) else []])
    everything = np.concatenate([needed, dots])
    chosen = middle if _spread(everything) > OUTLIERS * _spread(middle) > 0 else everything
    low, high = float(chosen.min()), float(chosen.max())
    margin = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set_ylim(low - margin, high + margin)
    return int(np.sum((dots < low - margin) | (dots > high + margin)))


def _spread(values: Array) -> float:
    return float(values.max() / 2 - values.min() / 2)  # halves: the whole may be more than a float holds


def _range(returns: Array) -> tuple[float, float]:
    finite = returns[np.isfinite(returns)]
    return float(finite.min()), float(finite.max())


def compact(value: float) -> str:
    """A number for an axis.

    >>> [compact(x) for x in (0, -200, 12_500, 50_000, 1.5e6, 2e9, 1e30, 0.25)]
    ['0', '−200', '12.5k', '50k', '1.5M', '2B', '1e30', '0.25']
    """
    fitting = [(unit, suffix) for unit, suffix in UNITS if unit <= abs(value) < LARGEST]
    unit, suffix = fitting[0] if fitting else (1.0, "")
    said = f"{value / unit:.4g}{suffix}".replace("e+", "e")
    return f"−{said[1:]}" if said.startswith("-") else said

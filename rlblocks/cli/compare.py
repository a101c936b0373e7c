"""`rlblocks compare`: several recipes in one picture and one table."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlblocks._core.errors import RecipeError, did_you_mean
from rlblocks.cli._screen import Screen
from rlblocks.cli.plot import Runs, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rlblocks.runs.plots import Drawn
    from rlblocks.runs.statistics import Statistic

STATISTICS = ("mean", "iqm", "median")
RECENT = 100  # training episodes that stand for an evaluation, where there was none


def compare(
    runs: Runs,
    *,
    to: Annotated[Path, typer.Option("--to", help="The picture's name; an SVG lies beside the PNG.")] = Path(
        "compare.png"
    ),
    statistic: Annotated[str, typer.Option("--statistic", help=f"Over the seeds: {', '.join(STATISTICS)}.")] = "mean",
) -> None:
    """Draw several recipes, each as the mean over its seeds with its interval, and print a table."""
    from rlblocks.cli._recipes import runs_of
    from rlblocks.runs import plots

    chosen, folders = statistic_of(statistic), runs_of(runs)
    drawn = [plots.drawn_of(folder) for folder in folders]
    screen = Screen.of()
    places = sorted({one.env for one in drawn})
    screen.write(
        f"{', '.join(places)}: return at the end of training" if places[0] else "return at the end of training", "bold"
    )
    head = ("recipe", "seeds", plots.statistic_name(chosen), "95 % interval", "lowest", "highest", "steps")
    screen.table(head, rows_of(plots.grouped(drawn), chosen))
    show(plots.compare(*folders, to=to, statistic=chosen))


def statistic_of(name: str) -> Statistic:
    """The statistic over seeds that has this name.

    Raises:
        RecipeError: there is none.
    """
    import numpy as np

    from rlblocks.runs.statistics import interquartile_mean, mean

    known: dict[str, Any] = dict(zip(STATISTICS, (mean, interquartile_mean, np.median), strict=True))
    if name not in known:
        raise RecipeError(f"there is no statistic {name!r}", fix=did_you_mean(name, known))
    return known[name]  # type: ignore[no-any-return]


def rows_of(groups: Mapping[str, Sequence[Drawn]], statistic: Statistic) -> Iterator[tuple[str, ...]]:
    """One row for each recipe: over its seeds, the last evaluation of each."""
    import numpy as np

    from rlblocks.runs._text import tenths
    from rlblocks.runs.statistics import bootstrap_interval

    for label, members in groups.items():
        lasts = np.array([value for one in members if math.isfinite(value := last_of(one))])
        steps = f"{min(one.metrics.env_steps for one in members):,}"
        if not len(lasts):
            yield label, str(len(members)), "-", "-", "-", "-", steps
            continue
        interval = bootstrap_interval(lasts, statistic=statistic)
        between = f"{tenths(float(interval.low))} to {tenths(float(interval.high))}" if len(lasts) > 1 else "one seed"
        value = float(statistic(lasts, axis=0))
        yield label, str(len(lasts)), tenths(value), between, tenths(lasts.min()), tenths(lasts.max()), steps


def last_of(drawn: Drawn) -> float:
    """The mean return of a run's last evaluation, or of its last training episodes where it was never evaluated."""
    import numpy as np

    values = drawn.metrics.evaluated.values
    if len(values):
        return float(values[-1])
    recent = drawn.metrics.returns.values[-RECENT:]
    return float(np.mean(recent)) if len(recent) else math.nan

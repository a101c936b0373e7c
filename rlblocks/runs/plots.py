"""Learning curves of runs as pictures: PNG and SVG, the same bytes from the same metrics."""

from __future__ import annotations

import io
import json
import os
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.errors import RecipeError, RunError
from rlblocks.runs import folder as files
from rlblocks.runs._pictures import draw_groups, draw_run, style
from rlblocks.runs._text import count, number, shorten
from rlblocks.runs.metrics import Metrics, load_metrics
from rlblocks.runs.statistics import Statistic, mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

TITLE, SUBTITLE = 70, 108  # characters that fit the width of a picture


@attrs.frozen(eq=False)
class Drawn:
    """What a picture says of one run: the name of its recipe, its environment, seed and threshold, and its metrics.

    Attributes:
        recipe: the recipe's name, or the folder's where the recipe cannot be read.
        text: the recipe in full: runs of one text are seeds of one experiment.
        change: how it differs from the recipe of that name; empty where it does not.
        env: the environment's id, or empty.
        seed: as text; empty where it is not known.
        budget: environment steps in all; 0 where it is not known.
        metrics: what was recorded.
    """

    recipe: str
    text: str
    change: str
    env: str
    seed: str
    budget: int
    metrics: Metrics

    @property
    def title(self) -> str:
        """Recipe and environment."""
        return f"{self.recipe} on {self.env}" if self.env else self.recipe


def curve(*runs: Path, to: Path | None = None, threshold: float | None = None, title: str = "") -> Path:
    """Draw the learning curve of one run, or the mean over several seeds with its 95 % bootstrap interval.

    Args:
        *runs: run folders; several are taken as seeds of one experiment.
        to: where to, with or without a suffix; by default `curves` in the run's folder, or here for several.
        threshold: the return that counts as solved; by default what gymnasium says of the environment, if anything.
        title: by default recipe and environment.

    Returns:
        The PNG; an SVG of the same name lies beside it.

    Raises:
        RecipeError: no run was given.
        RunError: the metrics cannot be read, or the pictures not be written.
    """
    drawn = [drawn_of(run) for run in runs]
    if not drawn:
        raise RecipeError("there is no run to draw", fix="name one, as in: rlblocks plot runs/NAME")
    first = drawn[0]
    line = _threshold_of({one.env for one in drawn}) if threshold is None else threshold
    heading = shorten(title or first.title, TITLE, "…")
    with style():
        if len(drawn) == 1:
            figure = draw_run(first.metrics, heading, _about(first), line)
            return save_figure(figure, runs[0] / files.CURVES[0] if to is None else to)
        said = f"{len(drawn)} seeds, each a thin line · mean with 95 % bootstrap interval"
        figure = draw_groups({first.recipe: [one.metrics for one in drawn]}, heading, said, line)
        return save_figure(figure, Path(files.CURVES[0]) if to is None else to)


def compare(
    *runs: Path, to: Path, threshold: float | None = None, title: str = "", statistic: Statistic = mean
) -> Path:
    """Draw several recipes in one picture, each as the mean over its seeds with its 95 % bootstrap interval.

    Args:
        *runs: run folders; those of one recipe, environment included, are taken together.
        to: where to, with or without a suffix.
        threshold: as in `curve`; drawn by default only where all runs share one environment.
        title: by default the environment, where there is one.
        statistic: over the seeds, such as `interquartile_mean`.

    Returns:
        The PNG; an SVG of the same name lies beside it.

    Raises:
        RecipeError: no run was given.
        RunError: the metrics cannot be read, or the pictures not be written.
    """
    drawn = [drawn_of(run) for run in runs]
    if not drawn:
        raise RecipeError("there are no runs to compare", fix="name some, as in: rlblocks compare runs/A runs/B")
    environments = {one.env for one in drawn}
    line = _threshold_of(environments) if threshold is None else threshold
    groups = {label: [one.metrics for one in members] for label, members in grouped(drawn).items()}
    heading = title or (drawn[0].env if len(environments) == 1 else "") or "Comparison"
    name = statistic_name(statistic)
    said = f"{name} over seeds with 95 % bootstrap interval, to the end of each recipe's shortest run"
    with style():
        return save_figure(draw_groups(groups, shorten(heading, TITLE, "…"), said, line, statistic), to)


def grouped(drawn: Sequence[Drawn]) -> Mapping[str, Sequence[Drawn]]:
    """Runs by recipe, in the order of their first run; labels say what tells recipes of one name apart."""
    groups: dict[str, list[Drawn]] = {}
    for one in drawn:
        groups.setdefault(one.text, []).append(one)
    names = [members[0].recipe for members in groups.values()]
    places = {members[0].env for members in groups.values()}
    labels: dict[str, list[Drawn]] = {}
    for members in groups.values():
        first = members[0]
        where = f" on {first.env}" if len(places) > 1 and first.env else ""
        change = f", {first.change}" if names.count(first.recipe) > 1 and first.change else ""
        label = shorten(f"{first.recipe}{where}{change}", 60, "…")
        again = 2 + sum(other.startswith(f"{label} #") for other in labels)
        labels[f"{label} #{again}" if label in labels else label] = members
    return labels


def statistic_name(statistic: Statistic) -> str:
    """What to call a statistic in a picture: `interquartile_mean` is "interquartile mean"."""
    return str(getattr(statistic, "__name__", "statistic")).replace("_", " ")


def _about(drawn: Drawn) -> str:
    """Seed and verdict; before there is one, how far the run is and what its last evaluation found."""
    run = drawn.metrics
    parts = [f"seed {drawn.seed}"] if drawn.seed else []
    if run.verdict:
        parts.append(run.verdict)
    else:
        of = f" of {count(drawn.budget)}" if drawn.budget > run.env_steps else ""
        parts.append(f"{count(run.env_steps)}{of} environment steps")
        parts += [f"last evaluation {number(one.mean)}" for one in run.evaluations[-1:]]
    return shorten(" · ".join(parts), SUBTITLE, "…")


def drawn_of(run: Path) -> Drawn:
    """Read what a picture, or a table, says of the run in a folder."""
    text = _text(run / files.RECIPE)
    recipe, options = _table(tomllib.loads, text), _table(json.loads, _text(run / "options.json"))
    env, steps = recipe.get("env"), options.get("steps")
    return Drawn(
        recipe=str(recipe.get("name", run.name)),
        text=text or str(run),
        change=", ".join(filter(None, map(_said, _text(run / files.DIFF).splitlines()))),
        env=str(env.get("id", "")) if isinstance(env, dict) else "",
        seed=str(options.get("seed", "")),
        budget=steps if isinstance(steps, int) else 0,
        metrics=load_metrics(run / files.METRICS),
    )


def _said(change: str) -> str:
    """One line of a diff, short enough for a legend; empty where it says that there is none.

    >>> _said("objectives.q.optimizer.lr: 0.001 -> 0.01"), _said("no difference")
    ('lr=0.01', '')
    """
    path, colon, values = change.partition(": ")
    _, arrow, new = values.rpartition(" -> ")
    return f"{path.rsplit('.', 1)[-1]}={new}" if colon and arrow else change if colon else ""


def _text(path: Path) -> str:
    """A file's text; empty where it cannot be read: a picture needs the metrics alone."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _table(parse: Any, text: str) -> dict[str, Any]:
    try:
        found = parse(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _threshold_of(environments: set[str]) -> float | None:
    """The reward threshold that gymnasium states, where all runs share one environment that it knows."""
    if len(environments) != 1:
        return None
    import gymnasium

    try:
        return gymnasium.spec(next(iter(environments))).reward_threshold
    except (gymnasium.error.Error, ValueError):  # no environment, or one that nobody has registered here
        return None


def save_figure(figure: Figure, to: Path) -> Path:
    """Write the figure as PNG and SVG; each appears whole or not at all."""
    stem = to.with_suffix("") if to.suffix in (".png", ".svg") else to
    png, svg = (stem.with_name(stem.name + suffix) for suffix in (".png", ".svg"))
    for path, metadata in ((png, {"Software": None}), (svg, {"Date": None, "Creator": None})):
        content = io.BytesIO()
        figure.savefig(content, format=path.suffix[1:], metadata=metadata)  # nothing that differs between two days
        _write(path, content.getvalue())
    return png


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise RunError(
            f"{path} could not be written: {(error.strerror or str(error)).lower()}",
            fix="free some space on that disk, or name another place", path=path, errno=error.errno,
        ) from error  # fmt: skip

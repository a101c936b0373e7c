"""One recipe with several seeds, each in a process of its own, as many at a time as there are cores."""

from __future__ import annotations

import json
import math
import multiprocessing
import re
import shlex
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.errors import RecipeError, RunError
from rlblocks.runs import folder as files
from rlblocks.runs._seed_team import Team, cores
from rlblocks.runs._seed_worker import Job, Status
from rlblocks.runs._seeds_view import seeds_view
from rlblocks.runs.metrics import metrics_of
from rlblocks.runs.statistics import bootstrap_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rlblocks._core.recipe import Recipe

RECORD = "seeds.json"  # in the group's folder: what it is, and what came of it
DONE = ("budget", "solved", "stopped")


@attrs.frozen
class SeedResult:
    """What came of one seed.

    Attributes:
        seed: of the run.
        folder: of the run; None where it was not begun.
        reason: why it ended: "budget", "solved", "interrupted", "failed", or "waiting" where it was not begun.
        said: its verdict.
        last: the mean return of the last evaluation; NaN where there was none.
        best: of the best one.
    """

    seed: int
    folder: Path | None
    reason: str
    said: str
    last: float = math.nan
    best: float = math.nan


@attrs.frozen
class Group:
    """Several seeds of one recipe.

    Attributes:
        folder: of the group; it holds a folder `seed-N` for each, and a picture of all.
        title: recipe and environment.
        results: in the order of the seeds that were asked for.
    """

    folder: Path
    title: str
    results: tuple[SeedResult, ...]

    @property
    def lasts(self) -> tuple[float, ...]:
        """The last evaluation of every seed that has one."""
        return tuple(one.last for one in self.results if math.isfinite(one.last))

    @property
    def mean(self) -> float:
        """Of the last evaluations; NaN where there are none."""
        return sum(self.lasts) / len(self.lasts) if self.lasts else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % bootstrap interval of the mean, over the seeds; NaN where there are none."""
        if not self.lasts:
            return math.nan, math.nan
        found = bootstrap_interval(self.lasts)
        return float(found.low), float(found.high)

    @property
    def reason(self) -> str:
        """What became of all: "failed" where one seed failed, "interrupted" where one has not ended, else "budget"."""
        reasons = {one.reason for one in self.results}
        if "failed" in reasons:
            return "failed"
        return "budget" if reasons <= set(DONE) else "interrupted"

    def plot(self) -> Path:
        """Draw every seed, their mean and its 95 % bootstrap interval; returns the picture's path."""
        from rlblocks.runs.plots import curve

        return curve(*(one.folder for one in self.results if one.folder is not None), to=self.folder / files.CURVES[0])


def train_seeds(
    recipe: Recipe, seeds: Sequence[int], env: Any = None, *, folder: str | Path = "runs", workers: int = 0,
    view: str = "auto", command: str | None = None, notes: Sequence[str] = (), **options: Any,
) -> Group:  # fmt: skip
    """Train a recipe once for each seed, in parallel.

    A script that calls this needs `if __name__ == "__main__":`, because every child process imports it.

    Args:
        recipe: what to train.
        seeds: one run each.
        env: a gymnasium id instead of the recipe's.
        folder: where the group's folder is made.
        workers: how many run at a time; 0 for as many as there are cores.
        view: as in `train`, a line for each seed.
        command: the command that began it, for the record.
        notes: lines to show first, such as which tuned settings were taken.
        options: of `train`, for every seed alike. A video is not made unless asked for.

    Raises:
        RecipeError: the recipe does not fit, an option is wrong, or the recipe cannot be handed to another process.
        RunError: no folder can be made.
    """
    from rlblocks._core.files import dumps
    from rlblocks._core.wiring import wire
    from rlblocks.runs.options import choose_device
    from rlblocks.runs.train import options_from

    _refuse_children()
    if env is not None:
        from rlblocks.envs import as_environment

        recipe = recipe.swap(env=as_environment(env))
    if not seeds or len(set(seeds)) < len(seeds):
        raise RecipeError(f"the seeds {list(seeds)} are none, or name one twice", fix="give seeds=range(10)")
    choices = {"video": "never", **options}
    for seed in seeds:
        checked = options_from({**choices, "seed": seed})
    choose_device(checked.device, 0)
    title, text = f"{recipe.name} on {wire(recipe).facts.name}", dumps(recipe)
    group = files.new_run_folder(Path(folder), title.replace(" on ", "-") + "-seeds")
    said = command or shlex.join(sys.argv)
    record = {"title": title, "command": said, "recipe": text, "options": choices, "seeds": list(seeds)}
    _write(group / RECORD, record)
    jobs = [Job(seed, text, str(group / f"seed-{seed}"), said, {**choices, "seed": seed}) for seed in seeds]
    return _run(group, record, jobs, [], workers=workers, view=view, notes=notes)


def resume_seeds(folder: str | Path, *, workers: int = 0, view: str = "auto") -> Group:
    """Go on with the seeds of a group that have not ended, and begin those that were not begun.

    Raises:
        RunError: the folder holds no group.
    """
    _refuse_children()
    group = Path(folder)
    record = read_group(group)
    jobs: list[Job] = []
    ended: list[SeedResult] = []
    for seed in record["seeds"]:
        place = group / f"seed-{seed}"
        run = next(iter(files.all_runs(place)), None)
        result = _result(seed, run)
        if result.reason in DONE:
            ended.append(result)
            continue
        saved = run if run is not None and (run / files.LAST).exists() else ""
        options = {**record["options"], "seed": seed}
        jobs.append(Job(seed, record["recipe"], str(place), record["command"], options, str(saved)))
    return _run(group, record, jobs, ended, workers=workers, view=view, notes=())


def read_group(folder: Path) -> dict[str, Any]:
    """What is on record of a group.

    Raises:
        RunError: the folder holds none.
    """
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {key: found[key] for key in ("title", "command", "recipe", "options", "seeds")}
    except (OSError, ValueError, LookupError, TypeError):
        raise RunError(
            f"{folder} holds no group of seeds", fix="give a folder with a seeds.json", path=folder
        ) from None


def group_runs(folder: Path) -> list[Path]:
    """The run folders of a group, by seed."""
    places = sorted(folder.glob("seed-*"), key=lambda place: [int(n) for n in re.findall(r"\d+", place.name)])
    return [run for place in places for run in files.all_runs(place)[:1]]


def _run(
    group: Path, record: Mapping[str, Any], jobs: Sequence[Job], ended: Sequence[SeedResult], *,
    workers: int, view: str, notes: Sequence[str],
) -> Group:  # fmt: skip
    shown = seeds_view(view, record["title"], [job.seed for job in jobs], group, notes)
    jobs = [attrs.evolve(job, records=shown.wants_records) for job in jobs]
    team = Team(deque(jobs), workers or cores(), shown)
    try:
        team.run()
    finally:
        found = [_result(job.seed, _folder_of(team, job), team.statuses[job.seed]) for job in jobs]
        by_seed = {one.seed: one for one in [*ended, *found]}
        made = Group(group, record["title"], tuple(by_seed[seed] for seed in record["seeds"]))
        results = [{**attrs.asdict(one), "folder": str(one.folder or "")} for one in made.results]
        _write(group / RECORD, {**record, "results": results})
    with suppress(RunError, RecipeError):
        made.plot()
    shown.close(made)
    return made


def _refuse_children() -> None:
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RunError(
            "a child process that imports this script would train the seeds again",
            fix="put the call under `if __name__ == '__main__':`",
        )


def _folder_of(team: Team, job: Job) -> Path | None:
    told = team.statuses[job.seed].folder or job.resume
    return Path(told) if told else next(iter(files.all_runs(Path(job.place))), None)


def _result(seed: int, run: Path | None, status: Status | None = None) -> SeedResult:
    """What came of a seed, from its metrics, and from what its process said last."""
    if run is None:
        return SeedResult(seed, None, status.state if status else "waiting", status.said if status else "")
    records = files.read_metrics(run / files.METRICS)
    metrics = metrics_of(records)
    ended: Mapping[str, Any] = next((one for one in reversed(records) if one.get("kind") == "finished"), {})
    values = metrics.evaluated.values
    last, best = (float(values[-1]), float(values.max())) if len(values) else (math.nan, math.nan)
    reason = status.state if status else str(ended.get("reason", "interrupted"))
    return SeedResult(seed, run, reason, status.said if status else metrics.verdict, last, best)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    try:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise RunError(f"{path} could not be written: {error.strerror}", fix="free some space", path=path) from error

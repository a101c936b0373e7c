"""What is kept of a run: one JSON object per event, and the arrays that pictures are made from.

Every record has a "kind". Numbers that are not finite are written as null, because JSON has no others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import numpy as np

from rlblocks._core.errors import RunError
from rlblocks.runs.events import (
    EpisodeEnded,
    Evaluated,
    Event,
    Finished,
    LawsAsked,
    Learned,
    Saved,
    Started,
    Tick,
    Warned,
)
from rlblocks.runs.statistics import Array, Curve

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Record = dict[str, Any]


class RecordFile(Protocol):
    """Where records go, such as the `MetricsFile` of a run folder."""

    def append(self, record: Record, /) -> None:
        """Add one record after the last."""
        ...

    def flush(self) -> None:
        """Hand over what has been added, so that a reader finds it."""
        ...


def record_of(event: Event) -> Record:  # noqa: PLR0911  one return for each event there is
    """One event as a flat record that JSON can hold.

    >>> from pathlib import Path
    >>> record_of(Saved(env_steps=500, path=Path("runs/dqn/checkpoints/last"), kind="last", seconds=1.5))
    {'kind': 'saved', 'env_steps': 500, 'checkpoint': 'last', 'name': 'last', 'seconds': 1.5}
    """
    match event:
        case EpisodeEnded():
            return {
                "kind": "episode", "env_steps": event.env_steps, "updates": event.updates, "episode": event.episode,
                "return": _number(event.value), "length": event.length, "environment": event.environment,
                "seconds": _seconds(event),
            }  # fmt: skip
        case Learned():
            values = {name: _number(value) for name, value in event.values.items()}
            return {"kind": "learn", **_stand(event), "values": values, "seconds": _seconds(event)}
        case Evaluated():
            return {"kind": "evaluation", **_stand(event), **_scores(event), "seconds": _seconds(event)}
        case Saved():
            return {
                "kind": "saved", "env_steps": event.env_steps, "checkpoint": event.kind, "name": event.path.name,
                "seconds": _seconds(event),
            }  # fmt: skip
        case Finished():
            said = {"reason": event.reason, "verdict": event.verdict}
            return {"kind": "finished", **_stand(event), **said, "seconds": _seconds(event)}
        case Tick():
            return {"kind": "tick", **_stand(event), "episodes": event.episodes, "seconds": _seconds(event)}
        case Warned():
            return {"kind": "warning", **_stand(event), "said": event.said, "seconds": _seconds(event)}
        case LawsAsked():
            return {"kind": "laws", **_stand(event), **_asked(event), "seconds": _seconds(event)}
        case Started():
            return {
                "kind": "started", "title": event.title, "folder": None if event.folder is None else str(event.folder),
                "budget": event.budget, "env_steps": event.env_steps, "facts": dict(event.facts),
                "recipe": [list(row) for row in event.recipe],
            }  # fmt: skip


def _scores(event: Evaluated) -> Record:
    returns = [_number(value) for value in event.returns]
    return {"returns": returns, "lengths": list(event.lengths), "cut": event.cut, "best": event.best}


def _asked(event: LawsAsked) -> Record:
    laws = {slot: list(ids) for slot, ids in event.laws.items()}
    return {"batches": event.batches, "laws": laws, "broken": list(event.broken), "unasked": list(event.unasked)}


def _stand(event: Learned | Evaluated | Finished | Tick | Warned | LawsAsked) -> Record:
    return {"env_steps": event.env_steps, "updates": event.updates}


def _seconds(event: EpisodeEnded | Learned | Evaluated | Saved | Finished | Tick | Warned | LawsAsked) -> float:
    return round(event.seconds, 3)


def _number(value: float) -> float | None:
    value = float(value)  # whatever kind of number the environment or the learner uses
    return value if math.isfinite(value) else None


@attrs.frozen
class MetricsWriter:
    """A callback that appends every event worth keeping to a file of records."""

    file: RecordFile

    def on(self, event: Event) -> None:
        """Append; hand over to the disk when something was reached that a reader would look for."""
        match event:
            case EpisodeEnded() | Learned():
                self.file.append(record_of(event))
            case Evaluated() | Saved() | Finished():
                self.file.append(record_of(event))
                self.file.flush()
            case _:
                pass


@attrs.frozen(eq=False)
class Evaluation:
    """Greedy episodes after `env_steps` training steps: `returns` is `[k]` float64, NaN where it was not finite."""

    env_steps: int
    returns: Array

    @property
    def mean(self) -> float:
        """Of the finite returns; NaN where there is none, or the mean is beyond all floats."""
        finite = self.returns[np.isfinite(self.returns)]
        with np.errstate(over="ignore", invalid="ignore"):
            found = float(finite.mean()) if len(finite) else math.nan
        return found if math.isfinite(found) else math.nan


@attrs.frozen(eq=False)
class Metrics:
    """The records of one run as arrays.

    Attributes:
        returns: undiscounted returns of the training episodes, at the environment step at which each ended.
        lengths: their lengths in steps.
        evaluations: in order.
        values: what learning reported, by name, such as `q.loss`.
        env_steps: the last environment step that any record speaks of.
        verdict: the sentence at the end, or empty while the run is not over.
    """

    returns: Curve
    lengths: Curve
    evaluations: tuple[Evaluation, ...]
    values: Mapping[str, Curve]
    env_steps: int
    verdict: str

    @property
    def evaluated(self) -> Curve:
        """The mean return of each evaluation that has one."""
        kept = [(one.env_steps, one.mean) for one in self.evaluations if math.isfinite(one.mean)]
        return _curve([step for step, _ in kept], [value for _, value in kept])


def metrics_of(records: Iterable[Mapping[str, Any]]) -> Metrics:
    """Sort the records of one run into arrays. Kinds that are not known here are passed over.

    >>> run = metrics_of([{"kind": "episode", "env_steps": 9, "return": 9.0, "length": 9}])
    >>> run.returns.steps, run.returns.values, run.env_steps
    (array([9.]), array([9.]), 9)
    """
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    last = 0
    for number, record in enumerate(records, start=1):
        kind = str(record.get("kind", ""))
        missing = [field for field in _NEEDED.get(kind, ()) if field not in record]
        if missing:
            raise RunError(
                f"metrics record {number} is of kind {kind!r} and has no {missing[0]!r}",
                fix="the file was written by something else or was edited; remove that line",
                record=dict(record),
            )
        kinds.setdefault(kind, []).append(record)
        last = max(last, int(record.get("env_steps") or 0))
    episodes, finished = kinds.get("episode", []), kinds.get("finished", [])
    steps = [record["env_steps"] for record in episodes]
    return Metrics(
        returns=_curve(steps, [record["return"] for record in episodes]),
        lengths=_curve(steps, [record["length"] for record in episodes]),
        evaluations=tuple(Evaluation(r["env_steps"], _array(r["returns"])) for r in kinds.get("evaluation", [])),
        values=_learning_curves(kinds.get("learn", [])),
        env_steps=last,
        verdict=str(finished[-1]["verdict"]) if finished else "",
    )


def load_metrics(path: Path) -> Metrics:
    """The metrics of the run whose `metrics.jsonl` lies at `path`."""
    from rlblocks.runs.folder import read_metrics

    return metrics_of(read_metrics(path))


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "episode": ("env_steps", "return", "length"),
    "evaluation": ("env_steps", "returns"),
    "learn": ("env_steps", "values"),
    "finished": ("verdict",),
}


def _learning_curves(records: list[Mapping[str, Any]]) -> Mapping[str, Curve]:
    columns: dict[str, tuple[list[float], list[float | None]]] = {}
    for record in records:
        for name, value in record["values"].items():
            steps, values = columns.setdefault(name, ([], []))
            steps.append(record["env_steps"])
            values.append(value)
    return {name: _curve(steps, values) for name, (steps, values) in columns.items()}


def _curve(steps: list[float], values: list[float | None]) -> Curve:
    return Curve(_array(steps), _array(values))


def _array(values: Iterable[float | None]) -> Array:
    return np.array([math.nan if value is None else value for value in values], np.float64)

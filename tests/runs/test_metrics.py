"""Events become lines of JSON, and lines of JSON become arrays."""

import json
from pathlib import Path

import numpy as np
import pytest

from rlblocks._core.errors import RunError
from rlblocks.runs.events import EpisodeEnded, Evaluated, Finished, Learned, Saved, Started, Tick
from rlblocks.runs.folder import MetricsFile
from rlblocks.runs.metrics import MetricsWriter, load_metrics, metrics_of, record_of

NAN = float("nan")
EVENTS = [
    Started("dqn on CartPole-v1", Path("runs/a"), 500, 0, {"seed": "0"}, (("explorer", "EpsilonGreedy"),)),
    EpisodeEnded(40, 10, 1, 12.0, 12, 0, 0.5),
    Learned(45, 15, {"q.loss": 0.25, "epsilon": 0.9}, 0.6),
    Tick(45, 15, 1, 0.7),
    Evaluated(50, 20, (100.0, NAN), (100, 3), best=True, seconds=0.8),
    Saved(50, Path("runs/a/checkpoints/last"), "last", 0.9),
    EpisodeEnded(90, 30, 2, NAN, 50, 1, 1.0),
    Learned(95, 35, {"q.loss": float("inf")}, 1.1),
    Finished(500, 400, "budget", "ran 500 steps", Path("runs/a"), 2.0),
]


class Lines:
    """A file of records that notes where it was flushed."""

    def __init__(self):
        self.records, self.flushed = [], []

    def append(self, record):
        self.records.append(json.loads(json.dumps(record, allow_nan=False)))

    def flush(self):
        self.flushed.append(len(self.records))


def written():
    lines = Lines()
    writer = MetricsWriter(lines)
    for event in EVENTS:
        writer.on(event)
    return lines


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_strict_json_with_a_kind(event):
    """No record holds a NaN, an infinity, a path or a numpy number."""
    record = record_of(event)

    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["kind"]


def test_numpy_numbers_become_json_numbers():
    """An environment that counts in float32 does not break the file."""
    record = record_of(EpisodeEnded(1, 0, 1, np.float32(0.5), 1, 0, 0.0))

    assert json.dumps(record["return"]) == "0.5"


def test_what_is_kept_and_when_it_is_handed_over():
    """Start and ticks are left out; evaluations, checkpoints and the end are flushed."""
    lines = written()

    kinds = [record["kind"] for record in lines.records]
    assert kinds == ["episode", "learn", "evaluation", "saved", "episode", "learn", "finished"]
    assert lines.flushed == [3, 4, 7]


def test_the_records_of_a_run_come_back_as_arrays():
    """Steps, returns, evaluations and losses are what the events said."""
    run = metrics_of(written().records)

    assert run.returns.steps.tolist() == [40, 90]
    np.testing.assert_equal(run.returns.values, [12.0, NAN])
    assert run.lengths.values.tolist() == [12, 50]
    assert [(one.env_steps, len(one.returns)) for one in run.evaluations] == [(50, 2)]
    assert (run.evaluated.steps.tolist(), run.evaluated.values.tolist()) == ([50], [100])
    np.testing.assert_equal(run.values["q.loss"].values, [0.25, NAN])
    assert run.values["epsilon"].steps.tolist() == [45]
    assert (run.env_steps, run.verdict) == (500, "ran 500 steps")


def test_a_run_without_records_has_empty_curves():
    """Nothing was measured, and nothing fails."""
    run = metrics_of([])

    assert len(run.returns.steps) == len(run.evaluated.steps) == len(run.evaluations) == run.env_steps == 0
    assert run.verdict == ""


def test_kinds_from_the_future_are_passed_over():
    """A later version may write more than this one reads."""
    assert metrics_of([{"kind": "weather", "env_steps": 7}]).env_steps == 7


@pytest.mark.parametrize(
    ("record", "field"),
    [({"kind": "episode", "env_steps": 3, "length": 2}, "return"), ({"kind": "learn", "env_steps": 3}, "values")],
)
def test_a_record_without_its_number_is_named(record, field):
    """The message says which line of which kind lacks what."""
    with pytest.raises(RunError) as raised:
        metrics_of([{"kind": "finished", "verdict": ""}, record])

    kind = record["kind"]
    assert str(raised.value) == (
        f"metrics record 2 is of kind '{kind}' and has no '{field}'\n"
        "  fix: the file was written by something else or was edited; remove that line"
    )


def test_what_was_written_into_a_run_folder_is_read_back(tmp_path):
    """Through the real file: the same arrays as from the records in memory, and every line is strict JSON."""
    path = tmp_path / "metrics.jsonl"
    with MetricsFile(path) as file:
        writer = MetricsWriter(file)
        for event in EVENTS:
            writer.on(event)

    run = load_metrics(path)

    assert run.returns.steps.tolist() == [40, 90]
    assert run.verdict == "ran 500 steps"
    assert not {"NaN", "Infinity"} & {*path.read_text().replace(",", " ").split()}

"""What TensorBoard is told, and what happens where it is not installed."""

import sys
from pathlib import Path

import pytest

from rlblocks._core.errors import RunError
from rlblocks.runs import tensorboard
from rlblocks.runs.events import EpisodeEnded, Evaluated, Finished, Learned, Saved, Started, Tick

NAN = float("nan")


def started(env_steps=0):
    return Started("dqn", None, 500, env_steps, {}, ())


def test_without_tensorboard_the_extra_is_named(monkeypatch, tmp_path):
    """Before the run starts, in one sentence with the command."""
    monkeypatch.setattr(tensorboard, "find_spec", lambda _: None)

    with pytest.raises(RunError) as raised:
        tensorboard.tensorboard(tmp_path)

    assert str(raised.value) == "TensorBoard is not installed\n  fix: pip install rlblocks[tensorboard]"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of tensorboard's own imports
def test_the_numbers_of_a_run_can_be_read_by_tensorboard(tmp_path):
    """Returns, losses and evaluations by environment steps; what is not finite is left out, and a resume forgets."""
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    callback = tensorboard.tensorboard(tmp_path)
    for event in (
        started(),
        EpisodeEnded(40, 10, 1, 12.0, 12, 0, 0.5),
        EpisodeEnded(60, 10, 2, NAN, 20, 0, 0.5),
        Learned(70, 20, {"q.loss": 0.5, "epsilon": NAN}, 0.6),
        Evaluated(80, 30, (1.0, 4.0), (10, 20), best=True, seconds=0.7),
        Saved(80, Path("last"), "last", 0.8),
        EpisodeEnded(90, 40, 3, 99.0, 50, 0, 0.9),
        started(80),
        EpisodeEnded(95, 40, 3, 33.0, 50, 0, 0.9),
        Tick(100, 50, 3, 1.0),
        Finished(100, 50, "budget", "done", None, 1.0),
    ):
        callback.on(event)

    read = loader.EventAccumulator(str(tmp_path)).Reload()

    found = {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
    assert found == {
        "episode/return": [(40, 12), (95, 33)],
        "episode/length": [(40, 12), (60, 20), (95, 50)],
        "learn/q.loss": [(70, 0.5)],
        "evaluation/return": [(80, 2.5)],
        "evaluation/length": [(80, 15)],
        "run/updates": [(100, 50)],
        "run/seconds": [(100, 1)],
    }


def test_a_disk_that_is_full_ends_the_writing_and_not_the_run(tmp_path):
    """It warns once and is silent from then on."""

    class Full:
        """A writer on a full disk."""

        def add_scalar(self, *_):
            raise OSError(28, "No space left on device")

    callback = tensorboard.TensorBoard(tmp_path, Full())

    with pytest.warns(UserWarning, match="no more numbers of this run: .*No space left"):
        callback.on(EpisodeEnded(40, 10, 1, 12.0, 12, 0, 0.5))
    callback.on(EpisodeEnded(50, 10, 2, 12.0, 12, 0, 0.6))


def test_nothing_is_loaded_before_the_run_starts(tmp_path):
    """To ask for TensorBoard costs no import of it."""
    before = "tensorboard.compat.proto" in sys.modules

    tensorboard.tensorboard(tmp_path)

    assert ("tensorboard.compat.proto" in sys.modules) == before

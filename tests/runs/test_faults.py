"""What breaks, and what is left: an error in one sentence, and a last checkpoint from which the run goes on."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from generations import reseal
from small_runs import ID, Walk, Watch, in_a_process, only, records, saved, small, train

import rlblocks
from rlblocks import RlblocksError, RunError
from rlblocks._core import learning
from rlblocks._core.errors import EnvironmentFault
from rlblocks.losses import SquaredError
from rlblocks.runs import checkpoint
from rlblocks.runs import session as sessions
from rlblocks.runs.events import Evaluated, Finished, Learned, Saved, StopRun
from rlblocks.runs.folder import LAST, METRICS
from rlblocks.runs.lock import claim
from rlblocks.runs.machine import version_of
from rlblocks.runs.records import MetricsFile

pytestmark = pytest.mark.usefixtures("no_waiting", "no_pictures")
NAN, INF = float("nan"), float("inf")


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Switches a fault of the environment on."""
    return lambda change: monkeypatch.setattr(Walk, "fault", staticmethod(change))


def at_step(step: int, change: Callable[[Any], Any]) -> Callable[[int, Any], Any]:
    """A fault of one step."""
    return lambda steps, result: change(result) if steps == step else result


def whole_run(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    """What a run ends with that nothing happens to. Trained once."""
    if not _WHOLE:
        run = train(folder / "whole")
        _WHOLE.append((saved(run.folder), records(run.folder)))
    return _WHOLE[0]


_WHOLE: list[Any] = []


def goes_on(folder: Path, whole: tuple[dict[str, Any], list[Any]]) -> None:
    """A resume ends where an unbroken run does: every leaf of the state and every record."""
    resumed = rlblocks.resume(folder, view="quiet")

    assert resumed.reason == "budget"
    assert saved(folder) == whole[0]
    assert without_saves(records(folder)) == without_saves(whole[1])


def without_saves(found: list[Any]) -> list[Any]:
    """A run that was stopped has one checkpoint more, and says so."""
    return [record for record in found if record["kind"] != "saved"]


def steps_saved(folder: Path) -> int:
    return int(saved(folder)[".counters.env_steps"])


# -- the environment

BROKEN = {
    "an observation of NaN": (
        lambda r: (np.array([0, NAN, 0], np.float32), *r[1:]),
        "the observation holds nan at [1]",
        "look in the environment for a division by zero, or end the episode before it diverges",
    ),
    "an infinite observation": (
        lambda r: (np.array([0, 0, -INF], np.float32), *r[1:]),
        "the observation holds -inf at [2]",
        "look in the environment for a division by zero, or end the episode before it diverges",
    ),
    "a reward of NaN": (
        lambda r: (r[0], NAN, *r[2:]),
        "the reward is nan",
        "look in the environment for a division by zero or an overflow",
    ),
    "an infinite reward": (
        lambda r: (r[0], INF, *r[2:]),
        "the reward is inf",
        "look in the environment for a division by zero or an overflow",
    ),
    "an exception": (
        lambda r: 1 / 0,
        "step raised ZeroDivisionError: division by zero",
        "the traceback above this one shows where in the environment",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_an_environment_that_breaks_is_named(case: str, fault: Any, tmp_path: Path) -> None:
    """Environment, episode, step, seed and last action; what was saved is from before, and the run goes on from it."""
    change, what, fix = BROKEN[case]
    whole = whole_run(tmp_path)
    watch = Watch()
    fault(at_step(50, change))
    with pytest.raises(EnvironmentFault) as caught:
        train(tmp_path / "run", callbacks=[watch])
    f = caught.value.facts

    assert str(caught.value) == (
        f"environment '{ID}' #0, episode {f['episode']}, step {f['step']}: {what} "
        f"(seed {f['seed']}, last action {f['action']})\n  fix: {fix}"
    )
    assert watch.of(Finished)[0].reason == "failed"
    assert watch.of(Finished)[0].verdict == f"failed at 49 steps: {caught.value.what}"
    assert steps_saved(only(tmp_path / "run")) == 40
    fault(lambda _, result: result)
    goes_on(only(tmp_path / "run"), whole)


def test_an_environment_that_breaks_in_an_evaluation_is_named(monkeypatch: Any, tmp_path: Path) -> None:
    """The same; training's environments are closed too."""
    before = Walk.made

    def broken(_: int, result: Any) -> Any:
        return (np.full(3, NAN, np.float32), *result[1:])

    def evaluated(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(Walk, "fault", broken)
        return _evaluate(*given, **named)

    monkeypatch.setattr(sessions, "evaluate", evaluated)
    said = f"environment '{ID}' #0, episode 0, step 1: the observation holds nan at [0] (seed "
    with pytest.raises(EnvironmentFault, match=re.escape(said)):
        train(tmp_path)

    assert steps_saved(only(tmp_path)) == 20
    assert Walk.made == before


_evaluate = sessions.evaluate


# -- numbers


def test_rewards_beyond_all_floats_stop_the_run(fault: Any, tmp_path: Path) -> None:
    """Their squared error is infinite; the update is named. The clipped step was still finite."""
    fault(lambda steps, r: (r[0], 1e30, *r[2:]) if steps >= 45 else r)
    with pytest.raises(RunError) as caught:
        train(tmp_path)
    update = caught.value.facts["update"]

    assert str(caught.value) == (
        f"q.loss is inf at update {update}; all parameters are still finite\n"
        "  fix: lower the learning rate, clip the gradient (optimizer.clip=clip_norm), or check the rewards' scale; "
        "the last checkpoint is from before this update"
    )
    assert update >= 25
    assert steps_saved(only(tmp_path)) == 40


NO_NUMBERS = {
    "a product": (lambda loss: loss * NAN, "the first parameter that is no number is networks.q.body.0.weight"),
    "a sum": (lambda loss: loss + NAN, "all parameters are still finite"),
}


@pytest.mark.parametrize("how", NO_NUMBERS)
def test_a_loss_that_is_no_number_stops_the_run(how: str, monkeypatch: Any, tmp_path: Path) -> None:
    """At the update where it happened; the last checkpoint is from before, and the run goes on from it."""
    whole = whole_run(tmp_path)
    change, where = NO_NUMBERS[how]
    compute, calls = SquaredError.compute, []

    def breaking(self: Any, **given: Any) -> Any:
        loss, error = compute(self, **given)
        if loss.device.type == "cpu":
            calls.append(1)
        return (change(loss) if len(calls) == 25 else loss), error

    with monkeypatch.context() as patch:
        patch.setattr(SquaredError, "compute", breaking)
        with pytest.raises(RunError) as caught:
            train(tmp_path / "run")

    assert caught.value.what == f"q.loss is nan at update 25; {where}"
    assert steps_saved(only(tmp_path / "run")) == 40
    goes_on(only(tmp_path / "run"), whole)


# -- the disk


@pytest.fixture
def full_disk(monkeypatch: Any) -> Callable[[int], list[Path]]:
    """A disk on which the k-th file of a checkpoint finds no room; hands over the list of what was written."""

    def fill(k: int) -> list[Path]:
        written: list[Path] = []

        def write(path: Path, pieces: Any) -> Any:
            written.append(path)
            if len(written) == k:
                raise OSError(errno.ENOSPC, "No space left on device")
            return _write_file(path, pieces)

        monkeypatch.setattr(checkpoint, "write_file", write)
        return written

    return fill


_write_file = checkpoint.write_file


def test_a_full_disk_leaves_the_previous_checkpoint(full_disk: Any, tmp_path: Path) -> None:
    """One sentence, whichever file found no room; what was saved before loads, and the run goes on from it."""
    written = full_disk(0)
    whole = train(tmp_path / "whole").folder
    trees = [k for k, path in enumerate(written, 1) if path.parent.name == ".last.new" and path.name == "tree.json"]
    for number, k in enumerate((trees[1] - 4, trees[1] - 1, trees[1])):
        full_disk(k)
        watch = Watch()
        with pytest.raises(RunError) as caught:
            train(tmp_path / f"run{number}", callbacks=[watch])
        folder = only(tmp_path / f"run{number}")

        assert str(caught.value) == (
            f"checkpoint {folder / LAST} could not be written: no space left on device; the one before it is unharmed\n"
            "  fix: free some space on that disk, or put the run on another one"
        )
        assert watch.of(Finished)[0].reason == "failed"
        assert steps_saved(folder) == 20
        assert [entry.name for entry in (folder / "checkpoints").iterdir()].count("last") == 1
        full_disk(0)
        assert rlblocks.load(folder)(np.zeros(3, np.float32)) in (0, 1)
    goes_on(folder, (saved(whole), records(whole)))


def test_no_room_for_the_first_checkpoint(full_disk: Any, tmp_path: Path) -> None:
    """Then there is none before it, and none is promised."""
    full_disk(1)
    with pytest.raises(RunError) as caught:
        train(tmp_path)

    assert caught.value.what == f"checkpoint {only(tmp_path) / LAST} could not be written: no space left on device"


def test_no_room_for_metrics_stops_the_run(monkeypatch: Any, tmp_path: Path) -> None:
    """Records that cannot be kept end it with one sentence, not with a traceback."""
    append, count = MetricsFile.append, []

    def refused(self: Any, record: Any) -> None:
        count.append(1)
        if len(count) > 30:
            self._file.close()
            self._file = Path("/dev/full").open("ab", buffering=0)  # noqa: SIM115  it is closed with the run
        append(self, record)

    monkeypatch.setattr(MetricsFile, "append", refused)
    with pytest.raises(RunError) as caught:
        train(tmp_path)

    assert str(caught.value) == (
        f"{only(tmp_path) / METRICS} could not be written: no space left on device\n"
        "  fix: free some space on that disk, or make the folder writable"
    )
    assert steps_saved(only(tmp_path)) in (20, 40)


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """By a live process, which is named; once that has ended, the folder is free."""
    folder = train(tmp_path, steps=25, episodes=0).folder
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with claim(folder):
                os.write(ready[1], b"x")
                os.read(go[0], 1)
        finally:
            os._exit(0)
    os.read(ready[0], 1)
    try:
        with pytest.raises(RunError) as caught:
            rlblocks.resume(folder, view="quiet")
        assert str(caught.value) == (
            f"run folder {folder} is in use by process {child} on {platform.node()}\n"
            "  fix: wait for it or end it, or give this run a folder of its own"
        )
    finally:
        os.write(go[1], b"x")
        os.waitpid(child, 0)
        for end in (*ready, *go):
            os.close(end)
    with claim(folder):
        pass


# -- signals


def send(number: int, times: int = 1) -> Callable[[], None]:
    """Send this process a signal."""

    def sending() -> None:
        for _ in range(times):
            os.kill(os.getpid(), number)

    return sending


def when_learned(steps: int) -> Callable[[Any], bool]:
    return lambda event: isinstance(event, Learned) and event.env_steps >= steps


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_run_in_good_order(number: int, tmp_path: Path) -> None:
    """Saved, told as interrupted, the process ends well, and the run goes on bit for bit."""
    whole = whole_run(tmp_path)
    run = tmp_path / "run"
    code, said = in_a_process(lambda: train(run, callbacks=[Watch(when_learned(35), send(number))]))
    folder = only(run)
    last = rlblocks.runs.folder.read_metrics(folder / METRICS)[-1]  # type: ignore[attr-defined]

    assert (code, said) == (0, "")
    assert steps_saved(folder) == 35
    assert (last["kind"], last["reason"]) == ("finished", "interrupted")
    assert last["verdict"] == "interrupted at 35 steps; everything is saved"
    goes_on(folder, whole)


@pytest.mark.parametrize("learn_steps", [7, 8])
def test_a_run_that_was_stopped_between_learn_steps_goes_on(learn_steps: int, monkeypatch: Any, tmp_path: Path) -> None:
    """Also where it learns only now and then: what it would have reported next is not lost."""
    recipe = small(**{"cadence.updates": 0.25})
    whole = train(tmp_path / "whole", recipe)
    call, calls = learning.Sampling.__call__, []

    def stopping(self: Any) -> Any:
        calls.append(1)
        if len(calls) == learn_steps:
            os.kill(os.getpid(), signal.SIGINT)
        return call(self)

    with monkeypatch.context() as patch:
        patch.setattr(learning.Sampling, "__call__", stopping)
        stopped = train(tmp_path / "run", recipe)

    assert stopped.reason == "interrupted"
    goes_on(stopped.folder, (saved(whole.folder), records(whole.folder)))


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Nothing more is saved; the last checkpoint is intact, and the run goes on from it."""
    whole = whole_run(tmp_path)
    run = tmp_path / "run"
    code, said = in_a_process(lambda: train(run, callbacks=[Watch(when_learned(35), send(signal.SIGINT, 2))]))

    assert (code, said) == (1, "KeyboardInterrupt: ")
    assert steps_saved(only(run)) == 20
    goes_on(only(run), whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("evaluation", [1, 2])
def test_a_signal_during_an_evaluation_breaks_it_off(
    evaluation: int, number: int, monkeypatch: Any, tmp_path: Path
) -> None:
    """Everything is saved, and the run goes on with that evaluation, even if it is broken off again."""
    calls: list[int] = []

    def interrupted(*given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == evaluation:
            os.kill(os.getpid(), number)
        return _evaluate(*given, **named)

    whole = whole_run(tmp_path)
    monkeypatch.setattr(sessions, "evaluate", interrupted)
    code, said = in_a_process(lambda: train(tmp_path / "run"))
    folder = only(tmp_path / "run")
    found = rlblocks.runs.folder.read_metrics(folder / METRICS)  # type: ignore[attr-defined]

    assert (code, said) == (0, "")
    assert steps_saved(folder) == 30 * evaluation
    assert found[-1]["reason"] == "interrupted"
    assert "in an evaluation, with which it will go on" in found[-1]["verdict"]
    assert [record["env_steps"] for record in found if record["kind"] == "evaluation"] == [30, 60][: evaluation - 1]
    calls[:] = [1] * (evaluation - 1)
    assert in_a_process(lambda: rlblocks.resume(folder, view="quiet")) == (0, "")
    assert steps_saved(folder) == 30 * evaluation
    calls[:] = [1] * 10
    goes_on(folder, whole)


@pytest.mark.parametrize("times", [1, 2])
def test_signals_during_a_save_leave_a_whole_checkpoint(times: int, monkeypatch: Any, tmp_path: Path) -> None:
    """One lets it finish; two end it at once, and the one before it is intact."""
    written: list[Path] = []

    def interrupted(path: Path, pieces: Any) -> Any:
        written.append(path)
        if sum(".last" in str(p) for p in written) == 12 and ".last" in str(path):
            send(signal.SIGINT, times)()
        return _write_file(path, pieces)

    monkeypatch.setattr(checkpoint, "write_file", interrupted)
    code, said = in_a_process(lambda: train(tmp_path))

    assert (code, said) == ((0, "") if times == 1 else (1, "KeyboardInterrupt: "))
    assert steps_saved(only(tmp_path)) == (40 if times == 1 else 20)


# -- what lies in the folder


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The folder of a run that was stopped at 30 of 60 steps."""
    source = _STOPPED.get("folder")
    if source is None or not source.exists():

        def stop() -> None:
            raise StopRun

        source = train(tmp_path, callbacks=[Watch(lambda event: isinstance(event, Evaluated), stop)]).folder
        kept = Path(os.path.realpath(tmp_path)).parent / "stopped-run"
        shutil.copytree(source, kept, dirs_exist_ok=True)
        _STOPPED["folder"] = kept
    folder = tmp_path / "runs" / "stopped"
    shutil.copytree(_STOPPED["folder"], folder)
    return folder


_STOPPED: dict[str, Path] = {}


def refusal(folder: Path) -> str:
    with pytest.raises(RlblocksError) as caught:
        rlblocks.resume(folder, view="quiet")
    return str(caught.value)


def test_a_truncated_checkpoint_is_refused(stopped: Path) -> None:
    """The file is named, with both sizes."""
    (path,) = (stopped / LAST).glob("*store*")
    content = path.read_bytes()
    path.write_bytes(content[:-7])

    assert refusal(stopped) == (
        f"{path} has {len(content) - 7} bytes, but its manifest says {len(content)}\n"
        "  fix: use another checkpoint of the run, such as checkpoints/best, or copy this one again from its source"
    )


def test_a_foreign_checkpoint_is_refused_unopened(stopped: Path) -> None:
    """A torch file in the place of the checkpoint is told as what it is."""
    shutil.rmtree(stopped / LAST)
    torch.save({"state": torch.zeros(3)}, stopped / LAST)

    assert refusal(stopped) == (
        f"{stopped / LAST} is a torch file (a zip with a pickle inside), not a checkpoint of rlblocks, and was not "
        "opened any further\n  fix: give a folder that rlblocks wrote, such as runs/NAME/checkpoints/last"
    )


def test_a_newer_checkpoint_is_refused(stopped: Path) -> None:
    """With the version that reads it."""
    reseal(stopped / LAST, schema=2, version="9.1")

    assert refusal(stopped) == (
        f"checkpoint {stopped / LAST} is of schema 2, written by rlblocks 9.1; this version reads 1\n"
        "  fix: install rlblocks 9.1 or newer to read it"
    )
    assert version_of("rlblocks") != "9.1"


def test_a_run_that_was_never_saved_cannot_go_on(stopped: Path) -> None:
    """It was killed before its first checkpoint."""
    shutil.rmtree(stopped / LAST)

    assert refusal(stopped) == f"there is no checkpoint at {stopped / LAST}\n  fix: there are: best"


EDITS = {
    "a wider network": (
        ("widths = [8]", "widths = [9]"),
        ("the checkpoint is of another recipe: networks.q.body.0.weight has the shape (8, 3), this recipe's has (9, 3)"
        "\n  fix: resume the run with the recipe in its own folder"),
    ),
    "a smaller store": (
        ("capacity = 500", "capacity = 25"),
        ("the saved columns ['action', 'discount', 'next.observation', 'observation', 'reward', 'terminated', "
        "'truncated'] are "),
    ),
    "more environments": (
        ("\nn = 1", "\nn = 2"),
        ("the checkpoint holds 1 environments, and 2 are running\n"
        "  fix: resume with as many environments as were saved"),
    ),
    "no TOML": (
        ("gamma = 0.99", "gamma = = 0.99"),
        "FOLDER/recipe.toml is not TOML, line 3, column 9: invalid value\n",
    ),
    "a gamma that there is not": (
        ("gamma = 0.99", "gamma = 99"),
        "FOLDER/recipe.toml, gamma: Recipe.gamma is 99, but must be a finite number, at least 0 and at most 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EDITS)
def test_a_recipe_that_was_edited_and_does_not_fit_is_refused(case: str, stopped: Path) -> None:
    """Before anything is overwritten: the checkpoint stays as it was."""
    (old, new), said = EDITS[case]
    path = stopped / "recipe.toml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    before = saved(stopped)

    assert refusal(stopped).startswith(said.replace("FOLDER", str(stopped)))
    assert saved(stopped) == before


def test_missing_options_are_named(stopped: Path) -> None:
    """The file says what it should hold."""
    path = stopped / "options.json"
    path.unlink()

    assert refusal(stopped) == (
        f"{path} is missing: it holds the options of the run\n"
        "  fix: put it back from a copy, or start a new run from the recipe in the folder"
    )


@pytest.mark.parametrize("content", ["{", "[]", "", '{"steps": 60', "\x00"])
def test_damaged_options_are_named(content: str, stopped: Path) -> None:
    """Whatever is wrong with the file."""
    path = stopped / "options.json"
    path.write_text(content)

    assert refusal(stopped) == (
        f"{path} does not hold the options of a run\n"
        "  fix: put it back from a copy, or start a new run from the recipe in the folder"
    )


def test_options_of_another_version_are_named(stopped: Path) -> None:
    """An option that this version does not have, with the nearest one."""
    path = stopped / "options.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "evaluations": 3}))

    assert refusal(stopped).startswith("there is no option 'evaluations'")


def test_a_missing_recipe_is_named(stopped: Path) -> None:
    """For resume and for load."""
    path = stopped / "recipe.toml"
    path.unlink()
    said = f"{path} cannot be read: No such file or directory\n  fix: check the path"

    assert refusal(stopped) == said
    with pytest.raises(RlblocksError, match=re.escape(said)):
        rlblocks.load(stopped)


def test_metrics_that_were_shortened_are_refused(stopped: Path) -> None:
    """Records that the checkpoint remembers would be missing from the curves."""
    path = stopped / METRICS
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:5]))

    assert refusal(stopped) == (
        f"{path} is shorter than its checkpoint remembers: lines of it are lost\n"
        "  fix: put the file back from a copy, or start a new run from the recipe in the folder"
    )


def test_metrics_beyond_the_checkpoint_are_cut(stopped: Path, tmp_path: Path) -> None:
    """What was recorded after the last checkpoint is recorded again, once."""
    path = stopped / METRICS
    with path.open("a") as file:
        file.write('{"kind": "episode", "env_steps": 39, "return": 1.0, "length": 1}\n{"kind": "lea')

    watch = Watch()
    rlblocks.resume(stopped, view="quiet", callbacks=[watch])
    assert watch.of(Saved)[0].env_steps == 30
    assert [r["env_steps"] for r in records(stopped) if r["kind"] == "learn"] == list(range(22, 61))

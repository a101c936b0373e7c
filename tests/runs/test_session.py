"""What happens between two steps: evaluations, reports, checkpoints, and the ways to stop."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from rlblocks.recipes import dqn
from small_runs import ENDLESS, SMALL, Walk, Watch, only, saved, small, train, weights

import rlblocks
from rlblocks.runs import session as sessions
from rlblocks.runs.events import EpisodeEnded, Evaluated, Finished, Learned, Saved, Started, StopRun, Tick

pytestmark = pytest.mark.usefixtures("no_waiting", "no_pictures")


def stop() -> None:
    raise StopRun


def test_events_come_at_their_time(tmp_path: Path) -> None:
    """Evaluated every 30 steps and at the end, saved every 20 and at the end, learned every step, in that order."""
    watch = Watch()
    train(tmp_path, callbacks=[watch])

    assert [event.env_steps for event in watch.of(Evaluated)] == [30, 60]
    assert [event.env_steps for event in watch.of(Saved) if event.kind == "last"] == [20, 40, 60]
    assert [event.env_steps for event in watch.of(Learned)] == list(range(22, 61))
    assert isinstance(watch.events[0], Started)
    assert [type(event) for event in watch.events[-3:]][-1] is Finished
    assert watch.of(Tick)
    assert [type(event) for event in watch.events].count(Finished) == 1


def test_episodes_are_counted_and_dated(tmp_path: Path) -> None:
    """Numbered from 1 over all environments, each with the step that ended it; their lengths fill the run."""
    watch = Watch()
    train(tmp_path, small(**{"env.n": 2}), callbacks=[watch])
    ended = watch.of(EpisodeEnded)

    assert [event.episode for event in ended] == list(range(1, len(ended) + 1))
    assert {event.environment for event in ended} == {0, 1}
    for index in (0, 1):
        mine = [event for event in ended if event.environment == index]
        assert [e.env_steps for e in mine] == [2 * sum(e.length for e in mine[: i + 1]) for i in range(len(mine))]
        assert all(event.value == event.length for event in mine)


def test_learn_reports_hold_the_losses_and_the_numbers(tmp_path: Path) -> None:
    """By name: the loss, ε, and the optimizer's step."""
    watch = Watch()
    train(tmp_path, callbacks=[watch])
    learned = watch.of(Learned)

    assert set(learned[0].values) == {"q.loss", "epsilon", "step_size", "damping"}
    assert learned[0].values["epsilon"] == pytest.approx(1 - 0.95 * 22 / 10_000)


def test_the_best_networks_are_kept(tmp_path: Path) -> None:
    """`best` holds the networks of the evaluation with the highest mean, and nothing else."""
    watch = Watch()
    run = train(tmp_path, callbacks=[watch], evaluate_every=10)
    means = {event.env_steps: sum(event.returns) / len(event.returns) for event in watch.of(Evaluated)}
    improved = [event.env_steps for event in watch.of(Evaluated) if event.best]

    assert run.outcome.best == max(means.values())
    assert run.outcome.best_at == improved[-1] == next(at for at in means if means[at] == max(means.values()))
    assert [event.env_steps for event in watch.of(Saved) if event.kind == "best"] == improved
    assert all(at.startswith(".networks") for at in saved(run.folder, "checkpoints/best"))
    assert run.outcome.last == means[60]


def test_evaluations_do_not_touch_training(tmp_path: Path) -> None:
    """The weights are bit-equal with and without them, and however many episodes they have."""
    runs = [train(None, episodes=episodes, evaluate_every=every) for episodes, every in ((0, 0), (1, 7), (3, 20))]

    assert weights(runs[0]) == weights(runs[1]) == weights(runs[2])
    assert runs[0].outcome.best == float("-inf")


def test_a_run_without_evaluations_says_so(tmp_path: Path) -> None:
    """It has no best networks."""
    watch = Watch()
    run = train(tmp_path, callbacks=[watch], episodes=0)

    assert watch.of(Evaluated) == []
    assert watch.of(Finished)[0].verdict == "finished 60 steps; not evaluated"
    assert not (run.folder / "checkpoints" / "best").exists()


def test_a_solved_run_stops_where_it_was_asked_to(tmp_path: Path) -> None:
    """The threshold of 1 is reached by the first evaluation; what was reached is saved."""
    watch = Watch()
    run = train(tmp_path, callbacks=[watch], stop="solved")

    assert run.reason == "solved"
    assert run.outcome.solved_at == 30
    assert [event.env_steps for event in watch.of(Evaluated)] == [30]
    assert saved(run.folder)[".counters.env_steps"] == "30"
    assert watch.of(Finished)[0].verdict.startswith("solved at 30 steps; mean ")


def test_a_solved_run_goes_on_where_it_was_not(tmp_path: Path) -> None:
    """The verdict says when the threshold was first reached."""
    run = train(tmp_path)

    assert run.reason == "budget"
    assert run.outcome.solved_at == 30


@pytest.mark.parametrize("kind", [Started, EpisodeEnded, Learned, Evaluated, Saved])
def test_a_callback_can_stop_the_run(kind: type, tmp_path: Path) -> None:
    """After the present step, in good order: saved, and resumed to where an unstopped run ends."""
    watch = Watch(lambda event: isinstance(event, kind), stop)
    run = train(tmp_path / "a", callbacks=[watch])

    assert run.reason == "stopped"
    assert saved(run.folder)[".counters.env_steps"] == str(watch.of(Finished)[0].env_steps)
    assert watch.of(Finished)[0].env_steps < 60
    if kind is Learned:
        whole = train(tmp_path / "b")
        resumed = rlblocks.resume(run.folder, view="quiet")
        assert resumed.reason == "budget"
        assert saved(run.folder) == saved(whole.folder)


def test_a_callback_that_raises_ends_the_run(tmp_path: Path) -> None:
    """Its error is not swallowed, every other callback hears that the run is over, and the environments are closed."""
    before, heard = Walk.made, Watch()

    def fail() -> None:
        raise ZeroDivisionError("in a callback")

    with pytest.raises(ZeroDivisionError, match="in a callback"):
        train(tmp_path, callbacks=[heard, Watch(lambda event: isinstance(event, Learned), fail)])

    assert Walk.made == before
    assert heard.of(Finished)[-1].reason == "failed"
    assert heard.of(Finished)[-1].verdict == "failed at 22 steps: ZeroDivisionError: in a callback"


def test_signals_are_as_before_after_a_run(tmp_path: Path) -> None:
    """Whatever they were, and also where the run broke."""
    mine = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        before = signal.getsignal(signal.SIGINT)
        train(None)
        with pytest.raises(ZeroDivisionError):
            train(None, callbacks=[Watch(lambda event: isinstance(event, Learned), lambda: 1 / 0)])
        assert signal.getsignal(signal.SIGINT) is before
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, mine)


def test_one_signal_stops_after_the_present_step() -> None:
    """In this process: asked at the first report, it ends at that step."""
    watch = Watch(lambda event: isinstance(event, Learned), lambda: os.kill(os.getpid(), signal.SIGINT))
    run = train(None, callbacks=[watch])

    assert run.reason == "interrupted"
    assert watch.of(Finished)[0].env_steps == 22
    assert watch.of(Finished)[0].verdict == "interrupted at 22 steps; everything is saved"


def test_a_callback_can_stop_an_evaluation(tmp_path: Path, monkeypatch: Any) -> None:
    """Time passes there as well: the views stay alive, and who stops the run does not wait for its end."""
    monkeypatch.setattr(sessions, "TICK", 0.0)
    told: list[Tick] = []
    watch = Watch(lambda event: isinstance(event, Tick) and len(told.append(event) or told) == 45, stop)
    run = train(tmp_path, small(**{"env.id": ENDLESS}), callbacks=[watch], evaluate_every=20, episodes=3)

    assert run.reason == "stopped"
    assert watch.of(Evaluated) == []
    assert [tick.env_steps for tick in told] == [20] * 45
    assert saved(run.folder)[".session.owed"] == "True"


def test_episodes_that_were_cut_are_told(tmp_path: Path, capsys: Any) -> None:
    """In one sentence, and in the verdict."""
    watch = Watch()
    recipe = small(**{"env.id": ENDLESS})
    run = train(tmp_path, recipe, callbacks=[watch], view="plain", episodes=9, evaluation_steps=12)
    said = (
        "of 9 greedy episodes had not ended after 12 steps and were cut there; evaluation_steps=... sets another limit"
    )
    cut = watch.of(Evaluated)[-1].cut

    assert 0 < cut == watch.of(Evaluated)[-1].lengths.count(12) < 9
    assert capsys.readouterr().out.count(said) == 1
    assert watch.of(Finished)[0].verdict.endswith(f" over 9 episodes, {cut} of them cut short")
    assert run.evaluate(episodes=4).cut > 0


def test_a_run_in_a_thread_leaves_signals_alone() -> None:
    """Only the main thread can take them."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(train(None)))
    thread.start()
    thread.join()

    assert found[0].reason == "budget"


def test_seconds_go_on_after_a_resume(tmp_path: Path) -> None:
    """The clock of a resumed run starts where the checkpoint's stood."""
    train(tmp_path, callbacks=[Watch(lambda event: isinstance(event, Evaluated), stop)])
    watch = Watch()
    rlblocks.resume(only(tmp_path), view="quiet", callbacks=[watch])
    first = watch.of(Saved)[0]

    assert first.seconds > 0
    assert all(event.seconds >= first.seconds for event in watch.of(Learned))
    assert rlblocks.load(only(tmp_path)).plan.recipe == dqn().set(SMALL)

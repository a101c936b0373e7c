"""Training from Python: one call with any kind of environment, reproducible, and leaving the process as it was."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from rlblocks.recipes import dqn, n_step, ppo, q_learning
from small_runs import ID, OPTIONS, Walk, Watch, leaves, only, records, saved, small, train, weights

import rlblocks
from rlblocks import BuildError, RecipeError, RunError
from rlblocks._core.files import load
from rlblocks.runs.events import Evaluated, Started, StopRun

pytestmark = pytest.mark.usefixtures("no_waiting", "no_pictures")


def stop() -> None:
    raise StopRun


# -- environments


def by_object() -> Any:
    return gymnasium.make(ID, max_episode_steps=8, disable_env_checker=True)


def by_factory() -> Any:
    return Walk


def vectors(mode: AutoresetMode) -> Any:
    def make(num_envs: int = 2) -> Any:
        return SyncVectorEnv([Walk] * num_envs, autoreset_mode=mode)

    return make


ENVIRONMENTS = {
    "an id": lambda: ID,
    "an object": by_object,
    "a factory": by_factory,
    **{f"a vector environment, {mode.name}": lambda mode=mode: vectors(mode) for mode in AutoresetMode},
}


@pytest.mark.parametrize("kind", ENVIRONMENTS)
def test_any_kind_of_environment_is_trained_on(kind: str, tmp_path: Path) -> None:
    """It learns, is evaluated, saved, and can be loaded again with its environment."""
    watch = Watch()
    env = ENVIRONMENTS[kind]()
    run = train(tmp_path, env=env, callbacks=[watch])

    assert run.reason == "budget"
    assert run.plan.facts.action_space == Walk.action_space
    assert [len(event.returns) for event in watch.of(Evaluated)] == [2, 2]
    agent = rlblocks.load(run.folder, env=None if kind == "an id" else env)
    assert weights(run) == networks_of(agent)


def test_an_object_is_the_environment_that_is_stepped() -> None:
    """Training steps the object itself; evaluations have others."""
    env = Walk()
    env.spec = gymnasium.spec(ID)
    train(None, env=env)

    assert env.steps == 60


def test_an_object_without_a_spec_is_refused_before_the_first_step(tmp_path: Path) -> None:
    """Evaluation would need another one; without evaluations it is enough."""
    env = Walk()
    with pytest.raises(BuildError) as caught:
        train(tmp_path, env=env)

    assert str(caught.value) == (
        "Walk was handed over as one object, and another one is needed\n"
        "  fix: hand over a function that makes it, as in lambda: MyEnvironment(...)"
    )
    assert env.steps == 0
    assert list(tmp_path.iterdir()) == []
    assert train(None, env=env, episodes=0).reason == "budget"


def test_a_vector_environment_of_fixed_size_is_refused_before_the_first_step() -> None:
    """A function that always makes two cannot serve three evaluation episodes."""
    taken: list[int] = []

    class Counted(Walk):
        def step(self, action: Any) -> Any:
            taken.append(1)
            return Walk.step(self, action)

    with pytest.raises(BuildError, match="num_envs"):
        train(None, env=lambda: SyncVectorEnv([Counted] * 2), episodes=3)
    assert taken == []


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_several_environments_share_the_budget(n: int) -> None:
    """Steps are counted over all; the last round is whole."""
    run = train(None, small(**{"env.n": n}))

    assert run.plan.recipe.env.n == n
    assert weights(run)
    assert run.outcome.solved_at == 30 + (-30) % n


# -- reproducible


def test_the_same_seed_is_the_same_run(tmp_path: Path) -> None:
    """Every leaf of the state and every metric, bit for bit, wherever the global generators stand."""
    one = train(tmp_path / "one")
    random.seed(9)
    np.random.seed(9)  # noqa: NPY002
    torch.manual_seed(9)
    same = train(tmp_path / "same")

    assert saved(one.folder) == saved(same.folder)
    assert records(one.folder) == records(same.folder)


def test_another_seed_is_another_run() -> None:
    """In every parameter."""
    one, other = weights(train(None, seed=1)), weights(train(None, seed=2))

    assert all(one[at] != other[at] for at in one)


def test_a_run_is_the_same_with_and_without_a_folder(tmp_path: Path) -> None:
    """Writing changes nothing."""
    assert weights(train(None)) == weights(train(tmp_path))


def test_global_generators_are_neither_read_nor_moved(tmp_path: Path) -> None:
    """Python's, numpy's and torch's."""
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    train(tmp_path, n_step(2)(small()))

    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == states  # noqa: NPY002


def test_threads_are_as_before() -> None:
    """During the run they are as asked; afterwards, and after a failure, as they were."""
    before, seen = torch.get_num_threads(), []
    train(None, threads=2, callbacks=[Watch(lambda event: True, lambda: seen.append(torch.get_num_threads()))])
    assert seen == [2]
    assert torch.get_num_threads() == before

    with pytest.raises(ZeroDivisionError):
        train(None, threads=2, callbacks=[Watch(lambda event: True, lambda: 1 / 0)])
    assert torch.get_num_threads() == before


def test_environments_are_closed() -> None:
    """All of them, those of evaluations too."""
    before = Walk.made
    train(None)

    assert Walk.made == before


# -- the folder


def test_the_folder_holds_the_run(tmp_path: Path) -> None:
    """What it was, what it was started by, what came of it."""
    run = train(tmp_path, command="rlblocks run dqn seed=5")

    assert run.folder.parent == tmp_path
    assert run.folder.name.startswith("dqn-rlblocks-tests-Walk-v0-")
    assert sorted(entry.name for entry in run.folder.iterdir()) == [
        "checkpoints", "command.txt", "diff.txt", "lock", "machine.json", "metrics.jsonl", "options.json",
        "recipe.toml",
    ]  # fmt: skip
    assert sorted(entry.name for entry in (run.folder / "checkpoints").iterdir()) == ["best", "last"]
    assert (run.folder / "command.txt").read_text() == "rlblocks run dqn seed=5\n"
    assert json.loads((run.folder / "options.json").read_text())["seed"] == 5
    assert "env.id" in (run.folder / "diff.txt").read_text()
    assert load(run.folder / "recipe.toml") == run.recipe
    assert (run.folder / "lock").read_bytes() == b""


def test_two_runs_at_once_have_two_folders(tmp_path: Path) -> None:
    """Also within one second."""
    first, second = train(tmp_path), train(tmp_path)

    assert first.folder != second.folder


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what needs one says so."""
    monkeypatch.chdir(tmp_path)
    run = train(None)

    assert list(tmp_path.iterdir()) == []
    for what in (lambda: run.metrics, run.plot, run.video):
        with pytest.raises(RunError) as caught:
            what()
        assert str(caught.value) == "this run has no folder\n  fix: train with folder='runs'"


def test_a_finished_run_answers(tmp_path: Path) -> None:
    """Its agent acts, its curves are there, it can be evaluated on other start states than before."""
    run = train(tmp_path)

    assert run.agent(np.zeros(3, np.float32)) in (0, 1)
    assert run.evaluate(episodes=3) == run.evaluate(episodes=3)
    assert run.evaluate(episodes=3, seed=1).lengths != run.evaluate(episodes=3, seed=2).lengths
    assert [evaluation.env_steps for evaluation in run.metrics.evaluations] == [30, 60]
    assert run.metrics.lengths.values.sum() <= 60


def test_best_and_last_are_loaded(tmp_path: Path) -> None:
    """By folder, by a path inside it, by the beginning of its name; each with its own weights."""
    first = train(tmp_path, evaluate_every=10)
    last = rlblocks.load(first.folder)
    inside = rlblocks.load(first.folder / "checkpoints" / "last" / "manifest.json")
    short = rlblocks.load(tmp_path / first.folder.name[:-2])
    best = rlblocks.load(first.folder, "best")

    assert networks_of(last) == networks_of(inside) == networks_of(short) == weights(first)
    assert networks_of(best) == saved_networks(first.folder)


@pytest.mark.parametrize(
    ("which", "fix"),
    [("lsat", "did you mean 'last'?"), ("Best", "did you mean 'best'?"), ("", "there are: best, last"),
     ("third", "there are: best, last")],
)  # fmt: skip
def test_a_misspelt_checkpoint_is_an_error(which: str, fix: str, tmp_path: Path) -> None:
    """It is never taken for the other one; the nearest spelling is named."""
    run = train(tmp_path)
    with pytest.raises(RunError) as caught:
        rlblocks.load(run.folder, which=which)

    assert (caught.value.what, caught.value.fix) == (f"a run has no checkpoint {which!r}", fix)


def networks_of(agent: Any) -> dict[str, Any]:
    return leaves({name: dict(module.state_dict()) for name, module in agent.networks.items()})


def saved_networks(folder: Path) -> dict[str, Any]:
    return {at.removeprefix(".networks"): leaf for at, leaf in saved(folder, "checkpoints/best").items()}


def test_an_agent_is_loaded_without_its_replay(tmp_path: Path) -> None:
    """Its file is not even opened."""
    run = train(tmp_path)
    for path in (run.folder / "checkpoints" / "last").glob("*store*"):
        path.write_bytes(b"")

    assert rlblocks.load(run.folder)(np.zeros(3, np.float32)) in (0, 1)


# -- handed-over environments in a folder


def test_a_run_on_a_handed_over_environment_is_resumed_with_it(tmp_path: Path) -> None:
    """No file can hold it, so it is given again; with a factory the rest is bit for bit as if never stopped."""
    whole = train(tmp_path / "whole", env=Walk)
    stopped = train(tmp_path / "part", env=Walk, callbacks=[Watch(lambda event: isinstance(event, Evaluated), stop)])
    assert stopped.reason == "stopped"
    resumed = rlblocks.resume(stopped.folder, env=Walk, view="quiet")

    assert resumed.reason == "budget"
    assert saved(stopped.folder) == saved(whole.folder)


def test_a_vector_environment_is_resumed_with_new_episodes(tmp_path: Path) -> None:
    """Everything but its episodes goes on: counters, networks, store."""
    env = vectors(AutoresetMode.NEXT_STEP)
    stopped = train(tmp_path, env=env, callbacks=[Watch(lambda event: isinstance(event, Evaluated), stop)])
    before = saved(stopped.folder)
    watch = Watch()
    resumed = rlblocks.resume(stopped.folder, env=env, view="quiet", callbacks=[watch])

    assert resumed.reason == "budget"
    assert str(watch.of(Started)[0].env_steps) == before[".counters.env_steps"]
    assert int(saved(stopped.folder)[".counters.env_steps"]) >= 60


def test_a_handed_over_environment_must_be_given_again(tmp_path: Path) -> None:
    """Resume and load say so, and do not take another one instead."""
    run = train(tmp_path, env=by_object)
    said = (
        f"{run.folder} was trained on an environment that was handed over, which no file can hold\n"
        "  fix: hand it over again, as in env=..."
    )
    for again in (lambda: rlblocks.resume(run.folder, view="quiet"), lambda: rlblocks.load(run.folder)):
        with pytest.raises(RunError) as caught:
            again()
        assert str(caught.value) == said


# -- refused before the first step


REFUSED: dict[str, tuple[Any, str]] = {
    "an unknown option": (
        lambda folder: rlblocks.train(small(), folder=folder, step=60),
        "there is no option 'step'\n  fix: did you mean 'steps'?",
    ),
    "a run that would never learn": (
        lambda folder: train(folder, steps=20),
        ("recipe 'dqn' would never learn: the run takes 20 steps, and learning begins once the store holds 20 rows\n"
        "  fix: take more steps, or a shorter warm-up: cadence.warmup=2"),
    ),
    "a run that is too short for any warm-up": (
        lambda folder: train(folder, q_learning(), steps=1),
        ("recipe 'q_learning' would never learn: the run takes 1 steps, and learning begins once the store holds "
        "1 rows\n  fix: take more steps: steps=10"),
    ),
    "a run that ends before its first rollout": (
        lambda folder: train(folder, ppo(), steps=1023),
        ("recipe 'ppo' would never learn: the run takes 1,023 steps, and slot 'store' holds Rollout, which hands over "
        "its first chunk after 1,024\n"
        "  fix: take more steps: steps=10_240, or make the chunk smaller"),
    ),
    "a device that is not there": (
        lambda folder: train(folder, device="cuda:77"),
        (f"device 'cuda:77' was asked for, and torch {torch.__version__} sees {torch.cuda.device_count()} CUDA "
        "devices\n"
        "  fix: use device=auto or device=cpu, or install a CUDA build of torch"),
    ),
    "a view that there is not": (
        lambda folder: train(folder, view="loud"),
        ("'loud' is no way to show a run; there are: auto, json, plain, quiet\n"
        "  fix: write one of auto, quiet, json, plain"),
    ),
    "no environment": (
        lambda folder: train(folder, env=7),
        ("7 of type int is no environment\n"
        "  fix: give a gymnasium id, an environment, a vector environment, or a function that makes one"),
    ),
    "a recipe that does not fit": (
        lambda folder: train(folder, small(dqn()), env="Pendulum-v1"),
        ("recipe 'dqn': slot 'networks.q.head' holds QValues, which writes a value for each action, and the actions "
        "are not Discrete\n  fix: recipes that act in this space: reinforce, reinforce_baseline, a2c, ppo, ppo_lstm, "
        "ddpg, td3, sac, tqc, redq"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_run_leaves_nothing_behind(case: str, tmp_path: Path) -> None:
    """It is refused before the first step, in these words, and no folder is made."""
    make, said = REFUSED[case]
    with pytest.raises(RecipeError) as caught:
        make(tmp_path / "runs")

    assert str(caught.value) == said
    assert not (tmp_path / "runs").exists()


def test_the_banner_says_what_runs(tmp_path: Path) -> None:
    """Title, folder, budget, every choice with its reason, the notes, and the recipe slot by slot."""
    watch = Watch()
    run = train(tmp_path, callbacks=[watch], notes=("tuned settings",))
    started = watch.of(Started)[0]

    assert started.title == f"dqn on {ID}"
    assert (started.folder, started.budget, started.env_steps) == (run.folder, 60, 0)
    assert list(started.facts) == ["rlblocks", "device", "threads", "learn step", "seed", "resume", "note"]
    assert started.facts["seed"] == str(OPTIONS["seed"])
    assert started.facts["resume"] == "bit for bit"
    assert started.facts["note"] == "tuned settings"
    assert dict(started.recipe)["store"] == "UniformReplay(capacity=500)"
    assert "store.capacity" not in dict(started.recipe)


def test_a_resume_says_where_it_goes_on_from(tmp_path: Path) -> None:
    """The budget is the run's, and the first step is the checkpoint's."""
    train(tmp_path, callbacks=[Watch(lambda event: isinstance(event, Evaluated), stop)])
    watch = Watch()
    rlblocks.resume(only(tmp_path), view="quiet", callbacks=[watch])

    assert (watch.of(Started)[0].budget, watch.of(Started)[0].env_steps) == (60, 30)


def test_an_inexact_environment_says_so_at_the_start(tmp_path: Path) -> None:
    """With the reason."""
    watch = Watch()
    train(None, env=vectors(AutoresetMode.NEXT_STEP), callbacks=[watch])

    assert watch.of(Started)[0].facts["resume"] == (
        "not exact: the vector environment SyncVectorEnv resets its own episodes: a resume starts new ones"
    )
